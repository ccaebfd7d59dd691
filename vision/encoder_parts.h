/* encoder_parts.h - what a struct image_encoder is made of; for encoder*.c and their tests.
 *
 *   encoder.c         the file: types, keys, weights
 *   encoder_tiles.c   sizes and pixels: what is resized to what, tiles, patches
 *   encoder_run.c     rows and markers */
#ifndef VISION_ENCODER_PARTS_H
#define VISION_ENCODER_PARTS_H

#include "base/arena.h"
#include "base/file.h"
#include "tensor/encoder.h"
#include "tensor/gguf.h"
#include "vision/encoder.h"
#include "vision/resize.h"

#include <stdint.h>

enum image_layout {
    LAYOUT_SQUARE,                  /* one tile, whatever the picture's shape */
    LAYOUT_PADDED,                  /* one tile: the picture in the middle of a square of the mean's colour */
    LAYOUT_SPLIT,                   /* a large picture into tiles, then the whole */
    LAYOUT_SHAPED,                  /* the grid of tiles whose shape is nearest to the picture's, then, of several, the whole */
    LAYOUT_FREE                     /* one tile of about the picture's own size; patches go unit by unit (merge x merge), window
                                     * by window where there are some, and their places turn queries and keys */
};

/* What tells one clip.projector_type from another. */
struct image_family {
    const char *type;
    enum image_layout layout;
    bool windows;                   /* patches of a window see each other only, but in some layers; norms are RMS norms */
    bool either_norm;               /* norms are RMS norms in files whose first has no bias */
    bool class_first;               /* a token of the whole picture before the patches, which gives no row */
    bool stops;                     /* behind layer clip.vision.feature_layer, else the file's last, without a norm; the projector's last matrix
                                     * tells the width, since clip.vision.projection_dim is that of CLIP's own */
    bool gelu_erf;                  /* clip.use_gelu means GELU itself, not its tanh form */
    bool stacks;                    /* merged patches stand side by side in a row; else it is their mean */
    enum resize_filter filter;
    bool both_ways;                 /* rows see each other in the text model */
    size_t merge;                   /* patches a side, unless the file says otherwise */
    const char *begin, *end;        /* around the rows: LAYOUT_SPLIT: of the whole picture, else of all tiles; "": nothing */
    const char *matrix;             /* name of the projector's */
    bool matrix_is_turned;          /* it is stored [n_in][n_embd] */
    const char *norm, *norm_bias;   /* names of its RMS norm, with a bias of its layer norm, or NULL */
    const char *up, *up_bias, *bias;        /* a layer with GELU before the matrix, whose bias; or NULL */
};

struct image_encoder {
    struct gguf *file;
    char id[FILE_STAMP];
    struct arena *arena;
    const struct image_family *family;
    struct encoder *encoder;
    size_t d, image_size, patch, merge, longest;    /* longest: side of a picture that is split; else image_size */
    size_t least_tiles, most_tiles; /* of LAYOUT_SHAPED, without the whole */
    size_t window, full_every;      /* units a side of a window, and every how many layers all see all; 0: none */
    float mean[3], std[3], eps;
    struct tensor patch_embd;       /* [d][3 patch patch] */
    const struct tensor *patch_bias, *class_embd;   /* [d] or NULL */
    const struct tensor *position;  /* [n_patches][d], with the class token's before them where there is one; NULL with LAYOUT_FREE */
    const struct tensor *norm, *norm_bias, *up, *up_bias, *matrix, *bias;   /* [n_in] twice, [n_up][n_in], [n_up], [n_embd][n_in or n_up], [n_embd];
                                                                             * matrix: never NULL */
    size_t n_embd;
};

/* ---- encoder_tiles.c -------------------------------------------------------------------------- */

struct image_tiles {
    size_t first_width, first_height;       /* the picture is resized to this (LAYOUT_PADDED: its square's columns) ... */
    size_t width, height;                   /* ... and that to this, which tiles cover */
    size_t tile_width, tile_height;
    size_t n_columns, n_rows;               /* 1 x 1: the whole picture alone */
};
/* Of at most n_most rows in all, where there is a way; 0: any number. */
bool image_tiles_of(const struct image_encoder *e, size_t width, size_t height, size_t n_most, struct image_tiles *t, struct error *err);
size_t image_n_tiles(const struct image_tiles *t);          /* with that of the whole picture */
size_t image_n_patches(const struct image_encoder *e, const struct image_tiles *t);     /* of a tile */
size_t image_n_positions(const struct image_encoder *e, const struct image_tiles *t);   /* with the class token */
size_t image_tile_rows(const struct image_encoder *e, const struct image_tiles *t);
/* Windows of a tile, row by row, those at the edges smaller; the first patch behind window i. */
size_t image_n_windows(const struct image_encoder *e, const struct image_tiles *t);
size_t image_window_end(const struct image_encoder *e, const struct image_tiles *t, size_t i);
/* Row and column of patch i of a tile. */
void image_patch_place(const struct image_encoder *e, const struct image_tiles *t, size_t i, size_t *row, size_t *column);

/* The picture as the processor resizes it: canvas [t->height][t->width][3], whole [image_size][image_size][3], which is
 * the canvas when that has one tile.  From `arena`. */
struct image_canvas {
    const uint8_t *canvas, *whole;
};
bool image_canvas_make(const struct image_encoder *e, const struct compute *c, const struct image_tiles *t, struct arena *arena,
                       const struct image *image, struct image_canvas *canvas, struct error *err);
/* Patches [n_patches][3][patch][patch] of tile i: (v / 255 - mean) / std.  The last tile is the whole. */
void image_patches(const struct image_encoder *e, const struct image_tiles *t, const struct image_canvas *canvas, size_t i, float *patches);

/* ---- encoder_run.c ------------------------------------------------------------------------------ */

/* Rows [image_tile_rows][n_embd] of a tile's patches, which are [n_patches][3 patch patch]. */
bool image_encode_patches(const struct image_encoder *e, const struct compute *c, struct arena *scratch, const struct image_tiles *t,
                          const float *patches, float *rows, struct error *err);

#endif
