#include "fusion/attachment.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void perception_free(struct perception *p)
{
    if (p == NULL)
        return;
    vision_report_free(p->report);
    transcript_free(p->transcript);
    media_rows_free(p->media);
    preview_free(p->preview);
    free(p->key);
    free(p);
}

size_t perception_n_rows(const struct perception *p)
{
    return p->media != NULL ? p->media->n_rows : p->report != NULL ? p->report->n_rows : 0;
}

struct attachment *attachment_new(uint32_t id, const char *path, const struct perception *seen, const struct glances *glances,
                                  struct error *err)
{
    struct attachment *a = calloc(1, sizeof *a);

    if (a == NULL || (a->path = strdup(path)) == NULL || !glances_copy(&a->glances, glances, err)) {
        error_set(err, ERROR_INFERENCE, "no memory for the attachment %s", path);
        attachment_free(a);
        return NULL;
    }
    const char *slash = strrchr(a->path, '/');
    a->id = id;
    a->name = slash != NULL && slash[1] != '\0' ? slash + 1 : a->path;
    a->seen = a->heard = seen;
    snprintf(a->sha256, sizeof a->sha256, "%s", seen->key != NULL ? seen->key : "");
    a->details = details_text(path, seen, &a->glances, &a->said_at, err);
    if (a->details == NULL) {
        attachment_free(a);
        return NULL;
    }
    return a;
}

void attachment_free(struct attachment *a)
{
    if (a == NULL)
        return;
    if (a->corrected != NULL)
        transcript_free(a->corrected->transcript);
    free(a->corrected);
    glances_done(&a->glances);
    free(a->path);
    free(a->details);
    free(a);
}

/* What it was heard as with the corrections of before and this one. */
static struct transcript *correct(const struct attachment *a, size_t i, const char *text, struct error *err)
{
    const struct transcript *now = a->seen->transcript;
    const char **texts = calloc(now->n_segments + 1, sizeof *texts);

    if (texts == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory", a->path);
        return NULL;
    }
    for (size_t k = 0; k < now->n_segments; k++)
        texts[k] = now->segments[k].heard != NULL ? now->segments[k].text : NULL;
    texts[i] = text;
    struct transcript *t = transcript_corrected(a->heard->transcript, texts, err);
    free(texts);
    return t;
}

static bool has_corrections(const struct transcript *t)
{
    for (size_t i = 0; i < t->n_segments; i++)
        if (t->segments[i].heard != NULL)
            return true;
    return false;
}

struct attachment *attachment_corrected(const struct attachment *a, size_t i, const char *text, struct error *err)
{
    struct perception *p = malloc(sizeof *p);
    struct transcript *t = p != NULL ? correct(a, i, text, err) : NULL;
    struct attachment *made = NULL;

    if (t != NULL) {
        *p = *a->heard;
        p->transcript = t;
        if (has_corrections(t)) {   /* those are in the words alone */
            p->projector = NULL;
            p->media = NULL;
        }
        made = attachment_new(a->id, a->path, p, &a->glances, err);
    }
    if (made == NULL) {
        transcript_free(t);
        free(p);
        return NULL;
    }
    made->heard = a->heard;
    made->corrected = p;
    return made;
}

struct attachment *attachment_looked(const struct attachment *a, const struct glance *g, struct error *err)
{
    struct glances glances = { 0 };
    struct attachment *made = NULL;

    if (glances_copy(&glances, &a->glances, err) && glances_add(&glances, g, err))
        made = attachment_new(a->id, a->path, a->seen, &glances, err);
    glances_done(&glances);
    return made;
}

const struct glance *attachment_description(const struct attachment *a)
{
    const struct glance *g = glances_find(&a->glances, NULL, NULL);

    return g != NULL && g->words != NULL ? g : NULL;
}

uint32_t attachment_id(const struct attachment *a) { return a->id; }
enum attachment_kind attachment_kind(const struct attachment *a) { return a->seen->kind; }
const char *attachment_path(const struct attachment *a) { return a->path; }
const char *attachment_name(const struct attachment *a) { return a->name; }
const char *attachment_summary(const struct attachment *a) { return a->seen->preview->summary; }
const struct preview *attachment_preview(const struct attachment *a) { return a->seen->preview; }
size_t attachment_n_tokens(const struct attachment *a) { return a->n_tokens; }
const char *attachment_details(const struct attachment *a) { return a->details; }

const char *attachment_sha256(const struct attachment *a) { return a->sha256; }
size_t attachment_said_at(const struct attachment *a) { return a->said_at; }

struct said_line attachment_said(const struct attachment *a, size_t i)
{
    const struct segment *s = &a->seen->transcript->segments[i];

    return (struct said_line){ s->start, s->end, s->text, s->heard != NULL ? s->heard : s->text };
}

size_t attachment_n_segments(const struct attachment *a)
{
    return a->seen->transcript != NULL ? a->seen->transcript->n_segments : 0;
}

char *attachment_transcript(const struct attachment *a, const char *format)
{
    enum transcript_format f;

    if (a->seen->transcript == NULL || !transcript_format_find(format, &f))
        return NULL;
    if (f != TRANSCRIPT_JSON)
        return transcript_format(a->seen->transcript, f);
    struct cJSON *json = attachment_json(a);    /* names the clip, too */
    char *line = json != NULL ? cJSON_PrintUnformatted(json) : NULL, *text = NULL;
    if (line != NULL && asprintf(&text, "%s\n", line) < 0)
        text = NULL;
    free(line);
    cJSON_Delete(json);
    return text;
}
