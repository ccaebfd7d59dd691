/* fuzz_grammar.c - a grammar, or with '{' a JSON Schema, from a stranger: it is refused with a reason, or
 * a text can be made from it to its end, byte by byte.
 *
 *   the input is the grammar; its bytes choose the way through it, too */
#include "replay.h"
#include "text/grammar.h"
#include "text/matcher.h"

static void must(bool good)
{
    if (!good)
        __builtin_trap();
}

/* Some byte goes on from each place that is not the end: no grammar leads into nowhere. */
static void follow(struct matcher *m, const uint8_t *data, size_t n)
{
    uint32_t set = matcher_start(m);

    for (size_t i = 0; i < 200 && i < n && matcher_failed(m) == NULL && matcher_may_go_on(m, set); i++) {
        uint32_t next = MATCHER_NOWHERE;
        for (unsigned k = 0; k < 256 && next == MATCHER_NOWHERE && matcher_failed(m) == NULL; k++)
            next = matcher_step(m, set, (unsigned char)(data[i] + k));
        if (matcher_failed(m) != NULL)
            return;
        must(next != MATCHER_NOWHERE);
        set = matcher_settle(m, next);
        must(matcher_failed(m) != NULL || matcher_may_end(m, set) || matcher_may_go_on(m, set));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct error err = { 0 };
    const char *text = (const char *)data;
    struct grammar *g;

    if (n > 2048)
        return 0;
    g = n > 0 && *data == '{' ? grammar_of_schema("f", text, n, &err) : grammar_parse("f", text, n, &err);
    if (g == NULL) {
        must(err.code != ERROR_NONE && *err.text != '\0');
        return 0;
    }
    struct matcher *m = matcher_new(g, &err);
    if (m != NULL)
        follow(m, data, n);
    matcher_free(m);
    grammar_free(g);
    return 0;
}
