/* fuzz_image.c - headers and decoders on broken picture files, in this process,
 * so that a sanitizer sees what the sandbox would hide. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/fuzz/replay.h"
#include "vision/image_file.h"
#include "vision/image_pixels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { MAX_PIXELS = 1 << 18 };
    struct image_file file;
    struct image_pixels result;
    struct error err = { 0 };

    if (!image_file_read("fuzz", data, n, &file, &err)) {
        if (err.code != ERROR_INPUT || err.text[0] == '\0')
            abort();
        return 0;
    }
    if (file.width == 0 || file.height == 0 || file.width > MAX_PIXELS / file.height)
        return 0;
    uint8_t *rgb = malloc(file.width * file.height * 3);    /* exact, so that a byte past it is seen */
    image_pixels_decode(data, n, &file, &result, rgb);
    if (result.orientation < 1 || result.orientation > 8)
        abort();
    free(rgb);
    return 0;
}
