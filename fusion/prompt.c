#include "fusion/prompt.h"

#include "fusion/words.h"
#include "fusion/evidence.h"
#include "fusion/wording.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

void exchange_done(struct exchange *e)
{
    free(e->text);
    free(e->media);
    for (size_t i = 0; i < e->n_glances; i++) {
        free(e->glances[i].name);
        free(e->glances[i].eyes);
        free(e->glances[i].words);
    }
    free(e->glances);
    free(e->answer);
    free(e->answer_ids);
    *e = (struct exchange){ 0 };
}

bool exchange_add_glance(struct exchange *e, const struct attachment *a, bool before, const char *eyes, const char *words, struct error *err)
{
    struct exchange_glance *grown = realloc(e->glances, (e->n_glances + 1) * sizeof *grown);
    struct exchange_glance g = { a->id, before, strdup(a->name), strdup(eyes), words != NULL ? strdup(words) : NULL };

    if (grown != NULL)
        e->glances = grown;
    if (grown == NULL || g.name == NULL || g.eyes == NULL || (words != NULL && g.words == NULL)) {
        free(g.name);
        free(g.eyes);
        free(g.words);
        return error_set(err, ERROR_INFERENCE, "no memory for what the eyes say");
    }
    e->glances[e->n_glances++] = g;
    return true;
}

bool text_has_hangul(const char *text)
{
    size_t n = strlen(text);
    uint32_t code;

    for (size_t at = 0; at < n;) {
        size_t used = utf8_decode(text + at, n - at, &code);
        if (code >= 0xAC00 && code <= 0xD7A3)
            return true;
        at += used > 0 ? used : n - at;
    }
    return false;
}

bool exchange_has(const struct exchange *e, enum attachment_kind kind)
{
    for (size_t i = 0; i < e->n_media; i++)
        if (e->media[i].attachment->seen->kind == kind)
            return true;
    return false;
}

/* Told as rows. */
static bool has_rows(const struct exchange_media *m)
{
    const struct perception *seen = m->attachment->seen;

    return !m->in_words && (seen->media != NULL || (seen->kind == ATTACHMENT_IMAGE && seen->report->rows != NULL));
}

/* By a pair's projector, which brings its own markers. */
static bool has_pair(const struct exchange *e)
{
    for (size_t i = 0; i < e->n_media; i++)
        if (has_rows(&e->media[i]) && e->media[i].attachment->seen->media != NULL && !e->media[i].attachment->seen->own_media)
            return true;
    return false;
}

static const struct exchange_media *first_with_rows(const struct exchange *e)
{
    for (size_t i = 0; i < e->n_media; i++)
        if (has_rows(&e->media[i]))
            return &e->media[i];
    return NULL;
}

bool exchange_has_rows(const struct exchange *e)
{
    return first_with_rows(e) != NULL;
}

/* ---- pieces ------------------------------------------------------------------- */

static struct piece *add_piece(struct script *s, enum piece_kind kind)
{
    if (s->n_pieces == s->capacity) {
        size_t capacity = 2 * s->capacity + 16;
        struct piece *grown = realloc(s->pieces, capacity * sizeof *grown);
        if (grown == NULL) {
            s->failed = true;
            return NULL;
        }
        s->pieces = grown;
        s->capacity = capacity;
    }
    s->pieces[s->n_pieces] = (struct piece){ .kind = kind };
    return &s->pieces[s->n_pieces++];
}

static void add_template(struct script *s, enum piece_kind kind, enum text_role role)
{
    struct piece *p = add_piece(s, kind);

    if (p != NULL)
        p->role = role;
}

static void add_words(struct script *s, struct words *b)
{
    struct piece *p = add_piece(s, PIECE_TEXT);
    char *text = words_take(b, NULL);

    if (p == NULL)
        free(text);
    else
        p->text = text;
    s->failed |= text == NULL;
}

static void add_text(struct script *s, const char *text)
{
    struct words b = { 0 };

    words_add_bytes(&b, text, strlen(text));
    add_words(s, &b);
}

static void add_media_piece(struct script *s, const struct media_piece *m)
{
    struct piece *p = add_piece(s, m->marker != NULL ? PIECE_MARKER : PIECE_ROWS);

    if (p == NULL)
        return;
    if (m->marker == NULL) {
        p->rows = (struct text_span){ .rows = m->rows, .n = m->n, .width = m->width, .height = m->height, .both_ways = m->both_ways };
    } else {
        p->text = strdup(m->marker);
        s->failed |= p->text == NULL;
    }
}

/* Of a pair with its markers; of a projector of ours the rows alone, and a line break. */
static void add_rows(struct script *s, const struct perception *seen)
{
    if (seen->media != NULL) {
        for (size_t i = 0; i < seen->media->n_pieces; i++)
            add_media_piece(s, &seen->media->pieces[i]);
    } else {
        struct piece *p = add_piece(s, PIECE_ROWS);
        if (p != NULL)
            p->rows = (struct text_span){ .rows = seen->report->rows, .n = seen->report->n_rows };
    }
    if (seen->media == NULL || seen->own_media)
        add_text(s, "\n");
}

/* A system message of ours, the user's own on a new line. */
static void add_system(struct script *s, const char *ours, const char *system)
{
    struct words b = { 0 };

    words_add(&b, "%s%s%s", ours, system != NULL ? "\n" : "", system != NULL ? system : "");
    add_template(s, PIECE_OPEN, TEXT_SYSTEM);
    add_words(s, &b);
    add_template(s, PIECE_CLOSE, TEXT_SYSTEM);
}

/* The system message of a turn with rows: a pair's model has none but the user's own. */
static void add_rows_system(struct script *s, const char *system, const struct exchange *e)
{
    if (!has_pair(e))
        add_system(s, first_with_rows(e)->attachment->seen->kind == ATTACHMENT_AUDIO ? wording_ears_system : wording_rows_system, system);
    else if (system != NULL)
        add_system(s, system, NULL);
}

static void add_message(struct script *s, enum text_role role, const char *text)
{
    add_template(s, PIECE_OPEN, role);
    add_text(s, text);
    add_template(s, PIECE_CLOSE, role);
}

void script_done(struct script *s)
{
    for (size_t i = 0; i < s->n_pieces; i++)
        free(s->pieces[i].text);
    free(s->pieces);
    *s = (struct script){ 0 };
}

/* ---- a question ------------------------------------------------------------------ */

static const char *language_code(const struct exchange *e)
{
    const char *code = e->language, *english;

    whisper_language(e->language, &code, &english);
    return code;
}

/* The question's own language decides the evidence's, so that a turn always reads
 * the same and its cache is found again. */
static const struct wording *exchange_wording(const struct exchange *e)
{
    if (e->task == TURN_DESCRIBE || *e->text == '\0')
        return wording_for(language_code(e));
    return wording_for(text_has_hangul(e->text) ? "ko" : "en");
}

static bool asks_colours(const char *text)
{
    return strcasestr(text, "colo") != NULL || strstr(text, "색") != NULL;
}

/* Of a picture that is told in words. */
static bool any_text(const struct exchange *e)
{
    for (size_t i = 0; i < e->n_media; i++) {
        const struct perception *seen = e->media[i].attachment->seen;
        if (seen->kind == ATTACHMENT_IMAGE && !has_rows(&e->media[i]) && *seen->report->text != '\0')
            return true;
    }
    return false;
}

/* "What does it say?": an image has text and the question is for it.  Not "say" of what
 * is heard, nor the colour of the letters. */
static bool asks_text(const struct exchange *e)
{
    static const char *const asking[] = {
        "say", "written", "read the", "read it", "read this", "read out", "read what", "read all", "what text",
        "the text in", "transcribe", "쓰여", "써 있", "써있", "적혀", "읽어", "무슨 글", "글자", "글을",
    };

    if (!any_text(e) || exchange_has(e, ATTACHMENT_AUDIO) || asks_colours(e->text))
        return false;
    for (size_t i = 0; i < sizeof asking / sizeof asking[0]; i++)
        if (strcasestr(e->text, asking[i]) != NULL)
            return true;
    return false;
}

static void add_clip(struct words *b, const struct transcript *t, const struct exchange *e, size_t n_segments, bool korean)
{
    struct clip_spans parts = clip_spans_of(e->text);

    clip_spans_fit(&parts, t);
    (korean ? evidence_clip_korean : evidence_clip)(b, t, n_segments, parts.n > 0 ? &parts : NULL);
}

/* What eyes said is in the picture, then what they answered. */
static void add_said(struct words *b, const struct exchange *e, const struct attachment *a, bool korean)
{
    const struct glance *g = e->without_eyes ? NULL : attachment_description(a);
    void (*add)(struct words *, const char *, const char *, enum evidence_eyes) = korean ? evidence_eyes_korean : evidence_eyes;

    if (g != NULL)
        add(b, g->eyes, g->words, EVIDENCE_EYES_SEE);
    for (size_t i = 0; i < e->n_glances; i++) {
        const struct exchange_glance *asked = &e->glances[i];
        bool named = g != NULL && strcmp(g->eyes, asked->eyes) == 0;
        if (!e->without_eyes && !asked->before && asked->attachment == a->id && asked->words != NULL)
            add(b, asked->eyes, asked->words, named ? EVIDENCE_EYES_ASKED_TOO : EVIDENCE_EYES_ASKED);
    }
}

/* About pictures of the turns before. */
static void add_looked_again(struct script *s, const struct exchange *e, const struct wording *w)
{
    bool korean = strcmp(w->language, "ko") == 0;

    for (size_t i = 0; i < e->n_glances; i++) {
        const struct exchange_glance *g = &e->glances[i];
        struct words b = { 0 };
        if (e->without_eyes || !g->before || g->words == NULL)
            continue;
        words_add(&b, "[%s", w->image_before);
        if (e->n_glances > 1)
            words_add(&b, ", %s", g->name);
        words_add(&b, ".");
        (korean ? evidence_eyes_korean : evidence_eyes)(&b, g->eyes, g->words, EVIDENCE_EYES_ASKED);
        words_add(&b, "]\n");
        add_words(s, &b);
    }
}

static void add_evidence(struct script *s, const struct exchange *e, size_t i, const struct wording *w)
{
    const struct attachment *a = e->media[i].attachment;
    bool korean = strcmp(w->language, "ko") == 0;
    bool is_image = a->seen->kind == ATTACHMENT_IMAGE;
    struct words b = { 0 };

    words_add(&b, "[%s", is_image ? w->image : w->clip);
    if (e->n_media > 1)             /* a name can mislead: only where it is needed to tell them apart */
        words_add(&b, " %zu, %s", i + 1, a->name);
    words_add(&b, ". ");
    if (is_image)
        (korean ? evidence_facts_korean : evidence_facts)(&b, a->seen->report, asks_colours(e->text));
    else
        add_clip(&b, a->seen->transcript, e, e->media[i].n_segments, korean);
    add_said(&b, e, a, korean);
    words_add(&b, "]\n");
    add_words(s, &b);
}

static void add_question(struct script *s, const struct exchange *e, const struct wording *w)
{
    struct words b = { 0 };

    if (*e->text != '\0')
        words_add(&b, "%s", e->text);
    else if (e->task == TURN_DESCRIBE)
        words_add(&b, "%s", w->describe);
    else if (e->n_media == 1 && e->media[0].attachment->seen->kind == ATTACHMENT_AUDIO)
        words_add(&b, "%s", w->summarise);
    else
        words_add(&b, "%s", w->describe_media);
    if (asks_text(e))
        words_add(&b, "%s", w->quote);
    /* Unless a language is named already ("영어로", in English). */
    if (e->n_media > 0 && strstr(e->text, "어로") == NULL)
        words_add(&b, "%s", w->answer_language);
    add_words(s, &b);
}

void script_question(struct script *s, const struct exchange *e)
{
    const struct wording *w = exchange_wording(e);

    add_template(s, PIECE_OPEN, TEXT_USER);
    for (size_t i = 0; i < e->n_media; i++)
        if (has_rows(&e->media[i]))
            add_rows(s, e->media[i].attachment->seen);
    for (size_t i = 0; i < e->n_media; i++)
        if (!has_rows(&e->media[i]))
            add_evidence(s, e, i, w);
    add_looked_again(s, e, w);
    add_question(s, e, w);
    add_template(s, PIECE_CLOSE, TEXT_USER);
}

/* evidence NULL: about the image before. */
static void add_worked(struct script *s, const struct wording *w, const char *evidence, const char *question,
                       const char *wish, const char *answer)
{
    struct words b = { 0 };

    add_template(s, PIECE_OPEN, TEXT_USER);
    if (evidence != NULL)
        words_add(&b, "[%s. %s]\n", w->image, evidence);
    words_add(&b, "%s%s", question, wish);
    add_words(s, &b);
    add_template(s, PIECE_CLOSE, TEXT_USER);
    add_message(s, TEXT_ASSISTANT, answer);
}

/* A model that sees described one of its pictures. */
static bool has_seeing(const struct exchange *e)
{
    for (size_t i = 0; i < e->n_media && !e->without_eyes; i++)
        if (attachment_description(e->media[i].attachment) != NULL)
            return true;
    return false;
}

bool exchange_has_eyes(const struct exchange *e)
{
    bool said = has_seeing(e);

    for (size_t i = 0; i < e->n_glances; i++)
        said |= !e->without_eyes && e->glances[i].words != NULL;
    return said;
}

void script_system(struct script *s, const char *system, const struct exchange *about)
{
    const struct wording *w = about != NULL ? exchange_wording(about) : NULL;
    struct words b = { 0 };

    if (about != NULL && exchange_has_rows(about)) {
        add_rows_system(s, system, about);
        return;
    }
    add_template(s, PIECE_OPEN, TEXT_SYSTEM);
    words_add(&b, "%s%s", system != NULL ? system : wording_chat_system, about != NULL && has_seeing(about) ? wording_chat_brackets_eyes : wording_chat_brackets);
    add_words(s, &b);
    add_template(s, PIECE_CLOSE, TEXT_SYSTEM);
    if (w == NULL)
        return;
    if (asks_text(about))
        add_worked(s, w, w->text_example[0], w->text_example[1], w->quote, w->text_example[2]);
    for (size_t i = 0; i < WORDING_N_EXAMPLES; i++)
        add_worked(s, w, i == 0 ? w->image_example : NULL, w->question_example[i], "",
                   w->answer_example[i]);
}

/* A question of one token, which all models have. */
void script_mark(struct script *s)
{
    static const int32_t any = 0;

    add_template(s, PIECE_OPEN, TEXT_USER);
    struct piece *p = add_piece(s, PIECE_IDS);
    if (p != NULL) {
        p->ids = &any;
        p->n_ids = 1;
    }
    add_template(s, PIECE_CLOSE, TEXT_USER);
}

void script_open_answer(struct script *s)
{
    add_template(s, PIECE_OPEN, TEXT_ASSISTANT);
}

void script_answer_so_far(struct script *s, const struct exchange *e)
{
    if (e->answer_ids != NULL) {
        struct piece *p = add_piece(s, PIECE_IDS);
        if (p != NULL) {
            p->ids = e->answer_ids;
            p->n_ids = e->n_answer_ids;
        }
    } else if (e->answer != NULL) {
        add_text(s, e->answer);
    }
}

/* An answer of before is told without what the model thought, as templates do. */
void script_answer(struct script *s, const struct exchange *e)
{
    const char *thought = e->answer != NULL ? strstr(e->answer, "</think>") : NULL;

    if (thought != NULL) {
        thought += strlen("</think>");
        add_text(s, thought + strspn(thought, "\n"));
    } else {
        script_answer_so_far(s, e);
    }
    add_template(s, PIECE_CLOSE, TEXT_ASSISTANT);
}

/* ---- a description ------------------------------------------------------------------ */

/* The user's message, and the answer opened. */
static void add_wish(struct script *s, struct words *wish)
{
    add_template(s, PIECE_OPEN, TEXT_USER);
    add_words(s, wish);
    add_template(s, PIECE_CLOSE, TEXT_USER);
    add_template(s, PIECE_OPEN, TEXT_ASSISTANT);
}

static void add_described(struct script *s, const char *evidence, const char *instruction)
{
    struct words b = { 0 };

    words_add(&b, "[%s]\n%s", evidence, instruction);
    add_wish(s, &b);
}

static void add_translated(struct script *s, const char *english, const char *sentence)
{
    struct words b = { 0 };

    words_add(&b, "Translate into %s: %s", english, sentence);
    add_wish(s, &b);
}

const char *exchange_translated_into(const struct exchange *e)
{
    const char *code, *english;

    if (e->task != TURN_DESCRIBE || !whisper_language(e->language, &code, &english) ||
        strcmp(wording_for(code)->language, code) == 0)
        return NULL;
    return english;
}

/* In a language that we have no evidence in: asked to describe in it, small models
 * invent; asked to translate the evidence, a sentence by itself, they mostly do not. */
static void script_translate(struct script *s, const struct exchange *e, const char *english, const char **begun)
{
    const struct translation *t = wording_translation(language_code(e));
    struct words evidence = { 0 };

    *begun = t != NULL ? t->begun : "";
    add_message(s, TEXT_SYSTEM, wording_translate_system);
    for (size_t i = 0; i < WORDING_N_TRANSLATED && t != NULL; i++) {
        add_translated(s, english, wording_translate_example[i]);
        add_text(s, t->answer[i]);
        add_template(s, PIECE_CLOSE, TEXT_ASSISTANT);
    }
    evidence_sentence(&evidence, e->media[0].attachment->seen->report);
    const struct glance *g = attachment_description(e->media[0].attachment);
    if (g != NULL)                  /* without quotation marks, which keep their words as they are */
        words_add(&evidence, " %s says: %s", g->eyes, g->words);
    if (evidence.failed)
        s->failed = true;
    else
        add_translated(s, english, evidence.text);
    words_done(&evidence);
}

static void script_sentence(struct script *s, const char *system, const struct exchange *e, const char **begun)
{
    const struct wording *w = wording_for(language_code(e));
    bool korean = strcmp(w->language, "ko") == 0;
    struct words evidence = { 0 };

    *begun = w->begun;
    add_system(s, w->describe_system, system);
    for (size_t i = 0; i < 2; i++) {
        add_described(s, w->example_evidence[i], w->describe);
        add_text(s, w->example_answer[i]);
        add_template(s, PIECE_CLOSE, TEXT_ASSISTANT);
    }
    (korean ? evidence_sentence_korean : evidence_sentence)(&evidence, e->media[0].attachment->seen->report);
    add_said(&evidence, e, e->media[0].attachment, korean);
    if (evidence.failed)
        s->failed = true;
    else
        add_described(s, evidence.text, *e->text != '\0' ? e->text : w->describe);
    words_done(&evidence);
}

static void script_of_rows(struct script *s, const char *system, const struct exchange *e, const char **begun)
{
    *begun = has_pair(e) ? "" : exchange_wording(e)->begun;
    add_rows_system(s, system, e);
    script_question(s, e);
    add_template(s, PIECE_OPEN, TEXT_ASSISTANT);
}

void script_describe(struct script *s, const char *system, const struct exchange *e, const char **begun)
{
    const char *english = exchange_translated_into(e);

    if (english != NULL)
        script_translate(s, e, english, begun);
    else if (exchange_has_rows(e))
        script_of_rows(s, system, e, begun);
    else
        script_sentence(s, system, e, begun);
    if (e->answer != NULL || e->has_form) {
        script_answer_so_far(s, e);
        *begun = "";
    } else if (**begun != '\0') {
        add_text(s, *begun);
    }
}
