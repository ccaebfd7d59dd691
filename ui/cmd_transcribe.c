/* cmd_transcribe.c - `mynah transcribe`: what is said in each clip. */
#include "ui/cli.h"

#include "base/log.h"
#include "ui/input.h"
#include "ui/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An empty transcript is told of, lest it be taken for a failure. */
static void note_silence(const char *path, const char *text, bool with_times)
{
    if (with_times ? strstr(text, "-->") == NULL : text[strspn(text, " \n")] == '\0')
        log_warning("%s: no speech was found in it", path);
}

static bool is_subtitles(const struct options *o)
{
    return o->format != NULL && (strcmp(o->format, "srt") == 0 || strcmp(o->format, "vtt") == 0);
}

static bool transcribe(struct run *r, const struct options *o, const char *path, struct error *err)
{
    bool is_json = o->json || (o->format != NULL && strcmp(o->format, "json") == 0);
    double encode_ms = 0;
    const struct attachment *a = NULL;

    if (!run_check_kind(path, ATTACHMENT_AUDIO, err) || (a = run_attach(r, path, &encode_ms, err)) == NULL)
        return false;
    char *text = attachment_transcript(a, is_json || o->format == NULL ? "txt" : o->format);
    if (text == NULL)
        return error_set(err, ERROR_INFERENCE, "%s: no memory for its transcript", path);
    if (!o->quiet)
        note_silence(path, text, !is_json && is_subtitles(o));
    if (is_json) {
        text[strcspn(text, "\n")] = '\0';
        run_print_json(r, path, text, &a, 1, NULL, encode_ms);
    } else if (o->n_arguments > 1 && !is_subtitles(o)) {
        run_print_name(path);
        run_print_line(text);
    } else {
        run_print_text(text, strlen(text));
    }
    free(text);
    return true;
}

static bool check(const struct options *o, struct error *err)
{
    if (o->n_arguments == 0)
        return error_set(err, ERROR_USAGE, "`mynah transcribe` takes the clips: mynah transcribe talk.wav");
    if (o->n_arguments > 1 && !o->json && is_subtitles(o))
        return error_set(err, ERROR_USAGE, "--format %s takes one clip at a time, for two in a file are no subtitles: "
                         "for f in *.wav; do mynah transcribe --format %s \"$f\" > \"$f.%s\"; done; "
                         "or --format json, a line for each", o->format, o->format, o->format);
    return input_take(o->arguments, o->n_arguments, err) && (o->n_arguments > 1 || run_check_kind(o->arguments[0], ATTACHMENT_AUDIO, err));
}

int cmd_transcribe(const struct options *o)
{
    struct error err = { 0 };
    struct run r = { 0 };

    if (!check(o, &err) || !run_open(&r, o, false, &err)) {
        run_close(&r);
        return run_fail(&err);
    }
    r.model = "whisper-base";
    int status = run_each(&r, o, transcribe);
    run_close(&r);
    return status;
}
