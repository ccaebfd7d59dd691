/* fuzz_text_model.c - a model file that opens can be evaluated. */
#include "replay.h"
#include "text/text.h"

static void evaluate(const struct text_model *m, const struct compute *c)
{
    struct error err = { 0 };
    size_t n_ids, n_reused, n_ctx = text_model_info(m)->n_ctx_train;
    struct text_context *x = text_context_new(m, n_ctx < 16 ? n_ctx : 16, &err);
    const float *logits;
    int32_t *ids;

    if (text_tokenize(m, "user\nthe <|im_end|>", 18, true, &ids, &n_ids, &err)) {
        struct text_span span = { .ids = ids, .n = n_ids < 15 ? n_ids : 15 };
        if (x != NULL && text_prefill(x, c, &span, 1, &logits, &n_reused, NULL, NULL, &err))
            text_decode(x, c, ids[0], &logits, &err);
        free(ids);
    }
    text_context_free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct compute c;
    struct error err = { 0 };
    char path[REPLAY_PATH_BYTES];

    if (c.pool == NULL && !compute_init(&c, 1, NULL, &err))
        exit(1);
    int fd = replay_open(data, n, path);
    struct text_model *m = text_model_open(path, &err);
    if (m != NULL)
        evaluate(m, &c);
    text_model_close(m);
    close(fd);
    return 0;
}
