/* encoder.h - a published vision encoder with its projector: pixels in, rows of one text model's embedding out.
 *
 *   pixels [height][width][3] u8 -> tiles, resized and normalised as the model's processor does
 *     -> patches -> ViT (tensor/encoder.h) -> merge x merge patches in one -> projector -> rows [n][n_embd] f32
 *
 * The file is what publishers call mmproj: GGUF, architecture "clip" (tensor/mmproj.h).  Types that are read:
 *
 *   idefics3   SmolVLM (Marafioti et al. 2025, arXiv:2504.05299): a grid of tiles with names, then the whole picture;
 *              a row is merge x merge patches side by side, times one matrix
 *   gemma3     (Gemma Team 2025, arXiv:2503.19786): the picture as a square; a row is the mean of merge x merge
 *              patches, its RMS norm times one matrix; rows see each other in the text model
 *   qwen2vl_merger   Qwen2-VL (Wang et al. 2024, arXiv:2409.12191): the picture in about its own size, whose patches know
 *              their row and column by rotation; merge x merge of them in a row, through two layers; in the text model
 *              rows have places of a grid
 *   qwen2.5vl_merger Qwen2.5-VL (Bai et al. 2025, arXiv:2502.13923): likewise; in most layers patches see those of their
 *              window of 112 x 112 pixels only
 *   qwen2.5o   Qwen2.5-Omni (Xu et al. 2025, arXiv:2503.20215): the same with other markers
 *   mlp        LLaVA 1.5 (Liu et al. 2023, arXiv:2310.03744): the picture in the middle of a square; a row is a patch behind
 *              the last layer but one of CLIP's encoder, through two layers
 *   internvl   InternVL 2 to 3 (Chen et al. 2024, arXiv:2404.16821): the grid of tiles nearest to the picture's shape, then the
 *              whole; a row is merge x merge patches side by side, normed, through two layers
 *
 * The maths is that of transformers 5.24, models/{idefics3,siglip,gemma3,qwen2_vl,qwen2_5_vl,clip,llava,internvl}; processing:
 * image_processing_pil_idefics3.py, image_processing_gemma3.py, image_processing_qwen2_vl.py, image_processing_pil_llava.py,
 * image_processing_pil_got_ocr2.py (internvl); layout: llama.cpp, tools/mtmd/clip.cpp, of mlp its legacy-models/convert_image_encoder_to_gguf.py.
 *
 * A struct image_encoder never changes once open; threads may share it, each with a struct compute of its own. */
#ifndef VISION_ENCODER_H
#define VISION_ENCODER_H

#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/media_rows.h"

#include <stdbool.h>
#include <stddef.h>

struct image;                       /* vision.h */
struct image_encoder;

/* ERROR_MODEL names the file and the key or tensor that is missing or wrong. */
struct image_encoder *image_encoder_open(const char *path, const struct compute *c, struct error *err);
void image_encoder_close(struct image_encoder *e);          /* NULL is fine */

const char *image_encoder_type(const struct image_encoder *e);      /* the file's clip.projector_type; borrowed */
const char *image_encoder_id(const struct image_encoder *e);        /* file_stamp of the file; borrowed */
size_t image_encoder_n_embd(const struct image_encoder *e);         /* width of a row: the text model's n_embd */

/* What encoding a picture of width x height takes; nothing is computed.  Of more than n_most rows (0: any number) it is
 * encoded smaller, in fewer tiles or pixels; those whose tile is always one keep their rows, and no picture has fewer than
 * a tile, or a unit, has.  ERROR_INPUT for a picture without pixels, or far longer than broad. */
struct image_plan {
    size_t n_tiles, n_rows;         /* the encoder runs n_tiles times; rows of all */
    size_t n_bytes;                 /* of memory meanwhile, about, the rows included */
};
bool image_encoder_plan(const struct image_encoder *e, size_t width, size_t height, size_t n_most, struct image_plan *plan, struct error *err);

/* Called before each tile, with those that are done; may be NULL. */
typedef void image_encoder_progress(void *user, size_t n_done, size_t n_tiles);

/* As planned with n_most.  The caller frees it.  NULL and *err when memory runs out or the user cancels, which is looked for between layers. */
struct media_rows *image_encoder_encode(const struct image_encoder *e, const struct compute *c, const struct image *image, size_t n_most,
                                        image_encoder_progress *progress, void *user, struct error *err);

#endif
