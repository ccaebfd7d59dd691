#include "fusion/hearing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL stays NULL; *failed when memory ran out. */
static char *copy(const char *text, bool *failed)
{
    char *made = text != NULL ? strdup(text) : NULL;

    *failed |= text != NULL && made == NULL;
    return made;
}

static const char *or_nothing(const char *text)
{
    return text != NULL ? text : "";
}

/* Lengths come first, so that no two sets of texts run together to the same key. */
static char *make_key(const struct whisper_params *p)
{
    char *key = NULL;

    return asprintf(&key, "%s %d %zu %d %d %zu:%s %zu:%s", or_nothing(p->language), p->translate, p->beam, p->words, p->channels,
                    strlen(or_nothing(p->prompt)), or_nothing(p->prompt), strlen(or_nothing(p->hotwords)),
                    or_nothing(p->hotwords)) < 0 ? NULL : key;
}

bool hearing_init(struct hearing *h, const struct session_params *params, struct error *err)
{
    bool failed = false;

    *h = (struct hearing){ .params = whisper_params_default() };
    h->params.language = copy(params->language, &failed);
    h->params.translate = params->translate;
    h->params.beam = params->beam;
    h->params.words = params->words;
    h->params.prompt = copy(params->prompt, &failed);
    h->params.hotwords = copy(params->hotwords, &failed);
    h->params.channels = params->channels;
    h->key = failed ? NULL : make_key(&h->params);
    return h->key != NULL || error_set(err, ERROR_INFERENCE, "no memory for the session");
}

void hearing_done(struct hearing *h)
{
    free((char *)h->params.language);
    free((char *)h->params.prompt);
    free((char *)h->params.hotwords);
    free(h->key);
    *h = (struct hearing){ 0 };
}
