/* What presses and events do to the chat, over an engine that the test plays. */
#include "fake_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

static const struct fake_attachment dogs = { 7, ATTACHMENT_IMAGE, "dogs.jpg", "640x480 JPEG", "objects: two dogs", 42 };

static char folder[] = "/tmp/mynah-tui-XXXXXX";
static char picture[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || setenv("XDG_DATA_HOME", folder, 1) != 0)
        return -1;
    snprintf(picture, sizeof picture, "%s/dogs.jpg", folder);
    FILE *file = fopen(picture, "w");
    return file != NULL && fputs("dogs", file) >= 0 && fclose(file) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void attached(struct tui *t, uint32_t request, const struct fake_attachment *a)
{
    fake_event(t, (struct session_event){ .kind = SESSION_ATTACHED, .request = request, .attachment = (const struct attachment *)a });
}

static void failed(struct tui *t, uint32_t request, const char *text)
{
    struct session_event e = { .kind = SESSION_FAILED, .request = request };

    error_set(&e.err, ERROR_INPUT, "%s", text);
    tui_event(t, &e);
}

static void assert_screen(struct tui *t, const char *has)
{
    if (strstr(fake_screen(t), has) == NULL)
        fail_msg("\"%s\" is not on the screen:\n%s", has, fake_screen(t));
}

static void assert_called(const char *call)
{
    if (strstr(fake.calls, call) == NULL)
        fail_msg("\"%s\" was not called:\n%s", call, fake.calls);
}

static void start(struct tui *t)
{
    fake_start(t, 24, 80, NULL, NULL);
    fake_ready(t);
}

static void type_path(struct tui *t, const char *before, const char *after)
{
    char bytes[256];

    snprintf(bytes, sizeof bytes, "%s%s%s", before, picture, after);
    fake_type(t, bytes);
}

static void test_chip(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    type_path(&t, "\x1B[200~", "\x1B[201~");                /* pasted */
    assert_int_equal(t.n_chips, 1);
    assert_int_equal(t.editor.text.n, 0);
    assert_screen(&t, "[dogs.jpg · reading]");
    attached(&t, fake.last, &dogs);
    assert_screen(&t, "[image dogs.jpg · 640x480 JPEG · 42 tokens, 1 %]");
    fake_type(&t, "what?\x01\x7F");                         /* Backspace at the start takes the chip whole */
    assert_int_equal(t.n_chips, 0);
    assert_string_equal(buffer_text(&t.editor.text), "what?");
    type_path(&t, "\x01/attach '", "'\x0B\r");              /* typed */
    assert_int_equal(t.n_chips, 1);
    attached(&t, fake.last, &dogs);
    fake_type(&t, "what is it?\r");
    assert_called("ask what is it? #7\n");
    assert_screen(&t, "› image dogs.jpg · 640x480 JPEG · 42 tokens, 1 %\n  what is it?\n");
    assert_int_equal(t.n_chips, 0);
    tui_done(&t);
}

static void test_typed_path_alone(void **state)
{
    struct tui t;
    struct press letter = { .kind = PRESS_TEXT, .n = 1 };

    (void)state;
    start(&t);
    for (const char *s = picture; *s != '\0'; s++) {
        char text[2] = { *s, '\0' };
        letter.text = text;
        tui_press(&t, &letter);
    }
    assert_int_equal(t.n_chips, 0);
    fake_type(&t, "\r");
    assert_int_equal(t.n_chips, 1);
    assert_int_equal(t.editor.text.n, 0);
    tui_done(&t);
}

static void test_send_waits_for_the_file(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    type_path(&t, "", "");
    uint32_t request = fake.last;
    fake_type(&t, "what?\r");
    assert_null(strstr(fake.calls, "ask"));
    fake_event(&t, (struct session_event){ .kind = SESSION_PROGRESS, .request = request, .text = (char[]){ "looking" }, .done = 1, .total = 4 });
    assert_screen(&t, "sends when ready: looking dogs.jpg 25 %");
    attached(&t, request, &dogs);
    assert_called("ask what? #7\n");
    tui_done(&t);
}

static void test_changing_the_draft_unsends(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    type_path(&t, "", "");
    uint32_t request = fake.last;
    fake_type(&t, "what?\rx");
    attached(&t, request, &dogs);
    assert_null(strstr(fake.calls, "ask"));
    fake_type(&t, "\r");
    assert_called("ask what?x #7\n");
    tui_done(&t);
}

static void test_bad_file_keeps_the_draft(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    type_path(&t, "", "");
    fake_type(&t, "what?\r");
    failed(&t, fake.last, "/tmp/dogs.jpg: HEIC is not read; convert it with: heif-convert dogs.jpg dogs.png");
    assert_null(strstr(fake.calls, "ask"));
    assert_screen(&t, "HEIC is not read; convert it with");
    assert_screen(&t, "not attached: /tmp/dogs.jpg: HEIC");
    assert_string_equal(buffer_text(&t.editor.text), "what?");
    fake_type(&t, "\r");                                    /* pressed again: without it */
    assert_called("ask what?\n");
    assert_int_equal(t.n_chips, 0);
    tui_done(&t);
}

static void test_file_alone_asks_something(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    type_path(&t, "", "");
    attached(&t, fake.last, &dogs);
    fake_type(&t, "\r");
    assert_called("ask (describe) Describe the image in one sentence. #7\n");
    assert_screen(&t, "  Describe the image in one sentence.\n");
    tui_done(&t);
}

static void test_answer_streams_and_stops(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    fake_type(&t, "hello\r");
    assert_screen(&t, "thinking");
    fake_text(&t, "one ");
    fake_type(&t, "next draft");                            /* typed meanwhile */
    fake_text(&t, "two");
    assert_screen(&t, "  one two\n");
    assert_screen(&t, "answering, Esc stops");
    fake_type(&t, "\r");                                    /* not yet */
    assert_screen(&t, "still coming");
    fake_type(&t, "\x1B");
    assert_called("cancel\n");
    fake_event(&t, (struct session_event){ .kind = SESSION_ANSWERED, .request = fake.last - 1, .stopped = true });
    assert_screen(&t, "  one two\n· stopped\n");
    assert_string_equal(buffer_text(&t.editor.text), "next draft");
    assert_int_equal(t.ask_request, 0);
    tui_done(&t);
}

static void test_failed_answer(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    fake_type(&t, "hello\r");
    failed(&t, fake.last, "the question does not fit");
    assert_screen(&t, "! the question does not fit\n");
    assert_string_equal(buffer_text(&t.editor.text), "hello");
    fake_type(&t, "\x15\x1B[A");
    assert_string_equal(buffer_text(&t.editor.text), "hello");
    tui_done(&t);
}

/* Whatever was sent comes back into the input, or, when something else is there by then, by Up. */
static void test_failed_question_comes_back(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    type_path(&t, "", "");
    attached(&t, fake.last, &dogs);
    fake_type(&t, "a long\x0Aquestion\r");
    assert_int_equal(t.n_chips, 0);
    failed(&t, fake.last, "the question does not fit");
    assert_screen(&t, "! the question does not fit\n");
    assert_screen(&t, "[image dogs.jpg · 640x480 JPEG · 42 tokens, 1 %]");
    assert_string_equal(buffer_text(&t.editor.text), "a long\nquestion");
    fake_type(&t, "\x7F\r");                                /* mended and sent again */
    assert_called("ask a long\nquestio #7\n");
    fake_type(&t, "typed meanwhile");
    failed(&t, fake.last, "no memory");
    assert_string_equal(buffer_text(&t.editor.text), "typed meanwhile");
    assert_int_equal(t.n_chips, 0);
    assert_screen(&t, "Up brings it back");
    fake_type(&t, "\x15/help\r\x1B[A");                      /* the history's last is another now */
    assert_int_equal(t.n_chips, 0);
    fake_type(&t, "\x1B[A");
    assert_string_equal(buffer_text(&t.editor.text), "a long\nquestio");
    assert_int_equal(t.n_chips, 1);
    fake_type(&t, "n?\r");
    assert_called("ask a long\nquestion? #7\n");
    fake_answer(&t, "dogs");
    fake_type(&t, "\x1B[A");                                /* answered: words only */
    assert_int_equal(t.n_chips, 0);
    tui_done(&t);

    start(&t);
    type_path(&t, "", "");
    attached(&t, fake.last, &dogs);
    fake_type(&t, "\r");                                    /* a file alone is one again */
    failed(&t, fake.last, "no memory");
    assert_int_equal(t.editor.text.n, 0);
    assert_int_equal(t.n_chips, 1);
    fake_type(&t, "\rx");
    failed(&t, fake.last, "no memory");                     /* left where it is: given back by tui_done */
    assert_int_equal(t.n_chips, 0);
    tui_done(&t);
}

static void test_no_model(void **state)
{
    struct tui t;

    (void)state;
    fake_start(&t, 24, 80, NULL, NULL);
    fake_type(&t, "hello\r");                               /* waits while it loads */
    failed(&t, 0, "/m.gguf: is truncated");
    assert_screen(&t, "! /m.gguf: is truncated\n");
    fake_type(&t, "\r");
    assert_screen(&t, "no model is loaded: /model NAME loads one");
    assert_null(strstr(fake.calls, "ask"));
    fake_type(&t, "\x15/model small\r" "hello\r");
    fake_ready(&t);
    assert_called("ask hello\n");
    tui_done(&t);
}

static void test_events_of_what_is_gone(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    type_path(&t, "", "");
    uint32_t request = fake.last;
    fake_type(&t, "\x7F");
    failed(&t, request, "too late to be of interest");
    type_path(&t, "", "");
    fake_type(&t, "\x7F");
    attached(&t, fake.last, &dogs);
    fake_type(&t, "hello\r");
    request = fake.last;
    fake_type(&t, "/clear\r");
    fake_event(&t, (struct session_event){ .kind = SESSION_TEXT, .request = request, .text = (char[]){ "late" } });
    fake_event(&t, (struct session_event){ .kind = SESSION_ANSWERED, .request = request, .n_used = 77 });
    assert_int_equal(t.n_items, 0);
    assert_int_equal(t.n_used, 0);
    assert_int_equal(t.n_chips, 0);
    tui_done(&t);
}

static void test_quitting(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    fake_type(&t, "\x03");
    assert_false(t.quits);
    fake_type(&t, "x\x03");                                 /* something between: not twice */
    assert_false(t.quits);
    fake_type(&t, "\x04");                                  /* C-d deletes in a draft */
    assert_false(t.quits);
    fake_type(&t, "\x03\x03");
    assert_true(t.quits);
    tui_done(&t);
    start(&t);
    fake_type(&t, "\x04");
    assert_true(t.quits);
    tui_done(&t);
    start(&t);
    type_path(&t, "\x1B[200~", "\x1B[201~");
    fake_type(&t, "\x04");                                  /* an attachment is a draft, too */
    assert_false(t.quits);
    assert_screen(&t, "C-c twice quits");
    tui_press(&t, &(struct press){ .kind = PRESS_ESCAPE });
    assert_screen(&t, "removes the attachment");
    assert_int_equal(t.n_chips, 1);
    tui_done(&t);
    start(&t);
    fake_type(&t, "/quit\r");
    assert_true(t.quits);
    tui_done(&t);
    start(&t);
    fake_type(&t, "hello\r\x03\x03");                       /* the first stops the answer; both together do not quit */
    assert_false(t.quits);
    tui_done(&t);
}

static void test_commands(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    fake_type(&t, "/recrod\r");
    assert_screen(&t, "did you mean /record?");
    assert_string_equal(buffer_text(&t.editor.text), "/recrod");
    fake_type(&t, "\x15/model missing\r");
    assert_screen(&t, "! missing: is not here: run `mynah pull missing`\n");
    fake_type(&t, "/model small\r");
    assert_called("model small\n");
    fake_type(&t, "hello\r");                               /* waits for it */
    assert_screen(&t, "sends when ready: loading other");
    failed(&t, fake.last, "small: damaged");
    assert_screen(&t, "! small: damaged\n");
    assert_string_equal(fake.engine.model, "default");
    fake_type(&t, "\x15/hel\t\r");
    assert_screen(&t, "/attach PATH      attach");
    fake_type(&t, "/clear\r");
    assert_called("clear\n");
    assert_int_equal(t.n_items, 0);
    fake_type(&t, "1/2 of /x?\r");
    fake_ready(&t);
    assert_called("ask 1/2 of /x?\n");
    tui_done(&t);
}

static void test_details(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    fake_type(&t, "/details\r");
    assert_screen(&t, "Nothing was attached yet.");
    fake_type(&t, "\x1B");
    type_path(&t, "", "");
    attached(&t, fake.last, &dogs);
    fake_type(&t, "/details\r");
    assert_screen(&t, "image dogs.jpg · 640x480 JPEG · 42 tokens, 1 %\n  objects: two dogs\n");
    fake_type(&t, "q");
    assert_int_equal(t.mode, MODE_CHAT);
    tui_done(&t);
}

static void test_recording(void **state)
{
    struct tui t;

    (void)state;
    start(&t);
    fake_type(&t, "/record\r");
    assert_screen(&t, "! no microphone was found\n");
    tui_done(&t);

    fake_start(&t, 24, 80, "mic.wav", NULL);
    fake_ready(&t);
    fake_type(&t, "/record\r\x1B");
    assert_called("abandon\n");
    assert_int_equal(t.n_chips, 0);
    fake_type(&t, "/record\r ");
    assert_called("finish\n");
    assert_int_equal(t.n_chips, 1);
    fake.take_error = "the take is silent: peak 0.001";
    fake_type(&t, "/record\r\r");
    assert_screen(&t, "! the take is silent: peak 0.001\n");
    assert_int_equal(t.n_chips, 1);
    fake.take_error = NULL;
    fake_type(&t, "/record\r");
    fake.level.ended = true;                                /* unplugged, or the file is over */
    tui_tick(&t);
    assert_int_equal(t.mode, MODE_CHAT);
    assert_int_equal(t.n_chips, 2);
    fake.level.ended = false;
    fake_type(&t, "/record\r");                             /* left open: given back by tui_done */
    tui_done(&t);
}

static void test_resuming(void **state)
{
    struct tui t;
    struct saved saved;
    struct error err;
    struct saved_file files[2] = { { picture, (char[SHA256_HEX]){ "" } }, { (char[]){ "/nowhere/gone.png" }, (char[]){ "00" } } };

    (void)state;
    char *made = data_folder("sessions", &err);
    assert_non_null(made);
    assert_true(sha256_file(picture, files[0].sha256, NULL));
    struct transcript_log *l = transcript_log_open(made, true, &saved, &err);
    assert_true(transcript_log_user(l, "what is it?", files, 2, &err));
    assert_true(transcript_log_answer(l, "default", "two dogs", false, &err));
    assert_true(transcript_log_user(l, "unanswered", NULL, 0, &err));
    transcript_log_close(l);

    l = transcript_log_open(made, true, &saved, &err);      /* quitting in the midst of an answer keeps what came */
    fake_start(&t, 24, 80, NULL, NULL);
    t.log = l;
    fake_ready(&t);
    fake_type(&t, "unfinished?\r");
    fake_text(&t, "half an ans");
    tui_done(&t);
    transcript_log_close(l);
    l = transcript_log_open(made, false, &saved, &err);
    assert_int_equal(saved.n, 1);
    assert_string_equal(saved.turns[0].answer, "half an ans");
    assert_true(saved.turns[0].stopped);
    saved_free(&saved);
    assert_int_equal(unlink(transcript_log_path(l)), 0);
    transcript_log_close(l);

    l = transcript_log_open(made, false, &saved, &err);
    assert_int_equal(saved.n, 2);
    fake_start(&t, 24, 80, NULL, &saved);
    fake_ready(&t);
    assert_screen(&t, "gone.png, which is no longer there\n  what is it?\n\n  two dogs\n\n› unanswered\n\n· no answer was finished\n");
    fake_type(&t, "more\r");
    assert_null(strstr(fake.calls, "ask"));                 /* not before the files are back */
    attached(&t, 1, &dogs);
    assert_called("restore what is it? #7 -> two dogs\nask more\n");
    assert_screen(&t, "› image dogs.jpg · 640x480");
    tui_done(&t);
    transcript_log_close(l);

    FILE *file = fopen(picture, "w");                       /* another picture under the same name */
    fputs("cats", file);
    fclose(file);
    l = transcript_log_open(made, false, &saved, &err);
    fake_start(&t, 24, 80, NULL, &saved);
    assert_screen(&t, "› dogs.jpg, which has changed since\n");
    assert_null(strstr(fake.calls, "attach"));
    assert_called("restore what is it? -> two dogs\n");
    tui_done(&t);
    transcript_log_close(l);
    free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chip), cmocka_unit_test(test_typed_path_alone),
        cmocka_unit_test(test_send_waits_for_the_file), cmocka_unit_test(test_changing_the_draft_unsends),
        cmocka_unit_test(test_bad_file_keeps_the_draft), cmocka_unit_test(test_file_alone_asks_something),
        cmocka_unit_test(test_answer_streams_and_stops), cmocka_unit_test(test_failed_answer),
        cmocka_unit_test(test_failed_question_comes_back),
        cmocka_unit_test(test_no_model), cmocka_unit_test(test_events_of_what_is_gone),
        cmocka_unit_test(test_quitting), cmocka_unit_test(test_commands), cmocka_unit_test(test_details),
        cmocka_unit_test(test_recording), cmocka_unit_test(test_resuming),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
