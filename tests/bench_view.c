/* bench_view.c - the conversation on the screen: how long draws take and how much they change.
 *
 *   bench_view [TURNS]
 *
 * No terminal and no engine: text -> pages -> cells of 24x80. */
#include "base/clock.h"
#include "tests/bench_rows.h"
#include "ui/view.h"

#include <string.h>

enum { ROWS = 24, COLS = 80, N_PAGES = 200, ANSWER_WORDS = 4000, TOKEN_BYTES = 5 };

static const struct rect whole = { 0, 0, ROWS, COLS };

static const char section[] =
    "## Reading a file\n\nA **file** is opened with `fopen` and read *line by line*; the [manual](https://example.org/fopen) says more about it.\n\n"
    "1. Open it and look at the result\n2. Read what is there:\n   - until the end\n   - or until an error\n3. Close it\n\n"
    "```c\nFILE *f = fopen(path, \"r\");\nif (f == NULL)\n    return false;\n```\n\n"
    "| mode | meaning | creates |\n|:-----|---------|:-------:|\n| r | reading from the start | no |\n| w | writing, what was there is gone | yes |\n\n"
    "> 파일은 한 줄씩 읽습니다. What was read stays as it is, with all of its bytes and lines.\n\n";

struct state { struct view view; struct screen now, before; };

static double draw(struct state *b)
{
    double start = clock_ms();

    screen_clear(&b->now);
    view_draw(&b->view, &b->now, whole);
    return clock_ms() - start;
}

/* Cells that the terminal is sent. */
static size_t changed(struct state *b)
{
    size_t n = 0;

    for (size_t i = 0; i < ROWS * COLS; i++)
        n += memcmp(&b->now.cells[i], &b->before.cells[i], sizeof *b->now.cells) != 0;
    memcpy(b->before.cells, b->now.cells, ROWS * COLS * sizeof *b->now.cells);
    return n;
}

static void line(const char *what, double mean, double most)
{
    bench_row("view", what, mean, "ms", "at most %.3f ms", most);
}

static void bench_open(struct state *b, int n_turns)
{
    double start = clock_ms();

    for (int i = 0; i < n_turns; i++) {
        view_add(&b->view, ITEM_USER, i + 1, "How do I read a file line by line in C, and what can go wrong?");
        view_add(&b->view, ITEM_ANSWER, i + 1, section);
    }
    draw(b);
    bench_row("view", "a conversation to the first draw", clock_ms() - start, "ms", "%d turns", n_turns);
}

static void bench_scroll(struct state *b)
{
    double sum = 0, most = 0, start = clock_ms();

    for (int i = 0; i < N_PAGES; i++) {
        double begin = clock_ms();
        view_page(&b->view, true);
        draw(b);
        double ms = clock_ms() - begin;
        sum += ms;
        most = ms > most ? ms : most;
    }
    line("a page up", sum / N_PAGES, most);
    start = clock_ms();
    view_to_start(&b->view);
    draw(b);
    double there = clock_ms() - start;
    view_to_end(&b->view);
    draw(b);
    line("to the start, and back", there, clock_ms() - start);
    start = clock_ms();
    view_find(&b->view, "no such words", -1);
    line("a search that finds nothing", clock_ms() - start, clock_ms() - start);
    view_find(&b->view, "", -1);
}

static void bench_keys(struct state *b)
{
    draw(b);
    changed(b);
    view_scroll(&b->view, -1);
    draw(b);
    bench_row("view", "cells changed by a row up", (double)changed(b), "cells", "of %d", ROWS * COLS);
    view_select(&b->view, -1);
    draw(b);
    changed(b);
    view_select(&b->view, -1);
    draw(b);
    bench_row("view", "cells changed by selecting the one before", (double)changed(b), "cells", "of %d", ROWS * COLS);
    view_unselect(&b->view);
    view_to_end(&b->view);
}

static void bench_stream(struct state *b)
{
    size_t item = view_add(&b->view, ITEM_ANSWER, 0, ""), n = sizeof section - 1, n_tokens = 0, n_changed = 0;
    double sum = 0, most = 0;

    b->view.items[item].live = true;
    for (size_t at = 0; at < ANSWER_WORDS * 6; at += TOKEN_BYTES, n_tokens++) {
        char token[TOKEN_BYTES];
        for (size_t i = 0; i < TOKEN_BYTES; i++)
            token[i] = section[(at + i) % n];
        double start = clock_ms();
        view_append(&b->view, item, token, TOKEN_BYTES);
        draw(b);
        double ms = clock_ms() - start;
        sum += ms;
        most = ms > most ? ms : most;
        n_changed += changed(b);
    }
    line("a token of an answer of 4000 words", sum / (double)n_tokens, most);
    bench_row("view", "cells changed by a token", (double)n_changed / (double)n_tokens, "cells", "of %d", ROWS * COLS);
}

int main(int argc, char **argv)
{
    struct state b = { 0 };

    screen_resize(&b.now, ROWS, COLS);
    screen_resize(&b.before, ROWS, COLS);
    bench_open(&b, argc > 1 ? atoi(argv[1]) : 5000);
    bench_scroll(&b);
    bench_keys(&b);
    bench_stream(&b);
    screen_free(&b.now);
    screen_free(&b.before);
    view_free(&b.view);
    return 0;
}
