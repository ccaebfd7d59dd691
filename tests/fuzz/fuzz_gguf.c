/* fuzz_gguf.c - a file that opens must be usable: every value and every tensor's
 * first and last byte are read. */
#include "replay.h"
#include "tensor/gguf.h"

#include <sys/mman.h>

static unsigned sum;                /* so that reads are not optimised away */

static void read_tensors(const struct gguf *g)
{
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const struct tensor *t = gguf_tensor_at(g, i);
        const volatile unsigned char *data = t->data;
        sum += data[0] + (unsigned)data[t->n_bytes - 1];
        if (gguf_tensor(g, t->name) != t || t->dim[0] % tensor_type_block_elements(t->type) != 0)
            __builtin_trap();
    }
}

static void read_values(const struct gguf *g)
{
    const char *const *text;
    const size_t *n_bytes;
    const int32_t *ints;
    const float *floats;
    uint32_t u = 0;

    size_t n = gguf_strings(g, "t.strings", &text, &n_bytes);
    for (size_t i = 0; i < n; i++)
        sum += (unsigned char)text[i][n_bytes[i]];
    n = gguf_i32s(g, "t.i32s", &ints);
    if (n > 0)
        sum += (unsigned)ints[0] + (unsigned)ints[n - 1];
    n = gguf_f32s(g, "t.f32s", &floats);
    if (n > 0)
        sum += floats[n - 1] > 0.0f;
    if (gguf_string(g, "general.architecture") != NULL)
        sum += (unsigned)strlen(gguf_string(g, "general.architecture"));
    sum += gguf_u32(g, "general.alignment", &u) ? u : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct error err = { 0 };
    char path[64];
    int fd = memfd_create("gguf", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        exit(1);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct gguf *g = gguf_open(path, &err);
    close(fd);
    if (g == NULL) {
        if (err.code != ERROR_MODEL || err.text[0] == '\0')
            __builtin_trap();
        return 0;
    }
    read_tensors(g);
    read_values(g);
    gguf_close(g);
    return 0;
}
