#include "ui/echo_files.h"

#include "base/file.h"
#include "ui/buffer.h"

#include <math.h>
#include <stdio.h>
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

static void tell(struct echo_file *f)
{
    struct buffer details = { 0 };

    buffer_print(&details, "%zu bytes at %s\nNothing was looked at or listened to: this is the echo engine.\n", f->n_bytes, f->path);
    f->said_at = details.n;
    for (size_t i = 0; i < f->n_lines; i++)
        buffer_print(&details, "  %.1f - %.1f  %s%s\n", f->lines[i].start, f->lines[i].end, f->lines[i].text,
                     f->lines[i].text != NULL && strcmp(f->lines[i].text, f->lines[i].heard) != 0 ? "  (edited)" : "");
    free(f->details);
    f->details = details.s;
}

struct echo_file *echo_file_take(struct echo_file *f, double expected_ms)
{
    static const char *const heard[ECHO_LINES] = { "what is said first", "what is said then", "what is said at last" };
    struct echo_file *taken = must(malloc(sizeof *taken));

    *taken = *f;
    *f = (struct echo_file){ 0 };
    sha256_file(taken->path, taken->sha256, NULL);
    taken->preview = echo_file_preview(taken, expected_ms);
    taken->n_lines = taken->kind == ATTACHMENT_AUDIO ? ECHO_LINES : 0;
    for (size_t i = 0; i < taken->n_lines; i++) {
        double third = taken->preview->seconds / ECHO_LINES;
        taken->lines[i].start = third * (double)i;
        taken->lines[i].end = third * (double)(i + 1);
        taken->lines[i].heard = heard[i];
        taken->lines[i].text = text_copy(heard[i]);
    }
    tell(taken);
    return taken;
}

void echo_file_correct(struct echo_file *f, size_t i, const char *text)
{
    free(f->lines[i].text);
    f->lines[i].text = text_copy(text != NULL ? text : f->lines[i].heard);
    tell(f);
}

struct said_line echo_line(const struct attachment *a, size_t i)
{
    const struct echo_file *f = (const struct echo_file *)a;

    return (struct said_line){ f->lines[i].start, f->lines[i].end, f->lines[i].text, f->lines[i].heard };
}

char *echo_transcript(const struct attachment *a, const char *format)
{
    const struct echo_file *f = (const struct echo_file *)a;
    struct buffer text = { 0 };

    if (strlen(format) < 3 || strstr("txt srt vtt lrc csv json", format) == NULL)
        return NULL;
    buffer_print(&text, "%s\n", format);
    for (size_t i = 0; i < f->n_lines; i++)
        buffer_print(&text, "%s\n", f->lines[i].text);
    return text.s;
}

/* [m:ss] alone, of the first clip. */
size_t echo_citations(const char *answer, const struct attachment *const *clips, size_t n_clips, struct citation *citations, size_t most)
{
    const struct echo_file *f = n_clips > 0 ? (const struct echo_file *)clips[0] : NULL;
    size_t n = 0;

    for (const char *at = strchr(answer, '['); at != NULL && n < most && f != NULL; at = strchr(at + 1, '[')) {
        int minutes, seconds, used = 0;
        if (sscanf(at, "[%d:%2d]%n", &minutes, &seconds, &used) < 2 || used == 0)
            continue;
        size_t i = 0;
        while (i + 1 < f->n_lines && f->lines[i].end <= 60 * minutes + seconds)
            i++;
        citations[n++] = (struct citation){ (size_t)(at - answer), (size_t)used, clips[0], i, f->lines[i].start, f->lines[i].end };
    }
    return n;
}

const char *echo_file_name(const struct echo_file *f)
{
    const char *slash = strrchr(f->path, '/');

    return slash != NULL ? slash + 1 : f->path;
}

void echo_file_done(struct echo_file *f)
{
    for (size_t i = 0; i < f->n_lines; i++)
        free(f->lines[i].text);
    free(f->path);
    free(f->details);
    preview_free(f->preview);
    *f = (struct echo_file){ 0 };
}
