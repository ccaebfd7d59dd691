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
    preview_free(p->preview);
    free(p->key);
    free(p);
}

struct attachment *attachment_new(uint32_t id, const char *path, const struct perception *seen, struct error *err)
{
    struct attachment *a = calloc(1, sizeof *a);

    if (a == NULL || (a->path = strdup(path)) == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the attachment %s", path);
        attachment_free(a);
        return NULL;
    }
    const char *slash = strrchr(a->path, '/');
    a->id = id;
    a->name = slash != NULL && slash[1] != '\0' ? slash + 1 : a->path;
    a->seen = seen;
    a->details = details_text(path, seen, err);
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
    free(a->path);
    free(a->details);
    free(a);
}

uint32_t attachment_id(const struct attachment *a) { return a->id; }
enum attachment_kind attachment_kind(const struct attachment *a) { return a->seen->kind; }
const char *attachment_path(const struct attachment *a) { return a->path; }
const char *attachment_name(const struct attachment *a) { return a->name; }
const char *attachment_summary(const struct attachment *a) { return a->seen->preview->summary; }
const struct preview *attachment_preview(const struct attachment *a) { return a->seen->preview; }
size_t attachment_n_tokens(const struct attachment *a) { return a->n_tokens; }
const char *attachment_details(const struct attachment *a) { return a->details; }

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
