/* whisper_tiny.h - the tiny random Whisper of golden/make_whisper.py. */
#ifndef TESTS_WHISPER_TINY_H
#define TESTS_WHISPER_TINY_H

#include "audio/whisper_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TINY "tests/golden/whisper_tiny.bin"
enum { N_STATE = 12, N_AUDIO = 32, N_MELS = 8, N_VOCAB = 180, EOT = 40, STAMP = 147 };

static inline struct whisper *open_file(const char *path, struct error *err)
{
    struct compute c;

    assert_true(compute_init(&c, 2, NULL, NULL));
    struct whisper *w = whisper_open(path, &c, err);
    compute_done(&c);
    return w;
}

static inline struct whisper *tiny(void)
{
    struct whisper *w = open_file(TINY, NULL);

    assert_non_null(w);
    assert_int_equal(w->ids.eot, EOT);
    assert_int_equal(w->ids.timestamp, STAMP);
    return w;
}

#endif
