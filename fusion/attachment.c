#include "fusion/attachment.h"

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

char *attachment_transcript(const struct attachment *a, const char *format)
{
    if (a->seen->transcript == NULL)
        return NULL;
    if (strcmp(format, "srt") == 0)
        return transcript_format(a->seen->transcript, TRANSCRIPT_SRT);
    if (strcmp(format, "vtt") == 0)
        return transcript_format(a->seen->transcript, TRANSCRIPT_VTT);
    return strcmp(format, "txt") == 0 ? transcript_format(a->seen->transcript, TRANSCRIPT_TXT) : NULL;
}
