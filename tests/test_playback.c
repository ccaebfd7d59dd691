/* test_playback.c - clips through the file that stands in for a loudspeaker, and through ALSA's virtual devices. */
#include "audio/playback.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define HZ 8000
#define N 8000                      /* 1 s */

static char clip_path[64], heard_path[64];
static float mono[N];               /* what the clip holds, mixed */

/* Two channels of noise that is exact in 16 bits, also its mean. */
static void write_clip(void)
{
    SF_INFO info = { .samplerate = HZ, .channels = 2, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    SNDFILE *file = sf_open(clip_path, SFM_WRITE, &info);
    short x[2 * N];

    assert_non_null(file);
    for (int i = 0; i < N; i++) {
        x[2 * i] = (short)(i * 7919 % 30011 - 15000);
        x[2 * i + 1] = (short)(i * 4241 % 29009 - 14500);
        mono[i] = ((float)x[2 * i] / 32768.0f + (float)x[2 * i + 1] / 32768.0f) / 2.0f;
    }
    assert_int_equal(sf_writef_short(file, x, N), N);
    sf_close(file);
}

/* What was heard: n samples of the caller's to free. */
static float *read_heard(size_t *n, int *hz)
{
    SF_INFO info = { 0 };
    SNDFILE *file = sf_open(heard_path, SFM_READ, &info);

    assert_non_null(file);
    assert_int_equal(info.channels, 1);
    *n = (size_t)info.frames;
    *hz = info.samplerate;
    float *x = calloc(*n + 1, sizeof *x);
    assert_int_equal(sf_read_float(file, x, info.frames), info.frames);
    sf_close(file);
    return x;
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

static void wait_for_end(const struct playback *p)
{
    double deadline = clock_ms() + 20000.0;

    while (!playback_state(p).ended && !playback_state(p).gone && clock_ms() < deadline)
        wait_ms(5);
    assert_true(playback_state(p).ended);
    assert_false(playback_state(p).gone);
}

static struct playback *start(double from_s, double to_s)
{
    struct error err = { 0 };
    struct playback *p = playback_start(clip_path, from_s, to_s, heard_path, &err);

    if (p == NULL)
        fail_msg("%s", err.text);
    return p;
}

/* Samples from..to of the clip, and no others. */
static void check_heard(size_t from, size_t to)
{
    size_t n;
    int hz;
    float *x = read_heard(&n, &hz);

    assert_int_equal(hz, HZ);
    assert_int_equal(n, to - from);
    assert_memory_equal(x, mono + from, n * sizeof *x);
    free(x);
}

static void test_whole(void **state)
{
    double start_ms = clock_ms();
    struct playback *p = start(0, 0);
    (void)state;

    wait_for_end(p);
    struct playback_state s = playback_state(p);
    assert_true(clock_ms() - start_ms >= 950.0);        /* in real time */
    assert_true(s.from_s == 0 && s.to_s == 1 && s.at_s == 1 && !s.paused);
    playback_stop(p);
    check_heard(0, N);
}

static void test_span(void **state)
{
    struct playback *p = start(0.25, 0.5);
    (void)state;

    struct playback_state s = playback_state(p);
    assert_true(s.from_s == 0.25 && s.to_s == 0.5 && s.at_s >= 0.25 && s.at_s <= 0.5);
    wait_for_end(p);
    playback_stop(p);
    check_heard(N / 4, N / 2);
    p = start(0.9, 60);                                 /* its end is the clip's */
    wait_for_end(p);
    assert_true(playback_state(p).to_s == 1);
    playback_stop(p);
    check_heard(N * 9 / 10, N);
}

/* Nothing is heard while it is paused, nothing is lost by it. */
static void test_paused(void **state)
{
    struct playback *p = start(0, 0.5);
    (void)state;

    while (playback_state(p).at_s < 0.1)
        wait_ms(5);
    playback_pause(p, true);
    wait_ms(30);                                        /* a block that was under way */
    struct playback_state s = playback_state(p);
    wait_ms(200);
    assert_true(s.paused && !s.ended && playback_state(p).at_s == s.at_s && s.at_s < 0.5);
    playback_pause(p, false);
    wait_for_end(p);
    playback_stop(p);
    check_heard(0, N / 2);
}

static void test_seek(void **state)
{
    size_t n, at = 0;
    int hz;
    (void)state;

    struct playback *p = start(0.1, 0.9);
    while (playback_state(p).at_s < 0.2)
        wait_ms(5);
    playback_seek(p, 0.75);
    assert_true(playback_state(p).at_s >= 0.75);        /* at once */
    wait_for_end(p);
    playback_stop(p);
    float *x = read_heard(&n, &hz);
    while (at < n && x[at] == mono[N / 10 + at])
        at++;
    assert_true(at >= N / 10 && at < N * 6 / 10);       /* from 0.1 to 0.2 at least, then from 0.75 */
    assert_int_equal(n - at, N * 9 / 10 - N * 3 / 4);
    assert_memory_equal(x + at, mono + N * 3 / 4, (n - at) * sizeof *x);
    free(x);
}

/* Back to before the span is to its start; while it is paused, too. */
static void test_seek_is_bounded(void **state)
{
    struct playback *p = start(0.5, 0.75);
    (void)state;

    playback_pause(p, true);
    playback_seek(p, -3);
    assert_true(playback_state(p).at_s == 0.5);
    wait_ms(50);
    assert_true(playback_state(p).at_s == 0.5);
    playback_seek(p, 99);
    assert_true(playback_state(p).at_s == 0.75);
    playback_pause(p, false);
    wait_for_end(p);
    playback_stop(p);
}

static void test_refusals(void **state)
{
    struct error err = { 0 };
    (void)state;

    assert_null(playback_start("tests/none.wav", 0, 0, heard_path, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, "tests/none.wav"));
    assert_null(playback_start("tests", 0, 0, heard_path, &err));
    assert_null(playback_start("tests/test_playback.c", 0, 0, heard_path, &err));
    assert_non_null(strstr(err.text, "cannot be played"));
    assert_null(playback_start(clip_path, 80, 125, heard_path, &err));
    assert_non_null(strstr(err.text, "is 1.0 s long, there is nothing to play at 80.0 s"));
    assert_null(playback_start(clip_path, 0.5, 0.25, heard_path, &err));
    assert_null(playback_start(clip_path, 0, 0, "/nonexistent/heard.wav", &err));
    assert_non_null(strstr(err.text, "/nonexistent/heard.wav"));
    playback_stop(NULL);
}

/* ---- devices ------------------------------------------------------------------------- */

static char alsa_path[64], raw_path[64];

static void set_alsa(const char *text)
{
    static int n_set;               /* ALSA reads a file again only when its name, inode or second changes */

    unlink(alsa_path);
    snprintf(alsa_path, sizeof alsa_path, "/tmp/test_playback_alsa.%d.%d.conf", (int)getpid(), n_set++);
    int fd = open(alsa_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    setenv("ALSA_CONFIG_PATH", alsa_path, 1);
}

/* Nothing that PortAudio, ALSA or JACK says may reach standard error. */
static void test_no_device(void **state)
{
    struct error err = { 0 };
    int kept = dup(STDERR_FILENO), file = memfd_create("stderr", 0);
    struct stat st;
    (void)state;

    set_alsa("pcm.absent { type hw card 7 }\n");
    dup2(file, STDERR_FILENO);
    struct playback *p = playback_start(clip_path, 0, 0, NULL, &err);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(fstat(file, &st), 0);
    close(file);
    assert_null(p);
    assert_int_equal(err.code, ERROR_INPUT);
    assert_true(strstr(err.text, "nothing here plays sound") != NULL || strstr(err.text, "sound system") != NULL);
    assert_int_equal(st.st_size, 0);
}

/* ALSA's file plugin over its null device writes what it is given, as fast as it comes: floats, which PortAudio
 * asks for, silence before the reading thread has begun. */
static void test_device(void **state)
{
    static float x[1 << 22];
    struct error err = { 0 };
    char text[256];
    size_t first = 0;
    (void)state;

    snprintf(text, sizeof text, "pcm.default { type file file %s format raw slave.pcm { type null } }\n", raw_path);
    set_alsa(text);
    unlink(raw_path);
    struct playback *p = playback_start(clip_path, 0.25, 0.75, NULL, &err);
    if (p == NULL)
        fail_msg("%s", err.text);
    wait_for_end(p);
    playback_stop(p);
    int fd = open(raw_path, O_RDONLY);
    assert_true(fd >= 0);
    off_t n_bytes = lseek(fd, 0, SEEK_END), skipped = n_bytes > (off_t)sizeof x ? n_bytes - (off_t)sizeof x : 0;
    size_t n = (size_t)pread(fd, x, sizeof x, skipped / 4 * 4) / sizeof *x;
    close(fd);
    while (first < n && x[first] == 0.0f)
        first++;
    assert_true(n - first >= N / 2);
    assert_memory_equal(x + first, mono + N / 4, N / 2 * sizeof *x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole), cmocka_unit_test(test_span), cmocka_unit_test(test_paused), cmocka_unit_test(test_seek),
        cmocka_unit_test(test_seek_is_bounded), cmocka_unit_test(test_refusals), cmocka_unit_test(test_no_device),
        cmocka_unit_test(test_device),
    };
    snprintf(clip_path, sizeof clip_path, "/tmp/test_playback_clip.%d.wav", (int)getpid());
    snprintf(heard_path, sizeof heard_path, "/tmp/test_playback_heard.%d.wav", (int)getpid());
    snprintf(raw_path, sizeof raw_path, "/tmp/test_playback_raw.%d", (int)getpid());
    write_clip();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(clip_path);
    unlink(heard_path);
    unlink(alsa_path);
    unlink(raw_path);
    return failed;
}
