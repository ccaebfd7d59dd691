/* stb_image.c - the one place where stb_image is compiled: three formats, from
 * memory only.  image.c checks areas before; the limit here is the second line. */
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_ASSERT(x) ((void)0)    /* its asserts are about input */
#define STBI_MAX_DIMENSIONS 65500

/* Zeroed: stb_image 2.27 decodes a JPEG scan by a Huffman table that the file never
 * defined, and indexes by whatever the memory holds (upstream clears it since 2.28). */
#define STBI_MALLOC(n)        zeroed(n)
#define STBI_REALLOC(p, n)    realloc(p, n)
#define STBI_FREE(p)          free(p)
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Memory this large comes untouched from the system: in huge pages it is had sooner. */
static void *zeroed(size_t n)
{
    const uintptr_t page = 1 << 16;     /* the largest of a small one */
    void *p = calloc(1, n);

    if (p != NULL && n >= (size_t)4 << 20) {
        const uintptr_t begin = ((uintptr_t)p + page - 1) / page * page, end = ((uintptr_t)p + n) / page * page;
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
    return p;
}

#include <stb_image.h>
