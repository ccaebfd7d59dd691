/* colours.c - clusters of colour, named.
 *
 * CIE Lab (D65) of sRGB: IEC 61966-2-1 and CIE 15:2004.  A name's share adds up
 * over the clusters nearest to one of its reference colours.
 * k-means: Lloyd 1982, from fixed starts (the pixels at 1/10, 3/10 ... 9/10 of the
 * order of lightness), until nothing moves or 20 rounds. */
#include "vision/colours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vision/resize.h"

enum { SIDE = 32, N_PIXELS = SIDE * SIDE, N_MEANS = 5, N_ROUNDS = 20 };
static const float least_share = 0.2f;      /* said of a picture */
static const float box_share = 0.5f;        /* one colour of a thing: over half of its box */

struct lab { float l, a, b; };

/* The ends of a name's range, and its middle where they are far apart. */
static const struct { const char *name, *korean; size_t n; uint8_t rgb[4][3]; } colours[] = {
    { "black", "검은색", 1, { { 18, 18, 18 } } },
    { "dark grey", "짙은 회색", 1, { { 72, 72, 72 } } },
    { "grey", "회색", 1, { { 135, 135, 135 } } },
    { "light grey", "밝은 회색", 1, { { 195, 195, 195 } } },
    { "white", "흰색", 1, { { 246, 246, 246 } } },
    { "red", "빨간색", 3, { { 255, 0, 0 }, { 200, 30, 35 }, { 130, 15, 20 } } },
    { "orange", "주황색", 2, { { 255, 150, 20 }, { 225, 110, 35 } } },
    { "yellow", "노란색", 3, { { 255, 255, 0 }, { 240, 210, 60 }, { 250, 235, 130 } } },
    { "green", "초록색", 4, { { 40, 160, 50 }, { 40, 85, 35 }, { 120, 150, 70 }, { 130, 220, 110 } } },
    { "blue", "파란색", 4, { { 0, 0, 255 }, { 45, 95, 185 }, { 135, 195, 235 }, { 15, 20, 110 } } },
    { "purple", "보라색", 2, { { 120, 40, 145 }, { 165, 120, 200 } } },
    { "pink", "분홍색", 2, { { 255, 185, 200 }, { 240, 110, 165 } } },
    { "brown", "갈색", 3, { { 139, 69, 19 }, { 90, 60, 40 }, { 150, 110, 75 } } },
    { "beige", "베이지색", 2, { { 225, 205, 165 }, { 245, 232, 210 } } },
};
enum { N_COLOURS = sizeof colours / sizeof *colours };

static float linear(uint8_t v)
{
    const float x = (float)v / 255.0f;

    return x <= 0.04045f ? x / 12.92f : powf((x + 0.055f) / 1.055f, 2.4f);
}

static float lab_curve(float t)
{
    return t > 216.0f / 24389.0f ? cbrtf(t) : (24389.0f / 27.0f * t + 16.0f) / 116.0f;
}

static struct lab to_lab(const uint8_t rgb[3])
{
    const float r = linear(rgb[0]), g = linear(rgb[1]), b = linear(rgb[2]);
    const float x = lab_curve((0.4124564f * r + 0.3575761f * g + 0.1804375f * b) / 0.95047f);
    const float y = lab_curve(0.2126729f * r + 0.7151522f * g + 0.0721750f * b);
    const float z = lab_curve((0.0193339f * r + 0.1191920f * g + 0.9503041f * b) / 1.08883f);

    return (struct lab){ 116.0f * y - 16.0f, 500.0f * (x - y), 200.0f * (y - z) };
}

static float distance2(struct lab p, struct lab q)
{
    const float l = p.l - q.l, a = p.a - q.a, b = p.b - q.b;

    return l * l + a * a + b * b;
}

static size_t nearest(struct lab p, const struct lab means[N_MEANS])
{
    size_t best = 0;

    for (size_t i = 1; i < N_MEANS; i++)
        if (distance2(p, means[i]) < distance2(p, means[best]))
            best = i;
    return best;
}

static int by_lightness(const void *p, const void *q)
{
    const struct lab *a = p, *b = q;

    return (a->l > b->l) - (a->l < b->l);
}

/* One round; true when a mean moved. */
static bool move_means(const struct lab *pixels, struct lab means[N_MEANS], size_t count[N_MEANS])
{
    struct lab sum[N_MEANS] = { 0 };
    bool moved = false;

    memset(count, 0, N_MEANS * sizeof *count);
    for (size_t i = 0; i < N_PIXELS; i++) {
        const size_t k = nearest(pixels[i], means);
        sum[k] = (struct lab){ sum[k].l + pixels[i].l, sum[k].a + pixels[i].a, sum[k].b + pixels[i].b };
        count[k]++;
    }
    for (size_t k = 0; k < N_MEANS; k++) {
        const float n = (float)count[k];
        const struct lab mean = count[k] == 0 ? means[k] : (struct lab){ sum[k].l / n, sum[k].a / n, sum[k].b / n };
        moved = moved || distance2(mean, means[k]) > 1e-4f;
        means[k] = mean;
    }
    return moved;
}

static size_t name_of(struct lab mean)
{
    float least = INFINITY;
    size_t best = 0;

    for (size_t i = 0; i < N_COLOURS; i++)
        for (size_t k = 0; k < colours[i].n; k++) {
            const float distance = distance2(mean, to_lab(colours[i].rgb[k]));
            if (distance < least)
                least = distance, best = i;
        }
    return best;
}

/* Share of each name in the view; false without memory. */
static bool shares_of(struct resize_view view, float share[N_COLOURS])
{
    uint8_t rgb[N_PIXELS * 3];
    struct lab pixels[N_PIXELS], means[N_MEANS];
    size_t count[N_MEANS];
    int round = 0;

    if (!resize_rgb(NULL, RESIZE_AREA, view, SIDE, SIDE, rgb, NULL))
        return false;
    for (size_t i = 0; i < N_PIXELS; i++)
        pixels[i] = to_lab(rgb + 3 * i);
    qsort(pixels, N_PIXELS, sizeof *pixels, by_lightness);
    for (size_t k = 0; k < N_MEANS; k++)
        means[k] = pixels[(2 * k + 1) * N_PIXELS / (2 * N_MEANS)];
    while (move_means(pixels, means, count) && ++round < N_ROUNDS)
        ;
    memset(share, 0, N_COLOURS * sizeof *share);
    for (size_t k = 0; k < N_MEANS; k++)
        share[name_of(means[k])] += (float)count[k] / N_PIXELS;
    return true;
}

static size_t largest(const float share[N_COLOURS])
{
    size_t best = 0;

    for (size_t i = 1; i < N_COLOURS; i++)
        if (share[i] > share[best])
            best = i;
    return best;
}

size_t colours_of_image(const struct image *image, const char *names[VISION_MAX_COLOURS])
{
    float share[N_COLOURS];
    size_t n = 0;

    if (!shares_of(resize_view_of(image), share))
        return 0;
    for (; n < VISION_MAX_COLOURS && share[largest(share)] > least_share; n++) {
        names[n] = colours[largest(share)].name;
        share[largest(share)] = 0.0f;
    }
    return n;
}

/* The middle of the box only: its corners show what is behind the thing. */
const char *colours_of_box(const struct image *image, const float box[4])
{
    const float x = (box[2] - box[0]) * 0.15f, y = (box[3] - box[1]) * 0.15f;
    const float middle[4] = { box[0] + x, box[1] + y, box[2] - x, box[3] - y };
    float share[N_COLOURS];

    if (!shares_of(resize_view_of_box(image, middle), share))
        return "";
    const size_t best = largest(share);
    return share[best] > box_share ? colours[best].name : "";
}

const char *colours_korean(const char *name)
{
    for (size_t i = 0; i < N_COLOURS; i++)
        if (strcmp(colours[i].name, name) == 0)
            return colours[i].korean;
    return NULL;
}
