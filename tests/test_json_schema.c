/* JSON Schemas as grammars, against what the jsonschema package allows (tests/golden/make_json_schema.py), and
 * what is refused by its JSON pointer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/grammar.h"
#include "text/matcher.h"

static bool accepts(struct matcher *m, const char *text)
{
    uint32_t set = matcher_start(m);

    for (; *text != '\0' && set != MATCHER_NOWHERE; text++)
        set = matcher_step(m, set, (unsigned char)*text);
    assert_null(matcher_failed(m));
    return set != MATCHER_NOWHERE && matcher_may_end(m, set);
}

static void test_golden(void **state)
{
    FILE *from = fopen("tests/golden/json_schema.txt", "r");
    struct error err = { 0 };
    struct grammar *g = NULL;
    struct matcher *m = NULL;
    char line[4096], schema[4096] = "";
    size_t n_schemas = 0, n_right = 0, n_wrong = 0;

    (void)state;
    assert_non_null(from);
    while (fgets(line, sizeof line, from) != NULL) {
        const char *text = line + 2;
        line[strcspn(line, "\n")] = '\0';
        if (*line == 'S') {
            matcher_free(m);
            grammar_free(g);
            g = grammar_of_schema("schema.json", text, strlen(text), &err);
            if (g == NULL)
                fail_msg("%s: %s", text, err.text);
            m = matcher_new(g, &err);
            assert_non_null(m);
            memcpy(schema, line, sizeof schema);
            n_schemas++;
            continue;
        }
        n_right += *line == '+';
        n_wrong += *line == '-';
        if (accepts(m, text) != (*line == '+'))
            fail_msg("%s: '%s' is %s", schema, text, *line == '+' ? "refused" : "accepted");
    }
    matcher_free(m);
    grammar_free(g);
    fclose(from);
    assert_true(n_schemas > 40 && n_right > 100 && n_wrong > 2000);
}

static void check_refused(const char *text, const char *wanted)
{
    struct error err = { 0 };
    struct grammar *g = grammar_of_schema("s.json", text, strlen(text), &err);

    if (g != NULL)
        fail_msg("%s: accepted", text);
    assert_int_equal(err.code, ERROR_INPUT);
    if (strstr(err.text, wanted) == NULL)
        fail_msg("%s: '%s', wanted '%s'", text, err.text, wanted);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    check_refused("{\n\n\"type\": }", "s.json:3: is no JSON here");
    check_refused("3", "s.json: #: a schema has to be");
    check_refused("false", "#: no value is allowed");
    check_refused("{\"properties\":{\"a/b\":{\"not\":{}}}}", "s.json: #/properties/a~1b/not: is not supported");
    check_refused("{\"type\":\"strin\"}", "#/type: 'strin' is no type");
    check_refused("{\"maxlength\":3}", "#/maxlength: is no keyword");
    check_refused("{\"items\":{\"uniqueItems\":true,\"type\":\"array\"}}", "#/items/uniqueItems: is not supported");
    check_refused("{\"$ref\":\"#/$defs/x\"}", "'#/$defs/x' is not there");
    check_refused("{\"$ref\":\"http://example.org/x\"}", "references are inside of the file");
    check_refused("{\"$ref\":\"#\"}", "defined by itself");
    check_refused("{\"anyOf\":[{\"$ref\":\"#\"},{\"type\":\"null\"}]}", "defined by itself");
    check_refused("{\"properties\":{\"n\":{\"$ref\":\"#\"}},\"required\":[\"n\"]}", "can never end");
    check_refused("{\"type\":\"string\",\"pattern\":\"^(?=a)\"}", "#/pattern: a group of this kind is not supported, at '?=a)'");
    check_refused("{\"type\":\"string\",\"pattern\":\"a*?\"}", "lazy");
    check_refused("{\"type\":\"string\",\"pattern\":\"(a)\\\\1\"}", "this escape");
    check_refused("{\"type\":\"string\",\"pattern\":\"a)\"}", "this )");
    check_refused("{\"type\":\"string\",\"format\":\"email\"}", "#/format: 'email' is not supported");
    check_refused("{\"type\":\"integer\",\"minimum\":5,\"maximum\":4}", "no number is between");
    check_refused("{\"type\":\"number\",\"minimum\":0.5}", "#/minimum: a limit that is no whole number");
    check_refused("{\"type\":\"integer\",\"multipleOf\":5}", "#/multipleOf: is not supported");
    check_refused("{\"type\":\"string\",\"minLength\":5,\"maxLength\":4}", "minLength is more");
    check_refused("{\"type\":\"string\",\"minLength\":-1}", "#/minLength: has to be a whole number");
    check_refused("{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", "#/oneOf: a value may be of both 0 and 1");
    check_refused("{\"type\":\"string\",\"enum\":[1,2]}", "no value is allowed");
    check_refused("{\"required\":[\"x\"],\"additionalProperties\":false}", "'x' is no property");
    check_refused("{\"allOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "#/type: no value has it");
    check_refused("{\"allOf\":[{\"pattern\":\"a\"},{\"pattern\":\"b\"}]}", "'pattern' of two schemas");
    check_refused("{\"allOf\":[{\"properties\":{\"a\":true},\"additionalProperties\":false},{\"properties\":{\"b\":true}}]}", "names 'b'");
    check_refused("{\"minLength\":1,\"minItems\":1}", "give it a type");
}

/* As deep as cJSON reads, and too wide. */
static void test_sizes(void **state)
{
    char deep[4000] = "";

    (void)state;
    for (size_t i = 0; i < 200; i++)
        strcat(deep, "{\"items\":");
    strcat(deep, "{}");
    for (size_t i = 0; i < 200; i++)
        strcat(deep, "}");
    check_refused(deep, "too deep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
