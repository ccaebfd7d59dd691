#include "fusion/preview.h"

#include "fusion/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_SECONDS 30.0         /* whisper's, audio/audio.h */

void preview_free(struct preview *p)
{
    if (p == NULL)
        return;
    free(p->summary);
    free(p->rgb);
    free(p->peaks);
    free(p);
}

static struct preview *no_memory(struct preview *p, struct error *err)
{
    preview_free(p);
    error_set(err, ERROR_INFERENCE, "no memory for a preview");
    return NULL;
}

static char *clip_summary(const struct clip *clip)
{
    struct words b = { 0 };

    if (clip->seconds < 60)
        words_add(&b, "%.1f s %s", clip->seconds, clip->format);
    else
        words_add(&b, "%d:%02d min %s", (int)clip->seconds / 60, (int)clip->seconds % 60, clip->format);
    return words_take(&b, NULL);
}

struct preview *preview_of_image(const struct image *image, struct error *err)
{
    struct preview *p = calloc(1, sizeof *p);
    struct image *small = p != NULL ? image_shrink(image, PREVIEW_PIXELS, err) : NULL;
    struct words summary = { 0 };

    words_add(&summary, "%zux%zu %s", image->width, image->height, image->format);
    char *text = words_take(&summary, NULL);
    if (small == NULL || text == NULL) {
        image_free(small);
        free(text);
        return no_memory(p, err);
    }
    *p = (struct preview){ .kind = ATTACHMENT_IMAGE, .summary = text, .width = small->width, .height = small->height,
                           .rgb = small->rgb };
    small->rgb = NULL;
    image_free(small);
    return p;
}

/* Parts differ by one sample at most; a clip of fewer samples has as many parts. */
static void find_peaks(struct preview *p, const struct clip *clip)
{
    for (size_t i = 0; i < p->n_peaks; i++) {
        size_t from = clip->n_samples * i / p->n_peaks, to = clip->n_samples * (i + 1) / p->n_peaks;
        float peak = 0;
        for (size_t k = from; k < to; k++)
            peak = fmaxf(peak, fabsf(clip->samples[k]));
        p->peaks[i] = fminf(peak, 1.0f);
    }
}

struct preview *preview_of_clip(const struct clip *clip, struct error *err)
{
    struct preview *p = calloc(1, sizeof *p);

    if (p == NULL)
        return no_memory(p, err);
    p->kind = ATTACHMENT_AUDIO;
    p->seconds = clip->seconds;
    p->summary = clip_summary(clip);
    p->n_peaks = clip->n_samples < PREVIEW_PEAKS ? clip->n_samples : PREVIEW_PEAKS;
    p->peaks = malloc(PREVIEW_PEAKS * sizeof *p->peaks);
    if (p->summary == NULL || p->peaks == NULL)
        return no_memory(p, err);
    find_peaks(p, clip);
    return p;
}

static bool copy_bytes(void **to, const void *from, size_t n)
{
    *to = from != NULL ? malloc(n + 1) : NULL;
    if (*to != NULL)
        memcpy(*to, from, n);
    return from == NULL || *to != NULL;
}

struct preview *preview_copy(const struct preview *p, struct error *err)
{
    struct preview *copy = malloc(sizeof *copy);
    void *rgb = NULL, *peaks = NULL;

    if (copy == NULL)
        return no_memory(NULL, err);
    *copy = *p;
    copy->summary = strdup(p->summary);
    bool good = copy->summary != NULL && copy_bytes(&rgb, p->rgb, p->width * p->height * 3) &&
                copy_bytes(&peaks, p->peaks, p->n_peaks * sizeof *p->peaks);
    copy->rgb = rgb;
    copy->peaks = peaks;
    return good ? copy : no_memory(copy, err);
}

size_t preview_n_windows(const struct preview *p)
{
    return (size_t)ceil(fmax(p->seconds, 1.0) / WINDOW_SECONDS);
}
