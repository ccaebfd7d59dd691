/* bench_text.c - a text model's speed:
 *
 *   bench_text NAME FILE THREADS KERNELS speed|beside|deep|memory
 *
 *   speed    prefill of 128 and 512 tokens, decoding of 32 after 128
 *   beside   the same while a process spins, pinned to one of the cores, as % of idle
 *   deep     decoding with 4096 positions filled, as % of the speed after 128
 *   memory   512 tokens and 32 more: for whoever looks at this process
 *
 * Idle and disturbed, shallow and deep are measured in turn, and the best of each
 * counts: other programs only ever add time. */
#include "base/clock.h"
#include "tensor/compute.h"
#include "tests/bench_rows.h"
#include "text/text.h"

#include <math.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_DECODE = 32, N_ROUNDS = 3, N_DEEP = 4096 };

struct bench {
    const char *name;
    struct compute c;
    struct text_model *model;
    struct error err;
    int32_t ids[N_DEEP];
};

static double prefill_ms(struct bench *b, struct text_context *x, size_t n)
{
    const float *logits;
    size_t n_reused;
    struct text_span span = { .ids = b->ids, .n = n };

    text_context_clear(x);
    double start = clock_ms();
    bench_must(text_prefill(x, &b->c, &span, 1, &logits, &n_reused, NULL, NULL, &b->err), &b->err);
    return clock_ms() - start;
}

/* After the first n tokens, which the cache may hold already. */
static double decode_ms(struct bench *b, struct text_context *x, size_t n)
{
    const float *logits;
    size_t n_reused;
    struct text_span span = { .ids = b->ids, .n = n };

    bench_must(text_prefill(x, &b->c, &span, 1, &logits, &n_reused, NULL, NULL, &b->err), &b->err);
    double start = clock_ms();
    for (int i = 0; i < N_DECODE; i++)
        bench_must(text_decode(x, &b->c, b->ids[i], &logits, &b->err), &b->err);
    return clock_ms() - start;
}

static struct text_context *context(struct bench *b, size_t n_ctx)
{
    struct text_context *x = text_context_new(b->model, n_ctx, &b->err);

    bench_must(x != NULL, &b->err);
    return x;
}

static void speed(struct bench *b)
{
    struct text_context *x = context(b, 1024);
    double prefill_128 = INFINITY, prefill_512 = INFINITY, decode = INFINITY;

    for (int round = 0; round < N_ROUNDS; round++) {
        prefill_128 = fmin(prefill_128, prefill_ms(b, x, 128));
        decode = fmin(decode, decode_ms(b, x, 128));
        prefill_512 = fmin(prefill_512, prefill_ms(b, x, 512));
    }
    bench_row(b->name, "prefill 128", 128e3 / prefill_128, "tokens/s", "%s", "");
    bench_row(b->name, "prefill 512", 512e3 / prefill_512, "tokens/s", "%s", "");
    bench_row(b->name, "decode 32 after 128", N_DECODE * 1e3 / decode, "tokens/s", "%s", "");
    text_context_free(x);
}

/* A process that takes all it gets of the first core we may use. */
static pid_t spin(void)
{
    cpu_set_t ours, one;
    pid_t child = fork();

    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    CPU_ZERO(&one);
    for (size_t core = 0; sched_getaffinity(0, sizeof ours, &ours) == 0 && core < CPU_SETSIZE && CPU_COUNT(&one) == 0; core++)
        if (CPU_ISSET(core, &ours))
            CPU_SET(core, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        _exit(1);
    for (volatile unsigned n = 0;; n++)
        ;
}

static void beside(struct bench *b)
{
    struct text_context *x = context(b, 1024);
    double prefill[2] = { INFINITY, INFINITY }, decode[2] = { INFINITY, INFINITY };     /* idle, beside it */

    for (int round = 0; round < 2 * N_ROUNDS; round++) {
        int spun = round % 2;
        pid_t child = spun ? spin() : 0;
        prefill[spun] = fmin(prefill[spun], prefill_ms(b, x, 128));
        decode[spun] = fmin(decode[spun], decode_ms(b, x, 128));
        if (child > 0)
            kill(child, SIGKILL), waitpid(child, NULL, 0);
    }
    bench_row(b->name, "prefill 128 beside a spinning process", 128e3 / prefill[1], "tokens/s", "%s", "");
    bench_row(b->name, "prefill 128 beside it, of idle", 100 * prefill[0] / prefill[1], "%", "%s", "");
    bench_row(b->name, "decode 32 beside a spinning process", N_DECODE * 1e3 / decode[1], "tokens/s", "%s", "");
    bench_row(b->name, "decode 32 beside it, of idle", 100 * decode[0] / decode[1], "%", "%s", "");
    text_context_free(x);
}

static void deep(struct bench *b)
{
    struct text_context *x = context(b, 1024), *filled = context(b, N_DEEP + N_DECODE);
    double shallow = INFINITY, at_depth = INFINITY;

    for (int round = 0; round < N_ROUNDS; round++) {    /* the first one fills the cache */
        shallow = fmin(shallow, decode_ms(b, x, 128));
        at_depth = fmin(at_depth, decode_ms(b, filled, N_DEEP));
    }
    bench_row(b->name, "decode 32 after 4096", N_DECODE * 1e3 / at_depth, "tokens/s", "%s", "");
    bench_row(b->name, "decode after 4096, of that after 128", 100 * shallow / at_depth, "%", "%s", "");
    text_context_free(filled);
    text_context_free(x);
}

static void memory(struct bench *b)
{
    struct text_context *x = context(b, 512 + N_DECODE);

    decode_ms(b, x, 512);
    text_context_free(x);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*work)(struct bench *b); } works[] = {
        { "speed", speed }, { "beside", beside }, { "deep", deep }, { "memory", memory }
    };
    static struct bench b;

    if (argc != 6)
        return 2;
    b.name = argv[1];
    for (size_t i = 0; i < N_DEEP; i++)
        b.ids[i] = (int32_t)(1000 + i * 37 % 20000);
    b.model = text_model_open(argv[2], &b.err);
    bench_must(b.model != NULL && compute_init(&b.c, (size_t)atoi(argv[3]), *argv[4] != '\0' ? argv[4] : NULL, &b.err), &b.err);
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (strcmp(argv[5], works[i].name) == 0)
            works[i].work(&b);
    compute_done(&b.c);
    text_model_close(b.model);
    return 0;
}
