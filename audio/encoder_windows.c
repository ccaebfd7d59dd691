#include "audio/audio.h"
#include "audio/encoder_parts.h"
#include "audio/mel.h"

static size_t up_to(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Frames of a window: a whole part where frames are seen by chunks. */
static size_t window_frames(const struct audio_encoder *e)
{
    return e->family->chunk != 0 ? e->family->part_seconds * MEL_FRAMES_PER_SECOND : 2 * e->n_position;
}

/* 0: the whole clip is one part. */
static size_t part_samples(const struct audio_encoder *e)
{
    return e->family->window_parts ? window_frames(e) * MEL_HOP : e->family->part_seconds * AUDIO_HZ;
}

size_t audio_n_parts(const struct audio_encoder *e, size_t n_samples)
{
    return part_samples(e) == 0 || n_samples == 0 ? 1 : up_to(n_samples, part_samples(e)) / part_samples(e);
}

struct audio_part audio_part(const struct audio_encoder *e, size_t n_samples, size_t i)
{
    const struct audio_family *f = e->family;
    struct audio_part p = { .first = i * part_samples(e) };
    size_t whole = window_frames(e) * MEL_HOP, frame = f->own ? 2 * MEL_HOP : MEL_HOP;

    p.n_samples = part_samples(e) == 0 ? n_samples : least(n_samples - p.first, part_samples(e));
    p.n_padded = up_to(p.n_samples, frame);
    if (p.n_padded < f->least_frames * MEL_HOP)
        p.n_padded = f->least_frames * MEL_HOP;
    p.n_frames = p.n_padded / MEL_HOP;
    if (f->padding == PAD_SILENCE)
        p.n_padded = up_to(p.n_padded, whole);
    if (f->hears_silence)
        p.n_frames = p.n_padded / MEL_HOP;
    p.n_windows = up_to(p.n_frames, window_frames(e)) / window_frames(e);
    return p;
}

/* Positions of n frames, of each chunk by itself. */
static size_t positions(const struct audio_encoder *e, size_t n)
{
    size_t chunk = e->family->chunk;

    return chunk == 0 ? (n + 1) / 2 : n / chunk * ((chunk + 1) / 2) + (n % chunk + 1) / 2;
}

struct audio_window audio_window(const struct audio_encoder *e, const struct audio_part *part, size_t i)
{
    const struct audio_family *f = e->family;
    size_t whole = window_frames(e), heard = least(part->n_frames - i * whole, whole);
    struct audio_window w = { .first = i * whole, .n_positions = positions(e, heard), .n_keys = positions(e, heard) };

    w.n_frames = f->padding == PAD_SILENCE && f->chunk == 0 ? whole : heard;
    w.n_rows = f->pairs ? w.n_positions / 2 : up_to(w.n_positions, e->stack) / e->stack;
    if (f->padding == PAD_LAST_WINDOW && part->n_windows > 1)
        w.n_positions = positions(e, whole);
    return w;
}
