/* worker_ask.c - the conversation: questions measured, asked, gone on with, summed up.
 *
 *   turn -> exchange -> prompt (conversation.h) -> answer (answer.h) -> kept
 */
#include "fusion/worker_state.h"

#include "fusion/answer.h"
#include "fusion/cite.h"
#include "fusion/clip_span.h"
#include "fusion/spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CLIPS_MOST = 16,                /* that an answer may cite */
    DESCRIPTION_TOKENS = 160,       /* a sentence, with a quotation, and a reserve */
    SUMMARY_TOKENS = 400            /* the room that it is to make is worth more */
};

static void send_prefilling(void *user, size_t done, size_t total)
{
    worker_send_text(user, SESSION_PROGRESS, "thinking", (double)done, (double)total);
}

static void send_note(void *user, const char *text)
{
    worker_send_text(user, SESSION_NOTE, text, 0, 0);
}

static void send_answer_text(void *user, const char *text, size_t n)
{
    worker_send(user, (struct session_event){ .kind = SESSION_TEXT, .text = strndup(text, n) });
}

/* ---- exchanges --------------------------------------------------------------------------- */

static const struct attachment *find_attachment(const struct worker *w, uint32_t id)
{
    return id >= 1 && id <= w->n_attachments ? w->attachments[id - 1] : NULL;
}

/* A turn with one image and nothing said asks for its description. */
static void settle_task(struct exchange *e)
{
    bool one_image = e->n_media == 1 && e->media[0].attachment->seen->kind == ATTACHMENT_IMAGE;

    if (!one_image)
        e->task = TURN_CHAT;
    else if (*e->text == '\0')
        e->task = TURN_DESCRIBE;
}

static bool is_empty(const struct exchange *e)
{
    return e->n_media == 0 && e->text[strspn(e->text, " \t\r\n")] == '\0';
}

/* A question about a part of a recording that was attached before is told that part again. */
static void add_last_clip(const struct worker *w, struct exchange *e)
{
    for (size_t i = w->conversation.n_exchanges; i-- > 0;) {
        const struct exchange *before = &w->conversation.exchanges[i];
        for (size_t k = before->n_media; k-- > 0;)
            if (before->media[k].attachment->seen->kind == ATTACHMENT_AUDIO) {
                e->media[e->n_media++] = (struct exchange_media){ before->media[k].attachment, SIZE_MAX, false };
                return;
            }
    }
}

/* The parts that the question names have to be there.  Rows are of the whole clip, so a part is told in words. */
static bool settle_parts(const struct worker *w, const struct turn *turn, bool strict, struct exchange *e, struct error *err)
{
    struct clip_spans parts = clip_spans_of(e->text);
    const struct attachment *longest = NULL;

    if (parts.n > 0 && !turn->alone && !exchange_has(e, ATTACHMENT_AUDIO))
        add_last_clip(w, e);
    for (size_t i = 0; i < e->n_media; i++) {
        const struct attachment *a = e->media[i].attachment;
        if (a->seen->kind != ATTACHMENT_AUDIO)
            continue;
        e->media[i].in_words = parts.n > 0;
        if (longest == NULL || a->seen->seconds > longest->seen->seconds)
            longest = a;
    }
    return !strict || longest == NULL || clip_spans_check(&parts, e->text, longest->name, longest->seen->seconds, err);
}

/* strict: an attachment that is not there is an error; otherwise it is passed over. */
static bool make_exchange(const struct worker *w, const struct turn *turn, bool strict, struct exchange *e,
                          struct error *err)
{
    *e = (struct exchange){ .task = turn->task };
    e->text = strdup(turn->text != NULL ? turn->text : "");
    e->media = calloc(turn->n_attachments + 1, sizeof *e->media);    /* and the clip that is asked about */
    if (e->text == NULL || e->media == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the question");
    snprintf(e->language, sizeof e->language, "%s", turn->language != NULL ? turn->language : "en");
    for (size_t i = 0; i < turn->n_attachments; i++) {
        const struct attachment *a = find_attachment(w, turn->attachments[i]);
        if (a != NULL)
            e->media[e->n_media++] = (struct exchange_media){ a, SIZE_MAX, false };
        else if (strict)
            return error_set(err, ERROR_USAGE, "attachment %u is not there", (unsigned)turn->attachments[i]);
    }
    e->has_form = w->form.grammar != NULL;
    settle_task(e);
    return settle_parts(w, turn, strict, e, err);
}

void worker_restore(struct worker *w, uint32_t request, const struct turn *turn, const char *answer)
{
    struct error err = { 0 };
    struct exchange e;

    w->request = request;
    bool good = make_exchange(w, turn, false, &e, &err);
    if (good && answer != NULL && *answer != '\0' && (e.answer = strdup(answer)) == NULL)
        good = error_set(&err, ERROR_INFERENCE, "no memory for the conversation");
    if (!good || !conversation_keep(&w->conversation, &e, &err))
        worker_fail(w, &err);
    exchange_done(&e);
}

void worker_rewind(struct worker *w, size_t n_turns)
{
    conversation_rewind(&w->conversation, n_turns);
}

static bool has_model(const struct worker *w, struct error *err)
{
    if (w->model == NULL)
        return error_set(err, ERROR_MODEL, "no text model is loaded: run `mynah pull default`, or choose one");
    return w->form.tools == NULL || text_takes_tools(w->model) ||
           error_set(err, ERROR_MODEL, "the chat template of %s has no place for tools (--tools): choose a model that calls functions",
                     text_model_info(w->model)->name);
}

static struct prompt_room room_of(struct worker *w)
{
    return (struct prompt_room){ w->model, text_context_size(w->context), w->settings.max_tokens, form_system(&w->form, w->settings.system),
                                 w->form.tools, send_note, w };
}

/* The last exchange, whose answer goes on; NULL and *err when there is none. */
static struct exchange *last_answered(struct worker *w, struct error *err)
{
    struct conversation *c = &w->conversation;
    struct exchange *e = c->n_exchanges > 0 ? &c->exchanges[c->n_exchanges - 1] : NULL;

    if (e != NULL && e->answer != NULL && *e->answer != '\0')
        return e;
    error_set(err, ERROR_USAGE, "there is no answer to go on with: ask first");
    return NULL;
}

/* ---- generating -------------------------------------------------------------------------------- */

static float or_else(float set, float otherwise)
{
    return set >= 0 ? set : otherwise;
}

/* Chat: Qwen2.5's own generation settings but for the penalty (docs/models.md). */
static struct sampler_params sampling(const struct worker *w, enum turn_task task, bool faithful)
{
    const struct session_settings *set = &w->settings;
    struct sampler_params s = sampler_params_default();
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    s.temperature = or_else(set->temperature, task == TURN_DESCRIBE ? 0.0f : faithful ? 0.2f : 0.7f);
    s.top_k = set->top_k >= 0 ? (size_t)set->top_k : 40;
    s.top_p = or_else(set->top_p, 0.9f);
    s.min_p = or_else(set->min_p, 0.05f);
    s.repetition_penalty = or_else(set->repetition_penalty, task == TURN_DESCRIBE ? 1.0f : 1.05f);
    s.penalty_window = 64;
    s.typical_p = or_else(set->typical_p, s.typical_p);
    s.frequency_penalty = set->frequency_penalty;
    s.presence_penalty = set->presence_penalty;
    s.dry_multiplier = or_else(set->dry, s.dry_multiplier);
    s.dry_base = or_else(set->dry_base, s.dry_base);
    s.dry_allowed_length = set->dry_allowed_length >= 0 ? (size_t)set->dry_allowed_length : s.dry_allowed_length;
    s.dry_range = set->dry_range >= 0 ? (size_t)set->dry_range : s.dry_range;
    s.mirostat_tau = or_else(set->mirostat, s.mirostat_tau);
    s.mirostat_eta = or_else(set->mirostat_eta, s.mirostat_eta);
    s.seed = set->seed != 0 ? set->seed : (uint64_t)now.tv_sec * 1000003u ^ (uint64_t)now.tv_nsec;
    return s;
}

static size_t most_tokens(const struct worker *w, enum turn_task task)
{
    return w->settings.max_tokens > 0 ? w->settings.max_tokens
         : w->form.grammar != NULL ? 0  /* it says how long an answer may be */
         : task == TURN_DESCRIBE ? DESCRIPTION_TOKENS : task == TURN_SUMMARISE ? SUMMARY_TOKENS : 0;
}

static double encode_ms(const struct exchange *e)
{
    double ms = 0;

    for (size_t i = 0; i < e->n_media; i++)
        ms += e->media[i].attachment->seen->ms;
    return ms;
}

/* Turns that are told no more leave the cache, the last first: those before keep their places. */
static void forget_gone(struct worker *w, const struct prompt *p)
{
    for (size_t i = p->n_gone; i-- > 0;)
        text_forget(w->context, w->compute, p->gone[i].from, p->gone[i].parts.spans, p->gone[i].parts.n_spans);
}

/* The answer to a prompt, or what follows the one that e has, and the event that ends it, not
 * yet sent. */
static bool generate(struct worker *w, const struct prompt *p, const struct exchange *e, enum turn_task task, bool faithful,
                     struct answer *a, struct session_event *event, struct error *err)
{
    struct answer_hooks hooks = { send_prefilling, send_answer_text, w };
    struct answer_params params = {
        .spans = p->parts.spans, .n_spans = p->parts.n_spans, .begun = p->begun,
        .before = e->answer_ids, .n_before = e->n_answer_ids,
        .sampler = sampling(w, task, faithful), .max_tokens = most_tokens(w, task),
    };
    forget_gone(w, p);
    bool good = form_begin(&w->form, w->model, &params, err) &&
                answer_generate(a, w->model, w->context, w->compute, &params, &hooks, err);

    *event = (struct session_event){
        .kind = SESSION_ANSWERED, .seed = params.sampler.seed, .load_ms = w->load_ms,
        .n_ctx = text_context_size(w->context), .n_used = text_context_used(w->context),
        .n_prompt = p->parts.n_tokens, .n_reused = a->n_reused, .n_rows = p->parts.n_rows,
        .n_generated = a->n_generated, .prefill_ms = a->prefill_ms, .decode_ms = a->decode_ms,
        .stopped = a->stopped, .cut = a->cut,
    };
    if (good && a->looped)
        send_note(w, "the answer repeated itself and was ended");
    return good;
}

/* A system message of the user's own is not where they put it: once for each model. */
static void tell_system(struct worker *w)
{
    char text[200];

    if (w->settings.system == NULL || w->told_system || text_takes_system(w->model))
        return;
    snprintf(text, sizeof text, "%.100s takes no system message: yours stands before the first question", text_model_info(w->model)->name);
    send_note(w, text);
    w->told_system = true;
}

static void tell_left_out(struct prompt *p, struct session_event *event)
{
    event->left_out = p->left_out.turns;
    event->n_left_out = p->left_out.n;
    p->left_out = (struct left_out){ 0 };
}

/* ---- asking ------------------------------------------------------------------------------------- */

static bool keep_answer(struct worker *w, struct exchange *e, struct answer *a, struct error *err)
{
    if (a->n_ids == 0)              /* stopped before a word came */
        return conversation_keep(&w->conversation, e, err);
    e->answer = words_take(&a->text, err);
    if (e->answer == NULL)
        return false;
    if (!a->split) {
        e->answer_ids = a->ids;
        e->n_answer_ids = a->n_ids;
        a->ids = NULL;
    }
    return conversation_keep(&w->conversation, e, err);
}

static size_t add_clips(const struct exchange *e, const struct attachment **clips, size_t n)
{
    for (size_t i = 0; i < e->n_media && n < CLIPS_MOST; i++)
        if (e->media[i].attachment->seen->kind == ATTACHMENT_AUDIO)
            clips[n++] = e->media[i].attachment;
    return n;
}

/* A complete answer that has the words of a clip names their place. */
static void cite(struct worker *w, const struct exchange *e, struct answer *a, bool alone)
{
    const struct conversation *c = &w->conversation;
    const struct attachment *clips[CLIPS_MOST];
    size_t n = add_clips(e, clips, 0);
    struct words cited = { 0 };

    for (size_t i = alone ? 0 : c->n_exchanges; i-- > 0;)
        if (!c->exchanges[i].dropped)
            n = add_clips(&c->exchanges[i], clips, n);
    if (n == 0 || w->form.grammar != NULL || e->task != TURN_CHAT || a->stopped || a->cut || a->text.n == 0)
        return;
    cite_add(&cited, a->text.text, e->text, clips, n);
    if (cited.n > 0 && !cited.failed) {
        words_add_bytes(&a->text, cited.text, cited.n);
        send_answer_text(w, cited.text, cited.n);
    }
    words_done(&cited);
}

/* Before the answer is sent, with which others may read it. */
static void note_told(const struct worker *w, const struct exchange *e)
{
    for (size_t i = 0; i < e->n_media; i++)
        w->attachments[e->media[i].attachment->id - 1]->in_words = e->media[i].in_words;
}

static bool answer_question(struct worker *w, const struct turn *turn, struct error *err)
{
    struct prompt_room room = room_of(w);
    struct exchange e = { 0 };
    struct prompt p = { 0 };
    struct answer a = { 0 };
    struct session_event event;
    bool good = make_exchange(w, turn, true, &e, err) && (!is_empty(&e) || error_set(err, ERROR_USAGE, "nothing was asked")) &&
                worker_look(w, &e, turn->alone, false, err) && worker_prompt(w, &room, &e, turn->alone, &p, err);

    if (good) {
        note_told(w, &e);
        tell_system(w);
        bool about_media = e.n_media > 0 || (!turn->alone && conversation_has_media(&w->conversation));
        double ms = encode_ms(&e);
        good = generate(w, &p, &e, e.task, about_media, &a, &event, err);
        if (good)
            cite(w, &e, &a, turn->alone);
        good = good && (turn->alone || keep_answer(w, &e, &a, err));
        event.encode_ms = ms;
    }
    if (good) {
        tell_left_out(&p, &event);
        worker_send(w, event);
    }
    exchange_done(&e);
    answer_done(&a);
    prompt_done(&p);
    return good;
}

/* ---- going on ------------------------------------------------------------------------------------ */

/* The ids that the prompt has of it: as generated, or of its text. */
static bool know_ids(const struct worker *w, struct exchange *e, struct error *err)
{
    return e->answer_ids != NULL ||
           tokenize_answer(w->model, e->answer, &e->answer_ids, &e->n_answer_ids, err);
}

/* The exchange's answer becomes old and new, or stays as it was. */
static bool lengthen_answer(struct exchange *e, const struct answer *a, struct error *err)
{
    struct words text = { 0 };
    int32_t *ids = a->split ? NULL : malloc((e->n_answer_ids + a->n_ids + 1) * sizeof *ids);

    words_add(&text, "%s%s", e->answer, a->text.n > 0 ? a->text.text : "");
    char *longer = words_take(&text, err);
    if (longer == NULL) {
        free(ids);
        return false;
    }
    if (ids != NULL) {
        memcpy(ids, e->answer_ids, e->n_answer_ids * sizeof *ids);
        if (a->n_ids > 0)
            memcpy(ids + e->n_answer_ids, a->ids, a->n_ids * sizeof *ids);
    }
    free(e->answer);
    free(e->answer_ids);
    e->answer = longer;
    e->answer_ids = ids;
    e->n_answer_ids = ids != NULL ? e->n_answer_ids + a->n_ids : 0;
    e->n_tokens = 0;
    return true;
}

static bool continue_answer(struct worker *w, struct error *err)
{
    struct prompt_room room = room_of(w);
    struct exchange *e = last_answered(w, err);
    struct prompt p = { 0 };
    struct answer a = { 0 };
    struct session_event event;
    bool good = e != NULL && know_ids(w, e, err) &&
                conversation_prompt(&w->conversation, &room, e, false, &p, err) &&
                generate(w, &p, e, e->task, conversation_has_media(&w->conversation), &a, &event, err) &&
                lengthen_answer(e, &a, err);

    if (good) {
        tell_left_out(&p, &event);
        worker_send(w, event);
    }
    answer_done(&a);
    prompt_done(&p);
    return good;
}

/* ---- summing up ----------------------------------------------------------------------------------- */

/* A summary that was stopped stays as far as it came, and nothing is left out for it. */
static bool sum_up(struct worker *w, size_t n_turns, struct error *err)
{
    struct prompt_room room = room_of(w);
    struct exchange e = { 0 };
    struct prompt p = { 0 };
    struct answer a = { 0 };
    struct session_event event;
    char *question = NULL;
    bool good = conversation_sum_up(&w->conversation, &room, n_turns, &e, &p, err) &&
                generate(w, &p, &e, TURN_SUMMARISE, true, &a, &event, err) &&
                ((question = strdup(e.text)) != NULL || error_set(err, ERROR_INFERENCE, "no memory for the question")) &&
                keep_answer(w, &e, &a, err);

    if (good) {
        if (a.stopped)
            p.left_out.n = 0;
        conversation_leave_out(&w->conversation, &p.left_out);
        event.text = question;
        question = NULL;
        tell_left_out(&p, &event);
        worker_send(w, event);
    }
    free(question);
    exchange_done(&e);
    answer_done(&a);
    prompt_done(&p);
    return good;
}

void worker_ask(struct worker *w, uint32_t request, const struct turn *turn)
{
    struct error err = { 0 };

    w->request = request;
    bool good = has_model(w, &err) &&
                (turn->task == TURN_CONTINUE ? continue_answer(w, &err)
                 : turn->task == TURN_SUMMARISE ? sum_up(w, turn->n_summarised, &err)
                                                : answer_question(w, turn, &err));
    if (!good)
        worker_fail(w, &err);
}

/* ---- measuring ---------------------------------------------------------------------------------------- */

static bool measure_question(struct worker *w, const struct prompt_room *room, const struct turn *turn, struct prompt *p,
                             struct error *err)
{
    struct exchange e = { 0 };
    bool good = make_exchange(w, turn, true, &e, err) && worker_look(w, &e, turn->alone, true, err) &&
                worker_measured(w, room, is_empty(&e) ? NULL : &e, turn->alone, p, err);

    exchange_done(&e);
    return good;
}

static bool measure_turn(struct worker *w, const struct turn *turn, struct prompt *p, struct error *err)
{
    struct prompt_room room = room_of(w);
    struct exchange e = { 0 };

    room.note = NULL;
    if (turn->task == TURN_SUMMARISE) {
        bool good = conversation_sum_up(&w->conversation, &room, turn->n_summarised, &e, p, err);
        exchange_done(&e);
        return good;
    }
    if (turn->task != TURN_CONTINUE)
        return measure_question(w, &room, turn, p, err);
    struct exchange *last = last_answered(w, err);
    return last != NULL && know_ids(w, last, err) && conversation_measure(&w->conversation, &room, last, false, p, err);
}

void worker_measure(struct worker *w, uint32_t request, const struct turn *turn)
{
    struct error err = { 0 };
    struct prompt p = { 0 };
    struct session_event event = { .kind = SESSION_MEASURED };

    w->request = request;
    size_t *segments = conversation_segments(&w->conversation, &err);
    bool good = segments != NULL && has_model(w, &err) && measure_turn(w, turn, &p, &err);
    if (segments != NULL)
        conversation_set_segments(&w->conversation, segments);
    free(segments);
    if (good) {
        event.n_ctx = text_context_size(w->context);
        event.n_prompt = p.n_tokens;
        event.n_most = p.n_most;
        tell_left_out(&p, &event);
        worker_send(w, event);
    } else {
        worker_fail(w, &err);
    }
    prompt_done(&p);
}
