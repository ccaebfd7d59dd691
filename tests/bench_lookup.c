/* bench_lookup.c - what looking up in the prompt does for decoding.
 *
 *   bench_lookup NAME FILE THREADS KERNELS        BENCH_LOOKUP_VERBOSE=1: answer by answer, to stderr
 *
 * Each prompt of tests/lookup/quoting.txt (answers that quote) and chat.txt (answers that do
 * not) is answered token by token and with tokens evaluated ahead, in turn; the answers must
 * be the same. */
#include "base/clock.h"
#include "base/error.h"
#include "fusion/answer.h"
#include "fusion/spans.h"
#include "tensor/compute.h"
#include "tests/bench_rows.h"

#include <string.h>

enum { N_CTX = 2048, MOST_TOKENS = 160 };

struct bench {
    struct text_model *m;
    struct text_context *x;
    struct compute c;
    bool verbose;
};

struct figures {
    size_t n_tokens, n_guessed, n_right;
    double plain_ms, ahead_ms;
};

static void ignore_text(void *user, const char *text, size_t n)
{
    (void)user;
    (void)text;
    (void)n;
}

static void print_text(void *user, const char *text, size_t n)
{
    (void)user;
    fwrite(text, 1, n, stderr);
}

static struct answer generate(const struct bench *b, const struct span_list *prompt, float temperature, size_t max_tokens, bool one_by_one)
{
    struct answer_params params = {
        .spans = prompt->spans, .n_spans = prompt->n_spans, .begun = "", .max_tokens = max_tokens,
        .one_by_one = one_by_one, .sampler = sampler_params_default(),
    };
    struct answer_hooks hooks = { NULL, b->verbose && one_by_one ? print_text : ignore_text, NULL };
    struct answer a = { 0 };
    struct error err = { 0 };

    params.sampler.temperature = temperature;
    params.sampler.top_k = 40;                          /* as fusion/worker_ask.c samples */
    params.sampler.top_p = 0.9f;
    params.sampler.min_p = 0.05f;
    params.sampler.repetition_penalty = 1.05f;
    params.sampler.penalty_window = 64;
    params.sampler.seed = 1;
    bench_must(answer_generate(&a, b->m, b->x, &b->c, &params, &hooks, &err), &err);
    return a;
}

static void measure(const struct bench *b, char *question, float temperature, struct figures *all)
{
    struct script s = { 0 };
    struct span_list prompt = { 0 };
    struct exchange e = { .text = question };
    struct error err = { 0 };

    script_system(&s, NULL, NULL);
    script_question(&s, &e);
    script_open_answer(&s);
    bench_must(span_list_add(&prompt, b->m, &s, &err), &err);
    /* So that all that follow find the prompt in the cache and evaluate its last token alike. */
    struct answer first = generate(b, &prompt, temperature, 1, false);
    answer_done(&first);
    struct answer plain = generate(b, &prompt, temperature, MOST_TOKENS, true);
    struct answer ahead = generate(b, &prompt, temperature, MOST_TOKENS, false);
    bool same = plain.n_ids == ahead.n_ids && memcmp(plain.ids, ahead.ids, plain.n_ids * sizeof *plain.ids) == 0;
    bench_must(same || error_set(&err, ERROR_INFERENCE, "the answers differ: %.60s", question), &err);
    if (b->verbose)
        fprintf(stderr, "\n-- %zu tokens, %zu of %zu guesses right, %.0f -> %.0f ms: %.2f\n\n", plain.n_generated,
                ahead.ahead.n_right, ahead.ahead.n_guessed, plain.decode_ms, ahead.decode_ms,
                plain.decode_ms / ahead.decode_ms);
    all->n_tokens += plain.n_generated;
    all->n_guessed += ahead.ahead.n_guessed;
    all->n_right += ahead.ahead.n_right;
    all->plain_ms += plain.decode_ms;
    all->ahead_ms += ahead.decode_ms;
    answer_done(&plain);
    answer_done(&ahead);
    script_done(&s);
    span_list_done(&prompt);
}

static char *read_text(const char *path)
{
    enum { MOST = 1 << 16 };
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, MOST);
    struct error err = { 0 };

    bench_must((f != NULL && text != NULL) || error_set(&err, ERROR_INPUT, "%s: cannot be read", path), &err);
    size_t n = fread(text, 1, MOST - 1, f);
    fclose(f);
    text[n > 0 ? n - 1 : 0] = '\0';                     /* without the last newline */
    return text;
}

/* One set of prompts; `what` names its rows. */
static void measure_set(const struct bench *b, const char *name, const char *path, const char *what, float temperature)
{
    struct figures all = { 0 };
    char *text = read_text(path), row[64];

    for (char *question = text, *end; question != NULL; question = end) {
        end = strstr(question, "\n=====\n");
        if (end != NULL) {
            *end = '\0';
            end += strlen("\n=====\n");
        }
        measure(b, question, temperature, &all);
    }
    free(text);
    snprintf(row, sizeof row, "%s, token by token", what);
    bench_row(name, row, 1e3 * (double)all.n_tokens / all.plain_ms, "tokens/s", "%zu tokens", all.n_tokens);
    snprintf(row, sizeof row, "%s, looking up", what);
    bench_row(name, row, 1e3 * (double)all.n_tokens / all.ahead_ms, "tokens/s", "the same; %zu of %zu guesses right",
              all.n_right, all.n_guessed);
    snprintf(row, sizeof row, "%s, looking up, of token by token", what);
    bench_row(name, row, 100 * all.plain_ms / all.ahead_ms, "%", "%s", "");
}

int main(int argc, char **argv)
{
    struct bench b = { .verbose = getenv("BENCH_LOOKUP_VERBOSE") != NULL };
    struct error err = { 0 };

    bench_must(argc == 5 || error_set(&err, ERROR_USAGE, "bench_lookup NAME FILE THREADS KERNELS"), &err);
    bench_must(compute_init(&b.c, (size_t)atoi(argv[3]), *argv[4] != '\0' ? argv[4] : NULL, &err), &err);
    bench_must((b.m = text_model_open(argv[2], &err)) != NULL, &err);
    bench_must((b.x = text_context_new(b.m, N_CTX, &err)) != NULL, &err);
    measure_set(&b, argv[1], "tests/lookup/quoting.txt", "answers that quote", 0.2f);
    measure_set(&b, argv[1], "tests/lookup/chat.txt", "chat", 0.7f);
    text_context_free(b.x);
    text_model_close(b.m);
    compute_done(&b.c);
    return 0;
}
