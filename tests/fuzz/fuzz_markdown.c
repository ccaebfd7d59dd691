/* fuzz_markdown.c - any bytes as an answer: a page whose lines fit and that holds all letters;
 * and when it comes in pieces, at each of them the page of what there is. */
#include "tests/page_checks.h"

#include "tests/fuzz/replay.h"

enum { SOURCE_BYTES_MOST = 4096, N_PIECES = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *source = (const char *)data + 1;
    struct page whole = { 0 }, grown = { 0 };
    uint32_t random = 2166136261u;
    size_t at = 0;

    if (n < 1 || n > SOURCE_BYTES_MOST)
        return 0;
    n--;
    int width = 1 + data[0] % 120;
    for (size_t i = 0; i < n; i++)
        random = (random ^ data[i]) * 16777619u;        /* FNV-1a: pieces depend on the bytes alone */
    do {
        random = random * 1664525u + 1013904223u;
        at += 1 + (random >> 16) % (2 * n / N_PIECES + 1);
        at = at < n ? at : n;
        page_markdown(&grown, source, at, width);
        page_reset(&whole);
        page_markdown(&whole, source, at, width);
        page_check_same(&grown, &whole);
    } while (at < n);
    page_check_lines(&whole);
    page_check_nothing_lost(&whole, source, n);
    page_reset(&whole);
    page_plain(&whole, source, n, width, STYLE_PLAIN);
    page_check_lines(&whole);
    page_check_nothing_lost(&whole, source, n);
    page_free(&whole);
    page_free(&grown);
    return 0;
}
