#include "ui/previews.h"

#include "fusion/session.h"
#include "ui/buffer.h"
#include "ui/draft_lines.h"
#include "ui/list.h"
#include "ui/picture.h"
#include "ui/wrap.h"

#include <stdlib.h>
#include <string.h>

static void *copy_of(const void *data, size_t n)
{
    void *copy = n > 0 ? malloc(n) : NULL;

    if (n > 0 && copy == NULL)
        abort();
    return n > 0 ? memcpy(copy, data, n) : NULL;
}

static struct preview *copy_preview(const struct preview *p)
{
    struct preview *copy = copy_of(p, sizeof *p);

    copy->summary = text_copy(p->summary != NULL ? p->summary : "");
    copy->rgb = copy_of(p->rgb, p->rgb != NULL ? p->width * p->height * 3 : 0);
    copy->peaks = copy_of(p->peaks, p->peaks != NULL ? p->n_peaks * sizeof *p->peaks : 0);
    return copy;
}

static void forget(struct kept_preview *kept)
{
    preview_free(kept->preview);
    free(kept->path);
    free(kept->why_not);
    *kept = (struct kept_preview){ 0 };
}

static const struct kept_preview *find(const struct previews *p, const char *path)
{
    for (size_t i = 0; i < PREVIEWS_KEPT; i++)
        if (p->kept[i].path != NULL && strcmp(p->kept[i].path, path) == 0)
            return &p->kept[i];
    return NULL;
}

bool previews_ask(struct previews *p, const char *path)
{
    if (find(p, path) != NULL || (p->asked != NULL && strcmp(p->asked, path) == 0))
        return false;
    free(p->asked);
    p->asked = text_copy(path);
    return true;
}

void previews_put(struct previews *p, const char *path, const struct preview *preview, const char *why_not)
{
    if (find(p, path) != NULL)
        return;
    struct kept_preview *kept = &p->kept[p->next];
    p->next = (p->next + 1) % PREVIEWS_KEPT;
    forget(kept);
    kept->path = text_copy(path);
    kept->preview = preview != NULL ? copy_preview(preview) : NULL;
    kept->why_not = text_copy(why_not != NULL ? why_not : "");
    if (p->asked != NULL && strcmp(p->asked, path) == 0) {
        free(p->asked);
        p->asked = NULL;
    }
}

void previews_free(struct previews *p)
{
    for (size_t i = 0; i < PREVIEWS_KEPT; i++)
        forget(&p->kept[i]);
    free(p->asked);
    *p = (struct previews){ 0 };
}

/* Wrapped from the top of `where`; the rows it took. */
static int draw_text(struct screen *s, struct rect where, const char *text, enum style style)
{
    struct wrap w = { 0 };
    int rows = 0;

    if (where.cols > 0)
        wrap_update(&w, text, strlen(text), where.cols);
    for (; rows < where.rows && (size_t)rows < w.n; rows++)
        screen_put(s, where.row + rows, where.col, where.col + where.cols, text + w.lines[rows].start,
                   w.lines[rows].end - w.lines[rows].start, style);
    wrap_free(&w);
    return rows;
}

void preview_print_cost(const struct preview *p, struct buffer *to)
{
    if (p->n_rows == 0)
        return;
    buffer_print(to, "%zu ", p->n_rows);
    if (p->n_rows < p->n_rows_whole)
        buffer_print(to, "of %zu ", p->n_rows_whole);
    buffer_print(to, "row%s, ", p->n_rows_whole == 1 ? "" : "s");
    if (p->n_bytes > 0) {
        draft_print_bytes(to, p->n_bytes);
        buffer_print(to, " of memory");
    } else {
        buffer_print(to, "kept from before");
    }
}

static void facts_of(const struct preview *p, struct buffer *facts)
{
    buffer_print(facts, "%s%s", p->summary, p->n_rows > 0 ? "\n" : "");
    preview_print_cost(p, facts);
    if (p->expected_ms >= 1000)
        buffer_print(facts, "\nabout %.0f s to %s", p->expected_ms / 1000, p->kind == ATTACHMENT_AUDIO ? "listen to" : "look at");
}

void previews_draw(const struct previews *p, const char *path, struct screen *s, struct rect where, int n_colors)
{
    const struct kept_preview *kept = find(p, path);
    struct buffer facts = { 0 };
    int fact_rows = 2;

    if (kept == NULL) {
        draw_text(s, where, "looking ...", STYLE_DIM);
        return;
    }
    if (kept->preview == NULL) {
        draw_text(s, where, kept->why_not, STYLE_WARNING);
        return;
    }
    facts_of(kept->preview, &facts);
    fact_rows += kept->preview->n_rows > 0;
    if (n_colors >= 0 && where.rows > fact_rows) {
        struct rect picture = picture_fit(kept->preview, (struct rect){ where.row, where.col, where.rows - fact_rows, where.cols });
        if (s->takes_picture && kept->preview->rgb != NULL) {
            s->picture = kept->preview;
            s->picture_at = picture;
        } else {
            picture_draw(kept->preview, s, picture, n_colors);
        }
        where.row += picture.rows;
        where.rows -= picture.rows;
    }
    draw_text(s, where, buffer_text(&facts), STYLE_DIM);
    buffer_free(&facts);
}
