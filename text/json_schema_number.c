/* json_schema_number.c - numbers between limits, as digits.
 *
 *   [137, 2050] -> of each count of digits: 137-199 | 2.. | ... -> 1 (3 [7-9] | [4-9] [0-9]) | ... */
#include "text/json_schema.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST INT64_C(999999999999999)       /* 15 digits: a double has them all */

/* ---- whole numbers --------------------------------------------------------------- */

static void any_digits(FILE *to, size_t n)
{
    if (n > 0)
        fprintf(to, " [0-9]{%zu}", n);
}

static bool all_are(const char *digits, char digit)
{
    return digits[strspn(digits, (char[]){ digit, '\0' })] == '\0';
}

/* As many digits as `least` has, and not less. */
static void digits_from(FILE *to, const char *least)
{
    size_t n = strlen(least);

    if (all_are(least, '0')) {
        any_digits(to, n);
        return;
    }
    fprintf(to, " (\"%c\"", *least);
    digits_from(to, least + 1);
    if (*least < '9') {
        fprintf(to, " | [%c-9]", *least + 1);
        any_digits(to, n - 1);
    }
    fputs(")", to);
}

static void digits_to(FILE *to, const char *most)
{
    size_t n = strlen(most);

    if (all_are(most, '9')) {
        any_digits(to, n);
        return;
    }
    fprintf(to, " (\"%c\"", *most);
    digits_to(to, most + 1);
    if (*most > '0') {
        fprintf(to, " | [0-%c]", *most - 1);
        any_digits(to, n - 1);
    }
    fputs(")", to);
}

/* Both have the same count of digits. */
static void digits_between(FILE *to, const char *least, const char *most)
{
    size_t n = strlen(least), same = 0;

    while (same < n && least[same] == most[same])
        same++;
    if (same > 0)
        fprintf(to, " \"%.*s\"", (int)same, least);
    least += same;
    most += same;
    if (*least == '\0')
        return;
    fprintf(to, " (\"%c\"", *least);
    digits_from(to, least + 1);
    if (*most - *least > 1) {
        fprintf(to, " | [%c-%c]", *least + 1, *most - 1);
        any_digits(to, n - same - 1);
    }
    fprintf(to, " | \"%c\"", *most);
    digits_to(to, most + 1);
    fputs(")", to);
}

/* 0 <= least <= most: alternatives, by the count of digits. */
static void between(FILE *to, int64_t least, int64_t most)
{
    char low[24], high[24];
    const char *bar = "";

    for (int64_t end = 9; least <= most; end = end * 10 + 9) {
        if (end < least)
            continue;
        snprintf(low, sizeof low, "%" PRId64, least);
        snprintf(high, sizeof high, "%" PRId64, end < most ? end : most);
        fputs(bar, to);
        digits_between(to, low, high);
        bar = " |";
        least = end + 1;
    }
}

static void whole_between(FILE *to, int64_t least, int64_t most)
{
    if (least < 0) {
        fputs("\"-\" (", to);
        between(to, most < 0 ? -most : 1, -least);
        fputs(most < 0 ? " )" : " ) |", to);
    }
    if (most >= 0)
        between(to, least > 0 ? least : 0, most);
}

/* ---- numbers with a fraction ----------------------------------------------------- */

struct bound { int64_t value; bool open; };     /* open: the value itself is not in it */

/* Magnitudes between two of them, least.value < most.value, or the same and neither open. */
static void magnitudes(FILE *to, struct bound least, struct bound most)
{
    const char *bar = "";

    if (least.value == most.value) {
        fprintf(to, "\"%" PRId64 "\"", least.value);
        return;
    }
    fprintf(to, "\"%" PRId64 "\" %s", least.value, least.open ? "\".\" [0-9]{0,14} [1-9]" : "fraction?");
    if (least.value + 1 < most.value) {
        fputs(" | (", to);
        between(to, least.value + 1, most.value - 1);
        fputs(" ) fraction?", to);
    }
    bar = " | ";
    if (!most.open)
        fprintf(to, "%s\"%" PRId64 "\"", bar, most.value);
}

static void real_between(FILE *to, struct bound least, struct bound most)
{
    const struct bound zero = { 0, false }, not_zero = { 0, true };

    if (least.value < 0) {
        fputs("\"-\" (", to);
        magnitudes(to, most.value < 0 ? (struct bound){ -most.value, most.open } : not_zero, (struct bound){ -least.value, least.open });
        fputs(")", to);
    }
    if (most.value < 0 || (most.value == 0 && most.open))
        return;
    if (least.value < 0)
        fputs(" | ", to);
    magnitudes(to, least.value < 0 ? zero : least, most);
}

/* ---- limits ---------------------------------------------------------------------- */

static bool read_limit(const struct schema *s, const struct place *at, const cJSON *node, const char *keyword, bool whole, bool up,
                       double *value, bool *there)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, keyword);
    const struct place here = { at, keyword };

    *there = item != NULL;
    if (item == NULL)
        return true;
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble))
        return schema_wrong(s, &here, "has to be a number");
    *value = whole ? (up ? ceil(item->valuedouble) : floor(item->valuedouble)) : item->valuedouble;
    if (!whole && *value != floor(*value))
        return schema_wrong(s, &here, "a limit that is no whole number is not supported for numbers");
    return fabs(*value) <= (double)MOST || schema_wrong(s, &here, "limits of more than 15 digits are not supported");
}

/* The lower one of a number, or with `lower` false the upper one. */
static bool read_bound(const struct schema *s, const struct place *at, const cJSON *node, bool whole, bool lower, struct bound *bound, bool *there)
{
    const cJSON *open_item = cJSON_GetObjectItemCaseSensitive(node, lower ? "exclusiveMinimum" : "exclusiveMaximum");
    double closed = 0, open = 0;
    bool has_closed, has_open;
    struct place here = { at, lower ? "exclusiveMinimum" : "exclusiveMaximum" };

    if (cJSON_IsBool(open_item))
        return schema_wrong(s, &here, "is a number since draft 6");
    /* An open limit of whole numbers is rounded the other way and then moved by one. */
    if (!read_limit(s, at, node, lower ? "minimum" : "maximum", whole, lower, &closed, &has_closed) ||
        !read_limit(s, at, node, here.key, whole, !lower, &open, &has_open))
        return false;
    if (has_open && whole)
        open += lower ? 1 : -1;
    bool takes_open = has_open && (!has_closed || (lower ? open > closed : open < closed) || (open == closed && !whole));
    *there = has_closed || has_open;
    *bound = (struct bound){ (int64_t)(takes_open ? open : closed), takes_open && !whole };
    return true;
}

static bool check_multiple(const struct schema *s, const cJSON *node, bool whole, const struct place *at)
{
    const cJSON *multiple = cJSON_GetObjectItemCaseSensitive(node, "multipleOf");
    const struct place here = { at, "multipleOf" };

    return multiple == NULL || (whole && cJSON_IsNumber(multiple) && multiple->valuedouble == 1) ||
           schema_wrong(s, &here, "is not supported, but for 1 of an integer");
}

bool schema_number(struct schema *s, const cJSON *node, bool whole, const struct place *at, FILE *to)
{
    struct bound least, most;
    bool has_least, has_most;

    if (!check_multiple(s, node, whole, at) || !read_bound(s, at, node, whole, true, &least, &has_least) ||
        !read_bound(s, at, node, whole, false, &most, &has_most))
        return false;
    if (!has_least && !has_most) {
        fputs(whole ? "integer" : "number", to);
        return true;
    }
    if (!has_least)
        least = (struct bound){ -MOST, false };
    if (!has_most)
        most = (struct bound){ MOST, false };
    if (least.value > most.value || (least.value == most.value && (least.open || most.open)))
        return schema_wrong(s, at, "no number is between its limits");
    if (whole)
        whole_between(to, least.value, most.value);
    else
        real_between(to, least, most);
    return true;
}
