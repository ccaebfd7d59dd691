/* fuzz_projector.c - a projector file that opens can be run. */
#include "replay.h"
#include "tensor/gguf.h"
#include "vision/projector.h"

static void run(const struct projector *p, const struct compute *c)
{
    struct error err = { 0 };
    struct projector_sizes s = projector_sizes(p);
    struct arena *scratch = arena_new("fuzz", 1 << 16, &err);
    const size_t classes[] = { 0, s.n_class - 1 };
    struct projector_input in = {
        .grid = arena_zero(scratch, s.n_position * s.n_grid, sizeof(float), &err), .classes = classes,
        .boxes = arena_zero(scratch, 2 * s.n_box, sizeof(float), &err), .n_boxes = 2,
        .summary = arena_zero(scratch, s.n_summary, sizeof(float), &err),
    };
    float *rows = arena_alloc(scratch, s.n_rows * s.n_embd, sizeof *rows, &err);

    if (in.grid != NULL && in.boxes != NULL && in.summary != NULL && rows != NULL)
        projector_run(p, c, scratch, &in, rows, &err);
    arena_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct compute c;
    struct error err = { 0 };
    unsigned char *bytes = aligned_alloc(GGUF_ALIGN, (n + GGUF_ALIGN) / GGUF_ALIGN * GGUF_ALIGN);

    if (bytes == NULL || (c.pool == NULL && !compute_init(&c, 1, NULL, &err)))
        exit(1);
    memcpy(bytes, data, n);
    struct projector *p = projector_open_bytes("fuzz", bytes, n, &c, &err);
    if (p != NULL)
        run(p, &c);
    else if (err.code != ERROR_MODEL || *err.text == '\0')
        __builtin_trap();
    projector_close(p);
    free(bytes);
    return 0;
}
