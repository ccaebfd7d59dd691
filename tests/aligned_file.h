/* aligned_file.h - a file's bytes as the program's own assets lie. */
#ifndef TESTS_ALIGNED_FILE_H
#define TESTS_ALIGNED_FILE_H

#include "base/file.h"
#include "tensor/gguf.h"

#include <stdlib.h>
#include <string.h>

/* A whole file at a multiple of GGUF_ALIGN; the caller frees. */
static unsigned char *aligned_file(const char *path, size_t *n)
{
    unsigned char *data = file_read(path, 1 << 20, n, NULL), *copy;

    assert_non_null(data);
    copy = aligned_alloc(GGUF_ALIGN, (*n + GGUF_ALIGN - 1) / GGUF_ALIGN * GGUF_ALIGN);
    assert_non_null(copy);
    memcpy(copy, data, *n);
    free(data);
    return copy;
}

#endif
