/* worker_look.c - a pair looks at pictures for the text model (looker.h): once when one is attached, then at each
 * question about it.
 *
 *   question -> pictures that it is about -> glances -> the turn (what is told) and the attachments (what is shown)
 *
 * Whatever the pair does, the turn goes on with what the detector found. */
#include "fusion/worker_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUESTION_BYTES = 1000 };     /* of the question, for the eyes */

/* Said once for these eyes. */
static void tell_trouble(struct worker *w)
{
    const char *trouble = looker_trouble(w->looker);
    char text[400];

    if (trouble == NULL || w->told_trouble)
        return;
    w->told_trouble = true;
    snprintf(text, sizeof text, "%.60s cannot look, so pictures are told in the detector's words: %s", looker_name(w->looker), trouble);
    worker_send_text(w, SESSION_NOTE, text, 0, 0);
}

static const struct glance *ask(struct worker *w, const char *path, const struct perception *seen, const char *question, struct error *err)
{
    size_t n_beside = w->model != NULL ? text_model_info(w->model)->file_bytes : 0;
    const struct glance *g = looker_ask(w->looker, path, seen->key, question, n_beside, err);

    tell_trouble(w);
    return g;
}

static bool in_words(const struct perception *seen)
{
    return seen->kind == ATTACHMENT_IMAGE && perception_n_rows(seen) == 0;
}

bool worker_describe(struct worker *w, const char *path, const struct perception *seen, struct glances *glances, struct error *err)
{
    if (w->looker == NULL || !in_words(seen))
        return true;
    const struct glance *g = ask(w, path, seen, NULL, err);
    return g != NULL && glances_add(glances, g, err);
}

/* ---- which pictures ----------------------------------------------------------------------- */

/* Words that point at what was shown before: a question about it has one, as a rule. */
static bool points_back(const char *text)
{
    static const char *const words[] = {
        "it", "its", "this", "that", "these", "those", "there", "here", "he", "she", "they", "him", "her", "his", "them", "their", "who",
        "where", "picture", "image", "photo", "photograph", "screenshot", "see", "shown", "visible", "wearing", "colour", "color",
        "background", "foreground", "left", "right",
    };
    static const char *const korean[] = { "사진", "그림", "이미지", "보이", "보여", "저것", "그것", "이것", "이게", "저게", "그게", "거기", "여기",
                                          "누구", "누가", "어디", "무슨", "무엇", "뭐", "색", "배경", "왼쪽", "오른쪽" };

    for (size_t i = 0; i < sizeof korean / sizeof korean[0]; i++)
        if (strstr(text, korean[i]) != NULL)
            return true;
    for (size_t n; *text != '\0'; text += n) {
        n = strcspn(text, " \t\r\n.,;:!?'\"()");
        for (size_t i = 0; n > 0 && i < sizeof words / sizeof words[0]; i++)
            if (strlen(words[i]) == n && strncasecmp(words[i], text, n) == 0)
                return true;
        n += text[n] != '\0';
    }
    return false;
}

static bool is_asked(const struct exchange *e)
{
    return e->task == TURN_CHAT && e->text[strspn(e->text, " \t\r\n")] != '\0';
}

/* The turn before, when it was about pictures: e, without any of its own, may go on about them. */
static const struct exchange *turn_before(const struct worker *w, const struct exchange *e, bool alone)
{
    const struct conversation *c = &w->conversation;
    const struct exchange *before = c->n_exchanges > 0 ? &c->exchanges[c->n_exchanges - 1] : NULL;

    if (alone || e->n_media > 0 || before == NULL || before->dropped || !points_back(e->text))
        return NULL;
    return exchange_has(before, ATTACHMENT_IMAGE) || before->n_glances > 0 ? before : NULL;
}

/* ---- asking ------------------------------------------------------------------------------------ */

/* As much as the eyes can say. */
static bool keep_room(const struct worker *w, struct exchange *e, const struct attachment *a, bool before, struct error *err)
{
    char most[2 * GLANCE_TOKENS + 1];

    for (size_t i = 0; i < 2 * GLANCE_TOKENS; i++)
        most[i] = i % 2 == 0 ? 'x' : ' ';
    most[2 * GLANCE_TOKENS - 1] = '\0';
    return exchange_add_glance(e, a, before, looker_name(w->looker), most, err);
}

/* The attachment with the glance takes its place, if it has none such; e goes on with it. */
static bool show(struct worker *w, struct exchange *e, struct attachment *a, const struct glance *g, struct error *err)
{
    const struct glance *shown = glances_find(&a->glances, g->eyes, g->question);

    if (shown != NULL && (shown->words != NULL || g->words == NULL))
        return true;
    struct attachment *looked = attachment_looked(a, g, err);
    if (looked == NULL)
        return false;
    if (!worker_replace(w, a, looked, SESSION_LOOKED, err)) {
        attachment_free(looked);
        return false;
    }
    for (size_t i = 0; i < e->n_media; i++)
        if (e->media[i].attachment == a)
            e->media[i].attachment = looked;
    return true;
}

/* One picture; what the user cancels is seen to by whoever answers. */
static bool look_at(struct worker *w, struct exchange *e, uint32_t id, bool before, bool measured, struct error *err)
{
    struct attachment *a = w->attachments[id - 1];
    char question[QUESTION_BYTES];
    struct error inner = { 0 };

    if (!in_words(a->seen))
        return true;
    snprintf(question, sizeof question, "%s", e->text);
    if (measured)
        return looker_trouble(w->looker) != NULL || keep_room(w, e, a, before, err);
    const struct glance *g = ask(w, a->path, a->seen, question, &inner);
    if (g == NULL && inner.code != ERROR_CANCELLED)
        return error_set(err, inner.code, "%s", inner.text);
    return exchange_add_glance(e, a, before, looker_name(w->looker), g != NULL ? g->words : NULL, err) && (g == NULL || show(w, e, a, g, err));
}

bool worker_look(struct worker *w, struct exchange *e, bool alone, bool measured, struct error *err)
{
    const struct exchange *before;
    bool good = true;

    if (w->looker == NULL || !is_asked(e))
        return true;
    for (size_t i = 0; good && i < e->n_media; i++)
        good = look_at(w, e, e->media[i].attachment->id, false, measured, err);
    if ((before = turn_before(w, e, alone)) == NULL)
        return good;
    for (size_t i = 0; good && i < before->n_media; i++)
        good = look_at(w, e, before->media[i].attachment->id, true, measured, err);
    for (size_t i = 0; good && i < before->n_glances; i++)
        if (before->glances[i].before)
            good = look_at(w, e, before->glances[i].attachment, true, measured, err);
    return good;
}

/* ---- fitting -------------------------------------------------------------------------------------- */

bool worker_prompt(struct worker *w, const struct prompt_room *room, struct exchange *e, bool alone, struct prompt *p, struct error *err)
{
    if (conversation_prompt(&w->conversation, room, e, alone, p, err))
        return true;
    if (err->code != ERROR_INFERENCE || !exchange_has_eyes(e))
        return false;
    prompt_done(p);
    e->without_eyes = true;
    worker_send_text(w, SESSION_NOTE, "what the eyes said does not fit in the context and is left out: give a larger one (-c)", 0, 0);
    return conversation_prompt(&w->conversation, room, e, alone, p, err);
}

bool worker_measured(struct worker *w, const struct prompt_room *room, struct exchange *e, bool alone, struct prompt *p, struct error *err)
{
    if (!conversation_measure(&w->conversation, room, e, alone, p, err))
        return false;
    if (e == NULL || p->n_tokens <= p->n_most || !exchange_has_eyes(e))
        return true;
    prompt_done(p);
    e->without_eyes = true;
    return conversation_measure(&w->conversation, room, e, alone, p, err);
}

/* ---- who looks ------------------------------------------------------------------------------------ */

static bool want_rows(struct worker *w, struct error *err)
{
    bool was_off = w->eyes.off;

    if (!eyes_see_rows(&w->eyes))
        return error_set(err, ERROR_USAGE, "rows need a projector, and this chat began without one: leave it and begin again with --eyes rows");
    w->eyes.off = false;
    if (w->model == NULL || eyes_suit(&w->eyes, text_model_info(w->model), text_model_info(w->model)->name, err))
        return true;
    w->eyes.off = was_off;
    return false;
}

void worker_use_eyes(struct worker *w, uint32_t request, const struct session_params *params)
{
    struct error err = { 0 };
    struct looker *looker = NULL;

    w->request = request;
    if (params->eyes == EYES_PAIR)
        looker = looker_new(params, w->compute, worker_progress, w, &err);
    if (params->eyes == EYES_PAIR ? looker == NULL : params->eyes == EYES_ROWS && !want_rows(w, &err)) {
        worker_fail(w, &err);
        return;
    }
    looker_free(w->looker);
    w->looker = looker;
    if (looker != NULL)
        looker_wish(looker, w->settings.image_rows);
    w->told_trouble = false;
    w->eyes.off = params->eyes != EYES_ROWS && eyes_see_rows(&w->eyes);
    worker_send_text(w, SESSION_EYES, looker != NULL ? looker_name(looker) : params->eyes == EYES_ROWS ? "rows" : "words", 0, 0);
}
