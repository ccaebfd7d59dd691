#include "fusion/senses.h"

#include "fusion/clip_rows.h"
#include "fusion/heard.h"
#include "fusion/hearing.h"
#include "fusion/memory.h"
#include "fusion/picture_rows.h"
#include "fusion/preview.h"
#include "fusion/rows_cache.h"

#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define IMAGE_FILE_BYTES ((size_t)256 << 20)    /* the largest picture file that is read */
#define WHISPER_WORK_BYTES ((size_t)200 << 20)  /* base: encoder scratch and cross keys and values of one window */
#define VISION_WORK_BYTES ((size_t)100 << 20)   /* activations of both networks, the picture itself */

struct senses {
    const struct compute *compute;
    const struct eyes *eyes;
    senses_progress *progress;
    senses_decoded *decoded;
    void *user;
    char *whisper_path, *classifier_path, *detector_path;
    struct hearing hearing;
    struct whisper *whisper;
    struct vision *vision;
    double image_ms, window_ms;     /* encoding a picture, 30 s of a clip: expected from those before; 0: unknown */
    struct perception **known;
    size_t n_known;
};

/* NULL stays NULL; *failed when memory ran out. */
static char *copy(const char *text, bool *failed)
{
    char *made = text != NULL ? strdup(text) : NULL;

    *failed |= text != NULL && made == NULL;
    return made;
}

struct senses *senses_new(const struct session_params *params, const struct eyes *eyes, const struct compute *c,
                          senses_progress *progress, senses_decoded *decoded, void *user, struct error *err)
{
    struct senses *s = calloc(1, sizeof *s);
    bool failed = s == NULL;

    if (s != NULL) {
        *s = (struct senses){ .compute = c, .eyes = eyes, .progress = progress, .decoded = decoded, .user = user };
        s->whisper_path = copy(params->whisper_path, &failed);
        s->classifier_path = copy(params->classifier_path, &failed);
        s->detector_path = copy(params->detector_path, &failed);
        failed |= !hearing_init(&s->hearing, params, err);
    }
    if (failed) {
        error_set(err, ERROR_INFERENCE, "no memory for the session");
        senses_free(s);
        return NULL;
    }
    return s;
}

void senses_free(struct senses *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_known; i++)
        perception_free(s->known[i]);
    free(s->known);
    whisper_close(s->whisper);
    vision_close(s->vision);
    free(s->whisper_path);
    free(s->classifier_path);
    free(s->detector_path);
    hearing_done(&s->hearing);
    free(s);
}

/* ---- what a file is ----------------------------------------------------------- */

static bool starts(const unsigned char *head, size_t n, size_t at, const char *bytes)
{
    size_t length = strlen(bytes);

    return n >= at + length && memcmp(head + at, bytes, length) == 0;
}

/* Refused formats are recognised too: their decoder says how to convert them. */
static bool kind_of_bytes(const unsigned char *head, size_t n, enum attachment_kind *kind)
{
    static const char *const images[] = { "\xFF\xD8\xFF", "\x89PNG", "BM", "GIF8", "%PDF", "II*", "MM" };
    static const char *const brands[] = { "heic", "heix", "hevc", "mif1", "msf1", "avif", "avis" };
    static const char *const clips[] = { "fLaC", "OggS", "ID3", "\xFF\xFB", "\xFF\xF3", "\xFF\xF2", "\xFF\xFA",
                                         "FORM", ".snd", "RF64", "\x1A\x45\xDF\xA3" };

    *kind = ATTACHMENT_IMAGE;
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
        if (starts(head, n, 0, images[i]))
            return true;
    for (size_t i = 0; i < sizeof brands / sizeof brands[0]; i++)
        if (starts(head, n, 4, "ftyp") && starts(head, n, 8, brands[i]))
            return true;
    if (starts(head, n, 0, "RIFF") && starts(head, n, 8, "WEBP"))
        return true;
    *kind = ATTACHMENT_AUDIO;
    for (size_t i = 0; i < sizeof clips / sizeof clips[0]; i++)
        if (starts(head, n, 0, clips[i]))
            return true;
    return starts(head, n, 4, "ftyp") || starts(head, n, 0, "RIFF");
}

static bool kind_of_name(const char *path, enum attachment_kind *kind)
{
    static const char *const images[] = { "jpg", "jpeg", "png", "bmp", "webp", "gif", "heic", "heif", "avif", "tif",
                                          "tiff", "pdf", "svg", "ico", "jxl" };
    static const char *const clips[] = { "wav", "flac", "ogg", "oga", "opus", "mp3", "aif", "aiff", "au", "m4a", "mp4",
                                         "webm", "mkv", "mov", "aac", "wma", "raw" };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < sizeof images / sizeof images[0]; i++)
        if (strcasecmp(dot + 1, images[i]) == 0) {
            *kind = ATTACHMENT_IMAGE;
            return true;
        }
    for (size_t i = 0; dot != NULL && i < sizeof clips / sizeof clips[0]; i++)
        if (strcasecmp(dot + 1, clips[i]) == 0) {
            *kind = ATTACHMENT_AUDIO;
            return true;
        }
    return false;
}

bool senses_kind(const char *path, const unsigned char *head, size_t n, enum attachment_kind *kind, struct error *err)
{
    if (kind_of_bytes(head, n, kind) || kind_of_name(path, kind))
        return true;
    return error_set(err, ERROR_INPUT,
                     "%s: is neither a picture (JPEG, PNG, BMP, WebP) nor a recording (WAV, FLAC, Ogg, MP3)", path);
}

static bool read_head(const char *path, unsigned char head[16], size_t *n, struct error *err)
{
    size_t n_bytes;
    int fd = file_open(path, &n_bytes, err);

    if (fd < 0)
        return false;
    ssize_t got = read(fd, head, 16);
    close(fd);
    *n = got > 0 ? (size_t)got : 0;
    return got > 0 || error_set(err, ERROR_INPUT, got == 0 ? "%s: is empty" : "%s: cannot be read", path);
}

bool attachment_kind_of(const char *path, enum attachment_kind *kind, struct error *err)
{
    unsigned char head[16];
    size_t n;

    return read_head(path, head, &n, err) && senses_kind(path, head, n, kind, err);
}

/* ---- models --------------------------------------------------------------------- */

static bool is_there(const char *path, const char *what, const char *name, struct error *err)
{
    if (path != NULL && access(path, R_OK) == 0)
        return true;
    return error_set(err, ERROR_MODEL, "%s (%s) is not there: run `mynah pull %s`", what, name, name);
}

static bool open_vision(struct senses *s, double *load_ms, struct error *err)
{
    double start = clock_ms();

    if (s->vision != NULL)
        return true;
    if (!is_there(s->classifier_path, "the image encoder", "efficientnet-lite2", err) ||
        !is_there(s->detector_path, "the detector", "ssd-coco", err) ||
        !memory_fits("seeing", memory_of_file(s->classifier_path) + memory_of_file(s->detector_path),
                     VISION_WORK_BYTES, err))
        return false;
    s->progress(s->user, "loading efficientnet-lite2 and ssd-coco", 0, 0);
    s->vision = vision_open(s->classifier_path, s->detector_path, s->eyes->projector, err);
    *load_ms += clock_ms() - start;
    return s->vision != NULL;
}

static bool open_whisper(struct senses *s, double *load_ms, struct error *err)
{
    double start = clock_ms();

    if (s->whisper != NULL)
        return true;
    if (!is_there(s->whisper_path, "the speech model", "whisper-base", err) ||
        !memory_fits("listening", memory_of_file(s->whisper_path), WHISPER_WORK_BYTES, err))
        return false;
    s->progress(s->user, "loading whisper-base", 0, 0);
    s->whisper = whisper_open(s->whisper_path, s->compute, err);
    *load_ms += clock_ms() - start;
    return s->whisper != NULL;
}

const struct whisper *senses_whisper(struct senses *s, struct whisper_params *params, struct error *err)
{
    double load_ms = 0;

    *params = s->hearing.params;
    return open_whisper(s, &load_ms, err) ? s->whisper : NULL;
}

/* ---- decoding ------------------------------------------------------------------- */

struct decoded {                    /* one of both */
    struct image *image;
    struct sound *sound;            /* read to its end */
    struct picture_plan plan;       /* of a picture that a pair's encoder sees */
    char *key;                      /* of its rows, by the bytes that it was decoded from; NULL: nobody encodes it, or they are not kept */
    double ms;
};

static void decoded_done(struct decoded *d)
{
    image_free(d->image);
    sound_close(d->sound);
    free(d->key);
}

/* A picture's rows by a pair's encoder are wanted. */
static bool encodes(const struct senses *s)
{
    return s->eyes->encoder != NULL && !s->eyes->off;
}

/* Nothing smaller is left of it either: it is told in words. */
static bool too_large(const struct senses *s, const struct image_plan *plan)
{
    return s->eyes->n_picture != 0 && plan->n_rows > s->eyes->n_picture;
}

/* What that takes.  A picture that has no plan is refused when it comes to be encoded. */
static void plan_picture(const struct senses *s, const char *hash, struct perception *p, struct decoded *d)
{
    const struct eyes *eyes = s->eyes;
    struct error err;

    if (!encodes(s) || !picture_plan(eyes->encoder, p->width, p->height, picture_room(eyes->n_wished, eyes->n_picture), &d->plan, &err) ||
        too_large(s, &d->plan.plan))
        return;
    d->key = picture_rows_key(eyes->encoder, s->compute, hash, &d->plan);
    bool kept = rows_cache_has(d->key);
    double ms = kept ? 0 : picture_expected_ms(eyes->encoder, s->compute, &d->plan);
    p->preview->n_rows = d->plan.plan.n_rows;
    p->preview->n_rows_whole = d->plan.whole.n_rows;
    p->preview->n_bytes = kept ? 0 : d->plan.plan.n_bytes;
    p->preview->expected_ms = kept || ms > 0 ? s->image_ms + ms : 0;
}

static bool decode_image(const struct senses *s, const char *path, struct perception *p, struct decoded *d, struct error *err)
{
    char hash[SHA256_HEX];
    unsigned char *bytes = file_read(path, IMAGE_FILE_BYTES, &p->file_bytes, err);
    double start = clock_ms();

    d->image = bytes != NULL ? image_decode(path, bytes, p->file_bytes, err) : NULL;
    d->ms = clock_ms() - start;
    if (d->image != NULL)
        sha256_bytes(bytes, p->file_bytes, hash);
    free(bytes);
    if (d->image == NULL)
        return false;
    snprintf(p->format, sizeof p->format, "%s", d->image->format);
    p->width = d->image->width;
    p->height = d->image->height;
    p->orientation = d->image->orientation;
    p->had_alpha = d->image->had_alpha;
    p->preview = preview_of_image(d->image, err);
    if (p->preview == NULL)
        return false;
    p->preview->expected_ms = s->image_ms;
    plan_picture(s, hash, p, d);
    return true;
}

static bool decode_sound(const struct senses *s, const char *path, const char *hash, struct perception *p, struct decoded *d, struct error *err)
{
    double start = clock_ms();

    d->sound = sound_open(path, err);
    p->preview = d->sound != NULL ? preview_of_sound(d->sound, s->compute, err) : NULL;
    d->ms = clock_ms() - start;
    if (p->preview == NULL)
        return false;
    struct sound_facts facts = sound_facts(d->sound);
    snprintf(p->format, sizeof p->format, "%s", facts.format);
    p->file_bytes = memory_of_file(path);
    p->seconds = facts.seconds;
    p->file_hz = facts.file_hz;
    p->file_channels = facts.file_channels;
    p->peak = facts.peak;
    p->rms = facts.rms;
    p->preview->expected_ms = s->window_ms * (double)preview_n_windows(p->preview);
    if (s->eyes->ears != NULL)
        clip_rows_plan(s->eyes, s->compute, hash, p->seconds, p->preview);
    return true;
}

/* Fills p with what is known without a model, its preview included. */
static bool decode(const struct senses *s, const char *path, const char *hash, struct perception *p, struct decoded *d, struct error *err)
{
    return p->kind == ATTACHMENT_IMAGE ? decode_image(s, path, p, d, err) : decode_sound(s, path, hash, p, d, err);
}

/* ---- encoding ------------------------------------------------------------------- */

/* The newest counts half: other programs come and go. */
static void learn(double *expected_ms, double ms)
{
    *expected_ms = *expected_ms > 0 ? (*expected_ms + ms) / 2 : ms;
}

static void tell_tiles(void *user, size_t n_done, size_t n_tiles)
{
    struct senses *s = user;

    s->progress(s->user, "looking", (double)n_done, (double)n_tiles);
}

/* By a pair's encoder, unless even the fewest are too many: then the picture is told in words. */
static bool encode(struct senses *s, struct perception *p, const struct decoded *d, struct error *err)
{
    const struct image_plan *plan = &d->plan.plan;
    double start = clock_ms();

    if (plan->n_tiles == 0)         /* why there is no plan */
        return image_encoder_plan(s->eyes->encoder, p->width, p->height, 0, &(struct image_plan){ 0 }, err);
    if (too_large(s, plan)) {
        p->n_rows_too_many = plan->n_rows;
        return true;
    }
    p->media = picture_rows(s->eyes->encoder, s->compute, d->image, &d->plan, d->key, tell_tiles, s, &p->rows_kept, err);
    p->report->project_ms = clock_ms() - start;
    if (plan->n_rows < d->plan.whole.n_rows) {
        p->n_rows_whole = d->plan.whole.n_rows;
        p->n_tiles = plan->n_tiles;
        p->n_tiles_whole = d->plan.whole.n_tiles;
        p->limit = d->plan.limit;
    }
    return p->media != NULL;
}

static bool look(struct senses *s, struct perception *p, const struct decoded *d, double *load_ms, struct error *err)
{
    if (!open_vision(s, load_ms, err))
        return false;
    s->progress(s->user, "looking", 0, 0);
    double start = clock_ms();
    p->report = vision_look(s->vision, s->compute, d->image, err);
    if (p->report == NULL)
        return false;
    learn(&s->image_ms, clock_ms() - start);
    if (s->eyes->off) {
        free(p->report->rows);
        p->report->rows = NULL;
        p->report->n_rows = 0;
    }
    if (encodes(s) && !encode(s, p, d, err))
        return false;
    p->report->decode_ms = d->ms;
    p->projector = perception_n_rows(p) > 0 ? s->eyes->name : NULL;
    p->ms = d->ms + clock_ms() - start;
    return true;
}

static void transcribing(void *user, double done, double total)
{
    struct senses *s = user;

    s->progress(s->user, "transcribing", done, total);
}

static void tell_windows(void *user, size_t n_done, size_t n_windows)
{
    struct senses *s = user;

    s->progress(s->user, "listening", (double)n_done, (double)n_windows);
}

static bool listen(struct senses *s, const char *hash, struct perception *p, const struct decoded *d, double *load_ms,
                   struct error *err)
{
    struct whisper_params params = s->hearing.params;

    if (!open_whisper(s, load_ms, err))
        return false;
    params.progress = transcribing;
    params.user = s;
    char *journal = heard_path(hash, p->seconds, s->whisper, s->hearing.key);
    params.journal = journal;
    s->progress(s->user, "transcribing", 0, p->seconds);
    double start = clock_ms();
    p->transcript = whisper_transcribe(s->whisper, s->compute, d->sound, &params, err);
    double ms = clock_ms() - start;
    free(journal);
    if (p->transcript == NULL)
        return false;
    if (p->transcript->encode_ms > 0)       /* it was heard, now */
        learn(&s->window_ms, ms / (double)preview_n_windows(p->preview));
    bool good = s->eyes->ears == NULL || clip_rows_make(s->eyes, s->whisper, s->compute, d->sound, hash, tell_windows, s, p, err);
    p->ms = d->ms + clock_ms() - start;
    return good;
}

static bool perceive(struct senses *s, const char *path, const char *hash, struct perception *p, double *load_ms,
                     struct error *err)
{
    struct decoded d = { 0 };
    bool good = decode(s, path, hash, p, &d, err);

    if (good) {
        s->decoded(s->user, p->preview);
        good = p->kind == ATTACHMENT_IMAGE ? look(s, p, &d, load_ms, err) : listen(s, hash, p, &d, load_ms, err);
    }
    decoded_done(&d);
    return good;
}

/* ---- what is known ---------------------------------------------------------------- */

/* sha256, the encoder's identity, of a picture also whether rows are wanted and at most how many, of a clip how it is listened to;
 * NULL when the encoder is not open yet (then nothing can be known) or memory ran out. */
static char *make_key(const struct senses *s, enum attachment_kind kind, const char *hash)
{
    const char *id = kind == ATTACHMENT_IMAGE ? s->vision != NULL ? vision_id(s->vision) : NULL
                   : s->whisper != NULL ? whisper_id(s->whisper) : NULL;
    bool is_clip = kind == ATTACHMENT_AUDIO;
    char *key = NULL, rows[60] = "";

    if (encodes(s))
        snprintf(rows, sizeof rows, "+%zu/%zu", s->eyes->n_wished, s->eyes->n_picture);
    if (id == NULL || asprintf(&key, "%s+%s%s%s", hash, id, is_clip ? "+" : s->eyes->off ? "+words" : rows, is_clip ? s->hearing.key : "") < 0)
        return NULL;
    return key;
}

static const struct perception *find_known(const struct senses *s, enum attachment_kind kind, const char *hash)
{
    const struct perception *found = NULL;
    char *key = make_key(s, kind, hash);

    for (size_t i = 0; key != NULL && i < s->n_known; i++)
        if (strcmp(s->known[i]->key, key) == 0)
            found = s->known[i];
    free(key);
    return found;
}

static bool remember(struct senses *s, struct perception *p, const char *hash)
{
    struct perception **grown = realloc(s->known, (s->n_known + 1) * sizeof(struct perception *));

    p->key = make_key(s, p->kind, hash);
    if (grown != NULL)
        s->known = grown;
    if (grown == NULL || p->key == NULL)
        return false;
    s->known[s->n_known++] = p;
    return true;
}

/* What the file is: its hash and kind. */
static bool identify(struct senses *s, const char *path, char hash[SHA256_HEX], enum attachment_kind *kind,
                     struct error *err)
{
    unsigned char head[16];
    size_t n = 0;

    s->progress(s->user, "reading", 0, 0);
    return read_head(path, head, &n, err) && sha256_file(path, hash, err) && senses_kind(path, head, n, kind, err);
}

const struct perception *senses_perceive(struct senses *s, const char *path, double *load_ms, struct error *err)
{
    char hash[SHA256_HEX];
    enum attachment_kind kind;

    if (!identify(s, path, hash, &kind, err))
        return NULL;
    const struct perception *known = find_known(s, kind, hash);
    if (known != NULL)
        return known;
    struct perception *p = calloc(1, sizeof *p);
    if (p == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory", path);
        return NULL;
    }
    p->kind = kind;
    bool done = perceive(s, path, hash, p, load_ms, err);
    if (done && remember(s, p, hash))
        return p;
    if (done)
        error_set(err, ERROR_INFERENCE, "%s: no memory", path);
    perception_free(p);
    return NULL;
}

struct preview *senses_preview(struct senses *s, const char *path, struct error *err)
{
    char hash[SHA256_HEX];
    struct perception p = { 0 };
    struct decoded d = { 0 };

    if (!identify(s, path, hash, &p.kind, err))
        return NULL;
    const struct perception *known = find_known(s, p.kind, hash);
    if (known != NULL)
        return preview_copy(known->preview, err);
    bool good = decode(s, path, hash, &p, &d, err) && !compute_cancelled(s->compute, err);
    decoded_done(&d);
    if (good)
        return p.preview;
    preview_free(p.preview);
    return NULL;
}
