#include "store/manifest.h"

#include "base/arena.h"
#include "base/asset.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

/* What manifest_parse returns points to `public`; texts are the tree's. */
struct parsed {
    struct manifest public;
    struct arena *arena;
    cJSON *tree;
};

static const char *const role_names[] = { "text", "speech", "classifier", "detector", "embedding", "projector" };

/* While parsing: where we are, for messages. */
struct place {
    struct arena *arena;
    const char *model;
    struct error *err;
};

static bool wrong(const struct place *p, const char *field, const char *expected)
{
    return error_set(p->err, ERROR_MODEL, "the list of models: %s: %s: %s was expected",
                     p->model, field, expected);
}

static const char *text_of(const cJSON *object, const char *field)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, field));
}

static bool take_text(const struct place *p, const cJSON *object, const char *field, const char **to)
{
    *to = text_of(object, field);
    return (*to != NULL && **to != '\0') || wrong(p, field, "a text");
}

/* A name in a file system and on a command line: no folder, not hidden, no option. */
static bool take_name(const struct place *p, const cJSON *object, const char *field, const char **to)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    if (!take_text(p, object, field, to))
        return false;
    return ((*to)[strspn(*to, letters)] == '\0' && (*to)[0] != '.' && (*to)[0] != '-') ||
           wrong(p, field, "a plain name (letters, digits, . _ -)");
}

static bool take_bytes(const struct place *p, const cJSON *object, uint64_t *to)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "bytes");

    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 1.0) || item->valuedouble > 1e15)
        return wrong(p, "bytes", "a number of 1 or more");
    *to = (uint64_t)item->valuedouble;
    return true;
}

static bool take_sha256(const struct place *p, const cJSON *object, const char **to)
{
    return (take_text(p, object, "sha256", to) && strlen(*to) == 64 &&
            strspn(*to, "0123456789abcdef") == 64) || wrong(p, "sha256", "64 hexadecimal digits");
}

/* A list of at least one object, and zeroed room for as many of ours. */
static void *take_list(const struct place *p, const cJSON *object, const char *field, size_t size,
                       const cJSON **list, size_t *n)
{
    *list = cJSON_GetObjectItemCaseSensitive(object, field);
    if (!cJSON_IsArray(*list) || cJSON_GetArraySize(*list) < 1) {
        wrong(p, field, "a list");
        return NULL;
    }
    *n = (size_t)cJSON_GetArraySize(*list);
    return arena_zero(p->arena, *n, size, p->err);
}

static bool take_inputs(const struct place *p, const cJSON *object, struct manifest_source *s)
{
    const cJSON *list = NULL, *item = NULL;
    size_t i = 0;

    if (s->converter == NULL) {
        s->inputs = arena_zero(p->arena, 1, sizeof *s->inputs, p->err);
        if (s->inputs == NULL)
            return false;
        s->inputs[0] = (struct manifest_input){ NULL, s->bytes, s->sha256 };
        s->n_inputs = 1;
        return true;
    }
    s->inputs = take_list(p, object, "inputs", sizeof *s->inputs, &list, &s->n_inputs);
    if (s->inputs == NULL)
        return false;
    cJSON_ArrayForEach(item, list) {
        struct manifest_input *input = &s->inputs[i++];
        if (!take_name(p, item, "name", &input->name) || !take_bytes(p, item, &input->bytes) ||
            !take_sha256(p, item, &input->sha256))
            return false;
    }
    return true;
}

static bool take_member(const struct place *p, const cJSON *object, const struct manifest_source *s,
                        struct manifest_member *member)
{
    const char *into = text_of(object, "into");

    if (!take_text(p, object, "path", &member->path))
        return false;
    for (size_t i = 0; i < s->n_inputs; i++) {
        const char *name = s->inputs[i].name;
        if ((name == NULL && into == NULL) || (name != NULL && into != NULL && strcmp(name, into) == 0)) {
            member->i_input = i;
            return true;
        }
    }
    return wrong(p, "into", "the name of an input");
}

static bool take_packages(const struct place *p, const cJSON *object, struct manifest_source *s)
{
    const cJSON *list = NULL, *item = NULL, *members = NULL, *member = NULL;
    size_t i = 0;

    s->packages = take_list(p, object, "packages", sizeof *s->packages, &list, &s->n_packages);
    if (s->packages == NULL)
        return false;
    cJSON_ArrayForEach(item, list) {
        struct manifest_package *package = &s->packages[i++];
        size_t j = 0;
        if (!take_name(p, item, "name", &package->name) || !take_name(p, item, "version", &package->version) ||
            !take_bytes(p, item, &package->bytes))
            return false;
        package->members = take_list(p, item, "members", sizeof *package->members, &members, &package->n_members);
        if (package->members == NULL)
            return false;
        cJSON_ArrayForEach(member, members)
            if (!take_member(p, member, s, &package->members[j++]))
                return false;
    }
    return true;
}

static bool is_web_address(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

/* The hub's word for a sha256 is as good as the way to it; to this machine there is none. */
static bool is_private_way(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://127.0.0.1:", 17) == 0;
}

static bool take_source(const struct place *p, const cJSON *object, struct manifest_source *s)
{
    s->url = text_of(object, "url");
    s->converter = text_of(object, "converter");
    bool of_hub = s->url != NULL && s->converter == NULL && !cJSON_HasObjectItem(object, "sha256");
    if (!take_bytes(p, object, &s->bytes) || (!of_hub && !take_sha256(p, object, &s->sha256)))
        return false;
    if (s->converter != NULL && asset_find(s->converter) == NULL)
        return wrong(p, "converter", "a program that is built in");
    if (!take_inputs(p, object, s))
        return false;
    if (s->url == NULL)
        return take_packages(p, object, s);
    if (!is_web_address(s->url))
        return wrong(p, "url", "http or https");
    if (of_hub && !is_private_way(s->url))
        return wrong(p, "url", "https, where there is no sha256,");
    return s->n_inputs == 1 || wrong(p, "inputs", "one input of a URL");
}

/* Fields that may be missing. */
static bool take_rest(const struct place *p, const cJSON *object, struct model_entry *e)
{
    const cJSON *kv = cJSON_GetObjectItemCaseSensitive(object, "kv");

    e->terms = text_of(object, "terms");
    if (cJSON_HasObjectItem(object, "terms") && (e->terms == NULL || !is_web_address(e->terms)))
        return wrong(p, "terms", "http or https");
    if (kv != NULL && (!cJSON_IsNumber(kv) || !(kv->valuedouble >= 1.0) || kv->valuedouble > 1e9))
        return wrong(p, "kv", "a number of 1 or more");
    e->kv_bytes = kv != NULL ? (uint64_t)kv->valuedouble : 0;
    const cJSON *sees = cJSON_GetObjectItemCaseSensitive(object, "sees");
    e->sees = e->role == MODEL_PROJECTOR && !cJSON_IsFalse(sees);
    if (sees != NULL && (!cJSON_IsBool(sees) || e->role != MODEL_PROJECTOR))
        return wrong(p, "sees", "true or false, of a projector");
    e->projector = text_of(object, "projector");
    return !cJSON_HasObjectItem(object, "projector") || (e->projector != NULL && e->role == MODEL_TEXT)
        || wrong(p, "projector", "the name of one, of a text model");
}

static bool take_role(const struct place *p, const cJSON *object, enum model_role *role)
{
    const char *text = text_of(object, "role");

    for (size_t i = 0; text != NULL && i < sizeof role_names / sizeof *role_names; i++)
        if (strcmp(text, role_names[i]) == 0) {
            *role = (enum model_role)i;
            return true;
        }
    return wrong(p, "role", "text, speech, classifier, detector, embedding or projector");
}

static bool take_model(struct place *p, const cJSON *object, struct manifest_model *m)
{
    struct model_entry *e = &m->entry;
    const cJSON *list = NULL, *item = NULL;
    size_t i = 0;

    if (!take_name(p, object, "name", &e->name))
        return false;
    p->model = e->name;
    if (!take_role(p, object, &e->role) || !take_text(p, object, "title", &e->title) ||
        !take_text(p, object, "licence", &e->licence) || !take_name(p, object, "file", &e->file) || !take_rest(p, object, e))
        return false;
    m->sources = take_list(p, object, "sources", sizeof *m->sources, &list, &m->n_sources);
    if (m->sources == NULL)
        return false;
    cJSON_ArrayForEach(item, list)
        if (!take_source(p, item, &m->sources[i++]))
            return false;
    for (i = 0; m->n_sources > 1 && i < m->n_sources; i++)
        if (m->sources[i].sha256 == NULL)
            return wrong(p, "sha256", "64 hexadecimal digits, where there is more than one source,");
    const struct manifest_source *last = &m->sources[m->n_sources - 1];
    e->bytes = last->bytes;
    e->download_bytes = last->url != NULL ? last->inputs[0].bytes : 0;
    for (i = 0; i < last->n_packages; i++)
        e->download_bytes += last->packages[i].bytes;
    return true;
}

/* One role, and the same bytes whichever is fetched. */
static bool are_one_file(const struct manifest_model *a, const struct manifest_model *b)
{
    const struct manifest_source *s = &a->sources[0], *t = &b->sources[0];

    return a->entry.role == b->entry.role && a->n_sources == 1 && b->n_sources == 1 && s->bytes == t->bytes && s->sha256 != NULL &&
           t->sha256 != NULL && strcmp(s->sha256, t->sha256) == 0;
}

static bool all_differ(struct place *p, const struct manifest *m)
{
    for (size_t i = 0; i < m->n_models; i++)
        for (size_t j = 0; j < i; j++) {
            p->model = m->models[i].entry.name;
            if (strcmp(m->models[j].entry.name, p->model) == 0)
                return wrong(p, "name", "another name");
            if (strcmp(m->models[j].entry.file, m->models[i].entry.file) == 0 && !are_one_file(&m->models[j], &m->models[i]))
                return wrong(p, "file", "another file");
        }
    return true;
}

static bool projectors_are_there(struct place *p, const struct manifest *m)
{
    for (size_t i = 0; i < m->n_models; i++) {
        const struct model_entry *e = &m->models[i].entry;
        const struct manifest_model *to = e->projector != NULL ? manifest_find(m, e->projector) : NULL;
        p->model = e->name;
        if (e->projector != NULL && (to == NULL || to->entry.role != MODEL_PROJECTOR))
            return wrong(p, "projector", "the name of a projector");
    }
    return true;
}

struct manifest *manifest_parse(const char *json, struct error *err)
{
    struct parsed *parsed = calloc(1, sizeof *parsed);
    const cJSON *list = NULL, *item = NULL;
    size_t i = 0;

    if (parsed == NULL) {
        error_set(err, ERROR_MODEL, "no memory for the list of models");
        return NULL;
    }
    struct manifest *m = &parsed->public;
    parsed->arena = arena_new("manifest", 1 << 14, err);
    parsed->tree = cJSON_ParseWithOpts(json, NULL, true);
    struct place p = { parsed->arena, "models", err };
    if (parsed->arena == NULL || (parsed->tree == NULL && !wrong(&p, "all of it", "JSON")))
        goto fail;
    m->models = take_list(&p, parsed->tree, "models", sizeof *m->models, &list, &m->n_models);
    if (m->models == NULL)
        goto fail;
    cJSON_ArrayForEach(item, list)
        if (!take_model(&p, item, &m->models[i++]))
            goto fail;
    if (all_differ(&p, m) && projectors_are_there(&p, m))
        return m;
fail:
    manifest_free(m);
    return NULL;
}

void manifest_free(struct manifest *m)
{
    struct parsed *parsed = (struct parsed *)m;     /* its first member */

    if (parsed == NULL)
        return;
    cJSON_Delete(parsed->tree);
    arena_free(parsed->arena);
    free(parsed);
}

const struct manifest_model *manifest_find(const struct manifest *m, const char *name)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (strcmp(m->models[i].entry.name, name) == 0)
            return &m->models[i];
    return NULL;
}

const char *model_role_name(enum model_role role)
{
    return role_names[role];
}
