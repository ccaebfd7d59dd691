#include "fusion/looked.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/log.h"
#include "fusion/kept.h"
#include "fusion/words.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES ((size_t)8192)
#define MOST_FILES 1000

char *looked_path(const char *picture, const char *pair, const char *question)
{
    char name[SHA256_HEX], *path = NULL;
    struct words b = { 0 };
    struct error err = { 0 };

    words_add(&b, "%.64s\n%s\n%s\n%d", picture, pair, question, GLANCE_TOKENS);
    char *text = words_take(&b, NULL), *folder = folder_cache("looked", &err);
    if (folder == NULL)
        log_debug("what eyes see is not kept: %s", err.text);
    if (text != NULL && folder != NULL) {
        sha256_bytes(text, strlen(text), name);
        if (asprintf(&path, "%s/%s", folder, name) < 0)
            path = NULL;
    }
    free(text);
    free(folder);
    return path;
}

/* Whoever wrote the file: no more is told than of an answer. */
bool looked_load(const char *path, struct glance *g)
{
    struct error err = { 0 };
    size_t n;

    if (access(path, F_OK) != 0)
        return false;
    char *text = (char *)file_read(path, FILE_BYTES, &n, &err);
    cJSON *json = text != NULL ? cJSON_ParseWithLength(text, n) : NULL;
    const char *words = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "words"));
    const cJSON *ms = cJSON_GetObjectItemCaseSensitive(json, "ms");
    bool good = words != NULL && glance_take(g, words, strlen(words), &err) && g->words != NULL;
    const char *note = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "note"));
    if (good && note != NULL && g->trouble == NULL)
        g->trouble = glance_plain(note, strlen(note));
    if (good)
        g->ms = cJSON_IsNumber(ms) && ms->valuedouble >= 0 && ms->valuedouble < 1e9 ? ms->valuedouble : 0;
    cJSON_Delete(json);
    free(text);
    return good;
}

void looked_save(const char *path, const struct glance *g)
{
    cJSON *json = cJSON_CreateObject();

    kept_make_room(path, MOST_FILES);
    cJSON_AddStringToObject(json, "words", g->words != NULL ? g->words : "");
    if (g->trouble != NULL)
        cJSON_AddStringToObject(json, "note", g->trouble);
    cJSON_AddNumberToObject(json, "ms", (double)(long)g->ms);
    char *text = cJSON_PrintUnformatted(json);
    if (text != NULL)
        kept_write(path, text, strlen(text));
    cJSON_free(text);
    cJSON_Delete(json);
}
