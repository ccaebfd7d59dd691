/* Bytes of real terminals to presses: a table, and every way a read can cut them. */
#include "ui/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char *const names[] = {
    "text", "paste", "ctrl", "alt", "enter", "newline", "tab", "backtab", "escape", "backspace", "delete",
    "up", "down", "left", "right", "home", "end", "page-up", "page-down",
    "shift-up", "shift-down", "alt-up", "alt-down",
    "word-left", "word-right", "kill-word-left", "kill-word-right", "ctrl-backspace", "top", "bottom", "f1", "f2", "mouse", "reply",
};
static const char *const buttons[] = { "left", "middle", "right", "wheel-up", "wheel-down" };

/* Appends "kind", "ctrl a", "text \"...\"", "mouse left 2,5"; text that follows text is one. */
static void add(char *out, size_t size, const struct press *p)
{
    size_t n = strlen(out);
    const char *separator = n > 0 ? " " : "";

    switch (p->kind) {
    case PRESS_TEXT:
        if (n > 0 && out[n - 1] == '\'') {
            snprintf(out + n - 1, size - n + 1, "%.*s'", (int)p->n, p->text);
            break;
        }
        snprintf(out + n, size - n, "%stext='%.*s'", separator, (int)p->n, p->text);
        break;
    case PRESS_PASTE: snprintf(out + n, size - n, "%spaste(%.*s)", separator, (int)p->n, p->text); break;
    case PRESS_REPLY: snprintf(out + n, size - n, "%sreply(%.*s)", separator, (int)p->n, p->text); break;
    case PRESS_CTRL: case PRESS_ALT: snprintf(out + n, size - n, "%s%s-%c", separator, names[p->kind], p->letter); break;
    case PRESS_MOUSE:
        snprintf(out + n, size - n, "%s%s@%d,%d", separator, buttons[p->mouse], p->row, p->col); break;
    default: snprintf(out + n, size - n, "%s%s", separator, names[p->kind]); break;
    }
}

static void take(struct keys *k, bool ended, char *out, size_t size)
{
    struct press press;

    while (keys_next(k, ended, &press))
        add(out, size, &press);
}

static const struct { const char *bytes, *presses; } table[] = {
    /* xterm, ctlseqs "PC-Style Function Keys", normal and application mode */
    { "\x1B[A\x1B[B\x1B[C\x1B[D", "up down right left" },
    { "\x1BOA\x1BOB\x1BOC\x1BOD", "up down right left" },
    { "\x1B[H\x1B[F\x1BOH\x1BOF", "home end home end" },
    { "\x1B[5~\x1B[6~\x1B[3~\x1B[2~", "page-up page-down delete" },
    { "\x1BOP\x1BOQ\x1BOR\x1B[15~", "f1 f2" },
    { "\x1B[1;2P", "f1" },
    { "\x1B[1;2A\x1B[1;2B\x1B[1;3A\x1B[1;3B", "shift-up shift-down alt-up alt-down" },
    { "\x1B[1;2C\x1B[1;3C\x1B[1;5C\x1B[1;5D\x1B[1;5A", "right word-right word-right word-left up" },
    { "\x1B[1;5H\x1B[1;5F\x1B[3;5~\x1B[3;2~", "top bottom kill-word-right delete" },
    { "\x1B[Z\t", "backtab tab" },
    { "\x1BOM\x1BOj\x1BOk\x1BOl\x1BOm\x1BOn\x1BOo\x1BOp\x1BOy\x1BOX", "enter text='*+,-./09='" },
    { "\x01\x1A\x1F\x1D\x08\x7F\r\n", "ctrl-a ctrl-z ctrl-_ ctrl-] backspace backspace enter newline" },
    /* Alt as ESC */
    { "\x1B" "b\x1B" "f\x1B" "d\x1B\x7F\x1B<\x1B>", "word-left word-right kill-word-right kill-word-left top bottom" },
    { "\x1Bu\x1BU\x1B_x\x1By\x1B\r", "alt-u alt-U alt-_ text='x' alt-y newline" },
    { "\x1B]x\x1BPx\x1B^", "alt-] text='x' alt-P text='x' alt-^" },
    { "\x1B한", "escape text='한'" },
    /* SGR mouse (1006): press, release, wheel, with Shift, motion; the old report */
    { "\x1B[<0;6;3M\x1B[<0;6;3m", "left@2,5" },
    { "\x1B[<64;1;1M\x1B[<65;80;24M\x1B[<68;300;100M", "wheel-up@0,0 wheel-down@23,79 wheel-up@99,299" },
    { "\x1B[<1;1;1M\x1B[<2;1;1M\x1B[<35;5;5M\x1B[<32;5;5M\x1B[<66;1;1M", "middle@0,0 right@0,0" },
    { "\x1B[M !!a", "text='a'" },
    /* focus, and answers: colours, DA1, DA2, cell size, cursor, DECRPM, XTVERSION, kitty's graphics */
    { "\x1B[I\x1B[Oa", "text='a'" },
    { "\x1B]11;rgb:ffff/ffff/ffff\x1B\\", "reply(]11;rgb:ffff/ffff/ffff)" },
    { "a\x1B]11;rgb:1e1e/1e1e/1e1e\ab", "text='a' reply(]11;rgb:1e1e/1e1e/1e1e) text='b'" },
    { "\x1B[?62;4;22c\x1B[>41;354;0c\x1B[6;18;9t", "reply([?62;4;22c) reply([>41;354;0c) reply([6;18;9t)" },
    { "\x1B[24;80R\x1B[?2026;2$y\x1BP>|XTerm(370)\x1B\\", "reply([24;80R) reply([?2026;2$y) reply(P>|XTerm(370))" },
    { "\x1B_Gi=31;OK\x1B\\\x1B[?0u", "reply(_Gi=31;OK) reply([?0u)" },
    { "\x1B\x1B]11;rgb:0/0/0\x1B\\", "escape reply(]11;rgb:0/0/0)" },
    { "\x1B\x1B[?6c", "escape reply([?6c)" },
    /* rxvt */
    { "\x1B[7~\x1B[8~\x1B[7^\x1B[8^\x1B[7$x\x1B[3^\x1B[5$", "home end top bottom home text='x' kill-word-right page-up" },
    { "\x1B[a\x1B[b\x1BOa\x1BOd\x1BOc\x1B[11~", "shift-up shift-down up word-left word-right f1" },
    { "\x1B\x1B[A\x1B\x1B[B\x1B\x1BOC\x1B\x1B[D", "alt-up alt-down word-right word-left" },
    /* Linux console, VT220, tmux */
    { "\x1B[[A\x1B[[B\x1B[1~\x1B[4~x", "f1 f2 home end text='x'" },
    /* xterm's modifyOtherKeys, CSI u, kitty */
    { "\x1B[27;2;13~\x1B[13;2u\x1B[13;5u\x1B[13u\x1B[13;1u\x1B[57414u", "newline newline newline enter enter enter" },
    { "\x1B[27u\x1B[27;5;9~\x1B[9;2u\x1B[9u\x1B[27;2;9~", "escape backtab tab backtab" },
    { "\x1B[127u\x1B[127;5u\x1B[27;5;127~\x1B[127;3u\x1B[127;2u", "backspace ctrl-backspace ctrl-backspace kill-word-left backspace" },
    { "\x1B[97;5u\x1B[27;5;97~\x1B[105;5u\x1B[47;5u\x1B[95;5u\x1B[91;5u", "ctrl-a ctrl-a tab ctrl-_ ctrl-_ escape" },
    { "\x1B[117;3u\x1B[27;3;98~\x1B[117:85;4u\x1B[95;4u", "alt-u word-left alt-U alt-_" },
    { "\x1B[32;2u\x1B[97u\x1B[97:65;2u\x1B[97;65u\x1B[44032u", "text=' aAa가'" },
    { "\x1B[97;1:1u\x1B[97;1:3u\x1B[1;1:3Ax", "text='ax'" },
    { "\x1B[97;9u\x1B[57358u\x1B[57441;2ux", "text='x'" },
    { "\x1B[1;129A\x1B[1;65B", "up down" },                 /* with Num Lock, Caps Lock */
    /* pastes; what a paste holds is text */
    { "\x1B[200~p\r\nq\x1B[31m\r\x1B[201~x", "paste(p\nq\x1B[31m\n) text='x'" },
    { "\x1B[200~\x1B[201~\x1B[200~\x1B[20\x1B[201~", "paste() paste(\x1B[20)" },
    { "\x1B[201~x", "text='x'" },
    /* nothing known; broken ones end where they break */
    { "\x1B[99;99;99Z~", "text='~'" },
    { "\x1B[1;2\rx\x1B[38;5;1mx", "enter text='xx'" },
    { "\x1B]0;half\rx\x1BP1$r\x18x\x1B[가", "enter text='x' ctrl-x text='x가'" },
    { "a\xEA\xB0\x80\xFF\xF0\x9F\x98\x80", "text='a가\xEF\xBF\xBD\xF0\x9F\x98\x80'" },
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct keys k = { 0 };
        char out[512] = "";
        keys_feed(&k, table[i].bytes, strlen(table[i].bytes));
        take(&k, false, out, sizeof out);
        take(&k, true, out, sizeof out);
        assert_string_equal(out, table[i].presses);
        assert_false(keys_waiting(&k));
        keys_free(&k);
    }
}

/* The same presses wherever a read ends, in two pieces and byte by byte. */
static void test_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (size_t n = strlen(table[i].bytes), cut = 0; cut < n; cut++) {
            struct keys k = { 0 };
            char out[512] = "";
            for (size_t at = 0; at < n;) {
                size_t piece = cut == 0 ? 1 : at == 0 ? cut : n - at;
                keys_feed(&k, table[i].bytes + at, piece);
                take(&k, false, out, sizeof out);
                at += piece;
            }
            take(&k, true, out, sizeof out);
            assert_string_equal(out, table[i].presses);
            keys_free(&k);
        }
}

static void check_late(const char *first, const char *second, const char *want)
{
    struct keys k = { 0 };
    char out[512] = "";

    keys_feed(&k, first, strlen(first));
    take(&k, false, out, sizeof out);
    take(&k, true, out, sizeof out);            /* KEYS_WAIT_MS went by */
    keys_feed(&k, second, strlen(second));
    take(&k, false, out, sizeof out);
    take(&k, true, out, sizeof out);
    assert_string_equal(out, want);
    keys_free(&k);
}

/* Slow lines: the ESC was the key already, or the rest of a sequence comes late. */
static void test_late(void **state)
{
    (void)state;
    check_late("\x1B", "]11;rgb:0/0/0\x1B\\a", "escape reply(]11;rgb:0/0/0) text='a'");
    check_late("\x1B", "[?62;4c", "escape reply([?62;4c)");
    check_late("\x1B", "[<64;1;1M", "escape wheel-up@0,0");
    check_late("\x1B", "[", "escape text='['");
    check_late("\x1B", "]x", "escape text=']x'");
    check_late("\x1B[1;", "5C", "word-right");
    check_late("\x1B]11;rg", "b:0/0/0\ax", "reply(]11;rgb:0/0/0) text='x'");
    check_late("\x1B[200~a", "b\x1B[201~", "paste(ab)");
    check_late("\x1B[", "x", "alt-[ text='x'");
    check_late("\x1BO", "x", "alt-O text='x'");
    check_late("\x1B]", "x", "alt-] text='x'");
}

static void check_given_up(const char *bytes, const char *want)
{
    struct keys k = { 0 };
    char out[512] = "";

    keys_feed(&k, bytes, strlen(bytes));
    take(&k, true, out, sizeof out);
    assert_true(keys_waiting(&k));
    k.fed_ms -= KEYS_GIVE_UP_MS;
    take(&k, true, out, sizeof out);
    assert_false(keys_waiting(&k));
    keys_feed(&k, "x", 1);
    take(&k, false, out, sizeof out);
    assert_string_equal(out, want);
    keys_free(&k);
}

/* What never ends does not swallow what is typed later: by time, and by size. */
static void test_unfinished(void **state)
{
    static char many[1 << 16];
    static const char *const begins[] = { "\x1B]11;", "\x1BP>|", "\x1B_G", "\x1B[" };
    struct press press;

    (void)state;
    check_given_up("\x1B]11;rgb:", "text='x'");
    check_given_up("\x1BP1$r", "text='x'");
    check_given_up("\x1B[1;", "text='x'");
    check_given_up("\x1B[200~half", "paste(half) text='x'");
    memset(many, '1', sizeof many);
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        struct keys k = { 0 };
        keys_feed(&k, begins[i], strlen(begins[i]));
        keys_feed(&k, many, sizeof many);
        assert_true(keys_next(&k, false, &press));
        assert_int_equal(press.kind, PRESS_TEXT);
        assert_true(press.n > sizeof many - 2000);
        keys_free(&k);
    }
}

/* A megabyte in reads of 4 KB comes as one paste. */
static void test_large_paste(void **state)
{
    struct keys k = { 0 };
    struct press press;
    char piece[4096];

    (void)state;
    memset(piece, 'a', sizeof piece);
    keys_feed(&k, "\x1B[200~", 6);
    for (int i = 0; i < 256; i++) {
        keys_feed(&k, piece, sizeof piece);
        assert_false(keys_next(&k, true, &press));
    }
    keys_feed(&k, "\x1B[201~", 6);
    assert_true(keys_next(&k, false, &press));
    assert_int_equal(press.kind, PRESS_PASTE);
    assert_int_equal(press.n, 256 * sizeof piece);
    keys_free(&k);
}

/* What Alt was pressed with is told with the word motions, too: vi takes it as Esc and the letter. */
static void test_alt_letter(void **state)
{
    struct keys k = { 0 };
    struct press press;

    (void)state;
    keys_feed(&k, "\x1B" "b\x1B[1;3D", 8);
    assert_true(keys_next(&k, false, &press));
    assert_int_equal(press.letter, 'b');
    assert_true(keys_next(&k, false, &press));
    assert_int_equal(press.kind, PRESS_WORD_LEFT);
    assert_int_equal(press.letter, 0);
    keys_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_split), cmocka_unit_test(test_late),
        cmocka_unit_test(test_unfinished), cmocka_unit_test(test_large_paste), cmocka_unit_test(test_alt_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
