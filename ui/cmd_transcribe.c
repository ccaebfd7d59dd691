/* cmd_transcribe.c - `mynah transcribe`: what is said in each clip.
 *
 *   FILE, '*.mp3', - ─> clips ─> attached one by one ─┬─> standard output
 *                                                     └─> --out: a file for each format */
#include "ui/cli.h"

#include "audio/audio.h"
#include "base/log.h"
#include "ui/input.h"
#include "ui/outputs.h"
#include "ui/run.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BEAM_MOST = 16 };

struct job {
    struct run run;
    struct options options;         /* the arguments are the clips, all patterns resolved */
    char **clips;                   /* [n_clips] those */
    size_t n_clips;
    struct outputs outputs;         /* of --out */
    enum transcript_format formats[TRANSCRIPT_N_FORMATS];
    size_t n_formats, i_clip;
};

/* ---- which clips, which formats ------------------------------------------------------ */

/* A pattern that the shell was kept from, or that it left as it is for want of a match. */
static bool is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL && access(path, F_OK) != 0;
}

static bool add_clip(struct job *j, const char *path, struct error *err)
{
    char **grown = realloc(j->clips, (j->n_clips + 1) * sizeof *grown), *copy = strdup(path);

    if (grown != NULL)
        j->clips = grown;
    if (grown != NULL && copy != NULL) {
        grown[j->n_clips++] = copy;
        return true;
    }
    free(copy);
    return error_set(err, ERROR_INFERENCE, "no memory for the arguments");
}

static bool add_clips(struct job *j, const char *path, struct error *err)
{
    glob_t found = { 0 };

    if (!is_pattern(path))
        return add_clip(j, path, err);
    int status = glob(path, 0, NULL, &found);
    bool ok = status == 0 || error_set(err, ERROR_INPUT, status == GLOB_NOMATCH ? "%s: no file has a name like that"
                                                                                 : "%s: its folder cannot be read", path);
    for (size_t i = 0; ok && i < found.gl_pathc; i++)
        ok = add_clip(j, found.gl_pathv[i], err);
    globfree(&found);
    return ok;
}

/* Each once; txt where none is named. */
static void take_formats(struct job *j, const char *list)
{
    bool wanted[TRANSCRIPT_N_FORMATS] = { false };

    for (size_t n; list != NULL && *list != '\0'; list += n + (list[n] == ',')) {
        char name[8];
        enum transcript_format f;
        n = strcspn(list, ",");
        snprintf(name, sizeof name, "%.*s", (int)n, list);
        if (transcript_format_find(name, &f) && !wanted[f])
            j->formats[j->n_formats++] = f;
        wanted[f] = true;
    }
    if (j->n_formats == 0)
        j->formats[j->n_formats++] = TRANSCRIPT_TXT;
}

static bool check_options(const struct options *o, struct error *err)
{
    const char *code, *english;

    if (o->n_arguments == 0)
        return error_set(err, ERROR_USAGE, "`mynah transcribe` takes the clips: mynah transcribe talk.wav");
    if (o->language != NULL && !whisper_language(o->language, &code, &english))
        return error_set(err, ERROR_USAGE, "--language takes a language, such as en, ko or German, not '%s'", o->language);
    if (o->beam > BEAM_MOST)
        return error_set(err, ERROR_USAGE, "--beam takes a number from 1 to %d, not %zu", BEAM_MOST, o->beam);
    if (o->force && o->out == NULL)
        return error_set(err, ERROR_USAGE, "--force goes with --out DIR: standard output is never in the way");
    return true;
}

/* What standard output can hold: of several clips, lines. */
static bool check_output(const struct job *j, struct error *err)
{
    enum transcript_format f = j->formats[0];

    if (j->options.out != NULL || j->options.json)
        return true;
    if (j->n_formats > 1)
        return error_set(err, ERROR_USAGE, "--format %s is more than standard output can hold: --out DIR writes a file of each", j->options.format);
    return j->options.n_arguments == 1 || f == TRANSCRIPT_TXT || f == TRANSCRIPT_JSON ||
           error_set(err, ERROR_USAGE, "--format %s takes one clip at a time on standard output: --out DIR writes a file for each; "
                     "or --format json, a line for each", transcript_format_name(f));
}

/* ---- one clip ------------------------------------------------------------------------------ */

static bool check_clip(const char *path, struct error *err)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return error_set(err, ERROR_INPUT, "%s: is a folder, a clip was expected; name those in it: mynah transcribe %s%s*.wav", path, path,
                         path[strlen(path) - 1] == '/' ? "" : "/");
    return run_check_kind(path, ATTACHMENT_AUDIO, err);
}

/* Before the work, not after it. */
static bool check_files(const struct job *j, struct error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < j->n_formats; i++) {
        char *path = outputs_path(&j->outputs, j->i_clip, transcript_format_name(j->formats[i]));
        ok = path != NULL ? outputs_free(&j->outputs, path, err) : error_set(err, ERROR_INFERENCE, "no memory for a path");
        free(path);
    }
    return ok;
}

static bool write_file(struct job *j, const struct attachment *a, enum transcript_format format, struct error *err)
{
    const char *name = transcript_format_name(format);
    char *path = outputs_path(&j->outputs, j->i_clip, name), *text = attachment_transcript(a, name);
    bool ok = path != NULL && text != NULL ? outputs_write(&j->outputs, path, text, err)
                                           : error_set(err, ERROR_INFERENCE, "%s: no memory for its transcript", attachment_path(a));

    if (ok && j->run.shows_progress)
        run_note(&j->run, path);
    free(path);
    free(text);
    return ok;
}

static bool print(struct job *j, const char *path, const struct attachment *a, double encode_ms, struct error *err)
{
    enum transcript_format format = j->options.json ? TRANSCRIPT_TXT : j->formats[0];
    char *text = attachment_transcript(a, transcript_format_name(format));

    if (text == NULL)
        return error_set(err, ERROR_INFERENCE, "%s: no memory for its transcript", path);
    if (j->options.json) {
        text[strlen(text) - 1] = '\0';
        run_print_json(&j->run, path, text, &a, 1, NULL, encode_ms);
    } else if (j->options.n_arguments > 1 && format == TRANSCRIPT_TXT) {
        run_print_name(path);
        run_print_line(text);
    } else {
        run_print_text(text, strlen(text));
    }
    free(text);
    return true;
}

static bool transcribe(struct run *r, const struct options *o, const char *path, struct error *err)
{
    struct job *j = (struct job *)((char *)r - offsetof(struct job, run));
    double encode_ms = 0;
    const struct attachment *a = NULL;
    bool ok = check_clip(path, err) && (o->out == NULL || check_files(j, err)) && (a = run_attach(r, path, &encode_ms, err)) != NULL;

    if (ok && !o->quiet && attachment_n_segments(a) == 0)   /* lest it be taken for a failure */
        log_warning("%s: no speech was found in it", path);
    for (size_t i = 0; ok && o->out != NULL && i < j->n_formats; i++)
        ok = write_file(j, a, j->formats[i], err);
    if (ok && (o->out == NULL || o->json))
        ok = print(j, path, a, encode_ms, err);
    j->i_clip++;
    return ok;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* A pattern that nothing matches is told of, and the rest is done; its status stays. */
static int take_clips(struct job *j, const struct options *o)
{
    int status = 0;

    for (size_t i = 0; i < o->n_arguments; i++) {
        struct error err = { 0 };
        if (!add_clips(j, o->arguments[i], &err))
            status = cli_fail(&err);
    }
    j->options.arguments = calloc(j->n_clips + 1, sizeof *j->options.arguments);
    for (size_t i = 0; j->options.arguments != NULL && i < j->n_clips; i++)
        j->options.arguments[i] = j->clips[i];
    j->options.n_arguments = j->options.arguments != NULL ? j->n_clips : 0;
    return status;
}

static void job_done(struct job *j)
{
    run_close(&j->run);
    outputs_done(&j->outputs);
    for (size_t i = 0; i < j->n_clips; i++)
        free(j->clips[i]);
    free(j->clips);
    free(j->options.arguments);
}

static bool open_job(struct job *j, struct error *err)
{
    struct options *o = &j->options;

    return check_output(j, err) && input_take(o->arguments, o->n_arguments, err) &&
           (o->n_arguments > 1 || check_clip(o->arguments[0], err)) &&
           (o->out == NULL || outputs_init(&j->outputs, o->out, o->arguments, o->n_arguments, o->force, err)) &&
           run_open(&j->run, o, false, err);
}

int cmd_transcribe(const struct options *o)
{
    struct error err = { 0 };
    struct job j = { .options = *o };

    if (!check_options(o, &err))
        return cli_fail(&err);
    take_formats(&j, o->format);
    int status = take_clips(&j, o), failed = 0;
    if (j.options.n_arguments > 0) {
        bool ok = open_job(&j, &err);
        j.run.model = "whisper-base";
        failed = ok ? run_each(&j.run, &j.options, transcribe) : run_fail(&err);
    }
    job_done(&j);
    return failed != 0 ? failed : status;
}
