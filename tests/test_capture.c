/* test_capture.c - recording through the file that stands in for a microphone, the ring,
 * and a machine without a microphone. */
#include "audio/audio.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "audio/ring.h"
#include "base/clock.h"

#define TAU 6.283185307179586
#define N 6400                      /* 0.4 s */

static char clip_path[64], take_path[64];

/* A tone, or noise, of N samples, n times. */
static void write_clips(float amplitude, bool noise, int n)
{
    SF_INFO info = { .samplerate = AUDIO_HZ, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    SNDFILE *file = sf_open(clip_path, SFM_WRITE, &info);
    float x[N];

    for (int i = 0; i < N; i++)
        x[i] = amplitude * (noise ? (float)((i * 7919 + i * i % 9973 * 31) % 2001 - 1000) / 1000.0f : (float)sin(TAU * 300.0 * i / AUDIO_HZ));
    assert_non_null(file);
    while (n-- > 0)
        assert_int_equal(sf_write_float(file, x, N), N);
    sf_close(file);
}

static void write_clip(float amplitude)
{
    write_clips(amplitude, false, 1);
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

static void wait_for_end(const struct capture *c)
{
    double deadline = clock_ms() + 10000.0;

    while (!capture_level(c).ended && clock_ms() < deadline)
        wait_ms(5);
    assert_true(capture_level(c).ended);
}

static void test_take(void **state)
{
    double start_ms = clock_ms();
    struct error err = { 0 };
    struct stat st;
    (void)state;

    write_clip(0.5f);
    unlink(take_path);
    struct capture *c = capture_start(clip_path, NULL, take_path, &err);
    assert_non_null(c);
    wait_for_end(c);
    assert_true(clock_ms() - start_ms >= 390.0);        /* in real time */
    struct capture_level level = capture_level(c);
    assert_true(fabs(level.seconds - 0.4) < 1e-9);
    float heard[N + 1];
    assert_int_equal(capture_read(c, heard, N + 1), N);
    assert_int_equal(capture_read(c, heard, N + 1), 0);
    assert_true(fabsf(level.peak - 0.5f) < 0.01f);
    assert_true(fabsf(level.rms - 0.5f / sqrtf(2.0f)) < 0.01f);
    assert_false(level.clipped);
    if (!capture_finish(c, &err))
        fail_msg("%s", err.text);

    assert_int_equal(stat(take_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct clip *take = clip_load(take_path, NULL), *clip = clip_load(clip_path, NULL);
    assert_int_equal(take->file_hz, AUDIO_HZ);
    assert_int_equal(take->file_channels, 1);
    assert_int_equal(take->n_samples, N);
    for (size_t i = 0; i < N; i++)                      /* rounded to 16 bits once more */
        assert_true(fabsf(take->samples[i] - clip->samples[i]) <= 1.0f / 32768.0f);
    for (size_t i = 0; i < N; i++)
        assert_true(heard[i] == clip->samples[i]);
    clip_free(take);
    clip_free(clip);
}

static void test_loud_and_silent(void **state)
{
    struct error err = { 0 };
    (void)state;

    write_clip(1.0f);
    struct capture *c = capture_start(clip_path, NULL, take_path, NULL);
    wait_for_end(c);
    assert_true(capture_level(c).clipped);
    capture_abandon(c);

    write_clip(0.005f);
    unlink(take_path);
    c = capture_start(clip_path, NULL, take_path, NULL);
    wait_for_end(c);
    assert_false(capture_finish(c, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, "0.0050"));
    assert_int_not_equal(access(take_path, F_OK), 0);
}

static void test_stopped_early(void **state)
{
    struct error err = { 0 };
    (void)state;

    write_clip(0.5f);
    struct capture *c = capture_start(clip_path, NULL, take_path, NULL);
    while (!(capture_level(c).seconds >= 0.1) && !capture_level(c).ended)
        wait_ms(5);
    assert_true(capture_finish(c, &err));
    struct clip *take = clip_load(take_path, NULL);
    assert_true(take->seconds >= 0.1 && take->seconds <= 0.4);
    clip_free(take);
    capture_abandon(NULL);
}

/* The end of the file is what a device that is unplugged looks like. */
static void test_unplugged(void **state)
{
    struct error err = { 0 };
    (void)state;

    write_clip(0.5f);
    struct capture *c = capture_start(clip_path, NULL, take_path, NULL);
    assert_int_equal(capture_level(c).end, CAPTURE_GOES_ON);
    wait_for_end(c);
    assert_int_equal(capture_level(c).end, CAPTURE_GONE);
    assert_true(capture_finish(c, &err));
    struct clip *take = clip_load(take_path, NULL);
    assert_int_equal(take->n_samples, N);
    clip_free(take);
}

static void test_abandoned(void **state)
{
    (void)state;

    write_clip(0.5f);
    unlink(take_path);
    struct capture *c = capture_start(clip_path, NULL, take_path, NULL);
    assert_int_equal(access(take_path, F_OK), 0);
    capture_abandon(c);
    assert_int_not_equal(access(take_path, F_OK), 0);
}

/* Killed while it records: what was recorded is a file that can be read, but for the last frame of 4096
 * samples and what came since the last poll. */
static void test_killed(void **state)
{
    int told[2];
    float seconds = 0;
    (void)state;

    write_clips(0.5f, false, 10);
    unlink(take_path);
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    if (child == 0) {
        struct capture *c = capture_start(clip_path, NULL, take_path, NULL);
        while (seconds < 1.0f)
            seconds = (float)capture_level(c).seconds;
        if (write(told[1], &seconds, sizeof seconds) != sizeof seconds)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(read(told[0], &seconds, sizeof seconds), sizeof seconds);
    waitpid(child, NULL, 0);
    close(told[0]);
    close(told[1]);
    struct clip *take = clip_load(take_path, NULL), *clip = clip_load(clip_path, NULL);
    assert_non_null(take);
    assert_true(take->n_samples + 4096 >= (size_t)(seconds * AUDIO_HZ) && take->n_samples <= clip->n_samples);
    for (size_t i = 0; i < take->n_samples; i++)
        assert_true(fabsf(take->samples[i] - clip->samples[i]) <= 1.0f / 32768.0f);
    clip_free(take);
    clip_free(clip);
}

/* What fitted is kept, and is no file that is refused as cut short. */
static void test_full_disk(void **state)
{
    struct rlimit before, small;
    struct error err = { 0 };
    (void)state;

    write_clips(0.5f, true, 5);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    small = before;
    small.rlim_cur = 16384;         /* about half a second of noise */
    setrlimit(RLIMIT_FSIZE, &small);
    struct capture *c = capture_start(clip_path, NULL, take_path, NULL);
    wait_for_end(c);
    enum capture_end end = capture_level(c).end;
    bool ok = capture_finish(c, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(end, CAPTURE_UNWRITTEN);
    assert_true(ok);
    struct clip *take = clip_load(take_path, &err);
    if (take == NULL)
        fail_msg("%s", err.text);
    assert_true(take->n_samples >= 4096 && take->n_samples < 5 * N);
    clip_free(take);
}

/* One take goes on: nobody else writes into it. */
static void test_locked(void **state)
{
    struct error err = { 0 };
    (void)state;

    write_clip(0.5f);
    struct capture *c = capture_start(clip_path, NULL, take_path, NULL);
    assert_null(capture_start(clip_path, NULL, take_path, &err));
    assert_non_null(strstr(err.text, take_path));
    wait_for_end(c);
    assert_true(capture_finish(c, &err));
}

static void test_refusals(void **state)
{
    struct error err = { 0 };
    (void)state;

    assert_null(capture_start("tests/none.wav", NULL, take_path, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    write_clip(0.5f);
    assert_null(capture_start(clip_path, NULL, "/nonexistent/take.flac", &err));
    assert_non_null(strstr(err.text, "/nonexistent/take.flac"));
}

/* Nothing that PortAudio or ALSA says may reach standard error. */
static void test_device_is_quiet(void **state)
{
    struct error err = { 0 };
    int kept = dup(STDERR_FILENO), file = memfd_create("stderr", 0);
    struct stat st;
    (void)state;

    dup2(file, STDERR_FILENO);
    struct capture *c = capture_start(NULL, NULL, NULL, &err);
    capture_abandon(c);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(fstat(file, &st), 0);
    close(file);
    assert_int_equal(st.st_size, 0);
    if (c == NULL) {
        assert_int_equal(err.code, ERROR_INPUT);
        assert_true(strstr(err.text, "microphone") != NULL || strstr(err.text, "sound system") != NULL);
    }
}

/* A device of no such name is refused by name, wherever the test runs. */
static void test_named_device(void **state)
{
    struct error err = { 0 };
    (void)state;

    assert_null(capture_start(NULL, "no such device", NULL, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_true(strstr(err.text, "no such device") != NULL || strstr(err.text, "sound system") != NULL);
    char *names = capture_devices(&err);
    assert_true(names != NULL || err.code == ERROR_INPUT);
    free(names);
}

/* ---- ALSA's virtual devices ------------------------------------------------------ */

static char alsa_path[64], raw_path[64];

/* PortAudio 19.6 fails an assertion of its own where all devices that are named can be opened: so one cannot. */
static void set_alsa(const char *text)
{
    static int n_set;               /* ALSA reads a file again only when its name, inode or second changes */

    unlink(alsa_path);
    snprintf(alsa_path, sizeof alsa_path, "/tmp/test_capture_alsa.%d.%d.conf", (int)getpid(), n_set++);
    FILE *file = fopen(alsa_path, "w");
    assert_non_null(file);
    fprintf(file, "%spcm.absent { type hw card 7 }\n", text);
    fclose(file);
    setenv("ALSA_CONFIG_PATH", alsa_path, 1);
}

/* ALSA's library complains, as it does from the device's thread after an underrun. */
static void complain(void)
{
    typedef void complaint(const char *file, int line, const char *function, int code, const char *format, ...);
    complaint **alsa = dlsym(RTLD_DEFAULT, "snd_lib_error");

    assert_non_null(alsa);
    (*alsa)("pcm.c", 1, "snd_pcm_readi", 0, "an underrun");
}

/* Its file plugin gives what is in a file, as fast as it is taken.  What the ring has no room for is dropped, but
 * never the first of it: a second is looked at. */
static void test_device(void **state)
{
    static float x[2 * AUDIO_HZ];
    struct error err = { 0 };
    char text[256];
    FILE *raw = fopen(raw_path, "w");
    int kept = dup(STDERR_FILENO), file = memfd_create("stderr", 0);
    struct stat st;
    (void)state;

    for (int i = 0; i < 2 * AUDIO_HZ; i++)
        x[i] = (float)(i * 7919 % 30011 - 15000) / 32768.0f;    /* exact in 16 bits */
    assert_int_equal(fwrite(x, sizeof *x, 2 * AUDIO_HZ, raw), 2 * AUDIO_HZ);
    fclose(raw);
    snprintf(text, sizeof text, "pcm.desk { type file file /dev/null infile %s format raw slave.pcm { type null } }\n", raw_path);
    set_alsa(text);
    dup2(file, STDERR_FILENO);
    struct capture *c = capture_start(NULL, "DESK", take_path, &err);
    while (c != NULL && capture_level(c).seconds < 3.0)
        wait_ms(5);
    complain();
    bool ok = c != NULL && capture_finish(c, &err);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(fstat(file, &st), 0);
    close(file);
    if (!ok)
        fail_msg("%s", err.text);
    assert_int_equal(st.st_size, 0);                    /* nothing was said while it recorded, either */
    struct clip *take = clip_load(take_path, &err);
    assert_true(take->n_samples >= AUDIO_HZ);
    for (size_t i = 0; i < AUDIO_HZ; i++)
        if (fabsf(take->samples[i] - x[i]) > 1.0f / 32768.0f)
            fail_msg("sample %zu is %f, not %f", i, (double)take->samples[i], (double)x[i]);
    clip_free(take);
}

/* One that waits for a pipe in which nothing comes: as a device does whose driver does not say that it was unplugged. */
static void test_device_gives_nothing(void **state)
{
    struct error err = { 0 };
    char text[256];
    (void)state;

    unlink(raw_path);
    assert_int_equal(mkfifo(raw_path, 0600), 0);
    int writer = open(raw_path, O_RDWR | O_CLOEXEC);
    snprintf(text, sizeof text, "pcm.desk { type file file /dev/null infile %s format raw slave.pcm { type null } }\n", raw_path);
    set_alsa(text);
    struct capture *c = capture_start(NULL, NULL, take_path, &err);
    if (c == NULL)
        fail_msg("%s", err.text);
    wait_for_end(c);
    assert_int_equal(capture_level(c).end, CAPTURE_GONE);
    close(writer);                                      /* the device's thread waits no longer: it can be closed */
    assert_false(capture_finish(c, &err));
    assert_non_null(strstr(err.text, "nothing was recorded"));
    assert_int_not_equal(access(take_path, F_OK), 0);
}

/* A name itself comes before one that has it as a part; a device of no such name is refused. */
static void test_names(void **state)
{
    struct error err = { 0 };
    (void)state;

    set_alsa("pcm.sysdesk { type null }\npcm.desk { type null }\n");
    char *names = capture_devices(&err);
    assert_non_null(names);
    assert_non_null(strstr(names, "sysdesk\n"));
    assert_null(strstr(names, "absent"));
    free(names);
    assert_null(capture_start(NULL, "desks", take_path, &err));
    assert_non_null(strstr(err.text, "no microphone has \"desks\" in its name"));
    assert_int_not_equal(access(take_path, F_OK), 0);
    set_alsa("");
    assert_null(capture_start(NULL, "", take_path, &err));
    assert_non_null(strstr(err.text, "no microphone was found: connect one, or attach a recorded file"));
    names = capture_devices(&err);
    assert_string_equal(names, "");
    free(names);
}

/* ---- the ring --------------------------------------------------------------------- */

static void test_ring_bounds(void **state)
{
    struct ring r;
    float x[] = { 1, 2, 3, 4, 5, 6 }, y[8];
    (void)state;

    assert_true(ring_init(&r, 4, NULL));
    assert_int_equal(ring_read(&r, y, 8), 0);
    assert_int_equal(ring_write(&r, x, 3), 3);
    assert_int_equal(ring_read(&r, y, 2), 2);
    assert_int_equal(ring_write(&r, x + 3, 3), 3);      /* across the end */
    assert_int_equal(ring_write(&r, x, 6), 0);          /* full: dropped */
    assert_int_equal(ring_read(&r, y + 2, 6), 4);
    assert_memory_equal(x, y, sizeof x);
    ring_done(&r);
}

#define N_PASSED 200000

static void *pass(void *user)
{
    struct ring *r = user;
    float block[37];

    for (int sent = 0; sent < N_PASSED; ) {
        int n = N_PASSED - sent < 37 ? N_PASSED - sent : 37;
        for (int i = 0; i < n; i++)
            block[i] = (float)(sent + i);
        sent += (int)ring_write(r, block, (size_t)n);
    }
    return NULL;
}

static void test_ring_between_threads(void **state)
{
    struct ring r;
    pthread_t thread;
    float block[53];
    int next = 0;
    (void)state;

    assert_true(ring_init(&r, 256, NULL));
    assert_int_equal(pthread_create(&thread, NULL, pass, &r), 0);
    while (next < N_PASSED) {
        size_t n = ring_read(&r, block, 53);
        for (size_t i = 0; i < n; i++)
            if (block[i] != (float)next++)
                fail_msg("sample %d came out of order", next - 1);
    }
    pthread_join(thread, NULL);
    ring_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take), cmocka_unit_test(test_loud_and_silent), cmocka_unit_test(test_stopped_early),
        cmocka_unit_test(test_unplugged), cmocka_unit_test(test_abandoned), cmocka_unit_test(test_killed),
        cmocka_unit_test(test_full_disk), cmocka_unit_test(test_locked), cmocka_unit_test(test_refusals), cmocka_unit_test(test_device_is_quiet), cmocka_unit_test(test_named_device), cmocka_unit_test(test_device),
        cmocka_unit_test(test_device_gives_nothing), cmocka_unit_test(test_names), cmocka_unit_test(test_ring_bounds),
        cmocka_unit_test(test_ring_between_threads),
    };
    snprintf(clip_path, sizeof clip_path, "/tmp/test_capture_clip.%d.wav", (int)getpid());
    snprintf(take_path, sizeof take_path, "/tmp/test_capture_take.%d.flac", (int)getpid());
    snprintf(raw_path, sizeof raw_path, "/tmp/test_capture_raw.%d", (int)getpid());
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(clip_path);
    unlink(take_path);
    unlink(alsa_path);
    unlink(raw_path);
    return failed;
}
