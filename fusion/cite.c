#include "fusion/cite.h"

#include "fusion/evidence.h"

#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUN_WORDS = 5,                  /* in a row, of the answer and of a segment: no chance */
    CITE_LOOKED_AT = 32,
    WHOLE_WORDS = 3                 /* or all of a segment that has so many */
};

/* ---- finding --------------------------------------------------------------------- */

/* "1:20", "1:02:03": its bytes, 0 for what is no such time. */
static size_t read_time(const char *s, double *seconds)
{
    size_t n = strspn(s, "0123456789"), n_colons = 0;

    if (n == 0 || n > 4)
        return 0;
    *seconds = strtod(s, NULL);
    for (; n_colons < 2 && s[n] == ':' && strspn(s + n + 1, "0123456789") == 2 && s[n + 1] < '6'; n += 3, n_colons++)
        *seconds = *seconds * 60 + (s[n + 1] - '0') * 10 + (s[n + 2] - '0');
    return n_colons > 0 ? n : 0;
}

static bool joins(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ':' || c == '@';
}

/* The segment that begins at a time in whole seconds, as times are shown. */
static size_t segment_from(const struct transcript *t, double seconds)
{
    size_t i = 0;

    while (i < t->n_segments && floor(t->segments[i].start) != seconds)
        i++;
    return i;
}

/* The last that began by then, else the first. */
static size_t segment_at(const struct transcript *t, double seconds)
{
    size_t i = segment_from(t, seconds), best = 0;

    for (size_t k = 0; i == t->n_segments && k < t->n_segments; k++)
        if (t->segments[k].start <= seconds)
            best = k;
    return i < t->n_segments ? i : best;
}

/* In brackets any time of the clip will do; bare, one that is shown with a segment. */
static bool read_citation(const char *answer, size_t at, const struct transcript *t, struct citation *found)
{
    const char *s = answer + at;
    bool in_brackets = *s == '[' || *s == '(';
    double from, to = 0;
    size_t n = read_time(s + in_brackets, &from), more = 0;

    if (n == 0 || (!in_brackets && at > 0 && joins(s[-1])) || t->n_segments == 0)
        return false;
    n += in_brackets;
    if (s[n] == '-')
        more = read_time(s + n + 1, &to);
    n += more > 0 ? more + 1 : 0;
    if (in_brackets ? s[n] != (*s == '[' ? ']' : ')') : joins(s[n]))
        return false;
    if (from > t->seconds || (!in_brackets && segment_from(t, from) == t->n_segments))
        return false;
    size_t i = segment_at(t, from);
    bool exact = floor(t->segments[i].start) == from;
    *found = (struct citation){ .at = at, .n = n + in_brackets, .i_segment = i, .from = exact ? t->segments[i].start : from,
                                .to = more > 0 && to > from ? to : t->segments[i].end };
    return true;
}

/* ---- of several clips -------------------------------------------------------------- */

static bool is_exact(const struct transcript *t, const struct citation *c)
{
    return c->from == t->segments[c->i_segment].start;
}

static bool cite_one(const char *answer, size_t at, const struct attachment *const *clips, size_t n_clips, struct citation *best)
{
    bool any = false;

    for (size_t i = 0; i < n_clips; i++) {
        const struct transcript *t = clips[i]->seen->transcript;
        struct citation c;
        if (t == NULL || !read_citation(answer, at, t, &c))
            continue;
        c.clip = clips[i];
        if (is_exact(t, &c)) {
            *best = c;
            return true;
        }
        if (!any)
            *best = c;
        any = true;
    }
    return any;
}

size_t answer_citations(const char *answer, const struct attachment *const *clips, size_t n_clips,
                        struct citation *citations, size_t most)
{
    size_t n = 0;

    for (size_t at = 0; n < most && answer[at] != '\0'; at++)
        if (cite_one(answer, at, clips, n_clips, &citations[n]))
            at += citations[n++].n - 1;
    return n;
}

/* ---- adding ----------------------------------------------------------------------- */

struct word_list { char *text; const char **word; size_t n; };     /* words of text, NUL between them */

static bool splits(uint32_t code)
{
    static const char marks[] = " \t\r\n.,;:!?\"'()[]{}*_-";

    return code < 0x80 ? code == 0 || strchr(marks, (int)code) != NULL
                       : (code >= 0x2010 && code <= 0x2026) || (code >= 0x3000 && code <= 0x303F) || code == 0xFF0C || code == 0xFF1F;
}

/* Lower case, without marks between words.  Scripts without blanks are one word a sentence: too
 * few to be matched. */
static bool split_words(const char *text, struct word_list *list)
{
    size_t n = strlen(text), to = 0;
    bool inside = false;

    *list = (struct word_list){ .text = malloc(n + 1), .word = malloc((n / 2 + 2) * sizeof *list->word) };
    if (list->text == NULL || list->word == NULL)
        return false;
    for (size_t at = 0, used; at < n; at += used) {
        uint32_t code = 0;
        used = utf8_decode(text + at, n - at, &code);
        used = used > 0 ? used : n - at;
        if ((code == '\'' || code == 0x2019) && inside && joins(text[at + used])) {
            list->text[to++] = '\'';        /* "don't" */
            continue;
        }
        if (splits(code)) {
            if (inside)
                list->text[to++] = '\0';
            inside = false;
            continue;
        }
        if (!inside)
            list->word[list->n++] = list->text + to;
        inside = true;
        for (size_t i = 0; i < used; i++)
            list->text[to++] = text[at + i] >= 'A' && text[at + i] <= 'Z' ? (char)(text[at + i] + 32) : text[at + i];
    }
    list->text[to] = '\0';
    return true;
}

static void word_list_done(struct word_list *list)
{
    free(list->text);
    free(list->word);
}

/* Words that both have in a row, at most. */
static size_t longest_run(const struct word_list *a, const struct word_list *b)
{
    size_t longest = 0;

    for (size_t i = 0; i + longest < a->n; i++)
        for (size_t k = 0; k + longest < b->n; k++) {
            size_t n = 0;
            while (i + n < a->n && k + n < b->n && strcmp(a->word[i + n], b->word[k + n]) == 0)
                n++;
            longest = n > longest ? n : longest;
        }
    return longest;
}

static bool is_said(const struct word_list *answer, const char *segment)
{
    struct word_list words;
    bool good = split_words(segment, &words);
    size_t run = good ? longest_run(&words, answer) : 0;

    good = run >= RUN_WORDS || (run >= WHOLE_WORDS && run == words.n);
    word_list_done(&words);
    return good;
}

static void add_said(struct words *to, const struct word_list *answer, const struct transcript *t, const struct clip_spans *parts)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_segments && n < CITE_MOST; i++) {
        if (!clip_spans_have(parts, &t->segments[i]) || !is_said(answer, t->segments[i].text))
            continue;
        words_add(to, " [");
        evidence_time(to, t->segments[i].start);
        words_add(to, "]");
        n++;
    }
}

void cite_add(struct words *to, const char *answer, const char *question, const struct attachment *const *clips, size_t n_clips)
{
    struct clip_spans asked = clip_spans_of(question);
    struct word_list words;
    struct citation cited[CITE_LOOKED_AT];
    bool good = split_words(answer, &words);

    for (size_t i = answer_citations(answer, clips, n_clips, cited, CITE_LOOKED_AT); good && i-- > 0;)
        good = !is_exact(cited[i].clip->seen->transcript, &cited[i]);   /* one inside a line may be made up */

    for (size_t i = 0; good && i < n_clips && to->n == 0; i++) {
        const struct transcript *t = clips[i]->seen->transcript;
        struct clip_spans parts = asked;
        if (t == NULL)
            continue;
        clip_spans_fit(&parts, t);
        add_said(to, &words, t, &parts);
    }
    word_list_done(&words);
}
