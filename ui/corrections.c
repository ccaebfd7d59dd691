#include "ui/corrections.h"

#include <math.h>
#include <string.h>

static int64_t start_ms(const struct said_line *line)
{
    return llround(line->start * 1000);
}

static void tell(struct engine *engine, const struct attachment *a, const struct correction *c)
{
    struct engine_attachment facts = engine->attachment(a);

    for (size_t i = 0; i < facts.n_said; i++) {
        struct said_line line = engine->said(a, i);
        if (start_ms(&line) == c->start_ms && strcmp(line.heard, c->heard) == 0 && strcmp(line.text, c->text) != 0)
            engine->correct(engine->self, facts.id, i, c->text);
    }
}

bool corrections_apply(struct engine *engine, struct sessions *sessions, const struct attachment *a, struct error *err)
{
    struct engine_attachment facts = engine->attachment(a);
    struct correction *corrections;
    size_t n;

    if (sessions == NULL || facts.n_said == 0 || *facts.sha256 == '\0')
        return true;
    if (!corrections_load(sessions, facts.sha256, &corrections, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        tell(engine, a, &corrections[i]);
    corrections_free(corrections, n);
    return true;
}

bool corrections_make(struct engine *engine, struct sessions *sessions, const struct attachment *a, size_t i, const char *text,
                      struct error *err)
{
    struct engine_attachment facts = engine->attachment(a);
    struct said_line line = engine->said(a, i);

    if (text != NULL && strcmp(text, line.heard) == 0)
        text = NULL;
    if (sessions != NULL && *facts.sha256 != '\0' && !corrections_put(sessions, facts.sha256, start_ms(&line), line.heard, text, err))
        return false;
    engine->correct(engine->self, facts.id, i, text);
    return true;
}
