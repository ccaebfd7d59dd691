/* ocr_lines.c - judging recognised lines.
 *
 * Thresholds: chosen on 200 photographs (80 everyday scenes, 120 single subjects)
 * so that what is kept is really written there, and on rendered screenshots, pages
 * and signs in English and Korean so that they are read; see docs/quality.md. */
#include "vision/ocr_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const float end_least = 60.0f;       /* words below are cut off a line's ends */
static const float symbol_least = 80.0f;    /* the same for words without a letter */
static const float mean_anchored = 75.0f, mean_company = 85.0f;
enum { COMPANY = 2 };                       /* anchored lines that vouch for others */

/* ---- characters and words ----------------------------------------------------- */

struct census {
    size_t n_letters, n_digits, n_hangul, n_other, n_upper, n_vowels, n_distinct;
};

static bool is_hangul(uint32_t code) { return code >= 0xac00 && code <= 0xd7a3; }
static bool is_upper(uint32_t code) { return (code >= 'A' && code <= 'Z') || (code >= 0xc0 && code <= 0xde && code != 0xd7); }
static bool is_lower(uint32_t code) { return (code >= 'a' && code <= 'z') || (code >= 0xdf && code <= 0x24f && code != 0xf7); }

static struct census count(const char *text)
{
    struct census c = { 0 };
    uint32_t first = 0;

    for (size_t at = 0, n = strlen(text); at < n;) {
        uint32_t code;
        const size_t size = utf8_decode(text + at, n - at, &code);
        if (size == 0)
            break;
        at += size;
        c.n_upper += is_upper(code);
        c.n_letters += is_upper(code) || is_lower(code);
        c.n_digits += code >= '0' && code <= '9';
        c.n_hangul += is_hangul(code);
        c.n_other += !is_upper(code) && !is_lower(code) && !is_hangul(code) && !(code >= '0' && code <= '9');
        c.n_vowels += (code < 128 && strchr("aeiouyAEIOUY", (int)code) != NULL && code != 0) || code >= 0xc0;
        first = first == 0 ? code : first;
        c.n_distinct += code != first;
    }
    return c;
}

static size_t n_readable(struct census c) { return c.n_letters + c.n_digits + c.n_hangul; }

/* Hardly junk: letters with a vowel, of one case or capitalised, hardly a symbol. */
static bool is_anchor(const struct ocr_word *word)
{
    const struct census c = count(word->text);
    const bool one_case = c.n_upper == c.n_letters || c.n_upper <= 1;

    if (c.n_hangul >= 2)
        return word->confidence >= 95.0f;
    if (c.n_vowels == 0 || !one_case || c.n_distinct == 0 || c.n_digits > 0 || 3 * c.n_other > c.n_letters)
        return false;
    return c.n_letters >= 4 ? word->confidence >= 85.0f : c.n_letters == 3 && word->confidence >= 94.0f;
}

static bool is_end_junk(const struct ocr_word *word)
{
    return strcmp(word->text, "|") == 0 ||      /* an edge of a board */
           word->confidence < (n_readable(count(word->text)) > 0 ? end_least : symbol_least);
}

/* ---- lines ---------------------------------------------------------------------- */

bool ocr_lines_init(struct ocr_lines *lines, struct arena *arena, struct error *err)
{
    lines->arena = arena;
    lines->n = 0;
    lines->at = arena_alloc(arena, OCR_MAX_LINES, sizeof *lines->at, err);
    return lines->at != NULL;
}

/* The line's text from the first word that stays to the last. */
static char *trim(struct arena *arena, const char *text, const struct ocr_word *words, size_t first, size_t end,
                  size_t n, struct error *err)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < first; i++) {
        const char *found = strstr(text, words[i].text);
        const size_t skip = found == NULL ? 0 : (size_t)(found - text) + strlen(words[i].text);
        text += skip, length -= skip;
    }
    for (size_t i = n; i > end; i--) {
        const size_t size = strlen(words[i - 1].text);
        while (length > 0 && strchr(" \n\t", text[length - 1]) != NULL)
            length--;
        if (size <= length && memcmp(text + length - size, words[i - 1].text, size) == 0)
            length -= size;
    }
    while (length > 0 && strchr(" \n\t", text[0]) != NULL)
        text++, length--;
    while (length > 0 && strchr(" \n\t", text[length - 1]) != NULL)
        length--;
    char *copy = arena_alloc(arena, length + 1, 1, err);
    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

bool ocr_lines_add(struct ocr_lines *lines, const struct ocr_word *words, size_t n, const char *text,
                   const float box[4], struct error *err)
{
    struct ocr_line line = { 0 };
    size_t first = 0, end = n, n_sure_hangul = 0;
    float sum = 0.0f;

    while (first < end && is_end_junk(&words[first]))
        first++;
    while (end > first && is_end_junk(&words[end - 1]))
        end--;
    for (size_t i = first; i < end; i++) {
        const struct census c = count(words[i].text);
        line.n_letters += n_readable(c);
        line.n_hangul += c.n_hangul;
        n_sure_hangul += words[i].confidence >= 85.0f ? c.n_hangul : 0;
        line.anchored = line.anchored || is_anchor(&words[i]);
        sum += words[i].confidence * (float)n_readable(c);
    }
    if (line.n_letters == 0 || lines->n == OCR_MAX_LINES)
        return true;
    line.anchored = line.anchored || n_sure_hangul >= 3;
    line.confidence = sum / (float)line.n_letters;
    memcpy(line.box, box, sizeof line.box);
    line.text = trim(lines->arena, text, words, first, end, n, err);
    if (line.text == NULL)
        return false;
    lines->at[lines->n++] = line;
    return true;
}

void ocr_lines_believe(struct ocr_lines *lines)
{
    size_t n_anchored = 0, n_kept = 0;

    for (size_t i = 0; i < lines->n; i++)
        n_anchored += lines->at[i].anchored && lines->at[i].confidence >= mean_anchored;
    for (size_t i = 0; i < lines->n; i++) {
        const struct ocr_line *line = &lines->at[i];
        const bool sure = line->anchored && line->confidence >= mean_anchored;
        const bool vouched = n_anchored >= COMPANY && line->confidence >= mean_company && line->n_letters >= 2;
        if (sure || vouched)
            lines->at[n_kept++] = *line;
    }
    lines->n = n_kept;
}

static bool overlap(const float a[4], const float b[4])
{
    return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

void ocr_lines_merge(struct ocr_lines *lines, const struct ocr_lines *more)
{
    for (size_t i = 0; i < more->n && lines->n < OCR_MAX_LINES; i++) {
        bool free_place = true;
        size_t at = 0;
        for (size_t j = 0; j < lines->n && free_place; j++)
            free_place = !overlap(more->at[i].box, lines->at[j].box);
        if (!free_place)
            continue;
        /* The lines there keep their order (columns); a new one goes before the first
         * that begins below it. */
        while (at < lines->n && lines->at[at].box[1] <= more->at[i].box[1])
            at++;
        memmove(lines->at + at + 1, lines->at + at, (lines->n - at) * sizeof *lines->at);
        lines->at[at] = more->at[i];
        lines->n++;
    }
}

size_t ocr_lines_n_letters(const struct ocr_lines *lines)
{
    size_t n = 0;

    for (size_t i = 0; i < lines->n; i++)
        n += lines->at[i].n_letters;
    return n;
}

bool ocr_lines_are_korean(const struct ocr_lines *lines)
{
    size_t n_hangul = 0;

    for (size_t i = 0; i < lines->n; i++)
        n_hangul += lines->at[i].n_hangul;
    return n_hangul > 0 && 10 * n_hangul >= 7 * ocr_lines_n_letters(lines);
}

char *ocr_lines_text(const struct ocr_lines *lines, float *confidence, struct error *err)
{
    const size_t n_letters = ocr_lines_n_letters(lines);
    size_t n = 1, at = 0;
    float sum = 0.0f;

    for (size_t i = 0; i < lines->n; i++) {
        n += strlen(lines->at[i].text) + 1;
        sum += lines->at[i].confidence * (float)lines->at[i].n_letters;
    }
    char *text = malloc(n);
    if (text == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for %zu bytes of text", n);
        return NULL;
    }
    for (size_t i = 0; i < lines->n; i++) {
        const size_t size = strlen(lines->at[i].text);
        if (i > 0)
            text[at++] = '\n';
        memcpy(text + at, lines->at[i].text, size);
        at += size;
    }
    text[at] = '\0';
    *confidence = n_letters > 0 ? sum / (float)n_letters : 0.0f;
    return text;
}
