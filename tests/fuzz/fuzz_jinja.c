/* fuzz_jinja.c - any bytes as a chat template: it ends, with text or with an error that names the
 * line; and what of the text is told to be people's is theirs. */
#include "replay.h"
#include "text/jinja.h"

static const char variables[] =
    "{\"messages\": [{\"role\": \"system\", \"content\": \"\\u0001\\u0001 \\u0001\"}, {\"role\": \"user\", \"content\": \"\\u0001\"},"
    "{\"role\": \"assistant\", \"content\": \"\\u0001\\n\", \"tool_calls\": [{\"id\": \"\\u0001\", \"function\":"
    "{\"name\": \"\\u0001\", \"arguments\": {\"\\u0001\": [1, 2.5, null]}}}]}, {\"role\": \"tool\", \"content\": \"{\\u0001}\"}],"
    "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"\\u0001\", \"parameters\": {\"a\": {}}}}], \"add_generation_prompt\": true}";

/* Bytes of 1 are people's, here, unless the template has them itself. */
static void check_origins(const struct jinja_string *text, const uint8_t *source, size_t n)
{
    if (memchr(source, 1, n) != NULL || memchr(source, '\\', n) != NULL)
        return;
    for (size_t i = 0; i < text->n; i++)
        if (text->bytes[i] == 1 && (text->from == NULL || text->from[i] != JINJA_FROM_CONTENT))
            __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct error err = { 0 };
    struct jinja_template *t = jinja_template_new((const char *)data, n, &err);
    struct jinja_run *r = jinja_run_new(sizeof variables, 0, &err);

    if (r == NULL || (t == NULL && strncmp(err.text, "line ", 5) != 0))
        __builtin_trap();
    if (t != NULL) {
        struct jinja_value v = jinja_from_json(r, variables, sizeof variables - 1, JINJA_FROM_CONTENT);
        const struct jinja_string *text = jinja_render(t, r, v.dict);
        if (text == NULL && strncmp(err.text, "line ", 5) != 0)
            __builtin_trap();
        if (text != NULL)
            check_origins(text, data, n);
    }
    jinja_run_free(r);
    jinja_template_free(t);
    return 0;
}
