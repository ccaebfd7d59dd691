/* cmd_ask.c - `mynah ask`: one prompt, its attachments, one answer. */
#include "ui/cli.h"

#include "ui/input.h"
#include "ui/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The prompt's last word is standard input; or all of it, when nothing else says what to ask. */
static bool reads_prompt(const struct options *o)
{
    size_t n = o->n_arguments;

    return n > 0 ? input_is(o->arguments[n - 1]) : input_count(o->files, o->n_files) == 0 && !isatty(STDIN_FILENO);
}

static bool takes_prompt(struct error *err)
{
    return error_set(err, ERROR_USAGE, "`mynah ask` takes a prompt: mynah ask 'What is in this picture?' -i photograph.jpg");
}

static bool check_usage(const struct options *o, struct error *err)
{
    size_t n_inputs = input_count(o->files, o->n_files) + (o->n_arguments > 0 && reads_prompt(o));

    if (n_inputs > 1)
        return error_set(err, ERROR_USAGE, "standard input was asked for %zu times; it can be read once", n_inputs);
    return o->n_arguments > 0 || reads_prompt(o) || takes_prompt(err);
}

/* The words of the command line joined by blanks, then standard input where it was asked for. */
static char *prompt_text(const struct options *o, struct error *err)
{
    bool reads = reads_prompt(o);
    size_t n_words = o->n_arguments - (reads && o->n_arguments > 0), n = 0;
    char *input = NULL, *text = NULL;

    if (reads && o->n_arguments == 0 && ungetc(getc(stdin), stdin) == EOF) {
        takes_prompt(err);          /* nobody said that it would come that way, and nothing came */
        return NULL;
    }
    if (reads && (input = input_text(err)) == NULL)
        return NULL;
    FILE *to = open_memstream(&text, &n);
    for (size_t i = 0; to != NULL && i < n_words; i++)
        fprintf(to, "%s%s", i > 0 ? " " : "", o->arguments[i]);
    if (to != NULL && input != NULL)
        fprintf(to, "%s%s", n_words > 0 ? "\n\n" : "", input);
    if (to == NULL || fclose(to) != 0)
        error_set(err, ERROR_INFERENCE, "no memory for the prompt");
    free(input);
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
    r->attachments = attachments;
    r->n_attachments = o->n_files;
    bool ok = run_wait(r, session_ask(r->session, &turn), &answer, err);
    if (r->stream && r->n_text > 0 && r->text[r->n_text - 1] != '\n')
        run_print_text("\n", 1);
    if (!ok) {
        if (o->json && r->n_text > 0)       /* stopped: what came is kept */
            run_print_json(r, o->n_files > 0 ? o->files[0] : NULL, r->text, attachments, o->n_files, NULL, encode_ms);
        return false;
    }
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
    else
        ok = check_usage(o, &err) && (prompt = prompt_text(o, &err)) != NULL && input_take(o->files, o->n_files, &err)
             && check_files(o, &err) && run_open(&r, o, true, &err) && ask(&r, o, prompt, attachments, ids, &err);
    run_close(&r);
    free(attachments);
    free(ids);
    free(prompt);
    return ok ? 0 : run_fail(&err);
}
