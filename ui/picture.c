#include "ui/picture.h"

#include "base/utf8.h"

#include <chafa.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EIGHTHS = 8,
    CLIP_ROWS = 8                   /* a waveform that is higher only shouts */
};

#define CELL_RATIO 0.5               /* of its width to its height, in most fonts */

/* ---- which kind ------------------------------------------------------------------------- */

/* tmux and screen would have to keep the picture's place; they do not, or not all of them. */
static bool is_multiplexed(void)
{
    const char *tmux = getenv("TMUX"), *screen = getenv("STY"), *name = getenv("TERM");

    return (tmux != NULL && *tmux != '\0') || (screen != NULL && *screen != '\0')
        || (name != NULL && (strncmp(name, "screen", 6) == 0 || strncmp(name, "tmux", 4) == 0));
}

static enum picture_kind kind_of_environment(void)
{
    if (is_multiplexed())
        return PICTURE_BLOCKS;
    ChafaTermInfo *info = chafa_term_db_detect(chafa_term_db_get_default(), environ);
    bool kitty = chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_BEGIN_KITTY_IMMEDIATE_IMAGE_V1);
    bool sixel = chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_BEGIN_SIXELS);
    chafa_term_info_unref(info);
    return kitty ? PICTURE_KITTY : sixel ? PICTURE_SIXEL : PICTURE_BLOCKS;
}

/* In black and white what blocks show is hardly a picture. */
enum picture_kind picture_choose(const char *wanted, int n_colors)
{
    static const struct { const char *name; enum picture_kind kind; } names[] = {
        { "off", PICTURE_OFF }, { "blocks", PICTURE_BLOCKS }, { "sixel", PICTURE_SIXEL }, { "kitty", PICTURE_KITTY },
    };

    for (size_t i = 0; wanted != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, wanted) == 0)
            return names[i].kind;
    enum picture_kind kind = kind_of_environment();
    return kind == PICTURE_BLOCKS && n_colors < 8 ? PICTURE_OFF : kind;
}

/* ---- an image ---------------------------------------------------------------------------- */

/* The largest rectangle of cells that keeps the image's shape. */
static void fit(const struct preview *p, struct rect *where, double cell_ratio)
{
    chafa_calc_canvas_geometry((gint)p->width, (gint)p->height, &where->cols, &where->rows, (gfloat)cell_ratio, FALSE, FALSE);
    where->cols = where->cols > 0 ? where->cols : 1;
    where->rows = where->rows > 0 ? where->rows : 1;
}

struct rect picture_fit(const struct preview *p, struct rect where)
{
    if (where.rows <= 0 || where.cols <= 0)
        return (struct rect){ where.row, where.col, 0, 0 };
    if (p->rgb != NULL && p->width > 0 && p->height > 0)
        fit(p, &where, CELL_RATIO);
    else if (p->n_peaks > 0)
        where.rows = where.rows < CLIP_ROWS ? where.rows : CLIP_ROWS;
    else
        where.rows = 0;
    return where;
}

static ChafaCanvas *canvas_of(const struct preview *p, ChafaCanvasConfig *config, struct rect where)
{
    chafa_canvas_config_set_geometry(config, where.cols, where.rows);
    ChafaCanvas *canvas = chafa_canvas_new(config);
    chafa_canvas_draw_all_pixels(canvas, CHAFA_PIXEL_RGB8, p->rgb, (gint)p->width, (gint)p->height, (gint)p->width * 3);
    chafa_canvas_config_unref(config);
    return canvas;
}

/* 16 to 255 of 256: the first 16 look different everywhere.  A terminal of few colours has few
 * pairs of them, so only the foreground is chosen there. */
static ChafaCanvasConfig *config_of_blocks(int n_colors)
{
    ChafaCanvasConfig *config = chafa_canvas_config_new();
    ChafaSymbolMap *symbols = chafa_symbol_map_new();

    chafa_symbol_map_add_by_tags(symbols, CHAFA_SYMBOL_TAG_SPACE | CHAFA_SYMBOL_TAG_SOLID | CHAFA_SYMBOL_TAG_HALF | CHAFA_SYMBOL_TAG_QUAD);
    if (n_colors < 256)
        chafa_symbol_map_add_by_tags(symbols, CHAFA_SYMBOL_TAG_STIPPLE);
    chafa_canvas_config_set_symbol_map(config, symbols);
    chafa_symbol_map_unref(symbols);
    chafa_canvas_config_set_canvas_mode(config, n_colors >= 256 ? CHAFA_CANVAS_MODE_INDEXED_240 : n_colors >= 16 ? CHAFA_CANVAS_MODE_INDEXED_16
                                                : n_colors >= 8 ? CHAFA_CANVAS_MODE_INDEXED_8 : CHAFA_CANVAS_MODE_FGBG);
    chafa_canvas_config_set_fg_only_enabled(config, n_colors < 256);
    return config;
}

static short palette_colour(int colour, int n_colors)
{
    return (short)(colour >= 0 && colour < n_colors ? colour : -1);
}

static void draw_cell(struct screen *s, int row, int col, ChafaCanvas *canvas, int x, int y, int n_colors)
{
    char text[4];
    int foreground, background;
    size_t n = utf8_encode((uint32_t)chafa_canvas_get_char_at(canvas, x, y), text);

    if (screen_put(s, row, col, s->cols, text, n, STYLE_PLAIN) != col + 1)
        return;
    chafa_canvas_get_raw_colors_at(canvas, x, y, &foreground, &background);
    s->cells[row * s->cols + col].foreground = palette_colour(foreground, n_colors);
    s->cells[row * s->cols + col].background = palette_colour(background, n_colors);
}

static void draw_image(const struct preview *p, struct screen *s, struct rect where, int n_colors)
{
    ChafaCanvas *canvas = canvas_of(p, config_of_blocks(n_colors), where);
    for (int y = 0; y < where.rows; y++)
        for (int x = 0; x < where.cols; x++)
            draw_cell(s, where.row + y, where.col + x, canvas, x, y, n_colors);
    chafa_canvas_unref(canvas);
}

/* ---- a clip ------------------------------------------------------------------------------ */

/* The largest peak of column i of n. */
static double peak_of(const struct preview *p, int i, int n)
{
    size_t from = (size_t)i * p->n_peaks / (size_t)n, to = (size_t)(i + 1) * p->n_peaks / (size_t)n;
    double peak = 0;

    for (size_t k = from; k < to || k == from; k++)
        if ((double)p->peaks[k] > peak)         /* false for NaN */
            peak = (double)p->peaks[k];
    return peak < 1 ? peak : 1;
}

/* Bars of eighths of a cell; silence keeps a line. */
static void draw_clip(const struct preview *p, struct screen *s, struct rect where)
{
    static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };

    for (int col = 0; col < where.cols; col++) {
        int filled = (int)lround(peak_of(p, col, where.cols) * EIGHTHS * where.rows);
        for (int row = where.rows - 1; row >= 0; row--) {
            int here = filled < EIGHTHS ? filled : EIGHTHS;
            filled -= here;
            if (row == where.rows - 1 && here == 0)
                here = 1;
            screen_print(s, where.row + row, where.col + col, s->cols, blocks[here], STYLE_ACCENT);
        }
    }
}

/* The part that is on the screen; false when there is none. */
static bool clip_to_screen(const struct screen *s, struct rect *where)
{
    if (where->row < 0 || where->col < 0)
        return false;
    where->rows = where->rows < s->rows - where->row ? where->rows : s->rows - where->row;
    where->cols = where->cols < s->cols - where->col ? where->cols : s->cols - where->col;
    return where->rows > 0 && where->cols > 0;
}

void picture_draw(const struct preview *p, struct screen *s, struct rect where, int n_colors)
{
    if (!clip_to_screen(s, &where))
        return;
    where = picture_fit(p, where);
    if (where.rows == 0)
        return;
    if (p->rgb != NULL && p->width > 0 && p->height > 0)
        draw_image(p, s, where, n_colors);
    else
        draw_clip(p, s, where);
}

/* ---- pixels ------------------------------------------------------------------------------- */

void picture_encode(const struct preview *p, enum picture_kind kind, struct rect where, int cell_w, int cell_h, struct buffer *bytes)
{
    if (p->rgb == NULL || p->width == 0 || p->height == 0 || where.rows <= 0 || where.cols <= 0)
        return;
    ChafaCanvasConfig *config = chafa_canvas_config_new();
    ChafaTermInfo *info = chafa_term_db_get_fallback_info(chafa_term_db_get_default());
    chafa_canvas_config_set_cell_geometry(config, cell_w, cell_h);
    chafa_canvas_config_set_pixel_mode(config, kind == PICTURE_KITTY ? CHAFA_PIXEL_MODE_KITTY : CHAFA_PIXEL_MODE_SIXELS);
    chafa_canvas_config_set_canvas_mode(config, CHAFA_CANVAS_MODE_TRUECOLOR);
    fit(p, &where, (double)cell_w / cell_h);
    ChafaCanvas *canvas = canvas_of(p, config, where);
    GString *printed = chafa_canvas_print(canvas, info);
    buffer_append(bytes, printed->str, printed->len);
    g_string_free(printed, TRUE);
    chafa_canvas_unref(canvas);
    chafa_term_info_unref(info);
}
