/* Grammars against PCRE2, which knows nothing of them: each stands beside a regular expression
 * for the same texts (PCRE's recurse, so these may, too). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/utf8.h"
#include "text/grammar.h"
#include "text/matcher.h"

struct pair { const char *grammar, *pattern; };

static const struct pair pairs[] = {
    { "root ::= \"yes\" | \"no\"", "yes|no" },
    { "root ::= \"a\"* \"b\"+ \"c\"?", "a*b+c?" },
    { "root ::= (\"ab\" | \"a\"){2,4} \"b\"{2} [x-z]{,2} \".\"{1,}", "(ab|a){2,4}b{2}[x-z]{0,2}[.]{1,}" },
    { "root ::= \"ab\"*", "(ab)*" },                    /* a repetition takes the whole literal */
    { "root ::= [a-cA-C_-] [^a-c\\n]*", "[a-cA-C_-][^a-c\\n]*" },
    { "root ::= [\\x41-\\x43\\u00e9\\U0001F600\\]\\[\\\\] .", "(?s)[A-Cé😀\\]\\[\\\\]." },
    { "root ::= [가-힣]{1,3} \" \" [^가-힣]", "(?s)[가-힣]{1,3} [^가-힣]" },
    { "root ::= [\\u0080-\\u07FF] | [\\u0800-\\uFFFD] | [\\U00010000-\\U0010FFFF]", "(?s)[^\\x00-\\x7F\\x{FFFE}\\x{FFFF}]" },
    { "root ::= [ -\\u0080\\u0430-\\u0450\\u4E00-\\u9FFF]+", "[ -\\x{80}\\x{430}-\\x{450}\\x{4E00}-\\x{9FFF}]+" },
    { "root ::= \"\" | \"x\" root", "x*" },
    { "root ::= (\"a\"? \"b\"?)*", "[ab]*" },            /* what may be empty, repeated */
    { "root ::= a b\na ::= \"(\" a \")\" | \"\"\nb ::= \"[\" b \"]\" | a", "(?<a>\\((?&a)\\)|)(?<b>\\[(?&b)\\]|(?&a))" },
    { "# comment\nroot  ::= expr  # another\n\nexpr ::= term (\n  [-+*/] # inside\n  term)*\nterm ::=\n  num |\n  \"(\" expr \")\"\n  | \"-\" term\nnum ::= [0-9]{1,3}\n",
      "(?<e>(?<t>[0-9]{1,3}|\\((?&e)\\)|-(?&t))([-+*/](?&t))*)" },
    { "root ::= value\nvalue ::= object | array | string | \"1\" | \"true\"\nobject ::= \"{\" (string \":\" value (\",\" string \":\" value)*)? \"}\"\n"
      "array ::= \"[\" (value (\",\" value)*)? \"]\"\nstring ::= \"\\\"\" ([^\"\\\\\\x00-\\x1F] | \"\\\\\" [\"\\\\nt])* \"\\\"\"",
      "(?<v>\\{((?<s>\"([^\"\\\\\\x00-\\x1F]|\\\\[\"\\\\nt])*\"):(?&v)(,(?&s):(?&v))*)?\\}|\\[((?&v)(,(?&v))*)?\\]|(?&s)|1|true)" },
};
enum { N_PAIRS = sizeof pairs / sizeof *pairs };

static struct grammar *parse(const char *text)
{
    struct error err = { 0 };
    struct grammar *g = grammar_parse("test.gbnf", text, strlen(text), &err);

    if (g == NULL)
        fail_msg("%s", err.text);
    return g;
}

static struct matcher *match(const struct grammar *g)
{
    struct error err = { 0 };
    struct matcher *m = matcher_new(g, &err);

    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

static uint64_t seed = 42;

static size_t below(size_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % n;
}

static bool accepts(struct matcher *m, const char *text, size_t n)
{
    uint32_t set = matcher_start(m);

    for (size_t i = 0; i < n && set != MATCHER_NOWHERE; i++)
        set = matcher_step(m, set, (unsigned char)text[i]);
    assert_null(matcher_failed(m));
    return set != MATCHER_NOWHERE && matcher_may_end(m, set);
}

/* Bytes at random, each one that the grammar allows; ends once it may, the sooner the longer. */
static size_t generate(struct matcher *m, char *text, size_t most)
{
    uint32_t set = matcher_start(m), next;
    size_t n = 0;

    while (n < most && matcher_may_go_on(m, set) && !(matcher_may_end(m, set) && below(40) < n + 8)) {
        unsigned char byte;
        do {
            byte = below(3) > 0 ? (unsigned char)"ab(){}[]\",:1t\\-+ xyz\xEA\xB0"[below(22)] : (unsigned char)below(256);
        } while ((next = matcher_step(m, set, byte)) == MATCHER_NOWHERE);
        set = matcher_settle(m, next);
        text[n++] = (char)byte;
    }
    return matcher_may_end(m, set) ? n : 0;
}

static size_t mutate(char *text, size_t n, size_t most)
{
    for (size_t changes = 1 + below(3); changes > 0; changes--) {
        size_t at = n > 0 ? below(n) : 0;
        switch (below(3)) {
        case 0:
            if (n > 0)
                text[at] = "abc(){}[]\",:1xyz-.\n"[below(19)];
            break;
        case 1:
            memmove(text + at, text + at + (n > 0), n - at - (n > 0));
            n -= n > 0;
            break;
        default:
            if (n < most) {
                memmove(text + at + 1, text + at, n - at);
                text[at] = "ab()[]{}1x"[below(10)];
                n++;
            }
        }
    }
    return n;
}

static pcre2_code *compile(const char *pattern)
{
    char whole[1024];
    int number;
    PCRE2_SIZE at;

    snprintf(whole, sizeof whole, "\\A(?:%s)\\z", pattern);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)whole, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &number, &at, NULL);
    if (code == NULL)
        fail_msg("%s: error %d at %zu", whole, number, (size_t)at);
    return code;
}

static bool pcre_accepts(const pcre2_code *code, pcre2_match_data *data, const char *text, size_t n)
{
    int found = pcre2_match(code, (PCRE2_SPTR)text, n, 0, 0, data, NULL);

    if (found < PCRE2_ERROR_NOMATCH && found > PCRE2_ERROR_UTF8_ERR1)
        fail_msg("pcre2_match gives %d", found);
    return found >= 0;                                  /* text that is not UTF-8 matches nothing */
}

static void test_against_pcre(void **state)
{
    char text[256];

    (void)state;
    for (size_t i = 0; i < N_PAIRS; i++) {
        struct grammar *g = parse(pairs[i].grammar);
        struct matcher *m = match(g);
        pcre2_code *code = compile(pairs[i].pattern);
        pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
        size_t n_right = 0, n_wrong = 0;
        for (size_t round = 0; round < 3000; round++) {
            size_t n = generate(m, text, 100);
            if (round % 3 == 0) {                       /* what was generated is of the grammar */
                n_right += n > 0;
                if ((n > 0 || accepts(m, "", 0)) && !pcre_accepts(code, data, text, n))
                    fail_msg("%s: PCRE refuses '%.*s'", pairs[i].grammar, (int)n, text);
                continue;
            }
            n = mutate(text, n, 100);
            bool wanted = pcre_accepts(code, data, text, n);
            n_wrong += !wanted;
            if (accepts(m, text, n) != wanted)
                fail_msg("%s: '%.*s' is %s", pairs[i].grammar, (int)n, text, wanted ? "refused" : "accepted");
        }
        assert_true(n_right > 50 && n_wrong > 50);
        pcre2_match_data_free(data);
        pcre2_code_free(code);
        matcher_free(m);
        grammar_free(g);
    }
}

/* Every code point, and all that is near to one but is not UTF-8. */
static void test_classes_of_all_code_points(void **state)
{
    struct grammar *g = parse("root ::= [^\\u0400-\\u04FFA-Z\\U00012345-\\U0010FFF0]");
    struct matcher *m = match(g);
    char bytes[4];

    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        bool wanted = !(code >= 0x400 && code <= 0x4FF) && !(code >= 'A' && code <= 'Z') && !(code >= 0x12345 && code <= 0x10FFF0);
        if (accepts(m, bytes, utf8_encode(code, bytes)) != wanted)
            fail_msg("U+%04X", (unsigned)code);
    }
    static const char *const bad[] = { "\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF8", "\xFF", "\xE2\x82" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(accepts(m, bad[i], strlen(bad[i])));
    matcher_free(m);
    grammar_free(g);
}

static void check_refused(const char *text, const char *wanted)
{
    struct error err = { 0 };
    struct grammar *g = grammar_parse("test.gbnf", text, strlen(text), &err);

    if (g != NULL)
        fail_msg("%s: accepted", text);
    assert_int_equal(err.code, ERROR_INPUT);
    if (strstr(err.text, wanted) == NULL)
        fail_msg("%s: '%s', wanted '%s'", text, err.text, wanted);
    grammar_free(g);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    check_refused("", "'root', where an answer begins, is not defined");
    check_refused("a ::= \"x\"", "'root', where");
    check_refused("root ::= \"x\"\n\nroot ::= \"y\"", "test.gbnf:3: the rule 'root' is defined for a second time");
    check_refused("root ::= \"x\"\n  item", "2: the end of the grammar stands where ::= was expected");
    check_refused("root ::= \"x\"\n| item", "2: the rule 'item' is used but not defined");
    check_refused("root ::= \"x", ":1: \" is missing");
    check_refused("root ::= \"\\q\"", "'\\q' is no escape");
    check_refused("root ::= [a-", "] is missing");
    check_refused("root ::= [z-a]", "upside down");
    check_refused("root ::= []", "no character is in");
    check_refused("root ::= [^\\x00-\\U0010FFFF]", "no character is in");
    check_refused("root ::= \"\\uD800\"", "U+D800 is no character");
    check_refused("root ::= \"\\U00110000\"", "no character");
    check_refused("root ::= \"\\x4\"", "2 hexadecimal digits");
    check_refused("root ::= (\"a\"\n", ":2: the end of the grammar stands where ) was");
    check_refused("root ::= \"a\")", "')' stands where");
    check_refused("root ::= *", "repeats what is before it");
    check_refused("root ::= \"a\"**", "repeats what is before it");
    check_refused("root ::= \"a\"{2,1}", "{2,1} has more at least than at most");
    check_refused("root ::= \"a\"{x}", "number was expected");
    check_refused("root ::= \"a\"{9999999}", "more than");
    check_refused("root ::= <think>", "tokens by name");
    check_refused("root = \"a\"", "'=' stands where ::= was");
    check_refused("root ::= \"\xFF\"", "not UTF-8");
    check_refused("root ::= root \"x\" | \"y\"", "'root' begins with itself");
    check_refused("root ::= a \"x\"\na ::= b* c\nb ::= \"\" | \"z\"\nc ::= a | \"y\"", "2: the rule 'a' begins with itself");
    check_refused("root ::= (root)?", "begins with itself");
    check_refused("root ::= \"x\" a\na ::= \"y\" a", "2: the rule 'a' can never end");
    check_refused("root ::= ((\"a\"{9999}){9999}){9999}", "too large");
    check_refused("root ::= (((\"\"{99999}){99999}){99999}){99999}", "too large");
    check_refused("root ::= \"a\" | \"b\" ::= \"c\"", "':' stands where");
    char deep[400] = "root ::= ";
    memset(deep + 9, '(', 300);
    check_refused(deep, "parentheses inside each other");
}

/* Depth is bounded by refusing more, and forgetting keeps the place. */
static void test_depth_and_forgetting(void **state)
{
    struct grammar *g = parse("root ::= \"[\" root \"]\" | \"x\"{1,5000}");
    struct matcher *m = match(g);
    uint32_t set = matcher_start(m);
    size_t n = 0;

    (void)state;
    for (uint32_t next; (next = matcher_step(m, set, '[')) != MATCHER_NOWHERE && n < 5000; n++)
        set = matcher_settle(m, next);
    assert_int_equal(n, MATCHER_DEPTH);
    for (size_t i = 0; i < 5000; i++)
        assert_int_not_equal(set = matcher_settle(m, matcher_step(m, set, 'x')), MATCHER_NOWHERE);
    assert_int_equal(matcher_step(m, set, 'x'), MATCHER_NOWHERE);
    for (size_t i = 0; i < n; i++) {
        assert_false(matcher_may_end(m, set));
        assert_int_not_equal(set = matcher_settle(m, matcher_step(m, set, ']')), MATCHER_NOWHERE);
    }
    assert_true(matcher_may_end(m, set) && !matcher_may_go_on(m, set));
    assert_null(matcher_failed(m));
    matcher_free(m);
    grammar_free(g);
}

/* Every way to read it has its own frames: 2^n of them. */
static void test_too_ambiguous(void **state)
{
    struct grammar *g = parse("root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"d\"");
    struct matcher *m = match(g);
    uint32_t set = matcher_start(m);

    (void)state;
    for (size_t i = 0; i < 64 && set != MATCHER_NOWHERE; i++)
        set = matcher_step(m, set, 'a');
    assert_int_equal(set, MATCHER_NOWHERE);
    assert_non_null(strstr(matcher_failed(m), "too ambiguous"));
    matcher_start(m);
    assert_null(matcher_failed(m));
    assert_true(accepts(m, "aadbc", 5));
    assert_false(accepts(m, "aadb", 4));
    matcher_free(m);
    grammar_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_pcre),
        cmocka_unit_test(test_classes_of_all_code_points),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_depth_and_forgetting),
        cmocka_unit_test(test_too_ambiguous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
