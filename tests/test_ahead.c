/* Positions evaluated together and ahead: the same bits as one by one, and a cache that
 * knows no more than it should. */
#include "tests/text_models.h"

#include "base/arena.h"
#include "fusion/answer.h"
#include "text/context.h"

/* ---- allocations counted, where no sanitizer has its own malloc ------------------------ */

static size_t n_allocations;
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void *malloc(size_t n) { n_allocations++; return __libc_malloc(n); }
void *calloc(size_t n, size_t size) { n_allocations++; return __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { n_allocations++; return __libc_realloc(p, n); }
void *aligned_alloc(size_t alignment, size_t n) { n_allocations++; return __libc_memalign(alignment, n); }
#endif

/* ---- rows together ----------------------------------------------------------------------- */

/* The pass on its own, with a cache that can be compared. */
struct pass {
    struct arena *session, *step;
    struct kv_cache kv;
    struct transformer_work work;
};

static struct pass new_pass(const struct transformer *t, enum ops_keys_type type, size_t n_chunk)
{
    struct pass p;
    struct error err = { 0 };

    p.session = arena_new("session", 0, &err);
    p.step = arena_new("step", 0, &err);
    assert_true(kv_cache_init(&p.kv, type, t->n_layer, TINY_N_CTX, t->n_head_kv, t->head_dim, p.session, &err));
    assert_true(transformer_work_init(&p.work, t, n_chunk, p.session, p.step, &err));
    return p;
}

static void free_pass(struct pass *p)
{
    arena_free(p->session);
    arena_free(p->step);
}

static void forward(struct pass *p, const struct transformer *t, const struct compute *c, const int32_t *ids,
                    size_t n, size_t n_logits)
{
    struct error err = { 0 };

    assert_true(transformer_embed(t, c, ids, n, p->work.x, &err));
    if (!transformer_forward(t, c, &p->kv, &p->work, n, n_logits, NULL, NULL, &err))
        fail_msg("%s", err.text);
}

/* n rows from position `first` on together; row by row they are in `alone` already. */
static void check_together(struct pass *together, const struct pass *alone, const struct transformer *t,
                           const struct compute *c, const int32_t *ids, size_t first, size_t n, const float *wanted)
{
    together->kv.used = first;
    forward(together, t, c, ids + first, n, n);
    for (size_t i = 0; i < n; i++)
        if (memcmp(together->work.logits + i * t->n_vocab, wanted + (first + i) * t->n_vocab, t->n_vocab * sizeof(float)) != 0)
            fail_msg("%s: row %zu of %zu from position %zu has other logits than alone", t->architecture, i, n, first);
    for (size_t l = 0; l < t->n_layer; l++) for (size_t h = 0; h < t->n_head_kv; h++) {
        struct ops_keys a = kv_cache_layer(&together->kv, l), b = kv_cache_layer(&alone->kv, l);
        size_t at = ops_keys_bytes(a.type, h * a.head_step + first * a.step), bytes = ops_keys_bytes(a.type, n * a.step);
        assert_memory_equal((const char *)a.k + at, (const char *)b.k + at, bytes);
        assert_memory_equal((const char *)a.v + at, (const char *)b.v + at, bytes);
    }
}

/* Positions 0 to 600 one by one; then blocks of each length, starting at every place
 * around the borders that attention may split positions at. */
static void check_rows_together(const char *path, enum ops_keys_type type, size_t n_threads)
{
    enum { N = 600 };
    struct text_model *m = must_open(path);
    struct compute c = must_compute(n_threads);
    const struct transformer *t = &m->net;
    struct pass alone = new_pass(t, type, 1), together = new_pass(t, type, TRANSFORMER_LOGITS);
    float *logits = malloc(N * t->n_vocab * sizeof *logits);
    int32_t ids[N];

    tiny_prompt(ids, N);
    for (size_t i = 0; i < N; i++) {
        forward(&alone, t, &c, ids + i, 1, 1);
        memcpy(logits + i * t->n_vocab, alone.work.logits, t->n_vocab * sizeof *logits);
        alone.kv.used++;
    }
    for (size_t first = 0, n = 1; first + TRANSFORMER_LOGITS <= N; first++, n = n % TRANSFORMER_LOGITS + 1)
        check_together(&together, &alone, t, &c, ids, first, n, logits);
    for (size_t n = 1; n <= TRANSFORMER_LOGITS; n++)
        for (size_t border = 128; border + TRANSFORMER_LOGITS < N; border += 128)
            for (size_t first = border - TRANSFORMER_LOGITS; first <= border; first++)
                check_together(&together, &alone, t, &c, ids, first, n, logits);
    free(logits);
    free_pass(&alone);
    free_pass(&together);
    compute_done(&c);
    text_model_close(m);
}

static void test_rows_together(void **state)
{
    static const size_t n_threads[] = { 1, 2, 7 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        check_rows_together(TINY_LLAMA, OPS_KEYS_F16, n_threads[i]);
        check_rows_together(TINY_QWEN2, OPS_KEYS_F16, n_threads[i]);
        check_rows_together(TINY_WIDE, OPS_KEYS_Q8_0, n_threads[i]);
    }
}

/* ---- tokens ahead -------------------------------------------------------------------------- */

struct setup {
    struct text_model *m;
    struct text_context *plain, *ahead;
    struct compute c;
};

/* As if a token more cost next to nothing, whatever it costs here: guesses are then long. */
static void make_guesses_long(struct text_context *x)
{
    x->lookup.cost = 0.0;
    x->lookup.step_ms = 1e30;
    x->lookup.n_steps = x->lookup.n_longer = SIZE_MAX;
}

static struct setup set_up(const char *path, size_t n_ctx)
{
    struct setup s = { .m = must_open(path), .c = must_compute(2) };

    s.plain = must_context(s.m, n_ctx);
    s.ahead = must_context(s.m, n_ctx);
    make_guesses_long(s.ahead);
    return s;
}

static void tear_down(struct setup *s)
{
    text_context_free(s->plain);
    text_context_free(s->ahead);
    text_model_close(s->m);
    compute_done(&s->c);
}

static const float *prefill(struct text_context *x, const struct compute *c, const int32_t *ids, size_t n, size_t *n_reused)
{
    struct text_span span = { .ids = ids, .n = n };
    struct error err = { 0 };
    const float *logits;

    if (!text_prefill(x, c, &span, 1, &logits, n_reused, NULL, NULL, &err))
        fail_msg("%s", err.text);
    return logits;
}

/* The next token of an answer that repeats its prompt of n, with a word of its own now and then. */
static int32_t quoted(const int32_t *ids, size_t n, size_t i)
{
    return i % 29 == 28 ? (int32_t)(i * 31 % TINY_N_VOCAB) : ids[i % n];
}

static void test_ahead_gives_the_same(void **state)
{
    enum { PROMPT = 150, ANSWER = 400 };
    struct setup s = set_up(TINY_QWEN2, 0);
    int32_t ids[PROMPT + ANSWER];
    struct error err = { 0 };
    const float *plain, *ahead;
    size_t n_reused;

    (void)state;
    tiny_prompt(ids, PROMPT);
    prefill(s.plain, &s.c, ids, PROMPT, &n_reused);
    prefill(s.ahead, &s.c, ids, PROMPT, &n_reused);
    for (size_t i = 0; i < ANSWER; i++) {
        int32_t id = ids[PROMPT + i] = quoted(ids, PROMPT, i);
        assert_true(text_decode(s.plain, &s.c, id, &plain, &err));
        assert_true(i % 50 == 49 ? text_decode(s.ahead, &s.c, id, &ahead, &err)     /* also a plain step between */
                                 : text_decode_ahead(s.ahead, &s.c, id, SIZE_MAX, &ahead, &err));
        if (memcmp(plain, ahead, TINY_N_VOCAB * sizeof *plain) != 0)
            fail_msg("token %zu has other logits", i);
        assert_int_equal(text_context_used(s.ahead), text_context_used(s.plain));
    }
    struct text_ahead counts = text_context_ahead(s.ahead);
    assert_true(counts.n_right > ANSWER / 2 && counts.n_right < counts.n_guessed);
    assert_int_equal(text_context_ahead(s.plain).n_guessed, 0);
    tear_down(&s);
}

/* Of tokens evaluated ahead but never decoded the cache knows nothing. */
static void test_what_was_not_decoded_is_no_prefix(void **state)
{
    int32_t ids[300];
    struct error err = { 0 };
    const float *logits;
    float wanted[TINY_N_VOCAB];
    size_t n_reused;

    (void)state;
    tiny_prompt(ids, 100);
    memcpy(ids + 100, ids, 100 * sizeof *ids);
    for (size_t n = 1; n <= 20; n++) {                  /* stops inside of guesses and at their ends */
        struct setup s = set_up(TINY_LLAMA, 0);         /* fresh: what was held before would be put back */
        prefill(s.ahead, &s.c, ids, 108, &n_reused);
        prefill(s.plain, &s.c, ids, 108, &n_reused);
        for (size_t i = 0; i < n; i++) {
            assert_true(text_decode_ahead(s.ahead, &s.c, ids[108 + i], SIZE_MAX, &logits, &err));
            assert_true(text_decode(s.plain, &s.c, ids[108 + i], &logits, &err));
        }
        memcpy(wanted, prefill(s.plain, &s.c, ids, 150, &n_reused), sizeof wanted);
        assert_int_equal(n_reused, 108 + n);
        logits = prefill(s.ahead, &s.c, ids, 150, &n_reused);
        assert_int_equal(n_reused, 108 + n);
        assert_memory_equal(logits, wanted, sizeof wanted);
        tear_down(&s);
    }
}

static void test_ahead_at_the_context_s_end(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 64);
    int32_t ids[64];
    struct error err = { 0 };
    const float *plain, *ahead;
    size_t n_reused;

    (void)state;
    tiny_prompt(ids, 20);
    for (size_t i = 20; i < 64; i++)
        ids[i] = ids[i % 20];
    prefill(s.plain, &s.c, ids, 30, &n_reused);
    prefill(s.ahead, &s.c, ids, 30, &n_reused);
    for (size_t i = 30; i < 64; i++) {
        assert_true(text_decode(s.plain, &s.c, ids[i], &plain, &err));
        assert_true(text_decode_ahead(s.ahead, &s.c, ids[i], SIZE_MAX, &ahead, &err));
        assert_memory_equal(plain, ahead, TINY_N_VOCAB * sizeof *plain);
    }
    assert_false(text_decode_ahead(s.ahead, &s.c, ids[0], SIZE_MAX, &ahead, &err));
    assert_int_equal(text_context_used(s.ahead), 64);
    tear_down(&s);
}

static void test_ahead_cancelled(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 0);
    atomic_bool cancel = true;
    int32_t ids[100];
    struct error err = { 0 };
    const float *plain, *ahead;
    size_t n_reused;

    (void)state;
    tiny_prompt(ids, 50);
    memcpy(ids + 50, ids, 50 * sizeof *ids);
    prefill(s.plain, &s.c, ids, 70, &n_reused);
    prefill(s.ahead, &s.c, ids, 70, &n_reused);
    s.c.cancel = &cancel;
    assert_false(text_decode_ahead(s.ahead, &s.c, ids[70], SIZE_MAX, &ahead, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    assert_int_equal(text_context_used(s.ahead), 70);
    s.c.cancel = NULL;
    assert_true(text_decode_ahead(s.ahead, &s.c, 7, SIZE_MAX, &ahead, &err));
    assert_true(text_decode(s.plain, &s.c, 7, &plain, &err));
    assert_memory_equal(plain, ahead, TINY_N_VOCAB * sizeof *plain);
    tear_down(&s);
}

/* A step that failed leaves nothing ahead, not even its own token's place. */
static void test_ahead_of_a_failed_step(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 0);
    int32_t ids[100];
    struct error err = { 0 };
    const float *logits;
    size_t n_reused;

    (void)state;
    tiny_prompt(ids, 50);
    memcpy(ids + 50, ids, 50 * sizeof *ids);
    prefill(s.ahead, &s.c, ids, 70, &n_reused);
    assert_true(text_decode_ahead(s.ahead, &s.c, ids[70], SIZE_MAX, &logits, &err));
    assert_true(s.ahead->n_ahead > 0);
    assert_false(text_decode(s.ahead, &s.c, -7, &logits, &err));
    assert_false(text_decode(s.ahead, &s.c, -7, &logits, &err));
    assert_int_equal(text_context_used(s.ahead), 71);
    tear_down(&s);
}

static void test_ahead_allocates_nothing(void **state)
{
    struct setup s = set_up(TINY_QWEN2, 0);
    int32_t ids[100];
    struct error err = { 0 };
    const float *logits;
    size_t n_reused, n_bytes = text_context_bytes(s.ahead);

    (void)state;
    tiny_prompt(ids, 100);
    prefill(s.ahead, &s.c, ids, 100, &n_reused);
    size_t before = n_allocations;
    for (size_t i = 100; i < TINY_N_CTX; i++)
        assert_true(text_decode_ahead(s.ahead, &s.c, ids[i % 100], SIZE_MAX, &logits, &err));
    assert_int_equal(n_allocations, before);
    assert_int_equal(text_context_bytes(s.ahead), n_bytes);
    tear_down(&s);
}

/* ---- answers ------------------------------------------------------------------------------- */

struct heard {
    struct words text;
    const struct compute *c;
    size_t stop_after, n_calls;
};

static void hear(void *user, const char *text, size_t n)
{
    struct heard *h = user;

    words_add_bytes(&h->text, text, n);
    if (++h->n_calls == h->stop_after)
        atomic_store(h->c->cancel, true);
}

static struct heard generate(struct setup *s, struct text_context *x, struct answer_params params, bool one_by_one,
                             size_t stop_after, struct answer *a)
{
    struct heard h = { .c = &s->c, .stop_after = stop_after };
    struct answer_hooks hooks = { NULL, hear, &h };
    struct error err = { 0 };
    atomic_bool cancel = false;

    params.one_by_one = one_by_one;
    s->c.cancel = &cancel;
    *a = (struct answer){ 0 };
    if (!answer_generate(a, s->m, x, &s->c, &params, &hooks, &err))
        fail_msg("%s", err.text);
    s->c.cancel = NULL;
    return h;
}

/* Both ways say the same, end the same way and leave the same cache; tokens evaluated ahead. */
static size_t check_answers(struct setup *s, const struct answer_params *params, size_t stop_after, size_t *n_looped)
{
    struct answer plain, ahead;
    struct heard said = generate(s, s->plain, *params, true, stop_after, &plain);
    struct heard heard = generate(s, s->ahead, *params, false, stop_after, &ahead);

    assert_int_equal(ahead.n_ids, plain.n_ids);
    if (plain.n_ids > 0)
        assert_memory_equal(ahead.ids, plain.ids, plain.n_ids * sizeof *plain.ids);
    assert_int_equal(ahead.n_generated, plain.n_generated);
    assert_true(ahead.stopped == plain.stopped && ahead.cut == plain.cut && ahead.looped == plain.looped &&
                ahead.split == plain.split);
    assert_int_equal(heard.text.n, said.text.n);
    if (said.text.n > 0)
        assert_memory_equal(heard.text.text, said.text.text, said.text.n);
    assert_int_equal(text_context_used(s->ahead), text_context_used(s->plain));
    size_t n_right = ahead.ahead.n_right;
    *n_looped += plain.looped;
    answer_done(&plain);
    answer_done(&ahead);
    words_done(&said.text);
    words_done(&heard.text);
    return n_right;
}

static void test_answers_are_the_same(void **state)
{
    struct setup s = set_up(TINY_LLAMA, 256);
    int32_t ids[90];
    struct text_span span = { .ids = ids, .n = 90 };
    size_t n_right = 0, n_looped = 0;

    (void)state;
    tiny_prompt(ids, 30);
    memcpy(ids + 30, ids, 30 * sizeof *ids);
    memcpy(ids + 60, ids, 30 * sizeof *ids);
    for (size_t i = 0; i < 60; i++) {
        struct answer_params params = {
            .spans = &span, .n_spans = 1, .begun = i % 7 == 3 ? "so " : "", .before = ids, .n_before = i % 5 * 4,
            .sampler = sampler_params_default(), .max_tokens = i % 4 == 0 ? 0 : 1 + i * 3,
        };
        params.sampler.temperature = (float)(i % 3) * 0.2f;
        params.sampler.top_k = i % 3 == 2 ? 3 : 20;
        params.sampler.repetition_penalty = i % 2 == 0 ? 1.0f : 1.1f;
        params.sampler.seed = i;
        span.n = 60 + i / 2;
        n_right += check_answers(&s, &params, i % 6 == 5 ? i : 0, &n_looped);
    }
    assert_true(n_right > 100 && n_looped > 0);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_together),
        cmocka_unit_test(test_ahead_gives_the_same),
        cmocka_unit_test(test_what_was_not_decoded_is_no_prefix),
        cmocka_unit_test(test_ahead_at_the_context_s_end),
        cmocka_unit_test(test_ahead_cancelled),
        cmocka_unit_test(test_ahead_of_a_failed_step),
        cmocka_unit_test(test_ahead_allocates_nothing),
        cmocka_unit_test(test_answers_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
