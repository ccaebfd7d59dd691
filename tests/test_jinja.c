/* Templates against what Jinja2 made of them (tests/golden/make_templates.py); where bytes are
 * from; and templates that mean ill, which end soon with an error that names the line. */
#include "base/file.h"
#include "text/jinja.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include <cjson/cJSON.h>

enum { NOW = 1700000000 };          /* as make_templates.py */

/* ---- golden ------------------------------------------------------------------------- */

struct rendering {
    struct jinja_template *t;
    struct jinja_run *r;
    const struct jinja_string *text;            /* NULL: an error */
    struct error err;
};

static void render(struct rendering *x, const char *source, const char *variables)
{
    *x = (struct rendering){ 0 };
    x->t = jinja_template_new(source, strlen(source), &x->err);
    x->r = jinja_run_new(strlen(variables), NOW, &x->err);
    assert_non_null(x->r);
    if (x->t == NULL)
        return;
    struct jinja_value v = jinja_from_json(x->r, variables, strlen(variables), JINJA_FROM_CONTENT);
    assert_int_equal(v.kind, JINJA_DICT);
    x->text = jinja_render(x->t, x->r, v.dict);
}

static void rendered(struct rendering *x)
{
    jinja_run_free(x->r);
    jinja_template_free(x->t);
}

static void check_case(const cJSON *templates, const cJSON *c)
{
    const char *name = cJSON_GetObjectItem(c, "template")->valuestring;
    const char *source = cJSON_GetObjectItemCaseSensitive(templates, name)->valuestring;
    const cJSON *wanted = cJSON_GetObjectItem(c, "output");
    char *variables = cJSON_PrintUnformatted(cJSON_GetObjectItem(c, "variables"));
    struct rendering x;

    render(&x, source, variables);
    if (cJSON_IsString(wanted)) {
        if (x.text == NULL)
            fail_msg("%s: %s\n%s\n%s", name, x.err.text, source, variables);
        if (x.text->n != strlen(wanted->valuestring) || memcmp(x.text->bytes, wanted->valuestring, x.text->n) != 0)
            fail_msg("%s\n%s\nwanted: %s\ngiven:  %.*s", name, source, wanted->valuestring, (int)x.text->n, x.text->bytes);
    } else {
        if (x.text != NULL)
            fail_msg("%s: no error\n%s\ngiven: %.*s", name, source, (int)x.text->n, x.text->bytes);
        assert_int_equal(x.err.code, ERROR_MODEL);
        assert_int_equal(strncmp(x.err.text, "line ", 5), 0);
    }
    rendered(&x);
    free(variables);
}

static void test_golden(void **state)
{
    struct error err = { 0 };
    size_t n, n_errors = 0;
    char *text = (char *)file_read("tests/golden/templates.json", 1 << 24, &n, &err);
    cJSON *all = cJSON_ParseWithLength(text, n);
    const cJSON *cases = cJSON_GetObjectItem(all, "cases"), *c;

    (void)state;
    assert_non_null(all);
    cJSON_ArrayForEach(c, cases) {
        check_case(cJSON_GetObjectItem(all, "templates"), c);
        n_errors += cJSON_IsNull(cJSON_GetObjectItem(c, "output")) != 0;
    }
    assert_true(cJSON_GetArraySize(cases) > 150 && n_errors > 30);
    cJSON_Delete(all);
    free(text);
}

/* ---- where bytes are from -------------------------------------------------------------- */

/* The template's bytes as they are, contents' as dots. */
static void check_origins(const char *source, const char *wanted)
{
    struct rendering x;
    char shown[256];

    render(&x, source, "{\"c\": \"  <Hello> World </think> b \", \"d\": {\"k\": \"v\\n\"}}");
    if (x.text == NULL)
        fail_msg("%s: %s", source, x.err.text);
    assert_true(x.text->n < sizeof shown);
    for (size_t i = 0; i < x.text->n; i++)
        shown[i] = x.text->from != NULL && x.text->from[i] != JINJA_FROM_TEMPLATE ? '.' : x.text->bytes[i];
    shown[x.text->n] = '\0';
    if (strcmp(shown, wanted) != 0)
        fail_msg("%s\nwanted %s\ngiven  %s", source, wanted, shown);
    rendered(&x);
}

static void test_origins(void **state)
{
    (void)state;
    check_origins("a", "a");
    check_origins("<u>{{ c }}</u>", "<u>...........................</u>");
    check_origins("{{ '<u>' + c | trim + '</u>' }}", "<u>........................</u>");
    check_origins("{{ '<' ~ c[2:9] ~ '>' }}", "<.......>");
    check_origins("{{ c.split('</think>')[-1].strip() ~ '|' }}", ".|");
    check_origins("{{ c | upper | trim }}|{{ ('x' ~ c)[::-1][:3] }}x", "........................|...x");
    check_origins("{{ c.strip().replace('Hello', 'Bye') }}", ".Bye..................");
    check_origins("{{ d | tojson }}", "{\".\": \"...\"}");
    check_origins("{{ [c.strip()] }}", "['........................']");
    check_origins("{% set x %}<{{ c.strip()[:1] }}>{% endset %}{{ x }}", "<.>");
    check_origins("{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(c.strip()[:2]) | indent }}", "[..]");
    check_origins("{{ '%s-%s' % (c.strip()[:2], 1) }}{{ '{}!'.format(c.strip()[:1]) }}", "..-1.!");
    check_origins("{% for w in c.split() %}{{ w[:1] }},{% endfor %}{{ c.split() | join('+') | length }}", ".,.,.,.,24");
}

/* ---- what means ill -------------------------------------------------------------------------- */

/* Ends soon, by the bounds on steps and memory, with an error of the line.  What it took is
 * printed: less than a second of one processor in a release build. */
static void check_refused(const char *source, const char *wanted)
{
    struct rendering x;
    clock_t start = clock();

    render(&x, source, "{\"c\": \"abc\"}");
    if (x.text != NULL)
        fail_msg("%.200s: no error", source);
    if (strstr(x.err.text, wanted) == NULL || strncmp(x.err.text, "line ", 5) != 0)
        fail_msg("%.200s: %s", source, x.err.text);
    print_message("%6.1f ms: %.60s\n", 1000.0 * (double)(clock() - start) / CLOCKS_PER_SEC, source);
    rendered(&x);
}

static void test_hostile(void **state)
{
    (void)state;
    check_refused("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "it ");
    check_refused("{% set ns = namespace(s='x') %}{% for a in range(99999) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "memory");
    check_refused("{% set ns = namespace(s='x') %}{% for a in range(99999) %}{% set ns.s = ns.s + 'yyyyyyyy' %}{% endfor %}", "it ");
    check_refused("{{ 'x' * 999999999999 }}", "it ");
    check_refused("{{ '' * 9223372036854775807 }}", "steps");
    check_refused("{{ [1] * 999999999 }}", "it ");
    check_refused("{{ 'abc' | replace('', 'x' * 1000000) | replace('', 'x' * 1000000) }}", "it ");
    check_refused("{{ range(999999999) }}", "range()");
    check_refused("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "deep");
    check_refused("{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}", "deep");
    check_refused("{% macro m(n) %}{% if n < 40 %}{{ m(n + 1) }}{{ m(n + 1) }}{% endif %}{% endmacro %}{{ m(0) }}", "it ");
    check_refused("{% set l = [] %}{% set _ = l.append(l) %}{{ l }}", "deep");
    check_refused("{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}", "deep");
    check_refused("{% set l = [] %}{% set m = [] %}{% set _ = l.append(m) %}{% set _ = m.append(l) %}{{ l == m }}", "deep");
    check_refused("{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}", "it ");
    check_refused("{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l == ns.l[0] + [] }}"
                  "{{ ns.l | tojson }}", "it ");
    check_refused("{% set ns = namespace(d={}) %}{% for i in range(99999) %}{% set _ = ns.d.update({i: i}) %}{% endfor %}", "it ");
    check_refused("{% set s = 'ab' * 1000000 %}{% for i in range(99999) %}{{ 'x' in s }}{% endfor %}", "it ");
    check_refused("{% set s = 'ab' * 100000 %}{% for i in range(99999) %}{{ s[-1] }}{{ s | length }}{% endfor %}", "it ");
    check_refused("{% set s = ' ' * 1000000 %}{% for i in range(99999) %}{{ s | trim }}{{ s.split() }}{% endfor %}", "it ");
    check_refused("{{ range(99999) | sort(attribute='x.y.z') }}", "not defined");
    check_refused("{{ 9223372036854775807 + 1 }}", "too large");
    check_refused("{{ 99999999999999999999 }}", "too large");
    check_refused("{{ -9223372036854775807 - 1 - 1 }}", "too large");
    check_refused("{{ 2 ** 9223372036854775807 }}", "too large");
    check_refused("{{ 1 ** 9223372036854775807 }}", "steps");
}

/* pre, 20 thousand times `many`, post */
static void check_many(const char *pre, const char *many, const char *post, const char *wanted)
{
    size_t n = strlen(many), n_times = 20000;
    char *source = malloc(strlen(pre) + n * n_times + strlen(post) + 1), *at = stpcpy(source, pre);

    for (size_t i = 0; i < n_times; i++)
        at = stpcpy(at, many);
    strcpy(at, post);
    check_refused(source, wanted);
    free(source);
}

static void test_deep_source(void **state)
{
    (void)state;
    check_many("{{ ", "(", "1", "nested");
    check_many("{{ ", "[", "1", "nested");
    check_many("{{ ", "-", "1 }}", "deep");
    check_many("{{ ", "not ", "1 }}", "deep");
    check_many("{{ 1", "+1", " }}", "deep");
    check_many("{{ 1", " if 1 else 1", " }}", "deep");
    check_many("{{ c", "|upper", " }}", "deep");
    check_many("{{ c", ".x", " }}", "deep");
    check_many("{{ c", "[0]", " }}", "deep");
    check_many("", "{% if 1 %}", "", "deep");
    check_many("", "{% for x in c %}", "", "deep");
    check_many("{% filter upper", "|upper", " %}x{% endfilter %}", "deep");
    check_many("{% set a", "", " %}", "endset");
    check_many("{% for ", "(", "", "nested");
    check_many("{% if 0 %}", "{% elif 0 %}", "", "endif");
}

/* Lines are counted over comments, strings, raw text and line ends of all kinds. */
static void test_line_of_error(void **state)
{
    (void)state;
    check_refused("\n{# \n\n #}\n{% raw %}\n{% endraw %}\r\n{{ '\n' }}\r{{ missing.x }}", "line 9: missing is not defined");
    check_refused("a\nb\n{% if 1 %}\n{{ 1 + }}", "line 4: the tag ends where");
    check_refused("{% macro m() %}\n{{ x.y }}{% endmacro %}\n\n{{ m() }}", "line 2: x is not defined");
    check_refused("\n\n{% if x %}\n", "line 3: it ends where endif is wanted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_origins), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_deep_source), cmocka_unit_test(test_line_of_error),
    };

    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
