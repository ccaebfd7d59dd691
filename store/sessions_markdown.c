#include "store/sessions_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t longest_ticks(const char *text)
{
    size_t longest = 0, n = 0;

    for (; *text != '\0'; text++) {
        n = *text == '`' ? n + 1 : 0;
        if (n > longest)
            longest = n;
    }
    return longest;
}

/* A code span (CommonMark 0.31, 6.1): fenced by more backticks than are in it, on one line. */
static void write_code(FILE *out, const char *text)
{
    size_t n = longest_ticks(text) + 1;

    for (size_t i = 0; i < n; i++)
        fputc('`', out);
    fputs(n > 1 ? " " : "", out);
    for (; *text != '\0'; text++)
        fputc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
    fputs(n > 1 ? " " : "", out);
    for (size_t i = 0; i < n; i++)
        fputc('`', out);
}

/* The user's words are no Markdown of ours: quoted line by line they keep theirs to themselves. */
static void write_quote(FILE *out, const char *text)
{
    fputs("> ", out);
    for (; *text != '\0'; text++) {
        fputc(*text, out);
        if (*text == '\n')
            fputs("> ", out);
    }
    fputs("\n\n", out);
}

static const char *remark(const struct session_turn *turn)
{
    switch (turn->state) {
    case TURN_WAITING: return "*(no answer)*\n\n";
    case TURN_WRITING: return "*(the program ended here)*\n\n";
    case TURN_STOPPED: return "*(stopped)*\n\n";
    case TURN_CUT: return "*(cut: no more room)*\n\n";
    default: return "";
    }
}

static void write_turn(FILE *out, const struct session_turn *turn)
{
    fputs(turn->summary ? "## Summary\n\n" : "## You\n\n", out);
    for (size_t i = 0; i < turn->n_files; i++) {
        fputs("- ", out);
        write_code(out, turn->files[i].path);
        fputs(i + 1 < turn->n_files ? "\n" : "\n\n", out);
    }
    if (*turn->text != '\0')
        write_quote(out, turn->text);
    fputs("## ", out);
    if (turn->model != NULL && *turn->model != '\0')
        write_code(out, turn->model);
    else
        fputs("mynah", out);
    fputs("\n\n", out);
    if (turn->answer != NULL && *turn->answer != '\0')
        fprintf(out, "%s\n\n", turn->answer);
    fputs(remark(turn), out);
}

/* Indices of the branch that ends in the head, last first; their number. */
static size_t branch_of(const struct stored_session *session, size_t *branch)
{
    int64_t wanted = session->head;
    size_t n = 0;

    for (size_t i = session->n_turns; i-- > 0;) {      /* a parent stands before its turn */
        if (session->turns[i].id != wanted)
            continue;
        branch[n++] = i;
        wanted = session->turns[i].parent;
    }
    return n;
}

static bool write_all(FILE *out, const struct stored_session *session)
{
    size_t *branch = calloc(session->n_turns + 1, sizeof *branch);

    if (branch == NULL)
        return false;
    fputs("# ", out);
    for (const char *c = session->title; *c != '\0'; c++)
        fputc(*c == '\n' || *c == '\r' ? ' ' : *c, out);
    fputs("\n\n", out);
    for (size_t i = branch_of(session, branch); i-- > 0;)
        write_turn(out, &session->turns[branch[i]]);
    free(branch);
    return true;
}

char *sessions_markdown(struct sessions *s, int64_t id, struct error *err)
{
    struct stored_session session;
    bool found = false;
    char *text = NULL;
    size_t n = 0;

    if (!sessions_load(s, id, &session, &found, err))
        return NULL;
    if (!found) {
        error_set(err, ERROR_INPUT, "%s: there is no conversation %lld", s->database.path, (long long)id);
        return NULL;
    }
    FILE *out = open_memstream(&text, &n);
    bool ok = out != NULL && write_all(out, &session);
    if (out != NULL && fclose(out) != 0)
        ok = false;
    stored_session_done(&session);
    if (ok)
        return text;
    free(text);
    sessions_no_memory(s, err);
    return NULL;
}
