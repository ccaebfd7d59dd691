#include "fusion/clip_span.h"

#include "fusion/evidence.h"
#include "fusion/session.h"
#include "fusion/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading --------------------------------------------------------------------- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Digits, at most six; their number. */
static size_t read_number(const char *s, double *value)
{
    size_t n = 0;

    for (*value = 0; n < 6 && is_digit(s[n]); n++)
        *value = *value * 10 + (s[n] - '0');
    return n;
}

/* ".5"; 0 when none is there. */
static size_t read_fraction(const char *s, double *seconds)
{
    size_t n = 1;

    if (*s != '.' || !is_digit(s[1]))
        return 0;
    for (double unit = 0.1; is_digit(s[n]); unit /= 10, n++)
        *seconds += (s[n] - '0') * unit;
    return n;
}

/* "1:20", "1:02:03", "80s": its bytes, 0 for what is no time. */
static size_t read_time(const char *s, double *seconds)
{
    double part;
    size_t n = read_number(s, seconds), n_colons = 0;

    if (n == 0)
        return 0;
    for (; n_colons < 2 && s[n] == ':' && is_digit(s[n + 1]) && is_digit(s[n + 2]) && !is_digit(s[n + 3]); n += 3, n_colons++) {
        read_number(s + n + 1, &part);
        if (part >= 60)
            return 0;
        *seconds = *seconds * 60 + part;
    }
    n += read_fraction(s + n, seconds);
    if (n_colons > 0)
        return n;
    return s[n] == 's' ? n + 1 : 0;
}

static size_t read_dash(const char *s)
{
    return *s == '-' ? 1 : strncmp(s, "\u2013", 3) == 0 ? 3 : 0;
}

static bool goes_on(char c) { return is_letter(c) || is_digit(c) || (c != '\0' && strchr("_/@\\", c) != NULL); }

/* No name, address or number goes on here. */
static bool ends(const char *s)
{
    bool joins = *s == '.' || *s == '-' || *s == ':';

    return !goes_on(*s) && !(joins && goes_on(s[1]));
}

static bool begins(const char *text, size_t at)
{
    return at == 0 || (!is_letter(text[at - 1]) && !is_digit(text[at - 1]) && strchr("._-+@/\\", text[at - 1]) == NULL);
}

static bool read_span(const char *text, size_t at, struct clip_span *span)
{
    const char *s = text + at + 1;
    size_t n = text[at] == '@' && begins(text, at) ? read_time(s, &span->from) : 0, dash = n > 0 ? read_dash(s + n) : 0, more = 0;

    if (n == 0)
        return false;
    span->to = span->from;
    if (dash > 0)
        more = read_time(s + n + dash, &span->to);
    if (dash > 0 && more == 0)
        span->to = (double)INFINITY;
    span->at = at;
    span->n = 1 + n + dash + more;
    return ends(text + at + span->n);
}

struct clip_spans clip_spans_of(const char *question)
{
    struct clip_spans s = { .n = 0 };

    for (size_t at = 0; question[at] != '\0' && s.n < CLIP_SPANS_MOST; at++)
        if (read_span(question, at, &s.span[s.n]))
            at += s.span[s.n++].n - 1;
    return s;
}

size_t question_span(const char *question, size_t at, double *from_s, double *to_s)
{
    struct clip_span span;

    if (!read_span(question, at, &span))
        return 0;
    if (from_s != NULL)
        *from_s = span.from;
    if (to_s != NULL)
        *to_s = span.to;
    return span.n;
}

/* ---- using ------------------------------------------------------------------------ */

bool clip_spans_check(const struct clip_spans *s, const char *question, const char *name, double seconds, struct error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct clip_span *span = &s->span[i];
        struct words length = { 0 };
        if (span->to < span->from)
            return error_set(err, ERROR_USAGE, "%.*s ends before it begins", (int)span->n, question + span->at);
        if (span->from <= seconds)
            continue;
        evidence_time(&length, ceil(seconds));
        error_set(err, ERROR_USAGE, "%.*s is behind the end of %s, which is %s long", (int)span->n, question + span->at, name,
                  length.text != NULL ? length.text : "shorter");
        words_done(&length);
        return false;
    }
    return true;
}

/* How far a moment is from a segment; in it: 0.  Times are shown in whole seconds: one that is shown is nearest. */
static double distance(const struct segment *s, double at)
{
    if (floor(s->start) == at)
        return -1;
    return at < s->start ? s->start - at : at > s->end ? at - s->end : 0;
}

void clip_spans_fit(struct clip_spans *s, const struct transcript *t)
{
    for (size_t i = 0; i < s->n; i++) {
        struct clip_span *span = &s->span[i];
        const struct segment *nearest = NULL;
        if (span->to > t->seconds && span->to > span->from)
            span->to = t->seconds;
        if (span->to > span->from)
            continue;
        for (size_t k = 0; k < t->n_segments; k++)
            if (nearest == NULL || distance(&t->segments[k], span->from) <= distance(nearest, span->from))
                nearest = &t->segments[k];
        if (nearest != NULL) {
            span->from = nearest->start;
            span->to = nearest->end;
        }
    }
}

bool clip_spans_have(const struct clip_spans *s, const struct segment *segment)
{
    for (size_t i = 0; i < s->n; i++)
        if (segment->start < s->span[i].to && segment->end > s->span[i].from)
            return true;
    return s->n == 0;
}
