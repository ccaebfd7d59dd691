#include "ui/echo_hear.h"

#include "ui/buffer.h"

#include <stdlib.h>

enum { WORD_SAMPLES = 4000, LINE_WORDS = 10 };

void echo_ear_end(struct echo_ear *ear, bool keep)
{
    ear->ended = true;
    ear->thrown_away |= !keep;
}

/* "word7 ", the last of a line "word10.\n" */
static void print_word(struct buffer *text, size_t i)
{
    buffer_print(text, (i + 1) % LINE_WORDS == 0 ? "word%zu.\n" : "word%zu ", i + 1);
}

static void tell(struct echo_ear *ear, size_t n_sure, size_t n_heard, struct session_event *event)
{
    struct buffer sure = { 0 }, unsure = { 0 };

    for (size_t i = ear->n_told; i < n_sure; i++)
        print_word(&sure, i);
    for (size_t i = n_sure; i < n_heard; i++)
        buffer_print(&unsure, "perhaps%zu", i + 1);
    ear->n_told = n_sure;
    event->kind = SESSION_HEARD;
    event->text = text_copy(buffer_text(&sure));
    event->unsure = text_copy(buffer_text(&unsure));
    buffer_free(&sure);
    buffer_free(&unsure);
}

bool echo_ear_next(struct echo_ear *ear, struct session_event *event)
{
    size_t n_heard = ear->n_samples / WORD_SAMPLES, n_sure = n_heard > 0 && !ear->ended ? n_heard - 1 : n_heard;

    event->kind = SESSION_FAILED;
    if (ear->thrown_away)
        error_set(&event->err, ERROR_CANCELLED, "cancelled");
    else if (getenv("MYNAH_ECHO_DEAF") != NULL)
        error_set(&event->err, ERROR_MODEL, "the speech model (whisper-base) is not there: run `mynah pull whisper-base`");
    else if (!ear->began || n_sure > ear->n_told)
        tell(ear, n_sure, n_heard, event);
    else if (ear->ended)
        event->kind = SESSION_LISTENED;
    else
        return false;
    ear->began = true;
    return true;
}
