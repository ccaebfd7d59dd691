/* test_search.c - sequences side by side in the decoder, and beam search against a plain
 * one that feeds every hypothesis from its start. */
#include "audio/search.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/whisper_rules.h"

#define TINY "tests/golden/whisper_tiny.bin"
enum { N_STATE = 12, N_AUDIO = 32, N_VOCAB = 180, EOT = 40, STAMP = 147, MOST = 12, MOST_BEAM = 5, N_PROMPT = 3 };

static const int32_t prompt[N_PROMPT] = { 41, 42, 143 };

struct bench {
    struct compute c;
    struct whisper *w;
    struct arena *arena;
    float x[N_AUDIO * N_STATE], bias[N_AUDIO];
};

/* The end's row of the embedding turned towards the mean of what it is multiplied with. */
static void make_end_likely(struct whisper *w)
{
    float *row = (float *)w->token_embedding->data + EOT * N_STATE, size = 0.0f;

    assert_int_equal(w->token_embedding->type, TENSOR_F32);
    for (size_t i = 0; i < N_STATE; i++)
        size += w->text_norm.bias[i] * w->text_norm.bias[i];
    for (size_t i = 0; i < N_STATE; i++)
        row[i] += 5.0f * w->text_norm.bias[i] / size;
}

/* Rows of a random window; after odd ones the end is likely. */
static void bench_init(struct bench *b, uint32_t seed)
{
    assert_true(compute_init(&b->c, 2, NULL, NULL));
    b->w = whisper_open(TINY, &b->c, NULL);
    assert_non_null(b->w);
    if (seed % 2 == 1)
        make_end_likely(b->w);
    b->arena = arena_new("test", 1 << 16, NULL);
    memset(b->bias, 0, sizeof b->bias);
    for (size_t i = 0; i < N_AUDIO * N_STATE; i++) {
        seed = 1664525u * seed + 1013904223u;
        b->x[i] = (float)((int)(seed >> 16) - 32768) / 16384.0f;
    }
}

static void bench_done(struct bench *b)
{
    arena_free(b->arena);
    whisper_close(b->w);
    compute_done(&b->c);
}

static struct whisper_decoder *decoder(struct bench *b, size_t n_sequences)
{
    struct whisper_rows rows = { b->x, b->bias, N_AUDIO };
    struct whisper_decoder *d = whisper_decoder_new(b->w, &b->c, n_sequences, NULL);

    assert_non_null(d);
    assert_true(whisper_decoder_start(d, &rows, NULL));
    return d;
}

/* Logits after the prompt and ids, fed one by one. */
static float *alone(struct whisper_decoder *d, const int32_t *ids, size_t n)
{
    float *logits = NULL;

    whisper_decoder_rewind(d);
    assert_true(whisper_decoder_feed(d, prompt, N_PROMPT, &logits, NULL));
    for (size_t i = 0; i < n; i++)
        assert_true(whisper_decoder_feed(d, ids + i, 1, &logits, NULL));
    return logits;
}

/* Three that part after the prompt, one of them a copy of a longer one: bits as alone. */
static void test_side_by_side(void **state)
{
    static const size_t sequences[] = { 2, 0, 1 };
    static const int32_t first[] = { 5, 6, 7 }, second[] = { 8, 9, 10 };
    static const int32_t want[3][3] = { { 5, 8, 11 }, { 6, 9, 12 }, { 5, 8, 13 } };
    struct bench b;
    float *logits;
    (void)state;

    bench_init(&b, 1);
    struct whisper_decoder *d = decoder(&b, 3), *one = decoder(&b, 1);
    assert_true(whisper_decoder_feed(d, prompt, N_PROMPT, &logits, NULL));
    whisper_decoder_copy(d, 0, 1, 0);
    whisper_decoder_copy(d, 0, 2, 0);
    assert_true(whisper_decoder_step(d, sequences, first, 3, &logits, NULL));
    assert_true(whisper_decoder_step(d, sequences, second, 3, &logits, NULL));
    whisper_decoder_copy(d, 2, 1, N_PROMPT);
    assert_true(whisper_decoder_step(d, sequences, (const int32_t[]){ 11, 12, 13 }, 3, &logits, NULL));
    assert_int_equal(whisper_decoder_length(d), N_PROMPT + 3);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(logits + i * N_VOCAB, alone(one, want[i], 3), N_VOCAB * sizeof *logits);
    whisper_decoder_free(d);
    whisper_decoder_free(one);
    bench_done(&b);
}

/* ---- the plain search --------------------------------------------------------- */

struct plain { int32_t id[MOST]; size_t n; double sum; };
struct pool { struct plain all[MOST_BEAM * N_VOCAB]; size_t n; };

static int likelier(const void *a, const void *b)
{
    double x = ((const struct plain *)a)->sum, y = ((const struct plain *)b)->sum;

    return (x < y) - (x > y);
}

/* All continuations of h with their log-probabilities. */
static void extend(struct bench *b, struct whisper_decoder *d, const struct plain *h, struct pool *pool)
{
    float *logits = alone(d, h->id, h->n);
    double sum = 0.0;

    whisper_rules_apply(b->w, logits, h->id, h->n);
    for (size_t i = 0; i < N_VOCAB; i++)
        sum += exp((double)logits[i]);
    for (size_t i = 0; i < N_VOCAB; i++) {
        if (!isfinite(logits[i]))
            continue;
        struct plain *next = &pool->all[pool->n++];
        *next = *h;
        next->id[next->n++] = (int32_t)i;
        next->sum += (double)logits[i] - log(sum);
    }
}

/* decoding.py's steps, word for word, but each step ranks all continuations. */
static struct plain plain_search(struct bench *b, size_t n_beam)
{
    static struct pool pool;
    struct plain live[MOST_BEAM] = { { .n = 0 } }, ended[MOST_BEAM], best = { .sum = -INFINITY };
    struct whisper_decoder *d = decoder(b, 1);
    size_t n_live = 1, n_ended = 0;

    for (size_t n = 0; n < MOST && n_ended < n_beam; n++) {
        pool.n = 0;
        for (size_t i = 0; i < n_live; i++)
            extend(b, d, &live[i], &pool);
        qsort(pool.all, pool.n, sizeof *pool.all, likelier);
        n_live = 0;
        for (size_t i = 0; i < pool.n && n_live < n_beam; i++) {
            if (pool.all[i].id[n] != EOT)
                live[n_live++] = pool.all[i];
            else if (n_ended < n_beam)
                ended[n_ended++] = pool.all[i];
        }
    }
    for (size_t i = 0; i < n_live && n_ended < n_beam; i++)
        ended[n_ended++] = live[i];
    for (size_t i = 0; i < n_ended; i++) {
        struct plain *e = &ended[i];
        e->n -= e->id[e->n - 1] == EOT;
        if (best.n == 0 || e->sum / (double)e->n > best.sum / (double)best.n)
            best = *e;
    }
    whisper_decoder_free(d);
    return best;
}

/* Sums of floats' exponentials there, of doubles' here: 1e-6 a token. */
static void test_beams(void **state)
{
    size_t n_ended = 0, n_differ = 0;
    (void)state;

    for (uint32_t seed = 1; seed <= 12; seed++) {
        struct bench b;
        size_t n_greedy = 0;
        int32_t greedy[MOST];
        bench_init(&b, seed);
        for (size_t n_beam = 1; n_beam <= MOST_BEAM; n_beam += 2) {
            struct whisper_decoder *d = decoder(&b, n_beam);
            struct search s;
            const struct beam *best;
            float *logits;
            assert_true(search_init(&s, b.w, d, n_beam, b.arena, NULL));
            struct plain want = plain_search(&b, n_beam);
            for (int again = 0; again < 2; again++) {
                whisper_decoder_rewind(d);
                assert_true(whisper_decoder_feed(d, prompt, N_PROMPT, &logits, NULL));
                assert_true(search_run(&s, logits, MOST, &best, NULL));
                assert_int_equal(best->n, want.n);
                assert_memory_equal(best->id, want.id, want.n * sizeof *best->id);
                assert_true(fabs(best->sum - want.sum) < 1e-4);
            }
            n_ended += best->n < MOST;
            if (n_beam == 1) {
                n_greedy = best->n;
                memcpy(greedy, best->id, best->n * sizeof *greedy);
            }
            n_differ += best->n != n_greedy || memcmp(best->id, greedy, n_greedy * sizeof *greedy) != 0;
            whisper_decoder_free(d);
        }
        bench_done(&b);
    }
    assert_true(n_ended > 0 && n_ended < 36);       /* both ways to end were met ... */
    assert_true(n_differ > 0);                      /* ... and a beam that finds other words */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_side_by_side), cmocka_unit_test(test_beams) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
