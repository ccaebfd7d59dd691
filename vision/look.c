/* look.c - one look at a picture: both networks, the rules between them, the head's
 * words, text and colours, as a report. */
#include "vision/vision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/clock.h"
#include "base/file.h"
#include "vision/colours.h"
#include "vision/findings.h"
#include "vision/head.h"
#include "vision/look.h"
#include "vision/names.h"
#include "vision/ocr.h"
#include "vision/projector.h"
#include "vision/seen.h"

#define WIDEN 0.05f                 /* of a box's size, on each side, for its crop */
#define MAX_CROPS 6                 /* one classification each; the likeliest and largest first */
#define WORD_LEAST 0.05f            /* probability of a word that is reported */
#define HEAD "concepts.gguf"
#define SCRATCH_BYTES ((size_t)16 << 20)

struct vision {
    struct classifier *classifier;
    struct detector *detector;
    struct head *words;             /* NULL: the program carries none */
    const struct projector *projector;      /* borrowed; NULL: none */
    char id[4 * SHA256_HEX];        /* "sha256-sha256" of the files, in order; "-sha256" of the head; "-sha256" of the projector */
};

static bool vision_identify(struct vision *v, const char *classifier_path, const char *detector_path, struct error *err)
{
    const struct asset *head = asset_find(HEAD);
    char a[SHA256_HEX], b[SHA256_HEX], h[SHA256_HEX] = "";

    if (!sha256_file(classifier_path, a, err) || !sha256_file(detector_path, b, err))
        return false;
    if (head != NULL)
        sha256_bytes(head->data, head->n_bytes, h);
    snprintf(v->id, sizeof v->id, "%s-%s%s%s%s%s", a, b, head != NULL ? "-" : "", h, v->projector != NULL ? "-" : "",
             v->projector != NULL ? projector_id(v->projector) : "");
    return true;
}

static bool open_words(struct vision *v, struct error *err)
{
    const struct asset *a = asset_find(HEAD);

    if (a == NULL)
        return true;
    v->words = head_open(HEAD, a->data, a->n_bytes, err);
    if (v->words != NULL && head_n_in(v->words) != SEEN_N_INPUT)
        return error_set(err, ERROR_MODEL, HEAD ": %zu inputs, expected %d", head_n_in(v->words), SEEN_N_INPUT);
    return v->words != NULL;
}

/* That it was made for what seen.h gives. */
static bool check_projector(const struct projector *p, struct error *err)
{
    struct projector_sizes s = p != NULL ? projector_sizes(p) : (struct projector_sizes){ 0 };
    struct { const char *what; size_t found, expected; } const rows[] = {
        { "places of the grid", s.n_position, SEEN_N_POSITION }, { "features of a place", s.n_grid, CLASSIFIER_N_EMBD },
        { "classes", s.n_class, NAMES_N_COCO }, { "numbers of a box", s.n_box, SEEN_BOX_INPUT },
        { "numbers of the summary", s.n_summary, SEEN_N_INPUT },
    };

    for (size_t i = 0; p != NULL && i < sizeof rows / sizeof *rows; i++)
        if (rows[i].found != rows[i].expected)
            return error_set(err, ERROR_MODEL, "the projector is for other image networks: %zu %s, expected %zu",
                             rows[i].found, rows[i].what, rows[i].expected);
    return true;
}

struct vision *vision_open(const char *classifier_path, const char *detector_path, const struct projector *projector, struct error *err)
{
    struct vision *v = calloc(1, sizeof *v);

    if (v == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the image networks");
        return NULL;
    }
    v->projector = projector;
    v->classifier = check_projector(projector, err) ? classifier_open(classifier_path, err) : NULL;
    v->detector = v->classifier == NULL ? NULL : detector_open(detector_path, err);
    if (v->detector == NULL || !open_words(v, err) || !vision_identify(v, classifier_path, detector_path, err)) {
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
    head_close(v->words);
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
    struct seen seen;
    float whole[CLASSIFIER_N_CLASS], crop[CLASSIFIER_N_CLASS];      /* probabilities */
    size_t n_crops;                 /* classified so far */
    bool quick;                     /* without colours and finer names */
};

/* Calibrated probabilities of a box and a little around it. */
static bool classify_box(struct look *l, const float *box, struct error *err)
{
    float x = WIDEN * (box[2] - box[0]), y = WIDEN * (box[3] - box[1]);
    const float wider[4] = { box[0] - x, box[1] - y, box[2] + x, box[3] + y };
    struct arena_mark mark = arena_mark(l->scratch);
    float *features = arena_alloc(l->scratch, SEEN_N_POSITION * CLASSIFIER_N_EMBD, sizeof *features, err);
    float logits[CLASSIFIER_N_CLASS];
    bool ok = features != NULL
           && seen_classify(l->v->classifier, l->c, l->scratch, resize_view_of_box(l->image, wider), features, logits, err);

    arena_rewind(l->scratch, mark);
    l->n_crops++;
    if (ok)
        findings_probabilities(logits, l->crop);
    return ok;
}

static void report_whole(struct look *l)
{
    struct vision_report *r = l->r;
    size_t classes[VISION_MAX_TAGS];

    findings_probabilities(l->seen.logits, l->whole);
    r->n_tags = findings_tags(l->whole, r->tags, classes);
    for (size_t i = 0; i < r->n_tags; i++) {
        float map[CLASSIFIER_GRID * CLASSIFIER_GRID];

        classifier_map(l->v->classifier, l->seen.features, classes[i], map);
        r->tags[i].place = findings_map_place(map);
    }
    r->best_kind = findings_best_kind(l->whole, &r->best_kind_p);
}

/* Puts a word in its place among the best so far; of equal ones the first stays before. */
static void report_word(struct vision_report *r, const char *word, float p)
{
    size_t i = r->n_words < VISION_MAX_WORDS ? r->n_words++ : VISION_MAX_WORDS;

    for (; i > 0 && r->words[i - 1].p < p; i--)
        if (i < VISION_MAX_WORDS)
            r->words[i] = r->words[i - 1];
    if (i < VISION_MAX_WORDS)
        r->words[i] = (struct vision_word){ word, p };
}

static bool look_words(struct look *l, struct error *err)
{
    const struct head *h = l->v->words;
    struct arena_mark mark = arena_mark(l->scratch);
    float *x, *y;
    bool ok;

    if (h == NULL)
        return true;
    x = arena_alloc(l->scratch, SEEN_N_INPUT, sizeof *x, err);
    y = x == NULL ? NULL : arena_alloc(l->scratch, head_n_words(h), sizeof *y, err);
    if (y != NULL)
        seen_inputs(&l->seen, x);
    ok = y != NULL && head_run(h, l->c, l->scratch, x, y, err);
    for (size_t i = 0; ok && i < head_n_words(h); i++)
        if (y[i] >= WORD_LEAST)
            report_word(l->r, head_word(h, i), y[i]);
    arena_rewind(l->scratch, mark);
    return ok;
}

static bool project(struct look *l, float *summary, struct error *err)
{
    float boxes[SEEN_N_BOX][SEEN_BOX_INPUT];
    size_t classes[SEEN_N_BOX];
    struct projector_input in = { .grid = l->seen.features, .classes = classes, .boxes = *boxes, .summary = summary };

    in.n_boxes = seen_boxes(&l->seen, classes, *boxes);
    seen_inputs(&l->seen, summary);
    return projector_run(l->v->projector, l->c, l->scratch, &in, l->r->rows, err);
}

static bool look_rows(struct look *l, struct error *err)
{
    const struct projector *p = l->v->projector;
    struct arena_mark mark = arena_mark(l->scratch);
    double start = clock_ms();
    float *summary;
    bool ok;

    if (p == NULL || l->quick)
        return true;
    l->r->n_rows = projector_sizes(p).n_rows;
    l->r->rows = calloc(l->r->n_rows, projector_n_embd(p) * sizeof *l->r->rows);
    if (l->r->rows == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the rows of a picture");
    summary = arena_alloc(l->scratch, SEEN_N_INPUT, sizeof *summary, err);
    ok = summary != NULL && project(l, summary, err);
    arena_rewind(l->scratch, mark);
    l->r->project_ms = clock_ms() - start;
    return ok;
}

static bool look_whole(struct look *l, struct error *err)
{
    double start;

    if (!seen_look(l->v->classifier, l->v->detector, l->c, l->scratch, l->image, &l->seen, err))
        return false;
    start = clock_ms();
    report_whole(l);
    if (!look_words(l, err))
        return false;
    l->r->classify_ms = l->seen.classify_ms + clock_ms() - start;
    l->r->detect_ms = l->seen.detect_ms;
    return look_rows(l, err);
}

/* Those of the detections that are believed, a copy. */
static bool believed(struct look *l, struct detection **found, size_t *n, struct error *err)
{
    *found = arena_alloc(l->scratch, l->seen.n_found, sizeof **found, err);
    if (*found == NULL)
        return false;
    memcpy(*found, l->seen.found, l->seen.n_found * sizeof **found);
    *n = findings_once(*found, findings_believed(*found, l->seen.n_found, l->whole, l->r->words, l->r->n_words));
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
        r->objects[i].colour = l->quick ? "" : colours_of_box(l->image, r->objects[i].box);
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
    double start = clock_ms();

    if (!believed(l, &found, &n, err) || !correct(l, found, &n, &subject, err) || !report_things(l, found, n, &subject, err)
        || (!l->quick && !name_finer(l, err)))
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

static bool begin(struct look *l, struct error *err)
{
    l->r = calloc(1, sizeof *l->r);
    if (l->r == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for looking at a picture");
    l->r->width = l->image->width;
    l->r->height = l->image->height;
    l->r->best_kind = "";
    l->r->note = "";
    l->r->too_small = l->image->width < VISION_LEAST_SIDE || l->image->height < VISION_LEAST_SIDE;
    return true;
}

struct vision_report *vision_look(const struct vision *v, const struct compute *c,
                                  const struct image *image, struct error *err)
{
    struct look l = { .v = v, .c = c, .image = image };

    l.scratch = arena_new("vision", SCRATCH_BYTES, err);
    if (l.scratch == NULL || !begin(&l, err) || (!l.r->too_small && (!look_whole(&l, err) || !look_things(&l, err)))
        || !look_text(&l, err)) {
        vision_report_free(l.r);
        l.r = NULL;
    } else {
        l.r->n_colours = colours_of_image(image, l.r->colours);
    }
    arena_free(l.scratch);
    return l.r;
}

struct vision_report *look_quick(const struct vision *v, const struct compute *c, struct arena *scratch,
                                 const struct image *image, struct seen *s, struct error *err)
{
    struct look l = { .v = v, .c = c, .image = image, .scratch = scratch, .quick = true };

    if (!begin(&l, err) || !look_whole(&l, err) || !look_things(&l, err)
        || ((l.r->text = strdup("")) == NULL && !error_set(err, ERROR_INFERENCE, "no memory for looking at a picture"))) {
        vision_report_free(l.r);
        return NULL;
    }
    *s = l.seen;
    return l.r;
}

void vision_report_free(struct vision_report *r)
{
    if (r == NULL)
        return;
    free(r->objects);
    free(r->rows);
    free(r->text);
    free(r);
}
