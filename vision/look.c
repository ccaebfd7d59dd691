/* look.c - one look at a picture: both networks, the rules between them, text and
 * colours, as a report. */
#include "vision/vision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "vision/colours.h"
#include "vision/findings.h"
#include "vision/names.h"
#include "vision/ocr.h"
#include "vision/resize.h"

#define WIDEN 0.05f                 /* of a box's size, on each side, for its crop */
#define MAX_CROPS 6                 /* one classification each; the likeliest and largest first */
#define N_FEATURE ((size_t)CLASSIFIER_GRID * CLASSIFIER_GRID * CLASSIFIER_N_EMBD)
#define SCRATCH_BYTES ((size_t)16 << 20)

struct vision {
    struct classifier *classifier;
    struct detector *detector;
    char id[2 * SHA256_HEX];        /* "sha256-sha256" of the files, in order */
};

static bool vision_identify(struct vision *v, const char *classifier_path, const char *detector_path, struct error *err)
{
    char a[SHA256_HEX], b[SHA256_HEX];

    if (!sha256_file(classifier_path, a, err) || !sha256_file(detector_path, b, err))
        return false;
    snprintf(v->id, sizeof v->id, "%s-%s", a, b);
    return true;
}

struct vision *vision_open(const char *classifier_path, const char *detector_path, struct error *err)
{
    struct vision *v = calloc(1, sizeof *v);

    if (v == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the image networks");
        return NULL;
    }
    v->classifier = classifier_open(classifier_path, err);
    v->detector = v->classifier == NULL ? NULL : detector_open(detector_path, err);
    if (v->detector == NULL || !vision_identify(v, classifier_path, detector_path, err)) {
        vision_close(v);
        return NULL;
    }
    return v;
}

void vision_close(struct vision *v)
{
    if (v == NULL)
        return;
    classifier_close(v->classifier);
    detector_close(v->detector);
    free(v);
}

const char *vision_id(const struct vision *v)
{
    return v->id;
}

/* ---- one look ----------------------------------------------------------------------- */

struct look {
    const struct vision *v;
    const struct compute *c;
    const struct image *image;
    struct arena *scratch;
    struct vision_report *r;
    float *features, whole[CLASSIFIER_N_CLASS], crop[CLASSIFIER_N_CLASS];   /* probabilities */
    size_t n_crops;                 /* classified so far */
};

/* Calibrated probabilities of a part of the picture, squashed to a square. */
static bool classify(struct look *l, struct resize_view view, float *p, struct error *err)
{
    struct arena_mark mark = arena_mark(l->scratch);
    uint8_t *rgb = arena_alloc(l->scratch, (size_t)CLASSIFIER_SIZE * CLASSIFIER_SIZE * 3, 1, err);
    float logits[CLASSIFIER_N_CLASS];
    bool ok = rgb != NULL && resize_rgb(l->c, RESIZE_BICUBIC, view, CLASSIFIER_SIZE, CLASSIFIER_SIZE, rgb, err)
           && classifier_run(l->v->classifier, l->c, l->scratch, rgb, l->features, logits, err);

    arena_rewind(l->scratch, mark);
    if (ok)
        findings_probabilities(logits, p);
    return ok;
}

static bool classify_box(struct look *l, const float *box, struct error *err)
{
    float x = WIDEN * (box[2] - box[0]), y = WIDEN * (box[3] - box[1]);
    const float wider[4] = { box[0] - x, box[1] - y, box[2] + x, box[3] + y };

    l->n_crops++;
    return classify(l, resize_view_of_box(l->image, wider), l->crop, err);
}

static bool look_whole(struct look *l, struct error *err)
{
    struct vision_report *r = l->r;
    size_t classes[VISION_MAX_TAGS];
    double start = clock_ms();

    if (!classify(l, resize_view_of(l->image), l->whole, err))
        return false;
    r->n_tags = findings_tags(l->whole, r->tags, classes);
    for (size_t i = 0; i < r->n_tags; i++) {
        float map[CLASSIFIER_GRID * CLASSIFIER_GRID];

        classifier_map(l->v->classifier, l->features, classes[i], map);
        r->tags[i].place = findings_map_place(map);
    }
    r->best_kind = findings_best_kind(l->whole, &r->best_kind_p);
    r->classify_ms = clock_ms() - start;
    return true;
}

static bool detect(struct look *l, struct detection **found, size_t *n, struct error *err)
{
    double start = clock_ms();
    uint8_t *rgb = arena_alloc(l->scratch, (size_t)DETECTOR_SIZE * DETECTOR_SIZE * 3, 1, err);

    if (rgb == NULL || !resize_rgb(l->c, RESIZE_LINEAR_PLAIN, resize_view_of(l->image), DETECTOR_SIZE, DETECTOR_SIZE, rgb, err)
        || !detector_run(l->v->detector, l->c, l->scratch, rgb, FINDINGS_LIKELY, found, n, err))
        return false;
    *n = findings_once(*found, findings_believed(*found, *n, l->whole));
    l->r->detect_ms = clock_ms() - start;
    return true;
}

static bool detected(const struct detection *found, size_t n, int coco)
{
    for (size_t i = 0; i < n; i++)
        if (found[i].id == coco)
            return true;
    return false;
}

/* Takes out the detections that are the picture's sure subject; `object` is that
 * subject as a thing, its count 0 when it is not to be said. */
static bool correct(struct look *l, struct detection *found, size_t *n, struct vision_object *object, struct error *err)
{
    struct findings_subject subject;
    struct detection *kept = arena_alloc(l->scratch, *n, sizeof *kept, err);
    size_t n_kept = 0, n_replaced = 0;
    const float *box = NULL;

    object->count = 0;
    if (kept == NULL)
        return false;
    if (!findings_subject(l->whole, &subject) || (subject.coco != 0 && detected(found, *n, subject.coco)))
        return true;
    for (size_t i = 0; i < *n; i++) {
        bool replaced = false;

        if (l->n_crops < MAX_CROPS && findings_doubtful(&found[i], l->whole)) {
            if (!classify_box(l, found[i].box, err))
                return false;
            replaced = findings_replaced(&found[i], l->crop, &subject);
        }
        if (!replaced)
            kept[n_kept++] = found[i];
        else if (n_replaced++ == 0)
            box = found[i].box;
    }
    if (!findings_subject_said(&subject, n_replaced))
        return true;
    *object = findings_subject_object(&subject, n_replaced, box);
    memcpy(found, kept, n_kept * sizeof *found);
    *n = n_kept;
    return true;
}

/* A picture of the subject alone is told by its tags, which say how sure they are. */
static bool report_things(struct look *l, const struct detection *found, size_t n, const struct vision_object *subject, struct error *err)
{
    struct vision_report *r = l->r;
    bool with_subject = subject->count > 0 && n > 0;

    r->objects = calloc(n + 1, sizeof *r->objects);
    if (r->objects == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the things in the picture");
    if (with_subject)
        r->objects[0] = *subject;
    r->n_objects = with_subject + findings_group(found, n, r->objects + with_subject);
    for (size_t i = 0; i < r->n_objects; i++)
        r->objects[i].colour = colours_of_box(l->image, r->objects[i].box);
    return true;
}

static bool name_finer(struct look *l, struct error *err)
{
    for (size_t i = 0; i < l->r->n_objects && l->n_crops < MAX_CROPS; i++) {
        struct vision_object *o = &l->r->objects[i];
        const struct names_coco *coco = names_coco_find(o->name);

        if (*o->finer != '\0' || coco == NULL || !findings_has_finer(coco->id))
            continue;
        if (!classify_box(l, o->box, err))
            return false;
        o->finer = findings_finer(l->crop, coco->id, &o->finer_p);
    }
    return true;
}

static bool look_things(struct look *l, struct error *err)
{
    struct detection *found;
    struct vision_object subject;
    size_t n;
    double start;

    if (!detect(l, &found, &n, err))
        return false;
    start = clock_ms();
    if (!correct(l, found, &n, &subject, err) || !report_things(l, found, n, &subject, err) || !name_finer(l, err))
        return false;
    l->r->classify_ms += clock_ms() - start;
    return true;
}

static bool look_text(struct look *l, struct error *err)
{
    struct ocr ocr;
    double start = clock_ms();

    if (!ocr_read(l->c, l->image, &ocr, err))
        return false;
    l->r->text = ocr.text;
    l->r->text_confidence = ocr.confidence;
    l->r->note = ocr.note;
    l->r->ocr_ms = clock_ms() - start;
    return true;
}

struct vision_report *vision_look(const struct vision *v, const struct compute *c,
                                  const struct image *image, struct error *err)
{
    struct look l = { .v = v, .c = c, .image = image };

    l.scratch = arena_new("vision", SCRATCH_BYTES, err);
    l.r = l.scratch == NULL ? NULL : calloc(1, sizeof *l.r);
    if (l.r == NULL) {
        if (l.scratch != NULL)
            error_set(err, ERROR_INFERENCE, "no memory for looking at a picture");
        goto fail;
    }
    l.r->width = image->width;
    l.r->height = image->height;
    l.r->best_kind = "";
    l.r->too_small = image->width < VISION_LEAST_SIDE || image->height < VISION_LEAST_SIDE;
    l.features = arena_alloc(l.scratch, N_FEATURE, sizeof *l.features, err);
    if (l.features == NULL || (!l.r->too_small && (!look_whole(&l, err) || !look_things(&l, err))) || !look_text(&l, err))
        goto fail;
    l.r->n_colours = colours_of_image(image, l.r->colours);
    arena_free(l.scratch);
    return l.r;

fail:
    vision_report_free(l.r);
    arena_free(l.scratch);
    return NULL;
}

void vision_report_free(struct vision_report *r)
{
    if (r == NULL)
        return;
    free(r->objects);
    free(r->text);
    free(r);
}
