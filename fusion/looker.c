#include "fusion/looker.h"

#include "fusion/answer.h"
#include "fusion/looked.h"
#include "fusion/memory.h"
#include "fusion/fit.h"
#include "fusion/picture_rows.h"
#include "fusion/spans.h"

#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define IMAGE_FILE_BYTES ((size_t)256 << 20)    /* as fusion/senses.c */
#define CONTEXT_STEP 512            /* positions: the context grows by these */
#define ROWS_KEPT 8                 /* of so many pictures, those seen last; of others they are made again */
#define DESCRIBE "Describe the image in one or two sentences."

/* Of the whole, about, on SmolVLM-500M: encoding, prefill, decoding. */
enum { PART_ENCODED = 60, PART_READ = 80, PART_SAID = 100 };

struct sight {                      /* a picture that was looked at */
    char *key;
    struct media_rows *rows;
    char note[100];                 /* that the rows are not those of the whole, and why; "": they are, or a wish made them fewer */
    enum picture_limit limit;
    struct glances glances;
};

struct looker {
    const struct compute *compute;
    senses_progress *progress;
    void *user;
    char *name, *shown;             /* shown: while it looks */
    char *text_path, *mmproj_path;
    char *id;                       /* of both files, for what is kept */
    struct text_model *model;
    struct text_context *context;
    struct image_encoder *encoder;
    char *trouble;
    struct sight *sights;
    size_t n_sights;
    struct glance now;              /* what was asked last and is not kept */
    size_t n_wished;                /* rows of a picture, at most; 0: any number */
    size_t n_said;                  /* tokens of the answer that is being given */
};

/* ---- life ---------------------------------------------------------------------------- */

/* Name, size and time of a file: another one of the same name is another pair. */
static void add_id(struct words *b, const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0)
        words_add(b, "%s %lld %lld.%09ld\n", path, (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static char *make_id(const struct session_params *params)
{
    struct words b = { 0 };

    add_id(&b, params->pair_path);
    add_id(&b, params->pair_mmproj);
    return words_take(&b, NULL);
}

struct looker *looker_new(const struct session_params *params, const struct compute *c, senses_progress *progress, void *user,
                          struct error *err)
{
    struct looker *l = calloc(1, sizeof *l);
    const char *name = params->pair_name != NULL ? params->pair_name : params->pair_path;
    const char *slash = name != NULL ? strrchr(name, '/') : NULL;

    if (name == NULL || params->pair_path == NULL || params->pair_mmproj == NULL) {
        free(l);
        error_set(err, ERROR_USAGE, "eyes are a text model and its projector, and one is missing");
        return NULL;
    }
    name = slash != NULL ? slash + 1 : name;
    if (l != NULL) {
        *l = (struct looker){ .compute = c, .progress = progress, .user = user, .name = glance_plain(name, strlen(name)),
                              .text_path = strdup(params->pair_path), .mmproj_path = strdup(params->pair_mmproj), .id = make_id(params),
                              .n_wished = params->image_rows };
        if (l->name != NULL && asprintf(&l->shown, "looking (%s)", l->name) < 0)
            l->shown = NULL;
    }
    if (l == NULL || l->shown == NULL || l->id == NULL || l->text_path == NULL || l->mmproj_path == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the eyes");
        looker_free(l);
        return NULL;
    }
    return l;
}

static void close_pair(struct looker *l)
{
    text_context_free(l->context);
    text_model_close(l->model);
    image_encoder_close(l->encoder);
    l->context = NULL;
    l->model = NULL;
    l->encoder = NULL;
}

void looker_free(struct looker *l)
{
    if (l == NULL)
        return;
    close_pair(l);
    for (size_t i = 0; i < l->n_sights; i++) {
        free(l->sights[i].key);
        media_rows_free(l->sights[i].rows);
        glances_done(&l->sights[i].glances);
    }
    free(l->sights);
    glance_done(&l->now);
    free(l->name);
    free(l->shown);
    free(l->text_path);
    free(l->mmproj_path);
    free(l->id);
    free(l->trouble);
    free(l);
}

void looker_wish(struct looker *l, size_t n_rows) { l->n_wished = n_rows; }
const char *looker_name(const struct looker *l) { return l->name; }
const char *looker_trouble(const struct looker *l) { return l->trouble; }

/* ---- looking -------------------------------------------------------------------------- */

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_INFERENCE, "no memory for what the eyes see");
}

static struct sight *find_sight(struct looker *l, const char *key, struct error *err)
{
    for (size_t i = 0; i < l->n_sights; i++)
        if (strcmp(l->sights[i].key, key) == 0)
            return &l->sights[i];
    struct sight *grown = realloc(l->sights, (l->n_sights + 1) * sizeof *grown);
    char *copy = strdup(key);
    if (grown != NULL)
        l->sights = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        no_memory(err);
        return NULL;
    }
    l->sights[l->n_sights] = (struct sight){ .key = copy };
    return &l->sights[l->n_sights++];
}

/* Both files, or neither. */
static bool open_pair(struct looker *l, size_t n_beside, struct error *err)
{
    char what[120];

    if (l->encoder != NULL)
        return true;
    snprintf(what, sizeof what, "looking with %.60s beside the text model", l->name);
    if (!memory_fits(what, memory_of_file(l->text_path) + memory_of_file(l->mmproj_path) + n_beside, 0, err))
        return false;
    snprintf(what, sizeof what, "loading %.80s", l->name);
    l->progress(l->user, what, 0, 0);
    if ((l->model = text_model_open(l->text_path, err)) == NULL)
        return false;
    if ((l->encoder = image_encoder_open(l->mmproj_path, l->compute, err)) == NULL)
        return false;
    size_t n_rows = image_encoder_n_embd(l->encoder), n_text = text_model_info(l->model)->n_embd;
    return n_rows == n_text || error_set(err, ERROR_MODEL, "%.100s gives rows of %zu numbers, %.100s takes %zu: they are no pair",
                                         l->mmproj_path, n_rows, l->name, n_text);
}

static void tell_tiles(void *user, size_t n_done, size_t n_tiles)
{
    struct looker *l = user;

    l->progress(l->user, l->shown, (double)(PART_ENCODED * n_done) / (double)(n_tiles > 0 ? n_tiles : 1), PART_SAID);
}

static void tell_read(void *user, size_t done, size_t total)
{
    struct looker *l = user;

    l->progress(l->user, l->shown, PART_ENCODED + (double)((PART_READ - PART_ENCODED) * done) / (double)(total > 0 ? total : 1), PART_SAID);
}

static void tell_said(void *user, const char *text, size_t n)
{
    struct looker *l = user;
    size_t so_far = l->n_said < GLANCE_TOKENS ? l->n_said : GLANCE_TOKENS;

    (void)text;
    (void)n;
    l->n_said++;
    l->progress(l->user, l->shown, PART_READ + (double)((PART_SAID - PART_READ) * so_far) / GLANCE_TOKENS, PART_SAID);
}

static void forget_rows(struct looker *l)
{
    size_t n = 0, oldest = l->n_sights;

    for (size_t i = l->n_sights; i-- > 0;)
        if (l->sights[i].rows != NULL) {
            n++;
            oldest = i;
        }
    if (n < ROWS_KEPT)
        return;
    media_rows_free(l->sights[oldest].rows);
    l->sights[oldest].rows = NULL;
}

static void note_smaller(struct sight *s, const struct picture_plan *plan)
{
    s->limit = plan->limit;
    *s->note = '\0';
    if (plan->limit == PICTURE_CONTEXT || plan->limit == PICTURE_MEMORY)
        snprintf(s->note, sizeof s->note, "it was looked at smaller, in %zu of %zu rows: %s", plan->plan.n_rows, plan->whole.n_rows,
                 plan->limit == PICTURE_MEMORY ? "too little memory" : "more do not fit in its context");
}

/* The rows of a picture, once. */
static bool encode(struct looker *l, struct sight *s, const char *path, struct error *err)
{
    size_t n, n_context = room_rows(&(struct prompt_room){ .n_ctx = text_model_info(l->model)->n_ctx_train, .max_tokens = GLANCE_TOKENS });
    struct picture_plan plan;
    char hash[SHA256_HEX];
    bool kept;

    if (s->rows != NULL)
        return true;
    forget_rows(l);
    l->progress(l->user, l->shown, 0, PART_SAID);
    unsigned char *bytes = file_read(path, IMAGE_FILE_BYTES, &n, err);
    struct image *image = bytes != NULL ? image_decode(path, bytes, n, err) : NULL;
    if (image != NULL && picture_plan(l->encoder, image->width, image->height, picture_room(l->n_wished, n_context), &plan, err)) {
        sha256_bytes(bytes, n, hash);
        char *key = picture_rows_key(l->encoder, l->compute, hash, &plan);
        s->rows = picture_rows(l->encoder, l->compute, image, &plan, key, tell_tiles, l, &kept, err);
        note_smaller(s, &plan);
        free(key);
    }
    free(bytes);
    image_free(image);
    return s->rows != NULL;
}

/* The question after the picture, and the answer opened, as the pair's own chat template has them. */
static bool make_prompt(const struct looker *l, const struct sight *s, const char *question, struct span_list *list, struct error *err)
{
    struct perception seen = { .kind = ATTACHMENT_IMAGE, .media = s->rows };
    struct attachment picture = { .name = "", .seen = &seen };
    struct exchange_media media = { &picture, SIZE_MAX, false };
    struct exchange e = { .text = (char *)question, .media = &media, .n_media = 1, .language = "en" };
    struct script script = { 0 };

    script_question(&script, &e);
    script_open_answer(&script);
    bool good = span_list_add(list, l->model, &script, err);
    script_done(&script);
    return good;
}

static bool make_room(struct looker *l, size_t n_wanted, struct error *err)
{
    size_t n_ctx = (n_wanted + CONTEXT_STEP - 1) / CONTEXT_STEP * CONTEXT_STEP, most = text_model_info(l->model)->n_ctx_train;

    if (l->context != NULL && text_context_size(l->context) >= n_wanted)
        return true;
    if (n_wanted > most)
        return error_set(err, ERROR_INFERENCE, "the picture and the question take %zu positions, %.100s has %zu", n_wanted, l->name, most);
    text_context_free(l->context);
    l->context = text_context_new(l->model, n_ctx < most ? n_ctx : most, err);
    return l->context != NULL;
}

/* Greedy, so that the same question has the same answer. */
static bool say(struct looker *l, const struct span_list *list, struct glance *g, struct error *err)
{
    struct answer a = { 0 };
    struct answer_hooks hooks = { tell_read, tell_said, l };
    struct answer_params params = { .spans = list->spans, .n_spans = list->n_spans, .begun = "", .sampler = sampler_params_default(),
                                    .max_tokens = GLANCE_TOKENS };

    params.sampler.temperature = 0;
    params.sampler.seed = 1;
    l->n_said = 0;
    bool good = answer_generate(&a, l->model, l->context, l->compute, &params, &hooks, err);
    if (good && a.stopped)
        good = error_set(err, ERROR_CANCELLED, "stopped");
    good = good && glance_take(g, a.text.n > 0 ? a.text.text : "", a.text.n, err);
    answer_done(&a);
    return good;
}

static bool look(struct looker *l, struct sight *s, const char *path, const char *question, struct glance *g, struct error *err)
{
    struct span_list list = { 0 };
    bool good = encode(l, s, path, err) && make_prompt(l, s, question != NULL ? question : DESCRIBE, &list, err) &&
                make_room(l, list.n_tokens + GLANCE_TOKENS + 1, err) && say(l, &list, g, err);

    span_list_done(&list);
    if (good && g->trouble == NULL && *s->note != '\0')
        g->trouble = strdup(s->note);
    return good;
}

/* Where what is in a picture is kept; with fewer rows it may be seen otherwise. */
static char *description_path(const struct looker *l, const char *key)
{
    char asked[sizeof DESCRIBE + 40] = DESCRIBE;

    if (l->n_wished > 0)
        snprintf(asked, sizeof asked, DESCRIBE " (%zu rows)", l->n_wished);
    return looked_path(key, l->id, asked);
}

/* A pair that cannot be opened sees nothing from then on. */
static bool open_or_tell(struct looker *l, size_t n_beside, struct error *err)
{
    if (l->trouble != NULL)
        return error_set(err, ERROR_INFERENCE, "%s", l->trouble);
    if (open_pair(l, n_beside, err))
        return true;
    close_pair(l);
    l->trouble = err->code != ERROR_CANCELLED ? strdup(err->text) : NULL;
    return false;
}

static bool begin_glance(struct looker *l, const char *question, struct error *err)
{
    glance_done(&l->now);
    l->now.eyes = strdup(l->name);
    l->now.question = question != NULL ? strdup(question) : NULL;
    return (l->now.eyes != NULL && (question == NULL || l->now.question != NULL)) || no_memory(err);
}

const struct glance *looker_ask(struct looker *l, const char *path, const char *key, const char *question, size_t n_beside,
                                struct error *err)
{
    struct sight *s = find_sight(l, key, err);
    const struct glance *known = s != NULL ? glances_find(&s->glances, NULL, question) : NULL;
    struct error inner = { 0 };

    if (s == NULL || known != NULL)
        return known;
    if (!begin_glance(l, question, err))
        return NULL;
    char *kept = question == NULL ? description_path(l, key) : NULL;
    bool good = kept != NULL && looked_load(kept, &l->now);
    if (!good) {
        double start = clock_ms();
        good = open_or_tell(l, n_beside, &inner) && look(l, s, path, question, &l->now, &inner);
        l->now.ms = clock_ms() - start;
        if (good && kept != NULL && l->now.words != NULL && s->limit != PICTURE_MEMORY)     /* another day there may be more */
            looked_save(kept, &l->now);
    }
    free(kept);
    if (good)
        return glances_add(&s->glances, &l->now, err) ? &s->glances.items[s->glances.n - 1] : NULL;
    if (inner.code == ERROR_CANCELLED) {
        error_set(err, ERROR_CANCELLED, "%s", inner.text);
        return NULL;
    }
    free(l->now.words);
    free(l->now.trouble);
    l->now.words = NULL;
    l->now.trouble = strdup(inner.text);
    return l->now.trouble != NULL || !no_memory(err) ? &l->now : NULL;
}
