/* page.h - text laid out for a width: lines of styled runs.
 *
 *   Markdown (md4c, GitHub's dialect) -> blocks -> lines -> runs        page_markdown
 *   plain text                        -> lines (ui/wrap.h)              page_plain
 *
 * Headings, nested lists, tasks, tables (columns shrink, cells wrap), fenced code with its
 * language as a label, quotes with a bar, emphasis, inline code, rules, links as text with
 * their target (numbered, never an escape sequence), raw HTML as text.  Invalid Markdown is
 * shown as it is.  Text that grows is laid out again from its last finished block
 * only, so an answer of n bytes streamed in pieces costs O(n), and what is above does not jump.
 * Text is kept as it came; drawing goes through the display edge (ui/sanitise.h). */
#ifndef UI_PAGE_H
#define UI_PAGE_H

#include "ui/buffer.h"
#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>

struct page_run { size_t start, end; enum style style; int link; };     /* bytes of page.text; link: index or -1 */
struct page_line {
    size_t first_run, n_runs;
    int indent;                     /* columns left of it */
    int code;                       /* index of its code block, or -1 */
};
struct page_code { char *language; size_t start, end; };    /* its content as bytes of the source text */

struct page {                       /* all zero: nothing laid out yet */
    struct buffer text;             /* what the runs show */
    struct page_run *runs;
    struct page_line *lines;        /* [n_lines], at least one after an update */
    struct page_code *codes;
    char **links;                   /* targets */
    size_t n_runs, n_lines, n_codes, n_links;
    size_t run_capacity, line_capacity, code_capacity, link_capacity;
    int width;
    size_t n_bytes;                 /* of the source, laid out so far */
    size_t stable, n_stable_lines;  /* source and lines that will not change while the text grows */
};

/* source[0..n) begins with what was given before, or page_reset was called in between, or
 * the width differs. */
void page_markdown(struct page *p, const char *source, size_t n, int width);
void page_plain(struct page *p, const char *source, size_t n, int width, enum style style);
void page_reset(struct page *p);
void page_free(struct page *p);

/* Draws a line at (row, col) up to column `end`. */
void page_draw(const struct page *p, size_t i_line, struct screen *s, int row, int col, int end);

#endif
