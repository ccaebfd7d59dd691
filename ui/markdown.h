/* markdown.h - md4c's events into the lines of a page (private to ui/markdown*.c).
 *
 *   md_parse -> enter/leave/text -> open containers + inlines -> page_add_*
 *
 * A container (quote, list, item) puts something before each line inside it: a bar, the mark
 * of an item, its blanks.  It takes columns only while ROOM_LEAST are left for text: deeper
 * ones are not drawn, an item's mark then stands at the start of its text.
 * Source: CommonMark 0.31, GitHub Flavored Markdown 0.29. */
#ifndef UI_MARKDOWN_H
#define UI_MARKDOWN_H

#include "ui/page.h"

#include <md4c.h>

#define MARK_BYTES 24

enum { ROOM_LEAST = 10, CODE_INDENT = 2 };
enum { MARKDOWN_CUT = -2 };         /* ends md_parse, which heeds only what is negative: the page can be cut, at markdown.cut */

struct span { size_t end; enum style style; int link; };    /* from the end of the one before */

struct inlines {                    /* text of a paragraph, heading, cell or code block */
    struct buffer text;
    struct span *spans;
    size_t n_spans, capacity;
};

struct container {
    MD_BLOCKTYPE type;              /* MD_BLOCK_QUOTE, UL, OL, LI */
    bool tight;                     /* of a list */
    bool begun;                     /* list: had an item; item: its mark was drawn; quote: had a line */
    unsigned number;                /* of a list's next item */
    char delimiter;
    int columns;                    /* taken from each line; 0: no room or none needed */
    char mark[MARK_BYTES];
};

struct table_cell { struct inlines text; MD_ALIGN align; };

struct table {
    struct table_cell *cells;             /* [n_cells], row by row */
    size_t n_cells, capacity, n_columns;
    MD_ALIGN align;                 /* of the cell being read */
    size_t read_cell;               /* the cell with the last text */
    size_t row_end;                 /* end of the row before in the source; of the text before the table, at first */
};

struct open_link { size_t start; int outer; };

struct markdown {
    struct page *page;
    const char *source;             /* what md4c reads: from page.stable on, definitions escaped */
    size_t n, first;                /* first: place of source[0] in the whole */
    size_t *escapes, n_escapes, escape_capacity;            /* bytes of source put in by us */
    struct container *containers;
    size_t n_containers, container_capacity;
    int room;                       /* columns left by the containers */
    bool gap;                       /* a blank line goes before the next block */
    struct inlines text;            /* being collected */
    size_t blanks;                  /* before the next text of fenced code, as md4c counts them */
    bool fenced;
    int strong, italic, code, deleted, heading, link;       /* depths; link: index or -1 */
    struct open_link *links;
    size_t n_links, link_capacity;
    struct table table;
    struct buffer scratch;
    size_t read;                    /* end of the last text in the source */
    bool seeking;                   /* the first text of a block of the document is awaited */
    struct page_mark before;        /* that block */
    struct page_mark cut;           /* where the page can be cut */
};

/* markdown_inline.c */
void inlines_add(struct inlines *t, const char *text, size_t n, enum style style, int link);
void inlines_clear(struct inlines *t);
void inlines_free(struct inlines *t);
/* Text of the source without the backslashes that we put in: code and cells too many show those. */
void markdown_add_source(const struct markdown *m, struct inlines *to, const char *text, size_t n, enum style style, int link);
int markdown_enter_span(MD_SPANTYPE type, void *detail, void *user);
int markdown_leave_span(MD_SPANTYPE type, void *detail, void *user);
int markdown_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE n, void *user);

/* markdown_block.c */
int markdown_enter_block(MD_BLOCKTYPE type, void *detail, void *user);
int markdown_leave_block(MD_BLOCKTYPE type, void *detail, void *user);
void markdown_open_line(struct markdown *m, int code);      /* with what the containers put before it */
void markdown_loose_marks(struct markdown *m);              /* marks of items that had no room, on a line of their own */
/* Runs of page.text[start..end), where t's text was put at `base`. */
void markdown_add_runs(struct markdown *m, const struct inlines *t, size_t base, size_t start, size_t end);

/* markdown_table.c */
void markdown_table(struct markdown *m);
void markdown_table_row(struct markdown *m);                /* at its end: cells too many are kept */
void markdown_table_free(struct table *t);

#endif
