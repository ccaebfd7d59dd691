/* image.c - a picture file to upright RGB, safely.
 *
 *   bytes -> header (image_file.c) -> limits -> child process: decode, orient,
 *   composite (image_pixels.c) -> pixels in shared memory -> struct image
 *
 * Decoders are large and their input is hostile; in the child (sandbox.c) a
 * flaw of theirs ends as an error message. */
#include "vision/vision.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "vision/image_file.h"
#include "vision/image_pixels.h"
#include "vision/resize.h"
#include "vision/sandbox.h"

#ifndef MADV_POPULATE_WRITE         /* glibc before 2.35 */
#define MADV_POPULATE_WRITE 23
#endif

#define MAX_FILE_BYTES ((size_t)128 << 20)
#define MAX_PIXELS     ((size_t)128 << 20)  /* above the 108 MP of telephones; 384 MiB of RGB */
#define MAX_SIDE       65500                /* of a JPEG; also keeps 4 * width in an int */
#define MAX_MS         30000

/* Decoders hold the picture about three times (stb: inflated 16-bit RGBA, its
 * pixels, their 8-bit copy), and tables; malloc reserves 128 MiB for a new heap. */
#define BYTES_PER_PIXEL ((size_t)24)
#define BYTES_OF_TABLES ((size_t)256 << 20)
#define PAGES_AT_ONCE   ((size_t)4 << 20)   /* that are made while the child decodes */

struct job {
    const unsigned char *data;
    size_t n_bytes;
    const struct image_file *file;
    uint8_t *rgb;                   /* n_shared bytes, shared with the child: the pixels, and behind them */
    struct image_pixels *result;
    size_t n_shared, n_made;
};

static void decode_job(void *user)
{
    struct job *job = user;

    image_pixels_decode(job->data, job->n_bytes, job->file, job->result, job->rgb);
}

/* Shared pages cost the system twice what private ones do: we have them made while the child decodes.
 * (Linux 5.14; elsewhere they come when they are written.) */
static bool make_pages(void *user)
{
    struct job *job = user;
    size_t n = job->n_shared - job->n_made < PAGES_AT_ONCE ? job->n_shared - job->n_made : PAGES_AT_ONCE;

    if (n == 0 || madvise(job->rgb + job->n_made, n, MADV_POPULATE_WRITE) != 0)
        return false;
    job->n_made += n;
    return true;
}

static bool share(const char *path, struct job *job, struct error *err)
{
    const size_t n = job->file->width * job->file->height * 3, n_pixels = (n + 63) / 64 * 64;

    job->n_shared = n_pixels + sizeof *job->result;
    job->rgb = mmap(NULL, job->n_shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (job->rgb == MAP_FAILED)
        return error_set(err, ERROR_INPUT, "%s: no memory for %zu bytes of pixels", path, n);
    job->result = (struct image_pixels *)(void *)(job->rgb + n_pixels);
    return true;
}

static bool within_limits(const char *path, const struct image_file *file, struct error *err)
{
    if (file->width == 0 || file->height == 0)
        return error_set(err, ERROR_INPUT, "%s: the %s has no pixels (%zu x %zu)", path, file->name,
                         file->width, file->height);
    if (file->width > MAX_SIDE || file->height > MAX_SIDE || file->width > MAX_PIXELS / file->height)
        return error_set(err, ERROR_INPUT, "%s: the %s has %zu x %zu pixels, at most %zu megapixels and %d a side are "
                         "read; make it smaller", path, file->name, file->width, file->height,
                         MAX_PIXELS >> 20, MAX_SIDE);
    return true;
}

static bool explain(const char *path, const struct image_file *file, enum sandbox_end end,
                    const struct image_pixels *result, struct error *err)
{
    switch (end) {
    case SANDBOX_DONE:
        return error_set(err, ERROR_INPUT, "%s: the %s is broken: %s", path, file->name, result->why);
    case SANDBOX_BROKE:
        return error_set(err, ERROR_INPUT, "%s: the %s is broken: decoding it failed", path, file->name);
    case SANDBOX_LATE:
        return error_set(err, ERROR_INPUT, "%s: decoding the %s took more than %d s", path, file->name, MAX_MS / 1000);
    case SANDBOX_NONE:
        break;
    }
    return error_set(err, ERROR_INPUT, "%s: no process to decode it in could be started", path);
}

/* Takes the pixels over: the child is gone, and the next picture's is not given them, so nobody
 * else writes them. */
static struct image *new_image(const char *path, const struct job *job, const struct image_pixels *result, struct error *err)
{
    const struct image_file *file = job->file;
    const bool turned = result->orientation >= 5;
    struct image *image = malloc(sizeof *image);

    if (image == NULL) {
        error_set(err, ERROR_INPUT, "%s: no memory for a picture", path);
        return NULL;
    }
    (void)madvise(job->rgb, job->n_shared, MADV_DONTFORK);
    *image = (struct image){
        .width = turned ? file->height : file->width, .height = turned ? file->width : file->height,
        .rgb = job->rgb, .n_mapped = job->n_shared, .format = file->name, .file_width = file->width,
        .file_height = file->height, .orientation = result->orientation, .had_alpha = result->had_alpha,
    };
    return image;
}

static struct image *decode(const char *path, struct job *job, struct error *err)
{
    const size_t n_bytes = job->file->width * job->file->height * BYTES_PER_PIXEL + BYTES_OF_TABLES;
    struct image *image = NULL;

    if (!share(path, job, err))
        return NULL;
    const enum sandbox_end end = sandbox_run(decode_job, make_pages, job, n_bytes, MAX_MS);
    /* The child may have been taken over: nothing it left is trusted beyond its range. */
    struct image_pixels copy = *job->result;
    copy.why[sizeof copy.why - 1] = '\0';
    if (end == SANDBOX_DONE && copy.ok && copy.orientation >= 1 && copy.orientation <= 8)
        image = new_image(path, job, &copy, err);
    else
        explain(path, job->file, end, &copy, err);
    if (image == NULL)
        munmap(job->rgb, job->n_shared);
    return image;
}

struct image *image_decode(const char *path, const unsigned char *data, size_t n_bytes, struct error *err)
{
    struct image_file file;
    struct job job = { .data = data, .n_bytes = n_bytes, .file = &file };

    if (n_bytes > MAX_FILE_BYTES) {
        error_set(err, ERROR_INPUT, "%s: has %.1f MB, at most %.1f MB are read", path,
                  (double)n_bytes / 1e6, (double)MAX_FILE_BYTES / 1e6);
        return NULL;
    }
    if (!image_file_read(path, data, n_bytes, &file, err) || !within_limits(path, &file, err))
        return NULL;
    return decode(path, &job, err);
}

struct image *image_load(const char *path, struct error *err)
{
    size_t n_bytes;
    unsigned char *data = file_read(path, MAX_FILE_BYTES, &n_bytes, err);

    if (data == NULL)
        return NULL;
    struct image *image = image_decode(path, data, n_bytes, err);
    free(data);
    return image;
}

struct image *image_shrink(const struct image *image, size_t most, struct error *err)
{
    const size_t longest = image->width > image->height ? image->width : image->height;
    struct image *small = malloc(sizeof *small);

    if (small == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for a picture");
        return NULL;
    }
    *small = *image;
    small->n_mapped = 0;
    if (longest > most) {
        small->width = image->width * most / longest > 0 ? image->width * most / longest : 1;
        small->height = image->height * most / longest > 0 ? image->height * most / longest : 1;
    }
    small->rgb = malloc(small->width * small->height * 3);
    if (small->rgb == NULL)
        error_set(err, ERROR_INFERENCE, "no memory for a picture");
    else if (resize_rgb(NULL, RESIZE_AREA, resize_view_of(image), small->width, small->height, small->rgb, err))
        return small;
    image_free(small);
    return NULL;
}

void image_free(struct image *image)
{
    if (image == NULL)
        return;
    if (image->n_mapped > 0)
        munmap(image->rgb, image->n_mapped);
    else
        free(image->rgb);
    free(image);
}
