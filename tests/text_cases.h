/* text_cases.h - golden token ids: a line is a text's bytes in hexadecimal ('-':
 * none), then the ids.  Made by tests/golden/make_tokens.py. */
#ifndef TESTS_TEXT_CASES_H
#define TESTS_TEXT_CASES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text_case {
    char *text;
    size_t n_bytes;
    int32_t *ids;
    size_t n_ids;
};

static inline void text_case_parse(char *line, struct text_case *c)
{
    char *rest = line + strcspn(line, " \n");

    c->n_bytes = line[0] == '-' ? 0 : (size_t)(rest - line) / 2;
    c->text = malloc(c->n_bytes + 1);
    for (size_t i = 0; i < c->n_bytes; i++) {
        char pair[3] = { line[2 * i], line[2 * i + 1], '\0' };
        c->text[i] = (char)strtol(pair, NULL, 16);
    }
    c->ids = malloc(strlen(rest) * sizeof *c->ids + 1);
    c->n_ids = 0;
    for (char *end; *rest == ' '; rest = end)
        c->ids[c->n_ids++] = (int32_t)strtol(rest, &end, 10);
}

/* Calls check for each case of the file; the number of cases. */
static inline size_t text_cases(const char *path, void (*check)(void *user, const struct text_case *), void *user)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t size = 0, n = 0;

    assert_non_null(f);
    for (; getline(&line, &size, f) > 0; n++) {
        struct text_case c;
        text_case_parse(line, &c);
        check(user, &c);
        free(c.text);
        free(c.ids);
    }
    free(line);
    fclose(f);
    return n;
}

#endif
