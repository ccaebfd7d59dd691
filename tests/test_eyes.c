/* Pictures as rows: the prompt that projectors are trained with, piece by piece; that the rows reach the
 * text model; and which text models a projector suits. */
#include "fusion/conversation.h"
#include "fusion/eyes.h"
#include "fusion/wording.h"
#include "fusion/words.h"

#include "tests/text_models.h"

#include <math.h>

#define TINY_EYES "tests/golden/projector_tiny.gguf"        /* 32 wide, as TINY_QWEN2, for which it was made */
#define SMALL_EYES "tests/golden/projector_small.gguf"      /* 576 wide */
enum { N_ROWS = 3, N_EMBD = 32 };

static float rows[2][N_ROWS * N_EMBD];
static struct vision_object dog = { .name = "dog", .count = 1, .place = "left", .p = 0.9f, .colour = "", .finer = "" };
static struct vision_report pictures[] = {
    { .best_kind = "", .objects = &dog, .n_objects = 1, .note = "", .text = (char *)"EXIT", .rows = rows[0], .n_rows = N_ROWS },
    { .best_kind = "", .note = "", .text = (char *)"", .rows = rows[1], .n_rows = N_ROWS },
    { .best_kind = "", .note = "", .text = (char *)"", .too_small = true },
};
static struct segment said[] = { { .end = 2, .text = (char *)"Hello." } };
static struct transcript heard = { .segments = said, .n_segments = 1, .language = "en", .seconds = 2 };
static const struct perception seen[] = {
    { .kind = ATTACHMENT_IMAGE, .report = &pictures[0] }, { .kind = ATTACHMENT_IMAGE, .report = &pictures[1] },
    { .kind = ATTACHMENT_IMAGE, .report = &pictures[2] }, { .kind = ATTACHMENT_AUDIO, .transcript = &heard },
};
static const struct attachment attached[] = {
    { .id = 1, .name = "a.png", .seen = &seen[0] }, { .id = 2, .name = "b.png", .seen = &seen[1] },
    { .id = 3, .name = "dot.png", .seen = &seen[2] }, { .id = 4, .name = "c.wav", .seen = &seen[3] },
};
enum { FIRST, SECOND, DOT, CLIP };

/* ---- pieces ------------------------------------------------------------------------------- */

/* "<system>...</system>", rows as "{0}" or "{1}": the caller frees. */
static char *shown(struct script *s)
{
    static const char *const roles[] = { [TEXT_SYSTEM] = "system", [TEXT_USER] = "user", [TEXT_ASSISTANT] = "assistant" };
    struct words b = { 0 };

    assert_false(s->failed);
    for (size_t i = 0; i < s->n_pieces; i++) {
        const struct piece *p = &s->pieces[i];
        switch (p->kind) {
        case PIECE_OPEN:  words_add(&b, "<%s>", roles[p->role]); break;
        case PIECE_CLOSE: words_add(&b, "</%s>", roles[p->role]); break;
        case PIECE_TEXT:  words_add(&b, "%s", p->text); break;
        case PIECE_MARKER: words_add(&b, "|%s|", p->text); break;
        case PIECE_IDS:   words_add(&b, "ids"); break;
        case PIECE_ROWS:
            assert_int_equal(p->rows.n, N_ROWS);
            words_add(&b, "{%d%s}", p->rows.rows == rows[1], p->rows.both_ways ? ", both ways" : "");
            break;
        }
    }
    script_done(s);
    return words_take(&b, NULL);
}

static void expect(struct script *s, const char *expected)
{
    char *found = shown(s);

    assert_string_equal(found, expected);
    free(found);
}

static struct exchange make_exchange(enum turn_task task, const char *text, struct exchange_media *media, size_t n_media)
{
    return (struct exchange){ .task = task, .text = (char *)text, .media = media, .n_media = n_media, .language = "en" };
}

/* A pair's pictures and clips stand with its own markers, between no words of ours. */
static void test_pair(void **state)
{
    static struct media_piece pieces[] = {
        { .marker = (char *)"<row_1>" }, { .rows = rows[0], .n = N_ROWS }, { .marker = (char *)"<global>" },
        { .rows = rows[1], .n = N_ROWS, .both_ways = true },
    };
    static struct media_rows media = { .pieces = pieces, .n_pieces = 4, .n_embd = N_EMBD, .n_rows = 2 * N_ROWS };
    static const struct perception by_pair[] = {
        { .kind = ATTACHMENT_IMAGE, .report = &pictures[2], .media = &media, .projector = "pair" },
        { .kind = ATTACHMENT_AUDIO, .transcript = &heard, .media = &media, .projector = "pair" },
    };
    static const struct attachment two[] = { { .name = "a.png", .seen = &by_pair[0] }, { .name = "c.wav", .seen = &by_pair[1] } };
    struct exchange_media used[] = { { &two[0], SIZE_MAX, false }, { &two[1], SIZE_MAX, false } };
    struct exchange e = make_exchange(TURN_DESCRIBE, "", used, 1);
    struct script s = { 0 };
    const char *begun;
    (void)state;

    script_describe(&s, NULL, &e, &begun);
    assert_string_equal(begun, "");
    expect(&s, "<user>|<row_1>|{0}|<global>|{1, both ways}Describe the image in one sentence.</user><assistant>");
    e = make_exchange(TURN_CHAT, "Who speaks?", used, 2);
    script_system(&s, NULL, &e);
    script_question(&s, &e);
    expect(&s, "<user>|<row_1>|{0}|<global>|{1, both ways}|<row_1>|{0}|<global>|{1, both ways}Who speaks?</user>");
    script_system(&s, "Be polite.", &e);
    expect(&s, "<system>Be polite.</system>");
    assert_int_equal(perception_n_rows(&by_pair[0]), 6);
}

/* A clip as rows of ours has a system message of its own and a line break; one that is to be told in words has its lines. */
static void test_own_ears(void **state)
{
    static struct media_piece piece = { .rows = rows[1], .n = N_ROWS };
    static struct media_rows media = { .pieces = &piece, .n_pieces = 1, .n_embd = N_EMBD, .n_rows = N_ROWS };
    static const struct perception own = { .kind = ATTACHMENT_AUDIO, .transcript = &heard, .media = &media, .projector = "own", .own_media = true };
    static const struct attachment a = { .name = "c.wav", .seen = &own };
    struct exchange_media used[] = { { &a, SIZE_MAX, false } };
    struct exchange e = make_exchange(TURN_CHAT, "What is said?", used, 1);
    struct script s = { 0 };
    (void)state;

    script_system(&s, NULL, &e);
    script_question(&s, &e);
    expect(&s, "<system>You are mynah, an assistant that hears.</system><user>{1}\nWhat is said?</user>");
    used[0].in_words = true;
    assert_false(exchange_has_rows(&e));
    script_question(&s, &e);
    char *text = shown(&s);
    assert_non_null(strstr(text, "Hello."));
    assert_null(strstr(text, "{1}"));
    free(text);
}

/* A clip with a line that a person corrected is told in words; as rows again once what was heard is back. */
static void test_corrected_clip(void **state)
{
    static struct media_piece piece = { .rows = rows[1], .n = N_ROWS };
    static struct media_rows media = { .pieces = &piece, .n_pieces = 1, .n_embd = N_EMBD, .n_rows = N_ROWS };
    struct preview preview = { .n_rows = N_ROWS };
    struct perception as_rows = { .kind = ATTACHMENT_AUDIO, .transcript = &heard, .media = &media, .projector = "pair", .preview = &preview };
    (void)state;

    struct attachment *a = attachment_new(1, "c.wav", &as_rows, NULL, NULL), *mine = attachment_corrected(a, 0, "Mine.", NULL);
    assert_string_equal(attachment_said(mine, 0).text, "Mine.");
    assert_int_equal(perception_n_rows(mine->seen), 0);
    struct attachment *back = attachment_corrected(mine, 0, NULL, NULL);
    assert_string_equal(attachment_said(back, 0).text, attachment_said(a, 0).text);
    assert_int_equal(perception_n_rows(back->seen), N_ROWS);
    assert_non_null(strstr(attachment_details(back), "by the projector pair"));
    attachment_free(back);
    attachment_free(mine);
    attachment_free(a);
}

static void test_description(void **state)
{
    struct exchange_media media[] = { { &attached[FIRST], SIZE_MAX, false } };
    struct exchange e = make_exchange(TURN_DESCRIBE, "", media, 1);
    struct script s = { 0 };
    const char *begun;
    (void)state;

    script_describe(&s, NULL, &e, &begun);
    assert_string_equal(begun, "The image shows");
    expect(&s, "<system>You are mynah, an assistant that sees pictures.</system>"
               "<user>{0}\nDescribe the image in one sentence.</user><assistant>The image shows");
    script_describe(&s, "Be polite.", &e, &begun);
    expect(&s, "<system>You are mynah, an assistant that sees pictures.\nBe polite.</system>"
               "<user>{0}\nDescribe the image in one sentence.</user><assistant>The image shows");
    snprintf(e.language, sizeof e.language, "Korean");
    script_describe(&s, NULL, &e, &begun);
    assert_string_equal(begun, "이 사진에는");
    expect(&s, "<system>You are mynah, an assistant that sees pictures.</system>"
               "<user>{0}\n사진을 한 문장으로 설명하세요. 한국어로 대답하세요.</user><assistant>이 사진에는");
    snprintf(e.language, sizeof e.language, "en");
    e.answer = (char *)"The image shows a dog";     /* which goes on */
    script_describe(&s, NULL, &e, &begun);
    assert_string_equal(begun, "");
    expect(&s, "<system>You are mynah, an assistant that sees pictures.</system>"
               "<user>{0}\nDescribe the image in one sentence.</user><assistant>The image shows a dog");
}

/* Of a language without a wording, the sentence in words is translated. */
static void test_translated(void **state)
{
    struct exchange_media media[] = { { &attached[FIRST], SIZE_MAX, false } };
    struct exchange e = make_exchange(TURN_DESCRIBE, "", media, 1);
    struct script s = { 0 };
    const char *begun;
    (void)state;

    snprintf(e.language, sizeof e.language, "de");
    script_describe(&s, NULL, &e, &begun);
    char *text = shown(&s);
    assert_non_null(strstr(text, "Translate into German: The image shows a dog on the left"));
    assert_null(strstr(text, "{0}"));
    free(text);
}

/* No worked turns, no evidence of what has rows, no wish to quote; pictures stand first. */
static void test_chat(void **state)
{
    struct exchange_media one[] = { { &attached[FIRST], SIZE_MAX, false } };
    struct exchange_media both[] = { { &attached[CLIP], SIZE_MAX, false }, { &attached[SECOND], SIZE_MAX, false }, { &attached[FIRST], SIZE_MAX, false } };
    struct exchange e = make_exchange(TURN_CHAT, "What does it say?", one, 1);
    struct script s = { 0 };
    (void)state;

    script_system(&s, NULL, &e);
    expect(&s, "<system>You are mynah, an assistant that sees pictures.</system>");
    script_question(&s, &e);
    expect(&s, "<user>{0}\nWhat does it say?</user>");
    e.text = (char *)"이게 뭐야?";
    script_question(&s, &e);
    expect(&s, "<user>{0}\n이게 뭐야? 한국어로 대답하세요.</user>");

    e = make_exchange(TURN_CHAT, "Compare.", both, 3);
    script_question(&s, &e);
    char *text = shown(&s);
    assert_ptr_equal(strstr(text, "<user>{1}\n{0}\n[Attached recording 1, c.wav. "), text);
    assert_non_null(strstr(text, "Hello."));
    assert_null(strstr(text, "dog"));
    assert_string_equal(text + strlen(text) - strlen("]\nCompare.</user>"), "]\nCompare.</user>");
    free(text);

    e = make_exchange(TURN_CHAT, "Hi", NULL, 0);    /* nothing of it without a picture */
    script_system(&s, NULL, NULL);
    script_question(&s, &e);
    text = shown(&s);
    assert_non_null(strstr(text, wording_chat_system));
    assert_non_null(strstr(text, "<user>Hi</user>"));
    free(text);
}

/* The networks do not look at it: it is told in words. */
static void test_too_small(void **state)
{
    struct exchange_media media[] = { { &attached[DOT], SIZE_MAX, false } };
    struct exchange e = make_exchange(TURN_CHAT, "What is it?", media, 1);
    struct script s = { 0 };
    (void)state;

    assert_false(exchange_has_rows(&e));
    script_question(&s, &e);
    char *text = shown(&s);
    assert_ptr_equal(strstr(text, "<user>[Attached image. "), text);
    free(text);
}

/* ---- spans -------------------------------------------------------------------------------- */

static void fill_rows(void)
{
    for (size_t i = 0; i < (size_t)N_ROWS * N_EMBD; i++) {
        rows[0][i] = (float)((37 * i + 11) % 17) / 17 - 0.5f;
        rows[1][i] = -rows[0][i];
    }
}

static float distance(const float *a, const float *b)
{
    float most = 0;

    for (size_t i = 0; i < TINY_N_VOCAB; i++)
        most = fmaxf(most, fabsf(a[i] - b[i]));
    return most;
}

static void prefill(const struct text_model *m, struct text_context *x, const struct compute *c, struct exchange *e,
                    float *logits, size_t *n_reused)
{
    struct conversation conversation = { 0 };
    struct prompt_room room = { .model = m, .n_ctx = text_context_size(x) };
    struct prompt p = { 0 };
    struct error err = { 0 };
    const float *found;

    if (!conversation_prompt(&conversation, &room, e, true, &p, &err))
        fail_msg("%s", err.text);
    assert_int_equal(p.parts.n_rows, N_ROWS);
    assert_int_equal(p.parts.n_tokens, p.n_tokens);
    size_t n_tokens = 0, n_spans_of_rows = 0;
    for (size_t i = 0; i < p.parts.n_spans; i++) {
        n_tokens += p.parts.spans[i].n;
        n_spans_of_rows += p.parts.spans[i].ids == NULL && p.parts.spans[i].rows != NULL && p.parts.spans[i].n == N_ROWS;
    }
    assert_int_equal(n_tokens, p.n_tokens);
    assert_int_equal(n_spans_of_rows, 1);
    if (!text_prefill(x, c, p.parts.spans, p.parts.n_spans, &found, n_reused, NULL, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(text_context_used(x), p.n_tokens);
    memcpy(logits, found, TINY_N_VOCAB * sizeof *logits);
    prompt_done(&p);
}

/* The same rows are found again in the cache; others change what follows. */
static void test_rows_reach_the_model(void **state)
{
    struct exchange_media media[] = { { &attached[FIRST], SIZE_MAX, false } };
    struct exchange e = make_exchange(TURN_DESCRIBE, "", media, 1);
    struct text_model *m = must_open(TINY_QWEN2);
    struct text_context *x = must_context(m, TINY_N_CTX);
    struct compute c = must_compute(2);
    float logits[3][TINY_N_VOCAB];
    size_t n_reused;
    (void)state;

    fill_rows();
    prefill(m, x, &c, &e, logits[0], &n_reused);
    assert_int_equal(n_reused, 0);
    prefill(m, x, &c, &e, logits[1], &n_reused);
    assert_true(n_reused + 1 >= text_context_used(x));
    assert_true(distance(logits[0], logits[1]) < 1e-5f);
    media[0].attachment = &attached[SECOND];
    prefill(m, x, &c, &e, logits[2], &n_reused);
    assert_true(n_reused > 0 && n_reused < text_context_used(x) - N_ROWS);
    assert_true(distance(logits[0], logits[2]) > 0.01f);
    compute_done(&c);
    text_context_free(x);
    text_model_close(m);
}

/* ---- which text model ----------------------------------------------------------------------- */

static struct session_params params_of(const char *text, const char *mmproj)
{
    struct session_params p = session_params_default();

    p.text_path = text;
    p.text_name = "a model";
    p.n_ctx = 512;
    p.n_threads = 1;
    p.eyes = mmproj != NULL ? EYES_ROWS : EYES_WORDS;
    p.mmproj_path = mmproj;
    p.mmproj_name = mmproj != NULL ? "some-eyes" : NULL;
    return p;
}

/* The event that ends loading, the caller's; what was noted before it. */
static struct session_event load(const struct session_params *params, char *note, size_t n_note)
{
    struct error err = { 0 };
    struct session *s = session_new(params, &err);
    struct session_event event;

    if (s == NULL)
        fail_msg("%s", err.text);
    *note = '\0';
    for (;;) {
        session_wait(s, &event);
        if (event.kind == SESSION_NOTE)
            snprintf(note, n_note, "%s", event.text);
        session_event_done(&event);
        if (event.kind == SESSION_READY || event.kind == SESSION_FAILED)
            break;
    }
    session_free(s);
    return event;
}

static void test_suits(void **state)
{
    struct session_params p = params_of(TINY_QWEN2, TINY_EYES);
    char note[500];
    (void)state;

    assert_int_equal(load(&p, note, sizeof note).kind, SESSION_READY);
    assert_string_equal(note, "");
    p.text_path = TINY_LLAMA;                       /* as wide, but another */
    assert_int_equal(load(&p, note, sizeof note).kind, SESSION_READY);
    assert_string_equal(note, "some-eyes was made for the text model tiny random qwen2, and a model is another: "
                              "it may not understand its rows");
    p = params_of(TINY_QWEN2, SMALL_EYES);
    struct session_event event = load(&p, note, sizeof note);
    assert_int_equal(event.kind, SESSION_FAILED);
    assert_int_equal(event.err.code, ERROR_MODEL);
    assert_non_null(strstr(event.err.text, "some-eyes gives rows of 576 numbers, the text model a model takes 32: it was made for Smollm2"));
    assert_non_null(strstr(event.err.text, "(-m)"));
    p.mmproj_text = "tiny";
    assert_non_null(strstr(load(&p, note, sizeof note).err.text, "some-eyes speaks to tiny: add -m tiny"));
}

static void test_refused(void **state)
{
    static const struct { const char *path, *expected; } cases[] = {
        { "tests/golden/whisper_tiny.bin", "--mmproj takes a projector for pictures or sound: tests/golden/whisper_tiny.bin: is not a GGUF file" },
        { TINY_LLAMA, "architecture is llama, a projector (clip) was expected" },
        { "tests/golden/head_tiny.gguf", "architecture is mynah-head" },
        { "/nowhere/eyes.gguf", "/nowhere/eyes.gguf" },
    };
    struct error err = { 0 };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session_params p = params_of(TINY_QWEN2, cases[i].path);
        assert_null(session_new(&p, &err));
        assert_int_equal(err.code, ERROR_MODEL);
        if (strstr(err.text, cases[i].expected) == NULL)
            fail_msg("%s", err.text);
    }
    struct session_params p = params_of(TINY_QWEN2, NULL);
    p.eyes = EYES_ROWS;
    assert_null(session_new(&p, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    p.mmproj_name = "no-eyes";
    assert_null(session_new(&p, &err));
    assert_string_equal(err.text, "the projector no-eyes is not part of this program");
    p.eyes = EYES_WORDS;                            /* then nobody asks for it */
    struct session *s = session_new(&p, &err);
    assert_non_null(s);
    session_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_description), cmocka_unit_test(test_pair), cmocka_unit_test(test_own_ears), cmocka_unit_test(test_corrected_clip), cmocka_unit_test(test_translated), cmocka_unit_test(test_chat),
        cmocka_unit_test(test_too_small), cmocka_unit_test(test_rows_reach_the_model), cmocka_unit_test(test_suits),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
