/* test_quantize_file.c - a file written again: the type of every tensor, metadata and
 * weights kept, nothing left behind when it fails. */
#include "tensor/quantize_file.h"

#include "base/file.h"
#include "tensor/compute.h"
#include "tensor/kernels.h"
#include "tensor/quantize.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_LAYER = 16, U32 = 4, STRING = 8, ARRAY = 9 };

static struct compute c;
static char folder[] = "/tmp/mynah-test-XXXXXX";
static char in[64], out[64];

/* ---- a model in a file ------------------------------------------------------------------------- */

struct shape { const char *name; size_t dim[2]; enum tensor_type type; };

static void put_u32(FILE *f, uint32_t x) { fwrite(&x, sizeof x, 1, f); }
static void put_u64(FILE *f, uint64_t x) { fwrite(&x, sizeof x, 1, f); }

static void put_text(FILE *f, const char *text)
{
    put_u64(f, strlen(text));
    fputs(text, f);
}

static void put_key(FILE *f, const char *key, uint32_t value)
{
    put_text(f, key);
    put_u32(f, U32);
    put_u32(f, value);
}

static uint32_t i_part, n_parts = 1, n_in_all;

static void put_keys(FILE *f)
{
    put_key(f, "general.file_type", 1);
    put_text(f, "general.architecture");
    put_u32(f, STRING);
    put_text(f, "llama");
    put_key(f, "llama.block_count", N_LAYER);
    put_key(f, "llama.attention.head_count", 8);
    put_key(f, "llama.attention.head_count_kv", 2);
    put_key(f, "general.alignment", 64);
    put_key(f, "split.no", i_part);
    put_key(f, "split.count", n_parts);
    put_key(f, "split.tensors.count", n_in_all);
    put_text(f, "tokenizer.tokens");
    put_u32(f, ARRAY);
    put_u32(f, STRING);
    put_u64(f, 2);
    put_text(f, "one");
    put_text(f, "two");
}

static float weight(size_t i)
{
    return sinf((float)i) * 0.1f;
}

static void put_weights(FILE *f, const struct shape *s, float first)
{
    size_t n = s->dim[0] * s->dim[1];
    float *x = malloc(n * sizeof *x);
    unsigned char *blocks = malloc(n * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = i == 0 ? first : weight(i);
    quantize_weights(s->type, x, n, blocks);
    fwrite(blocks, 1, n / tensor_type_block_elements(s->type) * tensor_type_block_bytes(s->type), f);
    free(x), free(blocks);
}

/* Each tensor's weights follow weight(), the first of each is as given. */
static void write_file(const char *path, const struct shape *shapes, size_t n, float first)
{
    FILE *f = fopen(path, "wb");
    size_t offset = 0;

    fputs("GGUF", f);
    put_u32(f, 3);
    put_u64(f, n);
    put_u64(f, 10);
    put_keys(f);
    for (size_t i = 0; i < n; i++) {
        bool matrix = shapes[i].dim[1] > 0;
        put_text(f, shapes[i].name);
        put_u32(f, matrix ? 2 : 1);
        put_u64(f, shapes[i].dim[0]);
        if (matrix)
            put_u64(f, shapes[i].dim[1]);
        put_u32(f, shapes[i].type);
        put_u64(f, offset);
        size_t bytes = shapes[i].dim[0] * (matrix ? shapes[i].dim[1] : 1) / tensor_type_block_elements(shapes[i].type) *
                       tensor_type_block_bytes(shapes[i].type);
        offset += (bytes + 63) / 64 * 64;
    }
    for (size_t i = 0; i < n; i++) {
        struct shape s = shapes[i];
        while (ftell(f) % 64 != 0)
            fputc(0, f);
        s.dim[1] = s.dim[1] > 0 ? s.dim[1] : 1;
        put_weights(f, &s, first);
    }
    while (ftell(f) % 64 != 0)
        fputc(0, f);
    fclose(f);
}

static struct gguf *write_model(const struct shape *shapes, size_t n, float first)
{
    n_in_all = (uint32_t)n;
    write_file(in, shapes, n, first);
    struct gguf *g = gguf_open(in, NULL);
    assert_non_null(g);
    return g;
}

static struct gguf *quantize(struct gguf *g, const char *mix, struct quantize_report *report)
{
    struct error err = { 0 };

    assert_non_null(quantize_mix_find(mix));
    if (!quantize_file(g, quantize_mix_find(mix), out, &c, NULL, NULL, report, &err))
        fail_msg("%s: %s", mix, err.text);
    struct gguf *made = gguf_open(out, &err);
    if (made == NULL)
        fail_msg("%s", err.text);
    return made;
}

/* ---- types ---------------------------------------------------------------------------------------- */

/* A letter for the type of each layer's tensor: the digit of Q2_K to Q6_K. */
static void letters(const struct gguf *g, const char *what, char *text)
{
    for (int i = 0; i < N_LAYER; i++) {
        char name[64];
        snprintf(name, sizeof name, "blk.%d.%s.weight", i, what);
        text[i] = tensor_type_name(gguf_tensor(g, name)->type)[1];
    }
    text[N_LAYER] = '\0';
}

/* What llama-quantize (llama.cpp of November 2026) gives a model of 16 layers with four heads to a key and value. */
static void test_mixes(void **state)
{
    static const struct { const char *mix, *attn_v, *ffn_down, *attn_output, *attn_q; uint32_t file_type; } cases[] = {
        { "Q2_K",   "4444444444444444", "3333333333333333", "3333333333333333", "2222222222222222", 10 },
        { "q3_k_s", "3333333333333333", "3333333333333333", "3333333333333333", "3333333333333333", 11 },
        { "Q3_K",   "5544444444444444", "5444444444444444", "4444444444444444", "3333333333333333", 12 },
        { "Q3_K_L", "5555555555555555", "5555555555555555", "5555555555555555", "3333333333333333", 13 },
        { "Q4_K_S", "5555444444444444", "5544444444444444", "4444444444444444", "4444444444444444", 14 },
        { "Q4_K_M", "6644644644644666", "6644644644644666", "4444444444444444", "4444444444444444", 15 },
        { "Q5_K_S", "5555555555555555", "5555555555555555", "5555555555555555", "5555555555555555", 16 },
        { "q5_k",   "6655655655655666", "6655655655655666", "5555555555555555", "5555555555555555", 17 },
        { "Q6_K",   "6666666666666666", "6666666666666666", "6666666666666666", "6666666666666666", 18 },
        { "Q8_0",   "8888888888888888", "8888888888888888", "8888888888888888", "8888888888888888", 7 },
    };
    static const char *const what[] = { "attn_v", "ffn_down", "attn_output", "attn_q" };
    static struct shape shapes[N_LAYER * 4 + 2];
    static char names[N_LAYER * 4][40];
    struct quantize_report report;
    char got[N_LAYER + 1];
    (void)state;

    for (int i = 0; i < N_LAYER * 4; i++) {
        snprintf(names[i], sizeof names[i], "blk.%d.%s.weight", i / 4, what[i % 4]);
        shapes[i] = (struct shape){ names[i], { 256, 2 }, TENSOR_F16 };
    }
    shapes[N_LAYER * 4] = (struct shape){ "token_embd.weight", { 256, 3 }, TENSOR_F16 };
    shapes[N_LAYER * 4 + 1] = (struct shape){ "output_norm.weight", { 256, 0 }, TENSOR_F32 };
    struct gguf *g = write_model(shapes, N_LAYER * 4 + 2, 0.5f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gguf *made = quantize(g, cases[i].mix, &report);
        const char *const want[] = { cases[i].attn_v, cases[i].ffn_down, cases[i].attn_output, cases[i].attn_q };
        uint32_t file_type = 0, version = 0;
        for (int k = 0; k < 4; k++) {
            letters(made, what[k], got);
            if (strcmp(got, want[k]) != 0)
                fail_msg("%s %s: %s, expected %s", cases[i].mix, what[k], got, want[k]);
        }
        assert_true(gguf_u32(made, "general.file_type", &file_type) && file_type == cases[i].file_type);
        assert_true(gguf_u32(made, "general.quantization_version", &version) && version == 2);
        /* The embedding is the head as well, which gets the best type there is. */
        assert_int_equal(gguf_tensor(made, "token_embd.weight")->type, file_type == 7 ? TENSOR_Q8_0 : TENSOR_Q6_K);
        assert_int_equal(gguf_tensor(made, "output_norm.weight")->type, TENSOR_F32);
        assert_int_equal(report.n_quantised, N_LAYER * 4 + 1);
        assert_int_equal(report.n_again, 0);
        assert_int_equal(report.n_other, 0);
        gguf_close(made);
    }
    gguf_close(g);
    assert_null(quantize_mix_find("Q7_K"));
    assert_null(quantize_mix_find("IQ4_XS"));
    assert_null(quantize_mix_find(""));
}

/* ---- what is written ---------------------------------------------------------------------------------- */

static const struct shape odd[] = {
    { "token_embd.weight", { 96, 3 }, TENSOR_F16 },         /* whole blocks of 32 only */
    { "output.weight", { 96, 3 }, TENSOR_F32 },
    { "blk.0.attn_q.weight", { 96, 5 }, TENSOR_F16 },
    { "blk.0.attn_v.weight", { 512, 5 }, TENSOR_Q8_0 },     /* quantised already */
    { "blk.0.ffn_down.weight", { 40, 5 }, TENSOR_BF16 },    /* no blocks at all */
    { "blk.0.attn_norm.weight", { 96, 0 }, TENSOR_F32 },
    { "blk.0.attn_q_norm.weight", { 96, 2 }, TENSOR_F32 },
    { "blk.0.attn_q.bias", { 96, 0 }, TENSOR_F32 },
};
#define N_ODD (sizeof odd / sizeof *odd)

/* Weights are those of the input, through the type; what keeps its type keeps its bytes. */
static void check_weights(const struct gguf *g, const struct gguf *made)
{
    static float x[4096], want[4096], got[4096];
    static unsigned char blocks[4096 * 4];

    assert_int_equal(gguf_n_tensors(made), gguf_n_tensors(g));
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const struct tensor *from = gguf_tensor_at(g, i), *to = gguf_tensor_at(made, i);
        size_t n = from->dim[0] * from->dim[1];
        assert_string_equal(from->name, to->name);
        assert_int_equal(to->n_dims, from->n_dims);
        assert_memory_equal(to->dim, from->dim, sizeof from->dim);
        assert_int_equal((uintptr_t)to->data % 64, 0);
        if (to->type == from->type) {
            assert_memory_equal(to->data, from->data, from->n_bytes);
            continue;
        }
        c.kernels->dequantize[from->type](from->data, x, n);
        quantize_weights(to->type, x, n, blocks);
        kernels_ref.dequantize[to->type](blocks, want, n);
        kernels_ref.dequantize[to->type](to->data, got, n);
        assert_memory_equal(got, want, n * sizeof *got);
    }
}

static void test_contents(void **state)
{
    static const enum tensor_type of_q4_k[N_ODD] = { TENSOR_Q5_0, TENSOR_Q8_0, TENSOR_Q5_0, TENSOR_Q6_K, TENSOR_F16,
                                                     TENSOR_F32, TENSOR_F32, TENSOR_F32 };
    static const char *const mixes[] = { "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K_M", "Q4_K_M" };
    struct quantize_report report;
    const char *const *tokens;
    const size_t *n_bytes;
    struct stat st;
    uint32_t value;
    (void)state;

    struct gguf *g = write_model(odd, N_ODD, 0.5f);
    for (size_t m = 0; m < sizeof mixes / sizeof *mixes; m++) {
        struct gguf *made = quantize(g, mixes[m], &report);
        check_weights(g, made);
        assert_string_equal(gguf_string(made, "general.architecture"), "llama");
        assert_true(gguf_u32(made, "llama.block_count", &value) && value == N_LAYER);
        assert_false(gguf_u32(made, "split.count", &value));
        assert_int_equal(gguf_strings(made, "tokenizer.tokens", &tokens, &n_bytes), 2);
        assert_string_equal(tokens[1], "two");
        assert_int_equal(report.n_bytes, gguf_file_bytes(made));
        assert_int_equal(report.n_again, strcmp(mixes[m], "Q8_0") == 0 ? 0 : 1);
        if (m + 1 == sizeof mixes / sizeof *mixes) {
            for (size_t i = 0; i < N_ODD; i++)
                assert_int_equal(gguf_tensor_at(made, i)->type, of_q4_k[i]);
            assert_int_equal(report.n_other, 4);
        }
        gguf_close(made);
    }
    gguf_close(g);
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat(out, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
}

/* Of a model in two files one is made; neither is written over. */
static void test_parts(void **state)
{
    char paths[2][80];
    struct quantize_report report;
    struct error err = { 0 };
    uint32_t value;
    (void)state;

    n_parts = 2, n_in_all = N_ODD;
    for (i_part = 0; i_part < 2; i_part++) {
        snprintf(paths[i_part], sizeof paths[i_part], "%s/m-0000%u-of-00002.gguf", folder, i_part + 1);
        write_file(paths[i_part], odd + 4 * i_part, 4, 0.5f);
    }
    i_part = 0, n_parts = 1;
    struct gguf *g = gguf_open(paths[0], &err);
    if (g == NULL)
        fail_msg("%s", err.text);
    struct gguf *made = quantize(g, "Q8_0", &report);
    assert_int_equal(gguf_n_tensors(made), N_ODD);
    check_weights(g, made);
    assert_false(gguf_u32(made, "split.count", &value) || gguf_u32(made, "split.no", &value));
    gguf_close(made);
    assert_false(quantize_file(g, quantize_mix_find("Q8_0"), paths[1], &c, NULL, NULL, &report, &err));
    assert_non_null(strstr(err.text, "00002-of-00002.gguf: is the file that is read"));
    gguf_close(g);
    unlink(paths[0]), unlink(paths[1]);
}

/* ---- failing -------------------------------------------------------------------------------------------- */

static bool stop(void *user, size_t done, size_t total)
{
    assert_true(done <= total);
    return --*(int *)user > 0;
}

static size_t n_files(void)
{
    DIR *d = opendir(folder);
    size_t n = 0;

    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

static void refuse(const struct gguf *g, const char *path, enum error_code code, const char *text)
{
    struct quantize_report report;
    struct error err = { 0 };

    assert_false(quantize_file(g, quantize_mix_find("Q4_0"), path, &c, NULL, NULL, &report, &err));
    assert_int_equal(err.code, code);
    if (strstr(err.text, text) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, text);
}

static void test_failures(void **state)
{
    struct quantize_report report;
    struct error err = { 0 };
    char other[80];
    (void)state;

    unlink(out);
    struct gguf *g = write_model(odd, N_ODD, 0.5f);
    for (int at = 1; at < 8; at++) {
        int left = at;
        assert_false(quantize_file(g, quantize_mix_find("Q4_0"), out, &c, stop, &left, &report, &err));
        assert_int_equal(err.code, ERROR_CANCELLED);
        assert_int_equal(n_files(), 1);
    }
    refuse(g, in, ERROR_INPUT, "is the file that is read");
    snprintf(other, sizeof other, "%s/link", folder);
    assert_int_equal(symlink(in, other), 0);
    refuse(g, other, ERROR_INPUT, "is the file that is read");
    unlink(other);
    refuse(g, folder, ERROR_INPUT, "no regular file");
    snprintf(other, sizeof other, "%s/none/x.gguf", folder);
    refuse(g, other, ERROR_INPUT, "none/x.gguf: cannot be written: No such file");
    gguf_close(g);
    g = write_model(odd, N_ODD, NAN);
    refuse(g, out, ERROR_MODEL, "tensor token_embd.weight holds weights that are no numbers");
    gguf_close(g);
    g = write_model(odd, N_ODD, 1e5f);      /* infinite as F16, not as F32 */
    refuse(g, out, ERROR_MODEL, "token_embd.weight");
    gguf_close(g);
    assert_int_equal(n_files(), 1);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(in, sizeof in, "%s/in.gguf", folder);
    snprintf(out, sizeof out, "%s/out.gguf", folder);
    return compute_init(&c, 3, NULL, NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    compute_done(&c);
    unlink(in), unlink(out);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixes),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
