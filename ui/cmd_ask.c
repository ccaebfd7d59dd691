/* cmd_ask.c - `mynah ask`: one prompt, its attachments, one answer. */
#include "ui/cli.h"

#include "ui/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PROMPT_BYTES = 16 << 20 };

static char *read_all(FILE *in, struct error *err)
{
    size_t n = 0, room = 1 << 16;
    char *text = malloc(room);

    while (text != NULL) {
        n += fread(text + n, 1, room - 1 - n, in);
        if (n < room - 1)
            break;
        char *grown = room > MAX_PROMPT_BYTES ? NULL : realloc(text, room *= 2);
        if (grown == NULL)
            free(text);
        text = grown;
    }
    if (text == NULL) {
        error_set(err, ERROR_INPUT, "standard input: more than %d MB; a prompt must fit in the model's context", MAX_PROMPT_BYTES >> 20);
        return NULL;
    }
    text[n] = '\0';
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = '\0';
    if (memchr(text, '\0', n) != NULL || n == 0) {
        error_set(err, ERROR_INPUT, n == 0 ? "standard input: is empty, a prompt was expected"
                                           : "standard input: holds NUL bytes; a prompt is text, files are attached with -i and -a");
        free(text);
        return NULL;
    }
    return text;
}

/* The words of the command line joined by blanks, or standard input for "-". */
static char *prompt_text(const struct options *o, struct error *err)
{
    size_t n = 1;

    if (o->n_arguments == 1 && strcmp(o->arguments[0], "-") == 0)
        return read_all(stdin, err);
    for (size_t i = 0; i < o->n_arguments; i++)
        n += strlen(o->arguments[i]) + 1;
    char *text = calloc(n, 1);
    if (text == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the prompt");
        return NULL;
    }
    char *end = text;
    for (size_t i = 0; i < o->n_arguments; i++)
        end += sprintf(end, "%s%s", i > 0 ? " " : "", o->arguments[i]);
    return text;
}

static bool check_files(const struct options *o, struct error *err)
{
    enum attachment_kind kind;

    for (size_t i = 0; i < o->n_files; i++)
        if (!attachment_kind_of(o->files[i], &kind, err))
            return false;
    return true;
}

static bool ask(struct run *r, const struct options *o, const char *prompt, const struct attachment **attachments,
                uint32_t *ids, struct error *err)
{
    double encode_ms = 0;

    for (size_t i = 0; i < o->n_files; i++) {
        attachments[i] = run_attach(r, o->files[i], &encode_ms, err);
        if (attachments[i] == NULL)
            return false;
        ids[i] = attachment_id(attachments[i]);
    }
    struct turn turn = { .task = TURN_CHAT, .text = prompt, .attachments = ids, .n_attachments = o->n_files };
    struct session_event answer;
    r->stream = !o->json;
    bool ok = run_wait(r, session_ask(r->session, &turn), &answer, err);
    if (r->stream && r->n_text > 0 && r->text[r->n_text - 1] != '\n')
        run_print_text("\n", 1);
    if (!ok)
        return false;
    if (o->json)
        run_print_json(r, o->n_files > 0 ? o->files[0] : NULL, r->text, attachments, o->n_files, &answer, encode_ms);
    session_event_done(&answer);
    return true;
}

int cmd_ask(const struct options *o)
{
    struct error err = { 0 };
    struct run r = { 0 };
    const struct attachment **attachments = calloc(o->n_files + 1, sizeof *attachments);
    uint32_t *ids = calloc(o->n_files + 1, sizeof *ids);
    char *prompt = NULL;
    bool ok = false;

    if (attachments == NULL || ids == NULL)
        error_set(&err, ERROR_INFERENCE, "no memory for %zu attachments", o->n_files);
    else if (o->n_arguments == 0)
        error_set(&err, ERROR_USAGE, "`mynah ask` takes a prompt: mynah ask 'What is in this picture?' -i photograph.jpg");
    else
        ok = (prompt = prompt_text(o, &err)) != NULL && check_files(o, &err)
             && run_open(&r, o, true, &err) && ask(&r, o, prompt, attachments, ids, &err);
    run_close(&r);
    free(attachments);
    free(ids);
    free(prompt);
    return ok ? 0 : cli_fail(&err);
}
