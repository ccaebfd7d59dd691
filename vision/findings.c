#include "vision/findings.h"

#include <math.h>
#include <string.h>

#include "vision/names.h"

#define N_ANIMAL 398                /* ImageNet's first classes, synsets of animals */
#define SUBJECT_NAME 0.8f           /* probability from which a name is sure */
#define SUBJECT_KIND 0.9f           /* the same for a kind of animal */
#define SUBJECT_CROP 0.5f           /* and in a crop, of what is sure in the whole picture */
#define SUBJECT_ALONE 0.95f         /* of a name that no box speaks for */
#define COCO_PERSON 1
#define TEMPERATURE 0.6f            /* minimises the log loss on 1000 photographs */
#define SUPPORT 0.05f               /* probability with which the classifier agrees */
#define SPOKEN 0.15f                /* share of captions with which the head does */
#define INSIDE 0.8f                 /* of a box within another of its class, which is then the same thing */
#define ALIKE 0.15f                 /* unless it is as small as this beside it: one of a crowd */
#define SIDE (1.0f / 3.0f)          /* a box whose centre is in the outer third lies at that side */

/* ---- the classifier's part ------------------------------------------------------ */

void findings_probabilities(const float logits[CLASSIFIER_N_CLASS], float p[CLASSIFIER_N_CLASS])
{
    float most = logits[0], sum = 0.0f;

    for (size_t i = 1; i < CLASSIFIER_N_CLASS; i++)
        most = fmaxf(most, logits[i]);
    for (size_t i = 0; i < CLASSIFIER_N_CLASS; i++)
        sum += p[i] = expf((logits[i] - most) / TEMPERATURE);
    for (size_t i = 0; i < CLASSIFIER_N_CLASS; i++)
        p[i] /= sum;
}

/* p of all classes that share a readable name, at the lowest of their indices. */
static void merge_names(const float *p, float merged[CLASSIFIER_N_CLASS])
{
    memset(merged, 0, CLASSIFIER_N_CLASS * sizeof *merged);
    for (size_t i = 0; i < CLASSIFIER_N_CLASS; i++)
        merged[names_imagenet_same(i)] += p[i];
}

size_t findings_tags(const float *p, struct vision_tag tags[VISION_MAX_TAGS], size_t classes[VISION_MAX_TAGS])
{
    float merged[CLASSIFIER_N_CLASS];
    size_t n = 0;

    merge_names(p, merged);
    for (; n < VISION_MAX_TAGS; n++) {
        size_t best = 0;

        for (size_t i = 1; i < CLASSIFIER_N_CLASS; i++)
            if (merged[i] > merged[best])
                best = i;
        const struct names_class *c = names_imagenet(best);
        tags[n] = (struct vision_tag){ .name = c->name, .kind = c->kind, .p = merged[best], .place = "" };
        classes[n] = best;
        merged[best] = -1.0f;
    }
    return n;
}

const char *findings_best_kind(const float *p, float *best)
{
    const char *kind = "";

    *best = 0.0f;
    for (size_t i = 0; i < CLASSIFIER_N_CLASS; i++) {
        const char *candidate = names_imagenet(i)->kind;
        float sum = 0.0f;

        /* Of a kind that holds more than its classes' even share some class does too. */
        if (*candidate == '\0' || p[i] < 1.0f / CLASSIFIER_N_CLASS)
            continue;
        for (size_t j = 0; j < CLASSIFIER_N_CLASS; j++)
            if (strcmp(names_imagenet(j)->kind, candidate) == 0)
                sum += p[j];
        if (sum > *best) {
            *best = sum;
            kind = candidate;
        }
    }
    return kind;
}

const char *findings_map_place(const float *map)
{
    size_t best = 0, n = CLASSIFIER_GRID;

    for (size_t i = 1; i < n * n; i++)
        if (map[i] > map[best])
            best = i;
    float cell = 1.0f / (float)n, x = (float)(best % n) * cell, y = (float)(best / n) * cell;
    return findings_place((const float[4]){ x, y, x + cell, y + cell });
}

/* ---- both together ---------------------------------------------------------------- */

float findings_support(const float *p, int coco)
{
    float sum = 0.0f;

    for (size_t i = 0; i < CLASSIFIER_N_CLASS; i++)
        if (names_imagenet(i)->coco == coco)
            sum += p[i];
    return sum;
}

float findings_spoken(const struct vision_word *words, size_t n_words, int coco)
{
    static const char *const others[][2] = {
        { "person", "people" }, { "person", "man" }, { "person", "woman" }, { "person", "boy" }, { "person", "girl" },
        { "person", "child" }, { "person", "baby" }, { "person", "player" }, { "person", "surfer" }, { "person", "skier" },
        { "person", "snowboarder" }, { "person", "skateboarder" }, { "dining table", "table" }, { "cell phone", "phone" },
        { "skis", "ski" }, { "bicycle", "bike" }, { "sports ball", "ball" }, { "baseball bat", "bat" }
    };
    const char *name = names_coco(coco)->name;
    float sum = 0.0f;

    for (size_t i = 0; i < n_words; i++) {
        bool same = strcmp(words[i].word, name) == 0;

        for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
            same |= strcmp(others[k][0], name) == 0 && strcmp(others[k][1], words[i].word) == 0;
        sum += same ? words[i].p : 0.0f;
    }
    return fminf(sum, 1.0f);
}

size_t findings_believed(struct detection *found, size_t n, const float *p, const struct vision_word *words, size_t n_words)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (names_coco(found[i].id) != NULL
            && (found[i].score > FINDINGS_SURE
                || (found[i].score > FINDINGS_LIKELY && (findings_support(p, found[i].id) >= SUPPORT
                                                         || findings_spoken(words, n_words, found[i].id) >= SPOKEN))))
            found[kept++] = found[i];
    return kept;
}

/* ---- the subject against the detector --------------------------------------------- */

bool findings_subject(const float *p, struct findings_subject *s)
{
    float merged[CLASSIFIER_N_CLASS], kind_p;
    const char *kind = findings_best_kind(p, &kind_p);
    size_t best = 0;

    merge_names(p, merged);
    for (size_t i = 1; i < CLASSIFIER_N_CLASS; i++)
        if (merged[i] > merged[best])
            best = i;
    *s = (struct findings_subject){
        .i_class = best, .by_kind = merged[best] < SUBJECT_NAME, .animal = best < N_ANIMAL, .coco = names_imagenet(best)->coco
    };
    s->p = s->by_kind ? kind_p : merged[best];
    return !s->by_kind || (s->animal && kind_p >= SUBJECT_KIND && strcmp(names_imagenet(best)->kind, kind) == 0);
}

float findings_subject_share(const struct findings_subject *s, const float *p)
{
    const char *kind = names_imagenet(s->i_class)->kind;
    float sum = 0.0f;

    for (size_t i = 0; i < CLASSIFIER_N_CLASS; i++)
        if (s->by_kind ? strcmp(names_imagenet(i)->kind, kind) == 0 : names_imagenet_same(i) == s->i_class)
            sum += p[i];
    return sum;
}

/* People are in many of the classifier's photographs but have no class of their own:
 * its "baseball player" and the like say nothing against one. */
bool findings_doubtful(const struct detection *d, const float *whole)
{
    bool known = false;

    for (size_t i = 0; i < CLASSIFIER_N_CLASS && !known; i++)
        known = names_imagenet(i)->coco == d->id;
    return known && d->id != COCO_PERSON && findings_support(whole, d->id) < SUPPORT;
}

bool findings_replaced(const struct detection *d, const float *crop, const struct findings_subject *s)
{
    return findings_support(crop, d->id) < SUPPORT && findings_subject_share(s, crop) >= SUBJECT_CROP;
}

/* A name that is one of the detector's classes and yet was not detected needs a box:
 * and only among animals is the classifier the better judge. */
bool findings_subject_said(const struct findings_subject *s, size_t n_replaced)
{
    if (n_replaced > 0)
        return s->coco == 0 || s->animal;
    return s->coco == 0 && !s->by_kind && s->p >= SUBJECT_ALONE;
}

struct vision_object findings_subject_object(const struct findings_subject *s, size_t n_replaced, const float *box)
{
    static const float whole[4] = { 0.0f, 0.0f, 1.0f, 1.0f };
    const struct names_class *c = names_imagenet(s->i_class);
    bool has_kind = *c->kind != '\0';
    struct vision_object o = {
        .name = has_kind ? c->kind : c->name, .count = n_replaced > 0 ? n_replaced : 1, .p = s->p, .colour = "",
        .finer = has_kind && !s->by_kind ? c->name : "", .finer_p = has_kind && !s->by_kind ? s->p : 0.0f
    };

    memcpy(o.box, box != NULL ? box : whole, sizeof o.box);
    o.place = o.count == 1 ? findings_place(o.box) : "";
    return o;
}

/* ---- groups ------------------------------------------------------------------------- */

static float area(const float box[4])
{
    return box[2] > box[0] && box[3] > box[1] ? (box[2] - box[0]) * (box[3] - box[1]) : 0.0f;
}

static bool same_thing(const struct detection *a, const struct detection *b)
{
    const float shared[4] = { fmaxf(a->box[0], b->box[0]), fmaxf(a->box[1], b->box[1]),
                              fminf(a->box[2], b->box[2]), fminf(a->box[3], b->box[3]) };
    float small = fminf(area(a->box), area(b->box)), large = fmaxf(area(a->box), area(b->box));

    return a->id == b->id && area(shared) > INSIDE * small && small > ALIKE * large;
}

size_t findings_once(struct detection *found, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        bool repeated = false;

        for (size_t j = 0; j < kept && !repeated; j++)
            repeated = same_thing(&found[j], &found[i]);
        if (!repeated)
            found[kept++] = found[i];
    }
    return kept;
}

const char *findings_place(const float box[4])
{
    float x = (box[0] + box[2]) / 2.0f, y = (box[1] + box[3]) / 2.0f;

    if (x < SIDE)
        return "left";
    if (x > 1.0f - SIDE)
        return "right";
    return y < SIDE ? "top" : y > 1.0f - SIDE ? "bottom" : "";
}

size_t findings_group(const struct detection *found, size_t n, struct vision_object *objects)
{
    size_t n_groups = 0;

    for (size_t i = 0; i < n; i++) {
        const char *name = names_coco(found[i].id)->name;
        struct vision_object *o = objects;

        while (o < objects + n_groups && strcmp(o->name, name) != 0)
            o++;
        if (o == objects + n_groups) {
            *o = (struct vision_object){ .name = name, .place = "", .colour = "", .finer = "" };
            n_groups++;
        }
        o->count++;
        o->p = fmaxf(o->p, found[i].score);
        if (o->count == 1 || area(found[i].box) > area(o->box))
            memcpy(o->box, found[i].box, sizeof o->box);
    }
    for (size_t i = 0; i < n_groups; i++) {             /* few: insertion */
        struct vision_object o = objects[i];
        size_t at = i;

        o.place = o.count == 1 ? findings_place(o.box) : "";
        for (; at > 0 && area(objects[at - 1].box) < area(o.box); at--)
            objects[at] = objects[at - 1];
        objects[at] = o;
    }
    return n_groups;
}

/* ---- a crop ------------------------------------------------------------------------ */

bool findings_has_finer(int coco)
{
    size_t n = 0;

    for (size_t i = 0; i < CLASSIFIER_N_CLASS && n == 0; i++)
        n += names_imagenet(i)->coco == coco && names_imagenet(i)->finer;
    return n > 0;
}

const char *findings_finer(const float *p, int coco, float *finer_p)
{
    float merged[CLASSIFIER_N_CLASS], all = findings_support(p, coco);
    size_t best = CLASSIFIER_N_CLASS;

    *finer_p = 0.0f;
    merge_names(p, merged);
    for (size_t i = 0; i < CLASSIFIER_N_CLASS; i++)
        if (names_imagenet(i)->coco == coco && merged[i] > *finer_p) {
            best = i;
            *finer_p = merged[i];
        }
    if (best == CLASSIFIER_N_CLASS || all <= 0.5f || *finer_p <= 0.5f * all || !names_imagenet(best)->finer) {
        *finer_p = 0.0f;
        return "";
    }
    return names_imagenet(best)->name;
}
