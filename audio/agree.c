#include "audio/agree.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "audio/transcript.h"
#include "base/utf8.h"

#define MOST_OVERLAP 5              /* words */
#define LONGEST_LOOP 12

bool hypothesis_add(struct hypothesis *h, double start, double end, const char *text, size_t n, size_t end_token,
                    struct error *err)
{
    struct heard *grown = realloc(h->words, (h->n + 1) * sizeof *grown);

    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for %zu words", h->n + 1);
    h->words = grown;
    grown[h->n] = (struct heard){ start, end, transcript_clean(text, n, err), end_token };
    if (grown[h->n].text == NULL)
        return false;
    h->n++;
    return true;
}

void hypothesis_drop(struct hypothesis *h, size_t n)
{
    n = n < h->n ? n : h->n;
    for (size_t i = 0; i < n; i++)
        free(h->words[i].text);
    h->n -= n;
    if (h->n > 0)
        memmove(h->words, h->words + n, h->n * sizeof *h->words);
}

void hypothesis_keep(struct hypothesis *h, size_t n)
{
    while (h->n > n)
        free(h->words[--h->n].text);
}

void hypothesis_done(struct hypothesis *h)
{
    hypothesis_drop(h, h->n);
    free(h->words);
    h->words = NULL;
}

static bool is_letter(uint32_t code)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);

    return category <= UTF8PROC_CATEGORY_NO && category != UTF8PROC_CATEGORY_CN;    /* letters, marks, numbers */
}

/* The part from the first letter or digit to the last; all of it when there is none. */
static void core(const char *word, const char **from, const char **end)
{
    size_t n = strlen(word);

    *from = *end = NULL;
    for (size_t at = 0, used; at < n; at += used) {
        uint32_t code;
        used = utf8_decode(word + at, n - at, &code);
        if (used == 0)
            break;
        if (!is_letter(code))
            continue;
        if (*from == NULL)
            *from = word + at;
        *end = word + at + used;
    }
    if (*from == NULL) {
        *from = word;
        *end = word + n;
    }
}

bool agree_same_word(const char *a, const char *b)
{
    const char *a_end, *b_end;

    core(a, &a, &a_end);
    core(b, &b, &b_end);
    while (a < a_end && b < b_end) {
        uint32_t x, y;
        size_t n_a = utf8_decode(a, (size_t)(a_end - a), &x), n_b = utf8_decode(b, (size_t)(b_end - b), &y);
        if (n_a == 0 || n_b == 0 || utf8proc_tolower((utf8proc_int32_t)x) != utf8proc_tolower((utf8proc_int32_t)y))
            return false;
        a += n_a;
        b += n_b;
    }
    return a == a_end && b == b_end;
}

size_t agree_prefix(const struct hypothesis *older, const struct hypothesis *newer, size_t n_sure)
{
    size_t n = n_sure;

    while (n + 1 < newer->n && n < older->n && agree_same_word(older->words[n].text, newer->words[n].text))
        n++;
    return n;
}

size_t agree_overlap(const struct hypothesis *told, const struct hypothesis *h)
{
    size_t n = told->n < h->n ? told->n : h->n, i;

    for (n = n < MOST_OVERLAP ? n : MOST_OVERLAP; n > 0; n--) {
        for (i = 0; i < n && agree_same_word(told->words[told->n - n + i].text, h->words[i].text); i++)
            ;
        if (i == n)
            break;
    }
    return n;
}

size_t agree_before_loop(const struct hypothesis *h)
{
    for (size_t from = 0; from < h->n; from++)
        for (size_t period = 1; period <= LONGEST_LOOP; period++) {
            size_t more = period * (period < 4 ? 4 : 2), i = 0;
            while (i < more && from + period + i < h->n && agree_same_word(h->words[from + i].text, h->words[from + period + i].text))
                i++;
            if (i == more)
                return from + period;
        }
    return h->n;
}

/* A full stop behind a title or an initial ends no sentence. */
static bool is_abbreviation(const char *word)
{
    static const char *const titles[] = { "Mr.", "Mrs.", "Ms.", "Dr.", "St.", "Prof.", "vs.", "No." };

    word += *word == ' ';
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(word, titles[i]) == 0)
            return true;
    return word[0] >= 'A' && word[0] <= 'Z' && strcmp(word + 1, ".") == 0 && word[0] != 'I';
}

bool agree_ends_sentence(const char *word)
{
    static const char *const marks[] = { ".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f" };
    static const char *const closing[] = { "\"", "'", ")", "\u201d", "\u2019" };
    size_t n = strlen(word);

    if (is_abbreviation(word))
        return false;
    for (size_t i = 0; i < sizeof closing / sizeof *closing; i++) {
        size_t k = strlen(closing[i]);
        if (n > k && memcmp(word + n - k, closing[i], k) == 0) {
            n -= k;
            break;
        }
    }
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t k = strlen(marks[i]);
        if (n >= k && memcmp(word + n - k, marks[i], k) == 0)
            return true;
    }
    return false;
}
