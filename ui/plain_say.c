#include "ui/plain_private.h"

#include "base/clock.h"
#include "ui/sanitise.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRESS_MS = 5000 };

void plain_text(struct plain *p, const char *text, size_t n)
{
    if (n == 0)
        return;
    sanitise_write(stdout, text, n);
    p->at_start = text[n - 1] == '\n';
    p->prompted = false;
}

/* What was begun ends its line first. */
static void start_line(struct plain *p)
{
    plain_text(p, buffer_text(&p->held), p->held.n);
    buffer_clear(&p->held);
    if (!p->at_start)
        plain_text(p, "\n", 1);
}

void plain_line(struct plain *p, const char *prefix, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (text == NULL)
        return;
    start_line(p);
    plain_text(p, prefix, strlen(prefix));
    plain_text(p, text, strlen(text));
    plain_text(p, "\n", 1);
    fflush(stdout);
    free(text);
}

void plain_block(struct plain *p, const char *text)
{
    start_line(p);
    plain_text(p, text, strlen(text));
    start_line(p);
    fflush(stdout);
}

void plain_prompt(struct plain *p, const char *prompt)
{
    if (p->prompted)
        return;
    start_line(p);
    plain_text(p, prompt, strlen(prompt));
    p->prompted = true;
    fflush(stdout);
}

/* A screen reader says what arrives: words are not cut in two. */
void plain_answer(struct plain *p, const char *text)
{
    size_t n;

    if (p->answer_begins) {
        start_line(p);
        plain_text(p, "mynah: ", 7);
        p->answer_begins = false;
    }
    buffer_append(&p->held, text, strlen(text));
    for (n = p->held.n; n > 0 && strchr(" \t\n", p->held.s[n - 1]) == NULL;)
        n--;
    plain_text(p, buffer_text(&p->held), n);
    buffer_remove(&p->held, 0, n);
    fflush(stdout);
}

void plain_answer_end(struct plain *p)
{
    start_line(p);
    fflush(stdout);
}

void plain_progress(struct plain *p, const char *what, double done, double total)
{
    if (clock_ms() - p->told_ms < PROGRESS_MS)
        return;
    p->told_ms = clock_ms();
    if (total > 0)
        plain_note(p, "%s, %.0f %%", what, 100.0 * (done < total ? done / total : 1.0));
    else
        plain_note(p, "%s", what);
}
