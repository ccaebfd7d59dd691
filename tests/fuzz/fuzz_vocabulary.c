/* fuzz_vocabulary.c - a file with any vocabulary is refused, or makes ids of any text, each of a
 * token that it has. */
#include "replay.h"
#include "base/arena.h"
#include "tensor/gguf.h"
#include "text/tokenizer.h"

#include <sys/mman.h>

static const char *const texts[] = { "", "a", " ab  ba", "abababababab bb", "\xFF\xFE\x80", "\xE2\x96", "<s>ab</s>[SEP]", "\xED\x95\x9C\n\t\r\x01" };

static volatile unsigned char sink;

static void encode(const struct tokenizer *t, const char *text, size_t n, bool special)
{
    struct error err = { 0 };
    int32_t *ids;
    size_t n_ids, n_bytes;

    if (!tokenizer_encode(t, TOKENIZER_BEGIN, text, n, special, &ids, &n_ids, &err))
        return;                     /* no memory */
    for (size_t i = 0; i < n_ids; i++) {
        if (ids[i] < 0 || (size_t)ids[i] >= tokenizer_n_vocab(t))
            __builtin_trap();
        const char *bytes = tokenizer_bytes(t, ids[i], &n_bytes);
        for (size_t k = 0; k < n_bytes; k++)        /* a sanitizer sees each being read */
            sink ^= (unsigned char)bytes[k];
    }
    free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct error err = { 0 };
    char path[64];
    int fd = memfd_create("vocabulary", 0);

    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        exit(1);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct gguf *g = gguf_open(path, &err);
    struct arena *arena = arena_new("model", 1 << 12, &err);
    struct tokenizer *t = g != NULL ? tokenizer_open(g, arena, &err) : NULL;
    for (int special = 0; t != NULL && special < 2; special++) {
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            encode(t, texts[i], strlen(texts[i]), special);
        encode(t, (const char *)data, n < 512 ? n : 512, special);      /* its own tokens are in there */
    }
    tokenizer_close(t);
    arena_free(arena);
    gguf_close(g);
    close(fd);
    return 0;
}
