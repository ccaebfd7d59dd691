/* test_form.c - what a model is told of the form that its answers keep to. */
#include "fusion/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct form make_form(const char *text, bool is_schema)
{
    struct session_params params = session_params_default();
    struct form f = { 0 };
    struct error err = { 0 };

    params.grammar = text;
    params.grammar_is_schema = is_schema;
    params.grammar_name = "form";
    if (!form_init(&f, &params, &err))
        fail_msg("%s", err.text);
    return f;
}

/* On one line, behind the user's own words. */
static void test_a_schema_is_told(void **state)
{
    struct form f = make_form("{ \"type\": \"object\",\n  \"properties\": { \"age\": { \"type\": \"integer\" } } }\n", true);
    static const char told[] = "Answer in JSON that keeps to this schema: {\"type\":\"object\",\"properties\":{\"age\":{\"type\":\"integer\"}}}";
    char both[sizeof told + 16];

    (void)state;
    assert_string_equal(form_system(&f, NULL), told);
    snprintf(both, sizeof both, "Be brief.\n%s", told);
    assert_string_equal(form_system(&f, "Be brief."), both);
    assert_string_equal(form_system(&f, NULL), told);
    form_done(&f);
}

static void test_others_are_not(void **state)
{
    char text[6000];
    struct form f = make_form("root ::= \"yes\" | \"no\"", false);

    (void)state;
    assert_null(form_system(&f, NULL));
    assert_string_equal(form_system(&f, "Be brief."), "Be brief.");
    form_done(&f);
    snprintf(text, sizeof text, "{ \"type\": \"string\", \"description\": \"%05000d\" }", 0);    /* it would take the place of what is asked */
    f = make_form(text, true);
    assert_non_null(f.grammar);
    assert_null(form_system(&f, NULL));
    form_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_schema_is_told), cmocka_unit_test(test_others_are_not) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
