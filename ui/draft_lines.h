/* draft_lines.h - the draft's words and measures, between its own files. */
#ifndef UI_DRAFT_LINES_H
#define UI_DRAFT_LINES_H

#include "ui/draft.h"

void draft_print_file(struct buffer *to, enum attachment_kind kind, const char *name, const char *summary);
void draft_print_bytes(struct buffer *to, size_t n);        /* "2.1 KB" */
bool draft_tab_opens(const struct draft *d);                /* the last chip, a paste; nothing is typed */
int draft_text_width(int width);                            /* > 0 */

#endif
