/* page.h - text laid out for a width: lines of styled runs.
 *
 *   Markdown (md4c, GitHub's dialect) -> blocks -> lines -> runs        page_markdown
 *   plain text                        -> lines (ui/wrap.h)              page_plain, page_captions
 *
 * Headings, nested lists, tasks, tables (columns shrink, cells wrap), fenced code with its
 * language as a label, quotes with a bar, emphasis, inline code, rules, links as text with
 * their target behind it (never an escape sequence), raw HTML as text.  Line breaks of the text
 * are kept, as in GitHub's comments: models put them where they mean them.  Invalid Markdown is
 * shown as it is, and so are [references][1] and their definitions: a definition may come
 * thousands of words later, and what is above must not jump.  Text that grows is laid out again from
 * its last finished block only, so an answer streamed in pieces costs what its blocks cost.
 * Text is kept as it came; drawing goes through the display edge (ui/sanitise.h). */
#ifndef UI_PAGE_H
#define UI_PAGE_H

#include "ui/buffer.h"
#include "ui/screen.h"
#include "ui/wrap.h"

#include <stdbool.h>
#include <stddef.h>

struct page_run { size_t start, end; enum style style; int link; };     /* bytes of page.text; link: index or -1 */
struct page_line {
    size_t first_run, n_runs;
    int indent;                     /* columns left of it */
    int code;                       /* index of its code block, or -1 */
};
struct page_code { char *language; size_t start, end; };    /* its content, bytes of page.text: without the indent of a list or bars of a quote */
struct page_mark { size_t source, text, n_runs, n_lines, n_codes, n_links; };

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
    struct page_mark stable;        /* what will not change while the text grows */
    struct wrap wrap;               /* memory for line breaks */
};

/* source[0..n) begins with what was given before, or page_reset was called in between, or
 * the width differs. */
void page_markdown(struct page *p, const char *source, size_t n, int width);
void page_plain(struct page *p, const char *source, size_t n, int width, enum style style);
/* Plain text whose bytes from n_sure on are dim; they are others the next time, after page_reset. */
void page_captions(struct page *p, const char *source, size_t n, size_t n_sure, int width);
void page_reset(struct page *p);
void page_free(struct page *p);

/* How the layouts build a page: a line, then its runs from left to right. */
void page_add_line(struct page *p, int code);
void page_add_blanks(struct page *p, int columns);
void page_add_run(struct page *p, size_t start, size_t end, enum style style, int link);    /* bytes of page.text */
void page_add_text(struct page *p, const char *text, size_t n, enum style style, int link);
size_t page_trimmed(const char *text, size_t start, size_t end);    /* its end without the blanks there */
struct page_mark page_here(const struct page *p, size_t source);
void page_go_back(struct page *p, const struct page_mark *to);

/* Draws a line at (row, col) up to column `end`. */
void page_draw(const struct page *p, size_t i_line, struct screen *s, int row, int col, int end);

#endif
