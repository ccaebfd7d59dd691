#include "fusion/glance.h"

#include "base/utf8.h"
#include "fusion/words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MARKER_BYTES = 40,              /* "<end_of_utterance>", "<|im_end|>" */
    PERIOD_BYTES = 160,             /* of what is said again and again */
    LEAST_REPEATED = 24,            /* bytes that a repetition takes in all */
    WORD_BYTES = 80                 /* no word is longer */
};

void glance_done(struct glance *g)
{
    free(g->eyes);
    free(g->question);
    free(g->words);
    free(g->trouble);
    *g = (struct glance){ 0 };
}

/* ---- cutting ---------------------------------------------------------------------- */

/* Bytes up to the first that are no UTF-8, or stand for such. */
static size_t valid_bytes(const char *text, size_t n)
{
    uint32_t code;
    size_t at = 0;

    while (at < n) {
        size_t used = utf8_decode(text + at, n - at, &code);
        if (used == 0 || code == UTF8_REPLACEMENT || code == 0)
            break;
        at += used;
    }
    return at;
}

/* A control token that was spelled: "<|im_end|>", "</s>", "<image>". */
static bool is_marker(const char *text, size_t n)
{
    size_t end = 1;

    if (n < 3 || text[0] != '<' || !(isalpha((unsigned char)text[1]) || strchr("|/_", text[1]) != NULL))
        return false;
    while (end < n && end < MARKER_BYTES && strchr(" <>", text[end]) == NULL)
        end++;
    return end < n && text[end] == '>';
}

static size_t bytes_before_marker(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_marker(text + i, n - i))
            return i;
    return n;
}

/* How often the first `period` bytes stand there, one after the other. */
static size_t times(const char *text, size_t n, size_t period)
{
    size_t k = 1;

    while ((k + 1) * period <= n && memcmp(text, text + k * period, period) == 0)
        k++;
    return k;
}

/* Bytes up to the end of the first of what is said again and again; n: nothing is. */
static size_t bytes_before_repetition(const char *text, size_t n)
{
    for (size_t at = 0; at < n; at++)
        for (size_t period = 1; period <= PERIOD_BYTES && at + 3 * period <= n; period++) {
            size_t k = times(text + at, n - at, period);
            if (k >= 3 && k * period >= LEAST_REPEATED)
                return at + period;
        }
    return n;
}

/* ---- what is left -------------------------------------------------------------------- */

/* Controls, what turns the direction of text, and blanks of any kind. */
static bool is_blank(uint32_t code)
{
    return code <= 0x20 || (code >= 0x7F && code <= 0xA0) || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202F) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || code == 0x3000;
}

char *glance_plain(const char *text, size_t n)
{
    struct words b = { 0 };
    uint32_t code;
    bool blank = true;

    n = valid_bytes(text, n);
    for (size_t at = 0, used; at < n; at += used) {
        used = utf8_decode(text + at, n - at, &code);
        if (is_blank(code)) {
            if (!blank)
                words_add_bytes(&b, " ", 1);
            blank = true;
            continue;
        }
        blank = false;
        if (used == 1 && strchr("\"[]", text[at]) != NULL)
            words_add_bytes(&b, text[at] == '"' ? "'" : text[at] == '[' ? "(" : ")", 1);
        else
            words_add_bytes(&b, text + at, used);
    }
    if (b.n > 0 && b.text[b.n - 1] == ' ')
        b.text[--b.n] = '\0';
    return words_take(&b, NULL);
}

/* Letters and digits make up half of it at least, and no word is endless. */
static bool is_prose(const char *text)
{
    size_t n_said = 0, n_ink = 0, n_word = 0;

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        n_word = isascii(c) && c != ' ' ? n_word + 1 : 0;
        if (n_word > WORD_BYTES)
            return false;
        n_ink += c != ' ';
        n_said += isalnum(c) || c >= 0x80;
    }
    return 2 * n_said >= n_ink && n_said > 0;
}

static bool set(char **to, const char *text)
{
    *to = strdup(text);
    return *to != NULL;
}

bool glance_take(struct glance *g, const char *answer, size_t n, struct error *err)
{
    size_t n_valid = valid_bytes(answer, n), n_said = bytes_before_marker(answer, n_valid);
    const char *cut = n_said < n_valid ? "a control token was spelled; what follows it was cut"
                    : n_valid < n ? "bytes that are no text were cut" : NULL;
    char *words = glance_plain(answer, n_said);

    if (words == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for what the eyes say");
    size_t n_words = strlen(words), n_kept = bytes_before_repetition(words, n_words);
    if (n_kept < n_words)
        cut = "it repeated itself; that was cut";
    if (n_kept > GLANCE_BYTES) {
        n_kept = GLANCE_BYTES;
        cut = "it was too long and was cut";
    }
    n_kept = utf8_complete(words, n_kept);
    while (n_kept > 0 && words[n_kept - 1] == ' ')
        n_kept--;
    words[n_kept] = '\0';
    bool good = true;
    if (is_prose(words)) {
        g->words = words;
        good = cut == NULL || set(&g->trouble, cut);
    } else {
        good = set(&g->trouble, n == 0 ? "it said nothing" : n_words == 0 && cut != NULL ? cut : "what it said was no text");
        free(words);
    }
    return good || error_set(err, ERROR_INFERENCE, "no memory for what the eyes say");
}

/* ---- lists -------------------------------------------------------------------------------- */

void glances_done(struct glances *g)
{
    for (size_t i = 0; i < g->n; i++)
        glance_done(&g->items[i]);
    free(g->items);
    *g = (struct glances){ 0 };
}

static bool copy(char **to, const char *from)
{
    return from == NULL || set(to, from);
}

bool glances_add(struct glances *g, const struct glance *one, struct error *err)
{
    struct glance made = { .ms = one->ms };
    struct glance *grown = realloc(g->items, (g->n + 1) * sizeof *grown);

    if (grown != NULL)
        g->items = grown;
    if (grown == NULL || !copy(&made.eyes, one->eyes) || !copy(&made.question, one->question) || !copy(&made.words, one->words) ||
        !copy(&made.trouble, one->trouble)) {
        glance_done(&made);
        return error_set(err, ERROR_INFERENCE, "no memory for what the eyes say");
    }
    g->items[g->n++] = made;
    return true;
}

bool glances_copy(struct glances *to, const struct glances *from, struct error *err)
{
    bool good = true;

    for (size_t i = 0; good && from != NULL && i < from->n; i++)
        good = glances_add(to, &from->items[i], err);
    return good;
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const struct glance *glances_find(const struct glances *g, const char *eyes, const char *question)
{
    for (size_t i = 0; i < g->n; i++)
        if ((eyes == NULL || same(g->items[i].eyes, eyes)) && same(g->items[i].question, question))
            return &g->items[i];
    return NULL;
}
