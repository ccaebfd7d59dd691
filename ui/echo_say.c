#include "ui/echo_say.h"

#include "ui/buffer.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

size_t said_words(const char *text)
{
    size_t n = 0;

    for (text += strspn(text, BLANKS); *text != '\0'; text += strspn(text, BLANKS), n++)
        text += strcspn(text, BLANKS);
    return n;
}

static void take(struct said *s, struct buffer *b)
{
    s->bytes = b->s != NULL ? b->s : text_copy("");
    s->n = s->n_first = b->n;
}

/* The first half of the words, the larger one. */
static size_t half(const char *text)
{
    size_t n_words = (said_words(text) + 1) / 2, at = strspn(text, BLANKS);

    for (; n_words > 0; n_words--) {
        at += strcspn(text + at, BLANKS);
        at += strspn(text + at, BLANKS);
    }
    return at;
}

static void say(struct said *s, const char *text)
{
    s->bytes = text_copy(text);
    s->n = s->n_first = strlen(text);
}

static void say_cut(struct said *s, const char *text)
{
    say(s, text);
    s->n_first = half(text);
}

static void say_count(struct said *s, const char *text)
{
    struct buffer b = { 0 };

    for (unsigned long i = 1, n = strtoul(text, NULL, 10); i <= n; i++)
        buffer_print(&b, i < n ? "%lu " : "%lu", i);
    take(s, &b);
}

/* NUL bytes cannot be in a text and are passed over. */
static void say_bytes(struct said *s, const char *text)
{
    struct buffer b = { 0 };
    char digits[3] = "";

    for (text += strspn(text, BLANKS); text[0] != '\0' && text[1] != '\0'; text += 2, text += strspn(text, BLANKS)) {
        memcpy(digits, text, 2);
        char byte = (char)strtoul(digits, NULL, 16);
        if (byte != '\0')
            buffer_append(&b, &byte, 1);
    }
    take(s, &b);
    s->raw = true;
}

static void say_error(struct said *s, const char *text)
{
    say(s, *text != '\0' ? text : "the echo engine was asked to fail");
    s->fails = true;
}

static void say_nothing(struct said *s, const char *text)
{
    say(s, text);
    s->waits = true;
}

static void say_note(struct said *s, const char *text)
{
    say(s, text);
    s->notes = true;
}

static void say_settings(struct said *s, const struct session_settings *settings)
{
    struct buffer b = { 0 };

    buffer_print(&b, "temperature %g top_p %g min_p %g top_k %d repetition_penalty %g seed %llu max_tokens %zu system %s",
                 (double)settings->temperature, (double)settings->top_p, (double)settings->min_p, (int)settings->top_k,
                 (double)settings->repetition_penalty, (unsigned long long)settings->seed, settings->max_tokens,
                 settings->system != NULL ? settings->system : "-");
    take(s, &b);
}

void said_init(struct said *s, const char *prompt, const char *files, const struct session_settings *settings)
{
    static const struct { const char *word; void (*say)(struct said *s, const char *text); } words[] = {
        { "say", say }, { "cut", say_cut }, { "count", say_count }, { "bytes", say_bytes }, { "fail", say_error },
        { "wait", say_nothing }, { "note", say_note },
    };
    size_t n_word = strcspn(prompt, BLANKS);
    const char *rest = prompt + n_word + (prompt[n_word] != '\0');
    struct buffer b = { 0 };

    *s = (struct said){ 0 };
    if (strcmp(prompt, "settings") == 0) {
        say_settings(s, settings);
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (n_word == strlen(words[i].word) && strncmp(prompt, words[i].word, n_word) == 0) {
            words[i].say(s, rest);
            return;
        }
    buffer_print(&b, "%s%s", files, prompt);
    take(s, &b);
}

void said_done(struct said *s)
{
    free(s->bytes);
    *s = (struct said){ 0 };
}

/* A word has the blanks behind it; blanks at the start are a piece of their own. */
size_t said_piece(const struct said *s, size_t at, size_t i_piece)
{
    size_t left = s->n_first - at, n = i_piece % 3 + 1;

    if (!s->raw) {
        n = strcspn(s->bytes + at, BLANKS);
        n += strspn(s->bytes + at + n, BLANKS);
    }
    return n < left ? n : left;
}
