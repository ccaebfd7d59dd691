/* panel_driver.h - a panel with keys as a terminal sends them and a screen to look at. */
#ifndef TESTS_PANEL_DRIVER_H
#define TESTS_PANEL_DRIVER_H

#include "ui/buffer.h"
#include "ui/panel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define UP "\x1B[A"
#define DOWN "\x1B[B"
#define RIGHT "\x1B[C"
#define LEFT "\x1B[D"
#define HOME "\x1B[H"
#define END "\x1B[F"
#define PAGE_UP "\x1B[5~"
#define PAGE_DOWN "\x1B[6~"
#define BACKSPACE "\x7F"
#define ESCAPE "\x1B"
#define ENTER "\r"

/* Feeds bytes as a terminal would; the last outcome that was one. */
static inline struct panel_outcome typed(struct panel *p, const char *bytes)
{
    struct panel_outcome last = { .act = PANEL_NOTHING }, outcome;
    struct keys keys = { 0 };
    struct press press;

    keys_feed(&keys, bytes, strlen(bytes));
    while (keys_next(&keys, true, &press)) {
        outcome = p->press(p, &press);
        if (outcome.act != PANEL_NOTHING)
            last = outcome;
        if (outcome.act == PANEL_CLOSE)
            break;
    }
    keys_free(&keys);
    return last;
}

static inline struct panel_outcome clicked(struct panel *p, enum mouse mouse, int row, int col)
{
    return p->press(p, &(struct press){ .kind = PRESS_MOUSE, .mouse = mouse, .row = row, .col = col });
}

/* The panel drawn over all of a screen of this size; rows ended by newlines, and the cells. */
static struct screen driven;
static inline const char *shown(struct panel *p, int rows, int cols)
{
    static struct buffer text;

    screen_resize(&driven, rows, cols);
    p->draw(p, &driven, (struct rect){ 0, 0, rows, cols });
    buffer_clear(&text);
    for (int row = 0; row < rows; row++) {
        char *line = screen_row(&driven, row);
        buffer_print(&text, "%s\n", line);
        free(line);
    }
    return text.s;
}

static inline enum style style_at(int row, int col) { return (enum style)driven.cells[row * driven.cols + col].style; }

/* The row that holds a text, -1: none. */
static inline int row_of(const char *screen, const char *text)
{
    const char *at = strstr(screen, text);
    int row = 0;

    if (at == NULL)
        return -1;
    for (const char *c = screen; c < at; c++)
        row += *c == '\n';
    return row;
}

/* Drawn at a place inside a larger screen: nothing is written around it, no half character in it. */
static inline void check_inside(struct panel *p, struct rect r, int rows, int cols)
{
    screen_resize(&driven, rows, cols);
    for (int i = 0; i < rows * cols; i++)
        strcpy(driven.cells[i].text, "#");
    p->draw(p, &driven, r);
    for (int i = 0; i < rows * cols; i++) {
        const struct cell *cell = &driven.cells[i];
        int row = i / cols, col = i % cols;
        bool inside = row >= r.row && row < r.row + r.rows && col >= r.col && col < r.col + r.cols;
        if (!inside) {
            assert_string_equal(cell->text, "#");
            assert_int_equal(cell->style, STYLE_PLAIN);
        } else if (cell->width == 2)
            assert_true(col + 1 < r.col + r.cols && cell[1].width == 0);
        else if (cell->width == 0)
            assert_true(col > r.col && cell[-1].width == 2);
        else
            assert_true((unsigned char)cell->text[0] >= 0x20);
    }
    if (driven.cursor_row >= 0)
        assert_true(driven.cursor_row >= r.row && driven.cursor_row < r.row + r.rows && driven.cursor_col >= r.col
                    && driven.cursor_col < r.col + r.cols);
}

static inline void check_every_size(struct panel *p)
{
    static const int sizes[][2] = { { 1, 1 }, { 1, 20 }, { 2, 3 }, { 3, 20 }, { 4, 2 }, { 5, 20 }, { 7, 31 }, { 12, 40 }, { 24, 80 }, { 60, 200 }, { 100, 300 } };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int rows = sizes[i][0], cols = sizes[i][1];
        check_inside(p, (struct rect){ 0, 0, rows, cols }, rows, cols);
        check_inside(p, (struct rect){ 2, 3, rows, cols }, rows + 3, cols + 5);
    }
    check_inside(p, (struct rect){ 1, 1, 0, 10 }, 4, 12);
    check_inside(p, (struct rect){ 1, 1, 3, 0 }, 4, 12);
}

/* Random presses, drawn at random places in between, until it closes; the same for a seed. */
static inline uint32_t next_random(uint32_t *seed) { return *seed = *seed * 1664525u + 1013904223u; }
static inline void check_random(struct panel *p, const char *letters, uint32_t seed, int n)
{
    for (int i = 0; i < n; i++) {
        struct press press = { .kind = (enum press_kind)(next_random(&seed) >> 8) % (PRESS_REPLY + 1) };
        size_t at = (next_random(&seed) >> 8) % strlen(letters), length = 1 + (next_random(&seed) >> 8) % 3;
        press.letter = (char)('a' + (next_random(&seed) >> 8) % 26);
        press.mouse = (enum mouse)((next_random(&seed) >> 8) % 5);
        press.row = (int)((next_random(&seed) >> 8) % 30);
        press.col = (int)((next_random(&seed) >> 8) % 100);
        if ((next_random(&seed) >> 8) % 3 == 0)
            press.kind = PRESS_TEXT;
        if (press.kind == PRESS_TEXT || press.kind == PRESS_PASTE) {
            while ((letters[at] & 0xC0) == 0x80)        /* whole characters, as keys.h gives them */
                at--;
            press.text = letters + at;
            while (press.n < length && letters[at + press.n] != '\0')
                for (press.n++; (letters[at + press.n] & 0xC0) == 0x80;)
                    press.n++;
        }
        p->press(p, &press);
        if (i % 4 == 0) {
            int rows = 1 + (int)((next_random(&seed) >> 8) % 28), cols = 1 + (int)((next_random(&seed) >> 8) % 90);
            check_inside(p, (struct rect){ 1, 2, rows, cols }, rows + 2, cols + 3);
        }
    }
}

#endif
