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

static char *sound_summary(const struct sound_facts *facts)
{
    struct words b = { 0 };
    int seconds = (int)facts->seconds;

    if (facts->seconds < 60)
        words_add(&b, "%.1f s %s", facts->seconds, facts->format);
    else if (facts->seconds < 3600)
        words_add(&b, "%d:%02d min %s", seconds / 60, seconds % 60, facts->format);
    else
        words_add(&b, "%d:%02d:%02d h %s", seconds / 3600, seconds / 60 % 60, seconds % 60, facts->format);
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

/* Largest magnitudes of stretches of `each` samples.  When all are used, two become one, so a sound of
 * any length leaves N_STRETCHES / 2 or more, N_STRETCHES / 2 / PREVIEW_PEAKS in each part. */
enum { N_STRETCHES = 16384 };
struct stretches {
    float peak[N_STRETCHES];
    size_t n, each, in_last;        /* samples that the last one has */
};

static void stretches_add(struct stretches *s, float x)
{
    if (s->n == 0 || s->in_last == s->each) {
        if (s->n == N_STRETCHES) {
            for (size_t i = 0; i < N_STRETCHES / 2; i++)
                s->peak[i] = fmaxf(s->peak[2 * i], s->peak[2 * i + 1]);
            s->n = N_STRETCHES / 2;
            s->each *= 2;
        }
        s->peak[s->n++] = 0.0f;
        s->in_last = 0;
    }
    s->peak[s->n - 1] = fmaxf(s->peak[s->n - 1], fabsf(x));
    s->in_last++;
}

/* Parts differ by one stretch at most; a sound of fewer has as many parts. */
static void find_peaks(struct preview *p, const struct stretches *s)
{
    p->n_peaks = s->n < PREVIEW_PEAKS ? s->n : PREVIEW_PEAKS;
    for (size_t i = 0; i < p->n_peaks; i++) {
        float peak = 0;
        for (size_t k = s->n * i / p->n_peaks; k < s->n * (i + 1) / p->n_peaks; k++)
            peak = fmaxf(peak, s->peak[k]);
        p->peaks[i] = fminf(peak, 1.0f);
    }
}

static bool read_stretches(struct sound *sound, const struct compute *c, struct stretches *s, struct error *err)
{
    const float *samples;
    size_t n;

    s->each = 1;
    while (!compute_cancelled(c, err) && sound_read(sound, &samples, &n, err)) {
        if (n == 0)
            return true;
        for (size_t i = 0; i < n; i++)
            stretches_add(s, samples[i]);
    }
    return false;
}

struct preview *preview_of_sound(struct sound *sound, const struct compute *c, struct error *err)
{
    struct preview *p = calloc(1, sizeof *p);
    struct stretches *s = calloc(1, sizeof *s);

    if (p == NULL || s == NULL || (p->peaks = malloc(PREVIEW_PEAKS * sizeof *p->peaks)) == NULL) {
        free(s);
        return no_memory(p, err);
    }
    if (!read_stretches(sound, c, s, err)) {
        free(s);
        preview_free(p);
        return NULL;
    }
    struct sound_facts facts = sound_facts(sound);
    p->kind = ATTACHMENT_AUDIO;
    p->seconds = facts.seconds;
    p->summary = sound_summary(&facts);
    find_peaks(p, s);
    free(s);
    return p->summary != NULL ? p : no_memory(p, err);
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
