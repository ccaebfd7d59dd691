/* cmd_describe.c - `mynah describe`: a sentence for each image. */
#include "ui/cli.h"

#include "audio/audio.h"
#include "ui/input.h"
#include "ui/run.h"

#include <stdio.h>
#include <string.h>

static bool describe(struct run *r, const struct options *o, const char *path, struct error *err)
{
    double encode_ms = 0;
    const struct attachment *a = NULL;

    if (!run_check_kind(path, ATTACHMENT_IMAGE, err) || (a = run_attach(r, path, &encode_ms, err)) == NULL)
        return false;
    uint32_t id = attachment_id(a);
    struct turn turn = { .task = TURN_DESCRIBE, .attachments = &id, .n_attachments = 1, .alone = true,
                         .language = o->lang != NULL ? o->lang : run_locale_language() };
    struct session_event answer;
    if (!run_wait(r, session_ask(r->session, &turn), &answer, err))
        return false;
    if (o->json) {
        run_print_json(r, path, r->text, &a, 1, &answer, encode_ms);
    } else {
        if (o->n_arguments > 1) {
            run_print_name(path);
        }
        run_print_line(r->text);
    }
    session_event_done(&answer);
    return true;
}

int cmd_describe(const struct options *o)
{
    struct error err = { 0 };
    struct run r = { 0 };
    const char *code, *english;

    if (o->n_arguments == 0) {
        error_set(&err, ERROR_USAGE, "`mynah describe` takes the images: mynah describe photograph.jpg");
        return cli_fail(&err);
    }
    if (o->lang != NULL && !whisper_language(o->lang, &code, &english)) {
        error_set(&err, ERROR_USAGE, "--lang takes a language, such as en, ko or German, not '%s'", o->lang);
        return cli_fail(&err);
    }
    /* Alone, a bad file is known before a model is loaded; among others it is reported in its turn. */
    if (!input_take(o->arguments, o->n_arguments, &err)
        || (o->n_arguments == 1 && !run_check_kind(o->arguments[0], ATTACHMENT_IMAGE, &err)) || !run_open(&r, o, true, &err)) {
        run_close(&r);
        return run_fail(&err);
    }
    int status = run_each(&r, o, describe);
    run_close(&r);
    return status;
}
