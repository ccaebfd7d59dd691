/* cmd_bench.c - `mynah bench`: how fast this machine is with a model.
 *
 * Text: prefill of 128 and 512 tokens, decoding of 32 after 128.  With the weights
 * here: both image networks on a 640x480 picture, and a 30 s window of sound. */
#include "ui/cli.h"

#include "audio/audio.h"
#include "base/clock.h"
#include "store/models.h"
#include "tensor/pool.h"
#include "text/text.h"
#include "vision/vision.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_DECODE = 32, N_REPEAT = 3 };

static void print_object(cJSON *object)
{
    char *printed = cJSON_PrintUnformatted(object);

    puts(printed != NULL ? printed : "{}");
    cJSON_free(printed);
    cJSON_Delete(object);
}

/* A line of the result. */
static void tell(const struct options *o, const char *what, double value, const char *unit)
{
    if (!o->json) {
        printf("%-34s %9.1f %s\n", what, value, unit);
    } else {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "what", what);
        cJSON_AddNumberToObject(object, "value", value);
        cJSON_AddStringToObject(object, "unit", unit);
        print_object(object);
    }
    fflush(stdout);
}

static void tell_machine(const struct options *o, const struct compute *c)
{
    if (!o->json) {
        printf("%s, %zu threads, kernels %s\n", o->model, pool_n_threads(c->pool), compute_kernels_name(c));
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "model", o->model);
    cJSON_AddNumberToObject(object, "threads", (double)pool_n_threads(c->pool));
    cJSON_AddStringToObject(object, "kernels", compute_kernels_name(c));
    print_object(object);
}

/* Best of N_REPEAT, as other programs leave only slower ones; fills *decode_ms when not NULL. */
static bool time_text(struct text_context *x, const struct compute *c, const int32_t *ids, size_t n,
                      double *prefill_ms, double *decode_ms, struct error *err)
{
    const float *logits;
    size_t n_reused;

    *prefill_ms = INFINITY;
    for (int repeat = 0; repeat < N_REPEAT; repeat++) {
        struct text_span span = { .ids = ids, .n = n };
        text_context_clear(x);
        double start = clock_ms();
        if (!text_prefill(x, c, &span, 1, &logits, &n_reused, NULL, NULL, err))
            return false;
        *prefill_ms = fmin(*prefill_ms, clock_ms() - start);
        if (decode_ms == NULL)
            continue;
        start = clock_ms();
        for (int i = 0; i < N_DECODE; i++)
            if (!text_decode(x, c, ids[i], &logits, err))
                return false;
        *decode_ms = repeat == 0 ? clock_ms() - start : fmin(*decode_ms, clock_ms() - start);
    }
    return true;
}

static bool bench_text(const struct options *o, const struct models *models, const struct compute *c, struct error *err)
{
    double load = clock_ms(), prefill_128, prefill_512, decode_ms = 0;
    char *path = models_path(models, o->model, err);
    struct text_model *m = path != NULL ? text_model_open(path, err) : NULL;
    enum text_kv kv = o->kv != NULL && strcmp(o->kv, "q8_0") == 0 ? TEXT_KV_Q8_0 : TEXT_KV_F16;
    struct text_context *x = m != NULL ? text_context_new_as(m, o->n_ctx != 0 ? o->n_ctx : 1024, kv, err) : NULL;
    int32_t ids[512];
    bool ok = false;

    load = clock_ms() - load;
    if (x == NULL)
        goto done;
    for (size_t i = 0; i < 512; i++)
        ids[i] = (int32_t)(1000 + i * 37 % 20000);
    ok = time_text(x, c, ids, 128, &prefill_128, &decode_ms, err) && time_text(x, c, ids, 512, &prefill_512, NULL, err);
    if (!ok)
        goto done;
    tell(o, "text: load", load, "ms");
    tell(o, "text: prefill of 128 tokens", 128e3 / prefill_128, "tokens/s");
    tell(o, "text: prefill of 512 tokens", 512e3 / prefill_512, "tokens/s");
    tell(o, "text: decode of 32 after 128", N_DECODE * 1e3 / decode_ms, "tokens/s");
done:
    text_context_free(x);
    text_model_close(m);
    free(path);
    return ok;
}

static bool bench_image(const struct options *o, const struct models *models, const struct compute *c, struct error *err)
{
    enum { W = 640, H = 480 };
    char *classifier = models_path(models, "efficientnet-lite2", NULL), *detector = models_path(models, "ssd-coco", NULL);
    struct vision *v = NULL;
    struct vision_report *report = NULL;
    struct image image = { .width = W, .height = H, .rgb = malloc((size_t)W * H * 3), .format = "BMP",
                           .file_width = W, .file_height = H, .orientation = 1 };
    bool ok = classifier == NULL || detector == NULL;       /* without weights there is nothing to measure */

    if (ok || image.rgb == NULL)
        goto done;
    for (size_t i = 0; i < (size_t)W * H * 3; i++)
        image.rgb[i] = (uint8_t)(i * 7 / 5 % 256);
    v = vision_open(classifier, detector, NULL, err);
    for (int repeat = 0; repeat < N_REPEAT && v != NULL; repeat++) {
        vision_report_free(report);
        report = vision_look(v, c, &image, err);
        if (report == NULL)
            break;
    }
    ok = report != NULL;
    if (ok) {
        tell(o, "image: classifier", report->classify_ms, "ms");
        tell(o, "image: detector", report->detect_ms, "ms");
    }
done:
    vision_report_free(report);
    vision_close(v);
    free(image.rgb);
    free(classifier);
    free(detector);
    return ok;
}

static bool bench_sound(const struct options *o, const struct models *models, const struct compute *c, struct error *err)
{
    char *path = models_path(models, "whisper-base", NULL);
    size_t n = 30 * AUDIO_HZ;
    struct clip clip = { .samples = calloc(n, sizeof(float)), .n_samples = n, .seconds = 30, .file_hz = AUDIO_HZ,
                         .file_channels = 1, .format = "WAV", .peak = 0.1f, .rms = 0.07f };
    struct whisper *w = NULL;
    struct sound *sound = sound_of_clip(&clip, err);
    struct transcript *t = NULL;
    bool ok = path == NULL;

    if (ok || clip.samples == NULL || sound == NULL)
        goto done;
    for (size_t i = 0; i < n; i++)
        clip.samples[i] = 0.1f * (float)sin(2 * 3.14159265 * 220.0 * (double)i / AUDIO_HZ);
    struct whisper_params params = whisper_params_default();
    params.language = "en";
    w = whisper_open(path, c, err);
    t = w != NULL ? whisper_transcribe(w, c, sound, &params, err) : NULL;
    ok = t != NULL;
    if (ok)
        tell(o, "sound: encode of a 30 s window", t->encode_ms / (double)t->n_windows, "ms");
done:
    transcript_free(t);
    whisper_close(w);
    sound_close(sound);
    free(clip.samples);
    free(path);
    return ok;
}

int cmd_bench(const struct options *o)
{
    struct error err = { 0 };
    struct compute c = { 0 };
    struct models *models = models_open(&err);
    bool ok = models != NULL && compute_init(&c, o->n_threads, o->kernels, &err);

    if (ok) {
        tell_machine(o, &c);
        ok = bench_text(o, models, &c, &err) && bench_image(o, models, &c, &err) && bench_sound(o, models, &c, &err);
        compute_done(&c);
    }
    models_close(models);
    return ok ? 0 : cli_fail(&err);
}
