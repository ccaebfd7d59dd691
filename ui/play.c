#include "ui/play.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- times -------------------------------------------------------------------------- */

void span_print_time(struct buffer *text, double seconds)
{
    long s = seconds > 0 ? (long)seconds : 0;

    if (s >= 3600)
        buffer_print(text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        buffer_print(text, "%ld:%02ld", s / 60, s % 60);
}

void play_print(const struct play_state *s, struct buffer *text)
{
    buffer_print(text, "%s ", s->paused ? "paused at" : "playing");
    span_print_time(text, s->at_s);
    if (s->to_s > 0) {
        buffer_print(text, " of ");
        span_print_time(text, s->to_s);
    }
}

/* ---- which clip ------------------------------------------------------------------------ */

static const struct attachment *find_clip(const char *words, const struct engine *engine, const struct attachment *const *perceived, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        struct engine_attachment a = engine->attachment(perceived[i]);
        if (a.kind == ATTACHMENT_AUDIO && strcasestr(a.name, words) != NULL)
            return perceived[i];
    }
    return NULL;
}

/* Takes the span off the end of the words. */
static bool take_span(char *words, double *from_s, double *to_s, struct error *err)
{
    char *last = strrchr(words, ' ');

    last = last != NULL ? last + 1 : words;
    if (*last != '@')
        return true;
    if (question_span(last, 0, from_s, to_s) != strlen(last) || *to_s < *from_s)
        return error_set(err, ERROR_USAGE, "%s is no span of a clip: @1:20-2:05 is one, @1:20 and @80s- are", last);
    if (*to_s <= *from_s || isinf(*to_s))
        *to_s = 0;
    *last = '\0';
    return true;
}

static void trim(char *words)
{
    size_t n = strlen(words);

    while (n > 0 && words[n - 1] == ' ')
        words[--n] = '\0';
}

const struct attachment *play_find(const char *argument, const struct engine *engine, const struct attachment *const *perceived,
                                   size_t n_perceived, double *from_s, double *to_s, struct error *err)
{
    char *words = text_copy(argument);
    const struct attachment *found = NULL;

    *from_s = *to_s = 0;
    trim(words);
    if (take_span(words, from_s, to_s, err)) {
        trim(words);
        found = find_clip(words, engine, perceived, n_perceived);
        if (found == NULL && *words != '\0')
            error_set(err, ERROR_USAGE, "no attached clip has \"%s\" in its name", words);
        else if (found == NULL)
            error_set(err, ERROR_USAGE, "no clip was attached yet");
    }
    free(words);
    return found;
}
