/* The draft over an engine whose events the test makes: chips, pastes, mentions, cells and clicks. */
#include "ui/draft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct perceived { uint32_t id; enum attachment_kind kind; const char *name, *summary; size_t n_tokens; };

static char folder[] = "/tmp/mynah-draft-XXXXXX";
static struct { struct engine engine; uint32_t last; char attached[2000]; int n_cancelled; } fake;

static uint32_t fake_attach(void *self, const char *path)
{
    (void)self;
    snprintf(fake.attached + strlen(fake.attached), sizeof fake.attached - strlen(fake.attached), "%s ", strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path);
    return ++fake.last;
}

static void fake_cancel(void *self)
{
    (void)self;
    fake.n_cancelled++;
}

static struct engine_attachment fake_describe(const struct attachment *attachment)
{
    const struct perceived *p = (const struct perceived *)attachment;

    return (struct engine_attachment){ .id = p->id, .kind = p->kind, .name = p->name, .summary = p->summary, .n_tokens = p->n_tokens };
}

static const char *in_folder(const char *name)
{
    static char path[4][600];
    static int i;

    i = (i + 1) % 4;
    snprintf(path[i], sizeof path[i], "%s/%s", folder, name);
    return path[i];
}

static void make(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0 || setenv("HOME", folder, 1) != 0)
        return -1;
    make("cat.png", "a cat");
    make("copy of cat.png", "a cat");
    make("dog.png", "a dog, longer");
    make("talk.wav", "a talk");
    make("cat", "without an ending");
    mkdir("photos", 0700);
    make("photos/sea.jpg", "the sea");
    return 0;
}

static int tear_down(void **state)
{
    char command[700];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static struct draft draft;

static int fresh(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.engine = (struct engine){ .attach = fake_attach, .cancel = fake_cancel, .attachment = fake_describe };
    draft_init(&draft, &fake.engine);
    draft.n_ctx = 8192;
    return 0;
}

static int done(void **state)
{
    (void)state;
    draft_done(&draft);
    return 0;
}

static bool event(struct session_event e)
{
    const struct attachment *attached;
    bool taken = draft_event(&draft, &e, &attached);

    assert_true((attached != NULL) == (taken && e.kind == SESSION_ATTACHED));
    return taken;
}

static void ready(uint32_t request, const struct perceived *p)
{
    assert_true(event((struct session_event){ .kind = SESSION_ATTACHED, .request = request, .attachment = (const struct attachment *)p }));
}

static void failed(uint32_t request, const char *why)
{
    struct session_event e = { .kind = SESSION_FAILED, .request = request };

    error_set(&e.err, ERROR_INPUT, "%s", why);
    assert_true(event(e));
}

static bool press(enum press_kind kind)
{
    return draft_press(&draft, &(struct press){ .kind = kind }, 80);
}

static void type(const char *text)
{
    assert_true(draft_press(&draft, &(struct press){ .kind = PRESS_TEXT, .text = text, .n = strlen(text) }, 80));
}

static void paste(const char *text)
{
    assert_true(draft_press(&draft, &(struct press){ .kind = PRESS_PASTE, .text = text, .n = strlen(text) }, 80));
}

/* The rows it wants at this width, joined by '|', with the cursor's place behind them. */
static const char *drawn(int cols, int most)
{
    static char out[4000];
    struct screen s = { 0 };
    int rows = draft_rows(&draft, cols);
    size_t n = 0;

    rows = rows < most ? rows : most;
    screen_resize(&s, rows + 1, cols);
    draft_draw(&draft, &s, (struct rect){ 1, 0, rows, cols });
    for (int row = 1; row <= rows; row++) {
        char *text = screen_row(&s, row);
        n += (size_t)snprintf(out + n, sizeof out - n, "%s|", text);
        free(text);
    }
    snprintf(out + n, sizeof out - n, "%d,%d", s.cursor_row - 1, s.cursor_col);
    screen_free(&s);
    return out;
}

static const struct perceived cat = { 7, ATTACHMENT_IMAGE, "cat.png", "640x480 PNG", 30 };
static const struct perceived talk = { 8, ATTACHMENT_AUDIO, "talk.wav", "11.0 s WAV", 900 };

static void test_a_chip_says_what_is_known(void **state)
{
    struct preview preview = { .kind = ATTACHMENT_IMAGE, .summary = (char[]){ "640x480 PNG" }, .expected_ms = 3100 };

    (void)state;
    assert_true(draft_is_empty(&draft));
    assert_true(draft_attach(&draft, "cat.png"));
    assert_false(draft_is_empty(&draft));
    assert_string_equal(drawn(80, 9), "› [cat.png · 5 bytes · waiting]||1,2");
    assert_string_equal(draft_waits_for(&draft), "cat.png");
    assert_true(event((struct session_event){ .kind = SESSION_PROGRESS, .request = 1, .text = (char[]){ "reading" }, .done = 2, .total = 4 }));
    assert_string_equal(drawn(80, 9), "› [cat.png · 5 bytes · reading 50 %]||1,2");
    assert_true(event((struct session_event){ .kind = SESSION_DECODED, .request = 1, .preview = &preview }));
    assert_string_equal(drawn(80, 9), "› [image cat.png · 640x480 PNG · encoding, about 3 s]||1,2");
    assert_true(event((struct session_event){ .kind = SESSION_PROGRESS, .request = 1, .text = (char[]){ "looking" }, .done = 1, .total = 4 }));
    assert_string_equal(drawn(80, 9), "› [image cat.png · 640x480 PNG · looking 25 %, about 3 s]||1,2");
    preview.n_rows = preview.n_rows_whole = 832;                    /* by a pair's encoder */
    preview.n_bytes = 240000000;
    assert_true(event((struct session_event){ .kind = SESSION_DECODED, .request = 1, .preview = &preview }));
    assert_string_equal(drawn(99, 9), "› [image cat.png · 640x480 PNG · 832 rows, 240 MB of memory · encoding, about 3 s]||1,2");
    preview.n_rows = 64;
    preview.n_bytes = 0;
    preview.expected_ms = 0;
    assert_true(event((struct session_event){ .kind = SESSION_DECODED, .request = 1, .preview = &preview }));
    assert_string_equal(drawn(99, 9), "› [image cat.png · 640x480 PNG · 64 of 832 rows, kept from before · encoding]||1,2");
    ready(1, &cat);
    assert_string_equal(drawn(80, 9), "› [image cat.png · 640x480 PNG · 30 tokens, < 1 %]||1,2");
    assert_null(draft_waits_for(&draft));
    assert_int_equal(draft.chips[0].id, 7);
    draft.prefill_per_s = 20;
    assert_string_equal(drawn(80, 9), "› [image cat.png · 640x480 PNG · 30 tokens, < 1 %, 2 s to read]||1,2");
    assert_false(event((struct session_event){ .kind = SESSION_PROGRESS, .request = 1, .text = (char[]){ "late" } }));
    assert_false(event((struct session_event){ .kind = SESSION_FAILED, .request = 99 }));
    assert_int_equal(draft_n_sendable(&draft), 1);
}

static void test_a_failed_one_says_why(void **state)
{
    (void)state;
    draft_attach(&draft, "cat.png");
    failed(1, "cat.png: HEIC is not read: save it as JPEG");
    assert_string_equal(drawn(100, 9), "› not attached: cat.png: HEIC is not read: save it as JPEG (Backspace removes this)||1,2");
    assert_int_equal(draft_n_sendable(&draft), 0);
    assert_null(draft_waits_for(&draft));
    assert_true(draft_attach(&draft, in_folder("cat.png")));            /* given again: tried again, in its place */
    assert_int_equal(draft.n_chips, 1);
    assert_int_equal(draft.chips[0].state, CHIP_READING);
}

static void test_a_file_is_one_chip(void **state)
{
    (void)state;
    assert_true(draft_attach(&draft, "cat.png"));
    assert_false(draft_attach(&draft, in_folder("cat.png")));           /* relative and absolute */
    assert_false(draft_attach(&draft, "copy of cat.png"));              /* the same bytes */
    assert_true(draft_attach(&draft, "dog.png"));
    assert_true(draft_attach(&draft, "missing.png"));                   /* the engine says that it is not there */
    assert_true(draft_attach(&draft, "also missing.png"));
    assert_string_equal(fake.attached, "cat.png dog.png missing.png also missing.png ");
}

static void test_removal(void **state)
{
    (void)state;
    draft_attach(&draft, "cat.png");
    draft_attach(&draft, "dog.png");
    draft_attach(&draft, "talk.wav");
    assert_true(event((struct session_event){ .kind = SESSION_PROGRESS, .request = 1, .text = (char[]){ "reading" } }));
    type("ab");
    assert_true(press(PRESS_BACKSPACE));
    assert_int_equal(draft.n_chips, 3);     /* that was a letter */
    assert_true(press(PRESS_HOME));
    assert_true(press(PRESS_BACKSPACE));
    assert_int_equal(draft.n_chips, 2);
    assert_int_equal(fake.n_cancelled, 0);  /* the engine is at another one */
    assert_true(press(PRESS_CTRL_BACKSPACE));
    assert_int_equal(draft.n_chips, 1);
    assert_string_equal(draft.chips[0].path, in_folder("cat.png"));
    assert_true(press(PRESS_BACKSPACE));
    assert_int_equal(fake.n_cancelled, 1);
    assert_string_equal(buffer_text(&draft.editor.text), "a");
    draft_attach(&draft, "cat.png");
    draft_clear(&draft);
    assert_true(draft_is_empty(&draft));
}

static void three_chips(void)
{
    draft_attach(&draft, "cat.png");
    ready(1, &cat);
    draft_attach(&draft, "talk.wav");
    ready(2, &talk);
    draft_attach(&draft, "dog.png");
}

static void test_lines_of_chips(void **state)
{
    (void)state;
    three_chips();
    assert_string_equal(drawn(150, 9),
        "› [image cat.png · 640x480 PNG · 30 tokens, < 1 %] [clip talk.wav · 11.0 s WAV · 900 tokens, 11 %] [dog.png · 13 bytes · waiting]||1,2");
    assert_string_equal(drawn(120, 9),
        "› [image cat.png · 640x480 PNG · 30 tokens, < 1 %] [clip talk.wav · 11.0 s WAV · 900 tokens, 11 %]|  [dog.png · 13 bytes · waiting]||2,2");
    assert_string_equal(drawn(99, 9),       /* 2 + 48 + 1 + 47 + the cursor's */
        "› [image cat.png · 640x480 PNG · 30 tokens, < 1 %] [clip talk.wav · 11.0 s WAV · 900 tokens, 11 %]|  [dog.png · 13 bytes · waiting]||2,2");
    assert_string_equal(drawn(98, 9),
        "› [image cat.png · 640x480 PNG · 30 tokens, < 1 %]|  [clip talk.wav · 11.0 s WAV · 900 tokens, 11 %] [dog.png · 13 bytes · waiting]||2,2");
    type("hi");
    assert_string_equal(drawn(20, 20),
        "› [image cat.png ·|  640x480 PNG · 30|  tokens, < 1 %]|  [clip talk.wav ·|  11.0 s WAV · 900|  tokens, 11 %]|"
        "  [dog.png · 13|  bytes · waiting]|  hi|8,4");
    assert_string_equal(drawn(20, 2), "↑ bytes · waiting]|  hi|1,4");   /* the line with the cursor is what stays */
    assert_string_equal(drawn(10, 1), "hi|0,2");                        /* no room for a margin */
}

static void test_clicks(void **state)
{
    (void)state;
    three_chips();
    drawn(120, 9);
    assert_int_equal(draft_chip_at(&draft, 1, 1), -1);
    assert_int_equal(draft_chip_at(&draft, 1, 2), 0);
    assert_int_equal(draft_chip_at(&draft, 1, 49), 0);                  /* its ']' */
    assert_int_equal(draft_chip_at(&draft, 1, 50), -1);
    assert_int_equal(draft_chip_at(&draft, 1, 51), 1);
    assert_int_equal(draft_chip_at(&draft, 1, 119), -1);
    assert_int_equal(draft_chip_at(&draft, 2, 2), 2);
    assert_int_equal(draft_chip_at(&draft, 3, 2), -1);                  /* the text */
    assert_int_equal(draft_chip_at(&draft, 0, 2), -1);
    drawn(20, 2);
    assert_int_equal(draft_chip_at(&draft, 1, 5), 2);                   /* its second line, scrolled to the top */
}

static char *lines(int n)
{
    static char text[4000];

    text[0] = '\0';
    for (int i = 1; i <= n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "line %d\n", i);
    return text;
}

static void test_a_long_paste_is_a_chip(void **state)
{
    static char long_line[1002];

    (void)state;
    paste(lines(10));
    assert_int_equal(draft.n_chips, 0);
    draft_clear(&draft);
    paste(lines(11));
    assert_int_equal(draft.n_chips, 1);
    assert_string_equal(drawn(80, 9), "› [pasted 11 lines · 79 bytes · Tab opens it]||1,2");
    type("Why?");
    assert_string_equal(drawn(80, 9), "› [pasted 11 lines · 79 bytes]|  Why?|1,6");
    char *question = draft_question(&draft);
    assert_int_equal(strncmp(question, "Why?\n\nline 1\nline 2\n", 20), 0);
    free(question);
    memset(long_line, 'x', 1000);
    paste(long_line);
    assert_int_equal(draft.n_chips, 1);     /* 1000 characters are text */
    memset(long_line, 'x', 1001);
    paste(long_line);
    assert_int_equal(draft.n_chips, 2);
    assert_string_equal(buffer_text(&draft.chips[1].label), "pasted 1 line · 1.0 KB");
    assert_true(draft_open_paste(&draft));
    assert_int_equal(draft.n_chips, 1);
    assert_int_equal(draft.editor.text.n, 4 + 1000 + 1001);
    assert_true(press(PRESS_TOP));
    assert_true(press(PRESS_BACKSPACE));    /* as a unit */
    assert_int_equal(draft.n_chips, 0);
    assert_false(draft_open_paste(&draft));
}

static void test_tab_opens_a_paste(void **state)
{
    (void)state;
    assert_false(press(PRESS_TAB));
    paste(lines(12));
    type("x");
    assert_false(press(PRESS_TAB));         /* that Tab is for completion */
    assert_true(press(PRESS_BACKSPACE));
    assert_true(press(PRESS_TAB));
    assert_int_equal(draft.n_chips, 0);
    assert_string_equal(buffer_text(&draft.editor.text), lines(12));
    char *question = draft_question(&draft);
    assert_string_equal(question, lines(12));
    free(question);
}

static void test_pastes_of_paths(void **state)
{
    char text[1400];

    (void)state;
    snprintf(text, sizeof text, "'%s' file://%s\n", in_folder("copy of cat.png"), in_folder("talk.wav"));
    type("see ");
    paste(text);
    assert_string_equal(fake.attached, "copy of cat.png talk.wav ");
    assert_string_equal(buffer_text(&draft.editor.text), "see ");
    type("@");
    paste(in_folder("dog.png"));            /* dropped behind an @ */
    assert_int_equal(draft.n_chips, 3);
    assert_string_equal(buffer_text(&draft.editor.text), "see ");
    type(in_folder("cat"));                 /* a terminal without bracketed paste */
    assert_int_equal(draft.n_chips, 4);
    paste("and /no/such.png");
    assert_string_equal(buffer_text(&draft.editor.text), "see and /no/such.png");
    draft_clear(&draft);
    type("/model ");
    paste(in_folder("cat.png"));            /* a command's argument */
    assert_int_equal(draft.n_chips, 0);
    paste(lines(12));
    assert_int_equal(draft.n_chips, 0);
    assert_true(draft_take_paths(&draft, in_folder("cat.png")));        /* as Enter on nothing else */
    assert_false(draft_take_paths(&draft, "cat.png"));
    assert_int_equal(draft.n_chips, 1);
}

static const char *asked(const char *text)
{
    static char out[600];

    draft_set(&draft, text);
    draft_take_mentions(&draft);
    char *question = draft_question(&draft);
    snprintf(out, sizeof out, "%s", question);
    free(question);
    return out;
}

static void test_mentions(void **state)
{
    (void)state;
    draft_set(&draft, "is @cat.png at @\"copy of cat.png\" or @~/photos/sea.jpg?");
    assert_true(draft_take_mentions(&draft));
    assert_string_equal(fake.attached, "cat.png sea.jpg ");
    assert_false(draft_take_mentions(&draft));                          /* they are chips by now */
    assert_string_equal(buffer_text(&draft.editor.text), "is @cat.png at @\"copy of cat.png\" or @~/photos/sea.jpg?");
    char *question = draft_question(&draft);
    assert_string_equal(question, "is cat.png at copy of cat.png or sea.jpg?");
    free(question);
    failed(1, "cat.png: no image");         /* and then it is not named as if it had been given */
    question = draft_question(&draft);
    assert_string_equal(question, "is @cat.png at @\"copy of cat.png\" or sea.jpg?");
    free(question);
    assert_false(draft_take_mentions(&draft));
}

static void test_what_is_no_mention(void **state)
{
    (void)state;
    assert_string_equal(asked("@missing.png, me@cat.png, @photos and @ cat.png @"), "@missing.png, me@cat.png, @photos and @ cat.png @");
    assert_string_equal(asked("@cat.pngs @cat-2 @cat.gif @cat_ @cat/x"), "@cat.pngs @cat-2 @cat.gif @cat_ @cat/x");
    assert_string_equal(asked("@\"cat.png and @'"), "@\"cat.png and @'");
    assert_string_equal(fake.attached, "");
}

static void test_mentions_in_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(asked("@cat.png's tail, (@cat.png) @cat.png. @cat.png... @cat: why?"), "cat.png's tail, (cat.png) cat.png. cat.png... cat: why?");
    assert_string_equal(asked("@cat.png\xEC\x97\x90 \xEB\xAD\x90\xEA\xB0\x80"), "cat.png\xEC\x97\x90 \xEB\xAD\x90\xEA\xB0\x80");     /* 에 뭐가 */
    assert_string_equal(asked("@copy\\ of\\ cat.png\n@'copy of cat.png'!"), "copy of cat.png\ncopy of cat.png!");
    assert_string_equal(asked("\xE3\x80\x8C@photos/sea.jpg\xE3\x80\x8D"), "\xE3\x80\x8Csea.jpg\xE3\x80\x8D");
    assert_string_equal(fake.attached, "cat.png cat sea.jpg ");
}

/* A name is drawn through the display edge and chips stay in their place, whatever it holds. */
static void test_a_hostile_name(void **state)
{
    (void)state;
    make("a\033]52;c;eA==\abc.png", "x");
    draft_attach(&draft, "a\033]52;c;eA==\abc.png");
    const char *text = drawn(80, 9);
    for (const char *s = text; *s != '\0'; s++)
        assert_true((unsigned char)*s >= 0x20);
    assert_non_null(strstr(text, "a␛]52;c;eA==␇bc.png"));
}

static void test_sizes(void **state)
{
    static const char *const shown[] = { "1 byte", "999 bytes", "1.0 KB", "9.9 KB", "10 KB", "1.0 MB" };
    static const size_t sizes[] = { 1, 999, 1000, 9949, 9951, 999500 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *bytes = calloc(sizes[i] + 1, 1);
        char wanted[40];
        memset(bytes, 'x', sizes[i]);
        FILE *file = fopen(in_folder("sized.png"), "w");
        fwrite(bytes, 1, sizes[i], file);
        fclose(file);
        draft_attach(&draft, in_folder("sized.png"));
        snprintf(wanted, sizeof wanted, "sized.png · %s · waiting]", shown[i]);
        assert_non_null(strstr(drawn(80, 9), wanted));
        draft_clear(&draft);
        free(bytes);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, done)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_chip_says_what_is_known), TEST(test_a_failed_one_says_why), TEST(test_a_file_is_one_chip), TEST(test_removal),
        TEST(test_lines_of_chips), TEST(test_clicks), TEST(test_a_long_paste_is_a_chip), TEST(test_tab_opens_a_paste),
        TEST(test_pastes_of_paths), TEST(test_mentions), TEST(test_what_is_no_mention), TEST(test_mentions_in_a_sentence),
        TEST(test_a_hostile_name), TEST(test_sizes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
