/* details.c - what was perceived, told with its numbers: to people as lines of
 * text (attachment_details), to programs as JSON (attachment_json).  Nothing
 * that the model is told is missing here. */
#include "fusion/attachment.h"
#include "fusion/words.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SHOWN 0.2f            /* fainter ones only bear out detections */

/* ---- for people ------------------------------------------------------------ */

static void add_time(struct words *b, double seconds)
{
    int tenths = (int)lround(seconds * 10);

    words_add(b, "%d:%02d.%d", tenths / 600, tenths / 10 % 60, tenths % 10);
}

static void add_object(struct words *b, const struct vision_object *o)
{
    words_add(b, "  %zu x %s, %.0f %%", o->count, o->name, (double)o->p * 100);
    if (*o->place != '\0')
        words_add(b, ", %s", o->place);
    if (*o->colour != '\0')
        words_add(b, ", %s", o->colour);
    if (*o->finer != '\0')
        words_add(b, ", perhaps %s (%.0f %%)", o->finer, (double)o->finer_p * 100);
    words_add(b, "; box %.2f %.2f %.2f %.2f\n", (double)o->box[0], (double)o->box[1], (double)o->box[2],
               (double)o->box[3]);
}

/* Text of several lines, each indented. */
static void add_indented(struct words *b, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        words_add_bytes(b, "  ", 2);
        words_add_bytes(b, text, n);
        words_add_bytes(b, "\n", 1);
        text += n + (text[n] == '\n');
    }
}

/* How the text model is told of it. */
static void add_way(struct words *b, const struct perception *p)
{
    if (p->projector != NULL) {
        words_add(b, "told to the text model as %zu rows", perception_n_rows(p));
        if (p->n_rows_whole > 0)
            words_add(b, " (the whole has %zu)", p->n_rows_whole);
        words_add(b, ", by the projector %s%s\n", p->projector, p->rows_kept ? ", kept from an earlier time" : "");
    } else if (p->n_rows_too_many > 0) {
        words_add(b, "told to the text model in words: %zu rows do not fit in its context\n", p->n_rows_too_many);
    } else {
        words_add(b, "told to the text model in words\n");
    }
}

static void add_image(struct words *b, const struct perception *p)
{
    const struct vision_report *r = p->report;

    words_add(b, "image: %s, %zu x %zu pixels, %.1f kB", p->format, p->width, p->height, (double)p->file_bytes / 1e3);
    if (p->orientation > 1)
        words_add(b, ", turned as its EXIF orientation %d says", p->orientation);
    if (p->had_alpha)
        words_add(b, ", transparency over white");
    words_add(b, "\n");
    add_way(b, p);
    words_add(b, "objects (detector, agreed with the classifier):%s\n", r->n_objects == 0 ? " none" : "");
    for (size_t i = 0; i < r->n_objects; i++)
        add_object(b, &r->objects[i]);
    words_add(b, "classifier, whole picture:%s\n", r->n_tags == 0 ? " nothing" : "");
    for (size_t i = 0; i < r->n_tags; i++)
        words_add(b, "  %s%s%s%s, %.0f %%%s%s\n", r->tags[i].name, *r->tags[i].kind != '\0' ? " (" : "",
                   r->tags[i].kind, *r->tags[i].kind != '\0' ? ")" : "", (double)r->tags[i].p * 100,
                   *r->tags[i].place != '\0' ? ", " : "", r->tags[i].place);
    if (*r->best_kind != '\0')
        words_add(b, "  kind: %s, %.0f %%\n", r->best_kind, (double)r->best_kind_p * 100);
    if (r->n_words > 0 && r->words[0].p >= WORD_SHOWN) {
        words_add(b, "words that captions would have:");
        for (size_t i = 0; i < r->n_words && r->words[i].p >= WORD_SHOWN; i++)
            words_add(b, "%s %s %.0f %%", i == 0 ? "" : ",", r->words[i].word, (double)r->words[i].p * 100);
        words_add(b, "\n");
    }
    if (*r->text != '\0') {
        words_add(b, "text (confidence %.0f %%):\n", (double)r->text_confidence);
        add_indented(b, r->text);
    } else {
        words_add(b, "text: none\n");
    }
    if (r->n_colours > 0)
        words_add(b, "colours: %s%s%s\n", r->colours[0], r->n_colours > 1 ? ", " : "",
                   r->n_colours > 1 ? r->colours[1] : "");
    if (*r->note != '\0')
        words_add(b, "note: %s\n", r->note);
    words_add(b, "time: decode %.0f ms, classify %.0f ms, detect %.0f ms, text %.0f ms", r->decode_ms,
               r->classify_ms, r->detect_ms, r->ocr_ms);
    if (p->projector != NULL)
        words_add(b, ", rows %.0f ms", r->project_ms);
    words_add(b, "\n");
}

static void add_in_a_line(struct words *b, const char *text)
{
    for (; *text != '\0'; text++)
        words_add_bytes(b, *text == '\n' ? " " : text, 1);
}

/* Who looked besides, and what they said. */
static void add_glances(struct words *b, const struct glances *glances)
{
    for (size_t i = 0; i < glances->n; i++) {
        const struct glance *g = &glances->items[i];
        words_add(b, "eyes (%s, %.1f s)", g->eyes, g->ms / 1e3);
        if (g->question != NULL) {
            words_add(b, ", asked \"");
            add_in_a_line(b, g->question);
            words_add(b, "\"");
        }
        words_add(b, ":\n");
        if (g->words != NULL)
            words_add(b, "  %s\n", g->words);
        if (g->trouble != NULL)
            words_add(b, "  %s%s\n", g->words != NULL ? "note: " : "nothing of use: ", g->trouble);
    }
}

static double decibels(float level)
{
    return 20 * log10(level > 1e-5f ? (double)level : 1e-5);
}

static void add_clip(struct words *b, const struct perception *p, size_t *said_at)
{
    const struct transcript *t = p->transcript;
    char speaker[TRANSCRIPT_SPEAKER_BYTES];
    double spoken = 0;

    for (size_t i = 0; i < t->n_segments; i++)
        spoken += t->segments[i].end - t->segments[i].start;
    words_add(b, "clip: %s, %.1f s, %d Hz, %d channel%s, %.1f kB\n", p->format, p->seconds, p->file_hz,
               p->file_channels, p->file_channels == 1 ? "" : "s", (double)p->file_bytes / 1e3);
    words_add(b, "level: peak %.1f dB, mean %.1f dB; speech in %.1f s, none in %.1f s\n", decibels(p->peak),
               decibels(p->rms), spoken, spoken < p->seconds ? p->seconds - spoken : 0.0);
    if (*t->language != '\0')
        words_add(b, "language: %s (%.0f %%)\n", t->language, (double)t->language_p * 100);
    add_way(b, p);
    words_add(b, "transcript:%s\n", t->n_segments == 0 ? " no speech was heard" : "");
    *said_at = b->n;
    for (size_t i = 0; i < t->n_segments; i++) {
        words_add(b, "  ");
        add_time(b, t->segments[i].start);
        words_add(b, " - ");
        add_time(b, t->segments[i].end);
        transcript_speaker("en", t->segments[i].channel, speaker, sizeof speaker);
        words_add(b, "  %s%s", speaker, *speaker != '\0' ? ": " : "");
        add_in_a_line(b, t->segments[i].text);
        words_add(b, "%s\n", t->segments[i].heard != NULL ? "  (edited)" : "");
    }
    words_add(b, "time: encode %.0f ms, decode %.0f ms\n", t->encode_ms, t->decode_ms);
}

char *details_text(const char *path, const struct perception *seen, const struct glances *glances, size_t *said_at, struct error *err)
{
    struct words b = { 0 };

    words_add(&b, "file: %s\n", path);
    if (seen->kind == ATTACHMENT_IMAGE)
        add_image(&b, seen);
    else
        add_clip(&b, seen, said_at);
    add_glances(&b, glances);
    return words_take(&b, err);
}

/* ---- for programs ----------------------------------------------------------- */

/* A probability or place with three decimals: more would be noise. */
static void add_number(struct cJSON *object, const char *name, double value)
{
    cJSON_AddNumberToObject(object, name, round(value * 1000) / 1000);
}

static struct cJSON *add_item(struct cJSON *array)
{
    struct cJSON *item = cJSON_CreateObject();

    cJSON_AddItemToArray(array, item);
    return item;
}

static void add_projector_json(struct cJSON *json, const struct perception *p)
{
    if (p->projector == NULL)
        return;
    cJSON_AddNumberToObject(json, "rows", (double)perception_n_rows(p));
    cJSON_AddStringToObject(json, "projector", p->projector);
    cJSON_AddBoolToObject(json, "rows_kept", p->rows_kept);
    if (p->n_rows_whole > 0)
        cJSON_AddNumberToObject(json, "rows_whole", (double)p->n_rows_whole);
}

static void add_image_json(struct cJSON *json, const struct perception *p)
{
    const struct vision_report *r = p->report;

    cJSON_AddStringToObject(json, "eyes", p->projector != NULL ? "rows" : "words");
    add_projector_json(json, p);
    struct cJSON *tags = cJSON_AddArrayToObject(json, "tags");

    for (size_t i = 0; i < r->n_tags; i++) {
        struct cJSON *tag = add_item(tags);
        cJSON_AddStringToObject(tag, "name", r->tags[i].name);
        if (*r->tags[i].kind != '\0')
            cJSON_AddStringToObject(tag, "kind", r->tags[i].kind);
        add_number(tag, "p", (double)r->tags[i].p);
        cJSON_AddStringToObject(tag, "place", r->tags[i].place);
    }
    struct cJSON *words = cJSON_AddArrayToObject(json, "words");
    for (size_t i = 0; i < r->n_words; i++) {
        struct cJSON *word = add_item(words);
        cJSON_AddStringToObject(word, "word", r->words[i].word);
        add_number(word, "p", (double)r->words[i].p);
    }
    struct cJSON *objects = cJSON_AddArrayToObject(json, "objects");
    for (size_t i = 0; i < r->n_objects; i++) {
        const struct vision_object *o = &r->objects[i];
        struct cJSON *object = add_item(objects);
        cJSON_AddStringToObject(object, "name", o->name);
        cJSON_AddNumberToObject(object, "count", (double)o->count);
        cJSON_AddStringToObject(object, "place", o->place);
        add_number(object, "p", (double)o->p);
        cJSON_AddStringToObject(object, "colour", o->colour);
        if (*o->finer != '\0') {
            cJSON_AddStringToObject(object, "finer", o->finer);
            add_number(object, "finer_p", (double)o->finer_p);
        }
        struct cJSON *box = cJSON_AddArrayToObject(object, "box");
        for (int k = 0; k < 4; k++)
            cJSON_AddItemToArray(box, cJSON_CreateNumber(round((double)o->box[k] * 1000) / 1000));
    }
    cJSON_AddStringToObject(json, "text", r->text);
    struct cJSON *colours = cJSON_AddArrayToObject(json, "colours");
    for (size_t i = 0; i < r->n_colours; i++)
        cJSON_AddItemToArray(colours, cJSON_CreateString(r->colours[i]));
    cJSON_AddNumberToObject(json, "width", (double)p->width);
    cJSON_AddNumberToObject(json, "height", (double)p->height);
    cJSON_AddNumberToObject(json, "orientation", p->orientation);
    if (*r->note != '\0')
        cJSON_AddStringToObject(json, "note", r->note);
}

static void add_glances_json(struct cJSON *json, const struct glances *glances)
{
    struct cJSON *looks = cJSON_AddArrayToObject(json, "looks");

    for (size_t i = 0; i < glances->n; i++) {
        const struct glance *g = &glances->items[i];
        struct cJSON *item = add_item(looks);
        cJSON_AddStringToObject(item, "eyes", g->eyes);
        if (g->question != NULL)
            cJSON_AddStringToObject(item, "question", g->question);
        cJSON_AddStringToObject(item, "words", g->words != NULL ? g->words : "");
        if (g->trouble != NULL)
            cJSON_AddStringToObject(item, "note", g->trouble);
        add_number(item, "seconds", g->ms / 1e3);
    }
}

static void add_clip_json(struct cJSON *json, const struct perception *p, bool in_words)
{
    transcript_json(p->transcript, json);
    cJSON_AddStringToObject(json, "ears", p->projector != NULL && !in_words ? "rows" : "words");
    if (!in_words)
        add_projector_json(json, p);
    add_number(json, "peak", (double)p->peak);
    add_number(json, "rms", (double)p->rms);
}

struct cJSON *attachment_json(const struct attachment *a)
{
    struct cJSON *json = cJSON_CreateObject();
    bool is_image = a->seen->kind == ATTACHMENT_IMAGE;

    cJSON_AddStringToObject(json, "kind", is_image ? "image" : "audio");
    cJSON_AddStringToObject(json, "path", a->path);
    cJSON_AddStringToObject(json, "format", a->seen->format);
    if (is_image)
        add_image_json(json, a->seen);
    else
        add_clip_json(json, a->seen, a->in_words);
    if (a->glances.n > 0)
        add_glances_json(json, &a->glances);
    return json;
}
