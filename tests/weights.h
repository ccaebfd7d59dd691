/* weights.h - where tests find the weights that `mynah pull` brought.
 *
 * A test that needs one and does not find it fails, naming the pull. */
#ifndef TESTS_WEIGHTS_H
#define TESTS_WEIGHTS_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WEIGHTS_TINY "SmolLM2-135M-Instruct.Q4_1.gguf"
#define WEIGHTS_WHISPER_BASE "ggml-base.bin"
#define WEIGHTS_CLASSIFIER "efficientnet-lite2.gguf"
#define WEIGHTS_MINILM "all-minilm-l6-v2.gguf"
#define WEIGHTS_DETECTOR "ssd-mobilenetv3-coco.gguf"

/* Path of a file in the models folder; in a buffer that the next call reuses. */
static inline const char *weights_path(const char *file)
{
    static char path[4096];
    const char *models = getenv("MYNAH_MODELS"), *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

    if (models != NULL && *models != '\0')
        snprintf(path, sizeof path, "%s/%s", models, file);
    else if (data != NULL && *data != '\0')
        snprintf(path, sizeof path, "%s/mynah/models/%s", data, file);
    else
        snprintf(path, sizeof path, "%s/.local/share/mynah/models/%s", home != NULL ? home : "", file);
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "%s is not there: run `mynah pull`\n", path);
        exit(1);
    }
    return path;
}

#endif
