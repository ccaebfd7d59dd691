/* bench_lookup [MODEL.gguf...] - what looking up in the prompt does for decoding.
 *
 * Each prompt of tests/lookup/quoting.txt (answers that quote) and chat.txt (answers that do
 * not) is answered token by token and with tokens evaluated ahead, in turn; the answers must
 * be the same.  One line a model and set: tokens a second both ways, and their ratio. */
#include "base/clock.h"
#include "base/error.h"
#include "fusion/answer.h"
#include "fusion/prompt.h"
#include "tensor/compute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_CTX = 2048, MOST_TOKENS = 256, ROUNDS = 2 };

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

static void die(const char *what)
{
    fprintf(stderr, "bench_lookup: %s\n", what);
    exit(1);
}

static void ignore_text(void *user, const char *text, size_t n)
{
    (void)user;
    (void)text;
    (void)n;
}

static void print_text(void *user, const char *text, size_t n)
{
    (void)user;
    fwrite(text, 1, n, stdout);
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
    if (!answer_generate(&a, b->m, b->x, &b->c, &params, &hooks, &err))
        die(err.text);
    return a;
}

/* The better of ROUNDS each way. */
static void measure(const struct bench *b, char *question, float temperature, struct figures *all)
{
    struct script s = { 0 };
    struct span_list prompt = { 0 };
    struct exchange e = { .text = question };
    struct error err = { 0 };
    struct figures one = { .plain_ms = 1e30, .ahead_ms = 1e30 };

    script_system(&s, NULL, NULL);
    script_question(&s, &e);
    script_open_answer(&s);
    if (!span_list_add(&prompt, b->m, &s, &err))
        die(err.text);
    /* So that all that follow find the prompt in the cache and evaluate its last token alike. */
    struct answer first = generate(b, &prompt, temperature, 1, false);
    answer_done(&first);
    for (int round = 0; round < ROUNDS; round++) {
        struct answer plain = generate(b, &prompt, temperature, MOST_TOKENS, true);
        struct answer ahead = generate(b, &prompt, temperature, MOST_TOKENS, false);
        if (plain.n_ids != ahead.n_ids || memcmp(plain.ids, ahead.ids, plain.n_ids * sizeof *plain.ids) != 0)
            die("the answers differ");
        one.n_tokens = plain.n_generated;
        one.n_guessed = ahead.ahead.n_guessed;
        one.n_right = ahead.ahead.n_right;
        one.plain_ms = plain.decode_ms < one.plain_ms ? plain.decode_ms : one.plain_ms;
        one.ahead_ms = ahead.decode_ms < one.ahead_ms ? ahead.decode_ms : one.ahead_ms;
        answer_done(&plain);
        answer_done(&ahead);
    }
    if (b->verbose)
        printf("\n-- %zu tokens, %zu of %zu guesses right, %.0f -> %.0f ms: %.2f\n\n", one.n_tokens, one.n_right,
               one.n_guessed, one.plain_ms, one.ahead_ms, one.plain_ms / one.ahead_ms);
    all->n_tokens += one.n_tokens;
    all->n_guessed += one.n_guessed;
    all->n_right += one.n_right;
    all->plain_ms += one.plain_ms;
    all->ahead_ms += one.ahead_ms;
    script_done(&s);
    span_list_done(&prompt);
}

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1 << 16);

    if (f == NULL || text == NULL)
        die(path);
    size_t n = fread(text, 1, (1 << 16) - 1, f);
    fclose(f);
    text[n > 0 ? n - 1 : 0] = '\0';                     /* without the last newline */
    return text;
}

static void measure_set(const struct bench *b, const char *set, float temperature)
{
    char path[64];
    struct figures all = { 0 };

    snprintf(path, sizeof path, "tests/lookup/%s.txt", set);
    char *text = read_text(path);
    for (char *question = text, *end; question != NULL; question = end) {
        end = strstr(question, "\n=====\n");
        if (end != NULL) {
            *end = '\0';
            end += strlen("\n=====\n");
        }
        measure(b, question, temperature, &all);
    }
    free(text);
    printf("%s: %s: decode %.1f tok/s, looking up %.1f tok/s, ratio %.2f; %zu tokens, the same; %zu of %zu guesses right\n",
           text_model_info(b->m)->name, set, 1e3 * (double)all.n_tokens / all.plain_ms,
           1e3 * (double)all.n_tokens / all.ahead_ms, all.plain_ms / all.ahead_ms, all.n_tokens, all.n_right, all.n_guessed);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct bench b = { .verbose = getenv("BENCH_LOOKUP_VERBOSE") != NULL };
        struct error err = { 0 };
        if ((b.m = text_model_open(argv[i], &err)) == NULL || (b.x = text_context_new(b.m, N_CTX, &err)) == NULL ||
            !compute_init(&b.c, 0, NULL, &err))
            die(err.text);
        measure_set(&b, "quoting", 0.2f);
        measure_set(&b, "chat", 0.7f);
        text_context_free(b.x);
        text_model_close(b.m);
        compute_done(&b.c);
    }
    return 0;
}
