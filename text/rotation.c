#include "text/rotation.h"

#include "tensor/ops.h"

#include <math.h>
#include <string.h>

#define THETA_DEFAULT 10000.0f      /* docs/gguf.md: when the key is missing */

static double *new_frequencies(size_t n_rot, double theta, struct arena *arena, struct error *err)
{
    double *frequency = arena_alloc(arena, n_rot / 2, sizeof *frequency, err);

    if (frequency != NULL)
        ops_rope_frequencies(n_rot, theta, frequency);
    return frequency;
}

bool rotation_plain(struct rotation *r, float theta, size_t n_rot, struct arena *arena, struct error *err)
{
    double *frequency = new_frequencies(n_rot, (double)theta, arena, err);

    *r = (struct rotation){ .n_rot = n_rot, .frequency = frequency, .frequency_long = frequency, .magnitude = 1.0f };
    return frequency != NULL;
}

/* ---- stretched ---------------------------------------------------------------------------- */

static const double *divided(const double *frequency, const struct tensor *factors, size_t n_pairs,
                             struct arena *arena, struct error *err)
{
    double *slower = arena_alloc(arena, n_pairs, sizeof *slower, err);
    const float *factor = factors->data;

    for (size_t i = 0; slower != NULL && i < n_pairs; i++)
        slower[i] = frequency[i] / (double)factor[i];
    return slower;
}

/* The pair that turns `turns` times within the context of the first training; it need
 * not be a whole number (YaRN, section 3.2). */
static double pair_of(double turns, double theta, size_t n_rot, size_t n_ctx)
{
    const double pi = 3.14159265358979323846;

    return (double)n_rot * log((double)n_ctx / (turns * 2.0 * pi)) / (2.0 * log(theta));
}

/* Pairs before `first` stay as they are, those after `last` are slower by `factor`, those
 * between by a part of it. */
static bool stretch_yarn(struct rotation *r, double *frequency, const struct settings *s, double theta, float factor,
                         struct error *err)
{
    float fast = 32.0f, slow = 1.0f;

    if (!settings_number(s, "rope.scaling.yarn_beta_fast", true, &fast, err) ||
        !settings_number(s, "rope.scaling.yarn_beta_slow", true, &slow, err))
        return false;
    double first = fmax(floor(pair_of((double)fast, theta, r->n_rot, r->n_ctx_short)), 0.0);
    double last = fmin(ceil(pair_of((double)slow, theta, r->n_rot, r->n_ctx_short)), (double)r->n_rot - 1.0);
    for (size_t i = 0; i < r->n_rot / 2; i++) {
        double slower = fmin(fmax(((double)i - first) / fmax(last - first, 0.001), 0.0), 1.0);
        frequency[i] = frequency[i] * (1.0 - slower) + frequency[i] / (double)factor * slower;
    }
    r->magnitude *= 1.0f + 0.1f * logf(factor);
    return true;
}

static bool stretch(struct rotation *r, double *frequency, const struct settings *s, double theta, struct error *err)
{
    const char *type = settings_string(s, "rope.scaling.type");
    float factor = 1.0f;

    if (!settings_number(s, "rope.scale_linear", true, &factor, err) ||        /* its name before there were types */
        !settings_number(s, "rope.scaling.factor", true, &factor, err) ||
        !settings_number(s, "rope.scaling.attn_factor", true, &r->magnitude, err))
        return false;
    if (type == NULL || strcmp(type, "linear") == 0) {
        for (size_t i = 0; i < r->n_rot / 2; i++)
            frequency[i] /= (double)factor;
        return true;
    }
    if (strcmp(type, "yarn") == 0)
        return stretch_yarn(r, frequency, s, theta, factor, err);
    if (strcmp(type, "none") == 0 || strcmp(type, "longrope") == 0)            /* the latter is all in its factors */
        return true;
    return settings_refuse(s, "rope.scaling.type", "scaling other than none, linear, yarn and longrope", err);
}

static bool check_factors(const struct tensor *t, const struct settings *s, struct error *err)
{
    const float *factor = t == NULL ? NULL : t->data;

    for (size_t i = 0; t != NULL && i < t->dim[0]; i++)
        if (!(factor[i] > 0.0f) || !isfinite(factor[i]))
            return error_set(err, ERROR_MODEL, "%s: tensor %s: factor %zu is %g, a positive number was expected",
                             gguf_path(s->g), t->name, i, (double)factor[i]);
    return true;
}

/* Pairs by axis, in order; the key's fourth number is of no use. */
static bool open_sections(struct rotation *r, const struct settings *s, struct arena *arena, struct error *err)
{
    char key[SETTINGS_KEY_BYTES];
    const int32_t *sections;
    size_t n = gguf_i32s(s->g, settings_key(s, "rope.dimension_sections", key), &sections), i = 0;

    if (n < PLACES_AXES || n > PLACES_AXES + 1)
        return error_set(err, ERROR_MODEL, "%s: %s is missing, or not three or four whole numbers", gguf_path(s->g), key);
    uint8_t *axis = arena_alloc(arena, r->n_rot / 2, sizeof *axis, err);
    if (axis == NULL)
        return false;
    for (uint8_t a = 0; a < PLACES_AXES; a++)
        for (int32_t k = 0; k < sections[a] && i <= r->n_rot / 2; k++, i++)
            if (i < r->n_rot / 2)
                axis[i] = a;
    if (i != r->n_rot / 2 || (n > PLACES_AXES && sections[PLACES_AXES] != 0) || sections[0] < 0 || sections[1] < 0 || sections[2] < 0)
        return error_set(err, ERROR_MODEL, "%s: %s are not parts of %zu pairs", gguf_path(s->g), key, r->n_rot / 2);
    r->axis = axis;
    return true;
}

bool rotation_open(struct rotation *r, const struct settings *s, const struct rotation_factors *factors,
                   size_t n_rot, size_t n_ctx_train, bool axes, struct arena *arena, struct error *err)
{
    const struct tensor *for_short = factors->all != NULL ? factors->all : factors->for_short;
    float theta = THETA_DEFAULT;

    *r = (struct rotation){ .n_rot = n_rot, .n_ctx_short = n_ctx_train, .magnitude = 1.0f };
    settings_size(s, "rope.scaling.original_context_length", &r->n_ctx_short);
    if (!settings_number(s, "rope.freq_base", true, &theta, err) || !check_factors(factors->all, s, err) ||
        !check_factors(factors->for_short, s, err) || !check_factors(factors->for_long, s, err))
        return false;
    double *frequency = new_frequencies(n_rot, (double)theta, arena, err);
    if (frequency == NULL || !stretch(r, frequency, s, (double)theta, err))
        return false;
    r->frequency = for_short == NULL ? frequency : divided(frequency, for_short, n_rot / 2, arena, err);
    r->frequency_long = factors->for_long == NULL ? r->frequency : divided(frequency, factors->for_long, n_rot / 2, arena, err);
    return r->frequency != NULL && r->frequency_long != NULL && (!axes || open_sections(r, s, arena, err));
}

static const double *frequencies_for(const struct rotation *r, size_t n_ctx)
{
    return n_ctx > r->n_ctx_short ? r->frequency_long : r->frequency;
}

void rotation_turns(const struct rotation *r, const struct compute *c, size_t n_ctx, size_t n, size_t pos0, float *turns)
{
    ops_rope_turns(c, n, r->n_rot, pos0, frequencies_for(r, n_ctx), r->magnitude, turns);
}

void rotation_turns_at(const struct rotation *r, const struct compute *c, size_t n_ctx, size_t n, const int32_t *places, float *turns)
{
    ops_rope_turns_axes(c, n, r->n_rot, places, PLACES_AXES, r->axis, frequencies_for(r, n_ctx), r->magnitude, turns);
}
