#include "ui/echo_files.h"

#include "base/file.h"
#include "ui/buffer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FILE_BYTES = 64 << 20,
    WIDTH = 48, HEIGHT = 32,        /* of the gradient */
    BYTES_PER_SECOND = 32000        /* 16 kHz, 16 bits */
};

static enum attachment_kind kind_of(const char *path)
{
    static const char *const endings[] = { ".wav", ".flac", ".ogg", ".mp3" };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return ATTACHMENT_AUDIO;
    return ATTACHMENT_IMAGE;
}

bool echo_file_open(struct echo_file *f, const char *path, struct error *err)
{
    unsigned char *data = file_read(path, FILE_BYTES, &f->n_bytes, err);

    free(data);
    if (data == NULL)
        return false;
    f->path = text_copy(path);
    f->kind = kind_of(path);
    return true;
}

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static void draw_gradient(struct preview *p)
{
    p->width = WIDTH;
    p->height = HEIGHT;
    p->rgb = must(malloc(WIDTH * HEIGHT * 3));
    for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
        p->rgb[3 * i] = (unsigned char)(i % WIDTH * 255 / (WIDTH - 1));
        p->rgb[3 * i + 1] = (unsigned char)(i / WIDTH * 255 / (HEIGHT - 1));
        p->rgb[3 * i + 2] = 128;
    }
}

static void draw_sine(struct preview *p)
{
    p->n_peaks = PREVIEW_PEAKS;
    p->peaks = must(malloc(PREVIEW_PEAKS * sizeof *p->peaks));
    for (size_t i = 0; i < PREVIEW_PEAKS; i++)
        p->peaks[i] = fabsf(sinf((float)i * 0.0982f));      /* pi / 32: eight waves */
}

struct preview *echo_file_preview(const struct echo_file *f, double expected_ms)
{
    struct preview *p = must(calloc(1, sizeof *p));
    struct buffer summary = { 0 };

    buffer_print(&summary, "%zu bytes", f->n_bytes);
    p->kind = f->kind;
    p->summary = summary.s;
    p->expected_ms = expected_ms;
    if (f->kind == ATTACHMENT_AUDIO) {
        p->seconds = (double)f->n_bytes / BYTES_PER_SECOND;
        draw_sine(p);
    } else {
        draw_gradient(p);
    }
    return p;
}

struct echo_file *echo_file_take(struct echo_file *f, double expected_ms)
{
    struct echo_file *taken = must(malloc(sizeof *taken));
    struct buffer details = { 0 };

    *taken = *f;
    *f = (struct echo_file){ 0 };
    buffer_print(&details, "%zu bytes at %s\nNothing was looked at or listened to: this is the echo engine.", taken->n_bytes,
                 taken->path);
    taken->details = details.s;
    taken->preview = echo_file_preview(taken, expected_ms);
    return taken;
}

const char *echo_file_name(const struct echo_file *f)
{
    const char *slash = strrchr(f->path, '/');

    return slash != NULL ? slash + 1 : f->path;
}

void echo_file_done(struct echo_file *f)
{
    free(f->path);
    free(f->details);
    preview_free(f->preview);
    *f = (struct echo_file){ 0 };
}
