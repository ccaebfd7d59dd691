/* Sessions without weights: previews of real files, and turns on a tiny random model, whose
 * tokens are bytes: answers end inside characters, and what is not UTF-8 comes too. */
#include "fusion/preview.h"
#include "fusion/session.h"
#include "fusion/words.h"

#include "tests/text_models.h"

#include <math.h>

#define IMAGES "tests/golden/images/"

enum { MAX_TURNS = 64 };

static struct session *open_session(const char *model, size_t n_ctx)
{
    struct session_params params = session_params_default();
    struct session_event event;
    struct error err = { 0 };

    params.text_path = model;
    params.n_ctx = n_ctx;
    params.n_threads = 2;
    params.max_tokens = 12;
    struct session *s = session_new(&params, &err);
    if (s == NULL)
        fail_msg("%s", err.text);
    do {
        session_wait(s, &event);
        session_event_done(&event);
    } while (event.kind == SESSION_PROGRESS);
    assert_int_equal(event.kind, SESSION_READY);
    return s;
}

/* The event that ends the request; the caller releases it. */
static struct session_event finish(struct session *s, uint32_t request, struct words *answer, bool stop)
{
    struct session_event event;

    for (;;) {
        session_wait(s, &event);
        assert_int_equal(event.request, request);
        if (event.kind == SESSION_TEXT) {
            assert_true(*event.text != '\0');
            if (answer != NULL)
                words_add(answer, "%s", event.text);
        }
        if (event.kind != SESSION_PROGRESS && event.kind != SESSION_TEXT && event.kind != SESSION_NOTE &&
            event.kind != SESSION_DECODED)
            return event;
        if (stop)
            session_cancel(s);
        session_event_done(&event);
    }
}

/* ---- previews --------------------------------------------------------------------------- */

static struct image *make_image(size_t width, size_t height)
{
    struct image *image = calloc(1, sizeof *image);

    *image = (struct image){ .width = width, .height = height, .rgb = malloc(width * height * 3), .format = "PNG" };
    for (size_t i = 0; i < width * height; i++) {           /* left half black, right half white */
        memset(image->rgb + 3 * i, i % width < width / 2 ? 0 : 255, 3);
    }
    return image;
}

static void test_thumbnails(void **state)
{
    static const struct { size_t width, height, small_width, small_height; } cases[] = {
        { 640, 480, 192, 144 }, { 480, 640, 144, 192 }, { 192, 192, 192, 192 }, { 48, 32, 48, 32 },
        { 2000, 2, 192, 1 }, { 1, 1, 1, 1 }, { 193, 100, 192, 99 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct image *image = make_image(cases[i].width, cases[i].height);
        struct preview *p = preview_of_image(image, NULL), *copy = preview_copy(p, NULL);
        char summary[40];
        snprintf(summary, sizeof summary, "%zux%zu PNG", cases[i].width, cases[i].height);
        assert_string_equal(copy->summary, summary);
        assert_int_equal(copy->width, cases[i].small_width);
        assert_int_equal(copy->height, cases[i].small_height);
        assert_memory_equal(copy->rgb, p->rgb, p->width * p->height * 3);
        assert_int_equal(p->n_peaks, 0);
        if (p->width > 1) {
            assert_int_equal(p->rgb[0], 0);
            assert_int_equal(p->rgb[3 * p->width - 1], 255);
        }
        preview_free(copy);
        preview_free(p);
        image_free(image);
    }
}

static struct preview *preview_of(const struct clip *clip)
{
    const struct compute c = { 0 };
    struct sound *sound = sound_of_clip(clip, NULL);
    struct preview *p = preview_of_sound(sound, &c, NULL);

    sound_close(sound);
    return p;
}

static void test_peaks(void **state)
{
    enum { N = 75 * AUDIO_HZ + AUDIO_HZ / 2 };
    static float samples[N];
    struct clip clip = { samples, N, 75.5, AUDIO_HZ, 1, "WAV", 1, 0.1f };

    (void)state;
    samples[0] = -0.5f;
    samples[N - 1] = 1.5f;
    samples[N / 2 + 1000] = 0.25f;
    struct preview *p = preview_of(&clip), *copy = preview_copy(p, NULL);
    assert_string_equal(copy->summary, "1:15 min WAV");
    assert_int_equal(copy->n_peaks, PREVIEW_PEAKS);
    assert_true(copy->peaks[0] == 0.5f && copy->peaks[255] == 1.0f && copy->peaks[128] == 0.25f);
    for (size_t i = 1; i < 255; i++)
        if (i != 128)
            assert_true(copy->peaks[i] == 0);
    assert_int_equal(preview_n_windows(copy), 3);
    preview_free(copy);
    preview_free(p);
    clip.n_samples = 100;
    clip.seconds = 0.01;
    p = preview_of(&clip);
    assert_int_equal(p->n_peaks, 100);
    assert_int_equal(preview_n_windows(p), 1);
    preview_free(p);
}

/* One second of a tone at half scale, 16 bits, after a second of silence. */
static void write_wav(char *path)
{
    const unsigned rate = 16000, n = 2 * rate;
    unsigned char head[44] = "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0";
    const uint32_t sizes[] = { 36 + 2 * n, rate, 2 * rate, 2 * n };
    int fd = mkstemp(path);

    memcpy(head + 4, &sizes[0], 4);
    memcpy(head + 24, &sizes[1], 4);
    memcpy(head + 28, &sizes[2], 4);
    memcpy(head + 32, "\2\0\x10\0data", 8);
    memcpy(head + 40, &sizes[3], 4);
    assert_int_equal(write(fd, head, sizeof head), sizeof head);
    for (unsigned i = 0; i < n; i++) {
        int16_t sample = i < rate ? 0 : (int16_t)(16384 * sin(i * 0.3));
        assert_int_equal(write(fd, &sample, 2), 2);
    }
    close(fd);
}

/* Of files, by a session that has no model at all; turned upright as its EXIF wants. */
static void test_previews_of_files(void **state)
{
    struct session *s = open_session(NULL, 0);
    char wav[] = "/tmp/mynah-preview-XXXXXX";

    (void)state;
    struct session_event upright = finish(s, session_preview(s, IMAGES "exif1.jpg"), NULL, false);
    struct session_event turned = finish(s, session_preview(s, IMAGES "exif6.jpg"), NULL, false);
    assert_int_equal(upright.kind, SESSION_PREVIEWED);
    assert_int_equal(turned.kind, SESSION_PREVIEWED);
    assert_string_equal(turned.preview->summary, "48x32 JPEG");
    assert_int_equal(turned.preview->width, 48);
    assert_int_equal(turned.preview->height, 32);
    double difference = 0;
    for (size_t i = 0; i < 48 * 32 * 3; i++)
        difference += fabs((double)upright.preview->rgb[i] - turned.preview->rgb[i]);
    assert_true(difference / (48 * 32 * 3) < 8);            /* the same picture, but for JPEG's blocks */
    session_event_done(&upright);
    session_event_done(&turned);

    write_wav(wav);
    struct session_event heard = finish(s, session_preview(s, wav), NULL, false);
    assert_int_equal(heard.kind, SESSION_PREVIEWED);
    assert_string_equal(heard.preview->summary, "2.0 s WAV");
    assert_true(fabs(heard.preview->seconds - 2) < 0.01);
    assert_true(heard.preview->peaks[10] < 0.01f && heard.preview->peaks[200] > 0.4f && heard.preview->peaks[200] < 0.6f);
    assert_true(heard.preview->expected_ms == 0);
    session_event_done(&heard);
    unlink(wav);

    static const char *const refused[] = { "/nowhere/at/all.png", IMAGES "refused.gif", "Makefile" };
    for (size_t i = 0; i < 3; i++) {
        struct session_event event = finish(s, session_preview(s, refused[i]), NULL, false);
        assert_int_equal(event.kind, SESSION_FAILED);
        assert_int_equal(event.err.code, ERROR_INPUT);
        assert_non_null(strstr(event.err.text, refused[i]));
    }
    session_free(s);
}

/* Attached without the networks: decoded and shown, then it says what is missing. */
static void test_decoded_before_encoded(void **state)
{
    struct session *s = open_session(NULL, 0);
    struct session_event event;
    bool decoded = false;

    (void)state;
    session_attach(s, IMAGES "rgb.png");
    do {
        session_wait(s, &event);
        decoded |= event.kind == SESSION_DECODED && event.preview->width == 48 && event.preview->rgb != NULL;
        session_event_done(&event);
    } while (event.kind != SESSION_FAILED);
    assert_true(decoded);
    assert_int_equal(event.err.code, ERROR_MODEL);
    session_free(s);
}

/* ---- turns -------------------------------------------------------------------------------- */

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

/* The turns as they should be: what each takes, and for how many turns it was left out. */
static struct {
    size_t n, base, sizes[MAX_TURNS + 1], left_for[MAX_TURNS + 1];      /* SIZE_MAX: told */
} turns;

/* What all told turns take, with those that the measured prompt would leave out. */
static size_t total_of(const struct session_event *measured)
{
    size_t total = measured->n_prompt;

    for (size_t i = 0; i < measured->n_left_out; i++)
        total += turns.sizes[measured->left_out[i]];
    return total;
}

static size_t measure_all(struct session *s)
{
    struct session_event event = finish(s, session_measure(s, &(struct turn){ .text = "" }), NULL, false);

    assert_int_equal(event.kind, SESSION_MEASURED);
    assert_int_equal(event.n_ctx, 1024);
    size_t total = total_of(&event);
    session_event_done(&event);
    return total;
}

static size_t expected(void)
{
    size_t sum = turns.base;

    for (size_t i = 0; i < turns.n; i++)
        sum += turns.left_for[i] == SIZE_MAX ? turns.sizes[i] : 0;
    return sum;
}

/* The newest turn takes what is more than expected. */
static void add_turn(struct session *s)
{
    turns.sizes[turns.n] = 0;
    turns.left_for[turns.n++] = SIZE_MAX;
    turns.sizes[turns.n - 1] = measure_all(s) - expected();
    assert_true(turns.sizes[turns.n - 1] > 0 && turns.sizes[turns.n - 1] < 700);
}

static void rewind_turns(struct session *s, size_t n)
{
    session_rewind(s, n);
    turns.n = n;
    for (size_t i = 0; i < n; i++)
        if (turns.left_for[i] != SIZE_MAX && turns.left_for[i] > n)
            turns.left_for[i] = SIZE_MAX;
    assert_int_equal(measure_all(s), expected());
}

/* Measured, then asked: the same positions and the same turns left out.  True: answered. */
static bool ask_as_measured(struct session *s, const struct turn *turn, bool stop)
{
    struct session_event measured = finish(s, session_measure(s, turn), NULL, false);
    struct session_event answered = finish(s, session_ask(s, turn), NULL, stop);
    bool good = answered.kind == SESSION_ANSWERED, adds = good && turn->task != TURN_CONTINUE;
    bool leaves = good && !(answered.stopped && turn->task == TURN_SUMMARISE);

    if (good) {
        assert_int_equal(measured.kind, SESSION_MEASURED);
        assert_true(measured.n_prompt <= measured.n_most);
        assert_int_equal(answered.n_prompt, measured.n_prompt);
        assert_int_equal(answered.n_left_out, leaves ? measured.n_left_out : 0);
    } else {
        assert_true(measured.kind == SESSION_FAILED || measured.n_prompt > measured.n_most);
    }
    for (size_t i = 0; good && i < answered.n_left_out; i++) {
        assert_int_equal(answered.left_out[i], measured.left_out[i]);
        assert_true(turns.left_for[answered.left_out[i]] == SIZE_MAX);      /* none twice */
        turns.left_for[answered.left_out[i]] = turns.n + (turn->task == TURN_SUMMARISE);
    }
    session_event_done(&measured);
    session_event_done(&answered);
    if (adds)
        add_turn(s);
    return good;
}

/* Anything in any order; what is told stays what a list kept here says. */
static void test_random_turns(void **state)
{
    struct session *s = open_session(TINY_QWEN2, 1024);
    char text[400];
    size_t n_left_out = 0;

    (void)state;
    turns.base = measure_all(s);
    for (int step = 0; step < 200; step++) {
        uint32_t what = random_below(12);
        memset(text, 'a' + (int)random_below(26), sizeof text);
        text[random_below(200) + 1] = '\0';
        if (turns.n == MAX_TURNS || what == 0) {
            rewind_turns(s, random_below((uint32_t)turns.n + 1));
        } else if (what < 5) {
            session_restore(s, &(struct turn){ .text = text }, random_below(4) > 0 ? text : NULL);
            add_turn(s);
        } else if (what == 5) {
            if (ask_as_measured(s, &(struct turn){ .task = TURN_CONTINUE }, random_below(2) > 0))
                turns.sizes[turns.n - 1] += measure_all(s) - expected();
        } else if (what == 6) {
            ask_as_measured(s, &(struct turn){ .task = TURN_SUMMARISE, .n_summarised = random_below(4) }, random_below(4) == 0);
        } else {
            assert_true(ask_as_measured(s, &(struct turn){ .text = text }, random_below(3) == 0));
        }
        for (size_t i = 0; i < turns.n; i++)
            n_left_out += turns.left_for[i] != SIZE_MAX;
    }
    assert_true(n_left_out > 100);                          /* or nothing was tested */
    session_free(s);
}

/* A chat of more than three contexts goes on: its system message and the turns that stay are not evaluated
 * again when others are left out, only the question and the answer before it, which may be told as text. */
static void test_a_long_chat_goes_on(void **state)
{
    enum { N_CTX = 1024, QUESTION = 60 };
    struct session *s = open_session(TINY_LLAMA, N_CTX);
    struct session_settings settings = session_settings_default();
    size_t n_said = 0, n_system = 0, n_shifts = 0;
    char text[QUESTION + 1] = "";

    (void)state;
    settings.system = "Be brief.";
    settings.max_tokens = 12;
    settings.temperature = 0;
    session_configure(s, &settings);
    n_system = measure_all(s);
    for (int i = 0; n_said < 4 * N_CTX; i++) {
        memset(text, 'a' + i % 26, QUESTION);
        struct session_event event = finish(s, session_ask(s, &(struct turn){ .text = text }), NULL, false);
        assert_int_equal(event.kind, SESSION_ANSWERED);
        assert_true(event.n_generated > 0);
        n_said += QUESTION + event.n_generated;
        if (event.n_left_out > 0) {
            n_shifts++;
            if (event.n_reused < n_system || event.n_prompt - event.n_reused > 2 * QUESTION + 40)
                fail_msg("turn %d: %zu of %zu positions were kept", i, event.n_reused, event.n_prompt);
        }
        session_event_done(&event);
    }
    assert_true(n_shifts >= 3);
    session_free(s);
}

/* An answer that ends inside a character is told again as the text that it is; any other as
 * the tokens that were generated. */
static void test_going_on_over_split_characters(void **state)
{
    struct session *s = open_session(TINY_QWEN2, 1024);
    struct session_settings settings = session_settings_default();
    size_t n_as_generated = 0, n_as_text = 0;

    (void)state;
    settings.temperature = 2;
    for (size_t i = 1; i <= 40; i++) {
        struct words answer = { 0 };
        settings.seed = i;
        settings.max_tokens = 1 + i % 12;
        session_configure(s, &settings);
        struct session_event event = finish(s, session_ask(s, &(struct turn){ .text = "?" }), &answer, false);
        assert_int_equal(event.kind, SESSION_ANSWERED);
        if (answer.n > 0) {
            struct session_event more = finish(s, session_ask(s, &(struct turn){ .task = TURN_CONTINUE }), &answer, false);
            assert_int_equal(more.kind, SESSION_ANSWERED);
            bool as_generated = more.n_prompt == event.n_prompt + event.n_generated;
            n_as_generated += as_generated;
            n_as_text += !as_generated;
            session_event_done(&more);
        }
        session_event_done(&event);
        words_done(&answer);
        session_rewind(s, 0);
    }
    assert_true(n_as_generated > 0 && n_as_text > 0);
    session_free(s);
}

/* Requests pile up, are cancelled, and the session ends under them. */
static void test_ended_under_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct session *s = open_session(TINY_QWEN2, 1024);
        struct session_settings settings = session_settings_default();
        struct session_event event;
        settings.system = "Be brief.";
        for (size_t k = 0; k < 6; k++) {
            session_restore(s, &(struct turn){ .text = "One?" }, "One.");
            session_ask(s, &(struct turn){ .text = "Two?" });
            session_configure(s, &settings);
            session_measure(s, &(struct turn){ .text = "Three?" });
            session_preview(s, IMAGES "rgb.png");
            session_rewind(s, k);
        }
        for (size_t k = 0; k < 3 * i; k++) {
            session_wait(s, &event);
            session_event_done(&event);
            session_cancel(s);
        }
        session_free(s);
    }
}

/* ---- templates ------------------------------------------------------------------------------ */

/* A copy of the model with a template that takes no system message, of the same length. */
static void write_without_system(char *path)
{
    static const char name[] = "tokenizer.chat_template", source[] = "{% for m in messages %}"
        "{% if m.role == 'system' %}{{ raise_exception('none') }}{% endif %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}{#";
    size_t n;
    char *bytes = read_whole(TINY_QWEN2, &n);
    char *value = (char *)memmem(bytes, n, name, sizeof name - 1) + sizeof name - 1 + 4;     /* behind the kind */
    uint64_t length;
    int fd = mkstemp(path);

    memcpy(&length, value, sizeof length);
    value += sizeof length;
    assert_true(length > sizeof source + 2);
    memset(value, '-', length);
    memcpy(value, source, sizeof source - 1);
    memcpy(value + length - 2, "#}", 2);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
    free(bytes);
}

/* Notes that hold the words, of a question. */
static size_t n_notes(struct session *s, const char *words)
{
    uint32_t request = session_ask(s, &(struct turn){ .text = "hello" });
    struct session_event event;
    size_t n = 0;
    bool ended;

    do {
        session_wait(s, &event);
        n += event.kind == SESSION_NOTE && strstr(event.text, words) != NULL;
        ended = event.request == request && (event.kind == SESSION_ANSWERED || event.kind == SESSION_FAILED);
        assert_int_not_equal(event.kind, SESSION_FAILED);
        session_event_done(&event);
    } while (!ended);
    return n;
}

/* Said with the first question, when there is one of the user's own. */
static void test_no_system_message(void **state)
{
    char path[] = "/tmp/mynah-test-XXXXXX";
    struct session_settings settings = session_settings_default();
    (void)state;

    write_without_system(path);
    for (int takes = 0; takes < 2; takes++) {
        struct session *s = open_session(takes == 1 ? TINY_QWEN2 : path, 0);
        settings.max_tokens = 2;
        settings.system = NULL;
        session_configure(s, &settings);
        assert_int_equal(n_notes(s, "takes no system message"), 0);
        settings.system = "Be brief.";
        session_configure(s, &settings);
        assert_int_equal(n_notes(s, "takes no system message"), takes == 1 ? 0 : 1);
        assert_int_equal(n_notes(s, "takes no system message"), 0);
        session_free(s);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thumbnails), cmocka_unit_test(test_peaks), cmocka_unit_test(test_previews_of_files),
        cmocka_unit_test(test_decoded_before_encoded), cmocka_unit_test(test_random_turns),
        cmocka_unit_test(test_a_long_chat_goes_on), cmocka_unit_test(test_going_on_over_split_characters), cmocka_unit_test(test_ended_under_requests), cmocka_unit_test(test_no_system_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
