/* test_params.c - how pictures and clips reach a text model, by its own projector, the options, the settings and what is
 * here: random pairs as the models of a list. */
#include "base/file.h"
#include "base/log.h"
#include "fusion/eyes.h"
#include "store/models_private.h"
#include "ui/config.h"
#include "ui/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define GOLDEN "tests/golden/"

static char folder[] = "/tmp/mynah-test-XXXXXX", json[6000];

static const struct { const char *name, *role, *file, *rest; } listed[] = {
    { "plain", "text", "text_gemma3.gguf", "" },
    { "hears", "text", "text_llama3.gguf", "\"projector\": \"hears-ears\", " },
    { "hears-ears", "projector", "audio_ultravox.gguf", "\"sees\": false, " },
    { "sees", "text", "text_llama3_f16.gguf", "\"projector\": \"sees-eyes\", " },
    { "sees-eyes", "projector", "vision_internvl.gguf", "" },
    { "both", "text", "text_qwen2vl.gguf", "\"projector\": \"both-senses\", " },
    { "both-senses", "projector", "pair_omni.gguf", "" },
    { MODELS_EYES, "text", "text_llama3_q8_0.gguf", "\"projector\": \"usual-eyes\", " },
    { "usual-eyes", "projector", "vision_idefics3.gguf", "" },
};

static void path_here(char *path, size_t n, const char *file)
{
    snprintf(path, n, "%s/%s", folder, file);
}

/* Puts it there under its own name. */
static void place(const char *file)
{
    char command[300];

    snprintf(command, sizeof command, "cp " GOLDEN "%s %s/", file, folder);
    assert_int_equal(system(command), 0);
}

static void take_away(const char *file)
{
    char path[100];

    path_here(path, sizeof path, file);
    unlink(path);
}

static int set_up_all(void **state)
{
    size_t n = (size_t)snprintf(json, sizeof json, "{ \"models\": [ ");
    struct error err = { 0 };

    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++) {
        char path[100], sha256[SHA256_HEX];
        struct stat st;
        snprintf(path, sizeof path, GOLDEN "%s", listed[i].file);
        if (stat(path, &st) != 0 || !sha256_file(path, sha256, &err))
            return -1;
        n += (size_t)snprintf(json + n, sizeof json - n, "%s{ \"name\": \"%s\", \"role\": \"%s\", \"title\": \"T\", \"licence\": \"MIT\", %s"
                              "\"file\": \"%s\", \"sources\": [ { \"url\": \"https://example.org/m\", \"bytes\": %lld, \"sha256\": \"%s\" } ] }",
                              i > 0 ? ", " : "", listed[i].name, listed[i].role, listed[i].rest, listed[i].file, (long long)st.st_size, sha256);
    }
    snprintf(json + n, sizeof json - n, " ] }");
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++)
        place(listed[i].file);
    return 0;
}

static int tear_down_all(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

struct choice {
    const char *model, *mmproj, *eyes, *set;    /* set: `eyes` of the settings; NULL: auto */
    enum session_eyes expected;
    const char *projector, *pair;               /* the projector's name, and the file of who looks; NULL: none */
    bool rows, ears;                            /* what the session then has */
    const char *warned;                         /* NULL: of nothing */
};

static bool is_file(const char *path, const char *file)
{
    return file == NULL ? path == NULL : path != NULL && strcmp(strrchr(path, '/') + 1, file) == 0;
}

static char warned[600];

static void take_log(void *user, enum log_level level, const char *text)
{
    (void)user;
    (void)level;
    snprintf(warned, sizeof warned, "%s", text);
}

static void check(const struct choice *c)
{
    char set[20];
    struct error err = { 0 };
    struct models *m = models_open_with(json, folder, &err);
    struct model_paths paths = { 0 };
    struct config config = { .eyes = set };
    struct options o = { .model = c->model, .mmproj = c->mmproj, .eyes = c->eyes, .config = &config };
    struct compute compute;
    struct eyes eyes = { 0 };

    warned[0] = '\0';
    log_to(take_log, NULL, LOG_WARNING);
    snprintf(set, sizeof set, "%s", c->set != NULL ? c->set : "auto");
    if (m == NULL || !model_paths_projector(&paths, m, &o, &err))
        fail_msg("%s", err.text);
    struct session_params p = params_of_options(&o, &paths);
    bool as_named = c->projector == NULL ? p.mmproj_name == NULL : p.mmproj_name != NULL && strcmp(p.mmproj_name, c->projector) == 0;
    assert_true(compute_init(&compute, 1, NULL, &err));
    if (!eyes_init(&eyes, &p, &compute, &err))
        fail_msg("%s", err.text);
    if (p.eyes != c->expected || !as_named || !is_file(p.pair_path, c->pair) || (p.pair_path != NULL) != (p.pair_mmproj != NULL) ||
        eyes_see_rows(&eyes) != c->rows || (eyes.ears != NULL) != c->ears)
        fail_msg("-m %s --mmproj %s --eyes %s, set %s: found %d, projector %s, pair %s with %s, rows %d, ears %d", c->model,
                 c->mmproj != NULL ? c->mmproj : "-", c->eyes != NULL ? c->eyes : "-", set, (int)p.eyes, p.mmproj_name != NULL ? p.mmproj_name : "-",
                 p.pair_path != NULL ? p.pair_path : "-", p.pair_mmproj != NULL ? p.pair_mmproj : "-", eyes_see_rows(&eyes), eyes.ears != NULL);
    if (c->warned == NULL ? *warned != '\0' : strstr(warned, c->warned) == NULL)
        fail_msg("-m %s: expected \"%s\", found \"%s\"", c->model, c->warned != NULL ? c->warned : "", warned);
    eyes_done(&eyes);
    compute_done(&compute);
    model_paths_done(&paths);
    models_close(m);
}

#define USUAL "text_llama3_q8_0.gguf"

static void test_all_here(void **state)
{
    static const struct choice choices[] = {
        { "plain", NULL, NULL, NULL, EYES_PAIR, NULL, USUAL, false, false, NULL },
        { "plain", NULL, NULL, "words", EYES_WORDS, NULL, NULL, false, false, NULL },
        { "sees", NULL, NULL, NULL, EYES_ROWS, "sees-eyes", NULL, true, false, NULL },
        { "sees", NULL, NULL, "words", EYES_WORDS, NULL, NULL, false, false, NULL },
        { "sees", NULL, MODELS_EYES, NULL, EYES_PAIR, "sees-eyes", USUAL, false, false, NULL },
        { "sees", NULL, "words", NULL, EYES_WORDS, NULL, NULL, false, false, NULL },
        /* What only hears leaves pictures to the usual pair, or whom the settings and --eyes name. */
        { "hears", NULL, NULL, NULL, EYES_PAIR, "hears-ears", USUAL, false, true, NULL },
        { "hears", NULL, NULL, "sees", EYES_PAIR, "hears-ears", "text_llama3_f16.gguf", false, true, NULL },
        { "hears", NULL, "sees", NULL, EYES_PAIR, "hears-ears", "text_llama3_f16.gguf", false, true, NULL },
        { "hears", NULL, NULL, "words", EYES_ROWS, "hears-ears", NULL, false, true, NULL },
        { "hears", NULL, "rows", NULL, EYES_ROWS, "hears-ears", NULL, false, true, NULL },
        { "hears", NULL, "words", NULL, EYES_WORDS, NULL, NULL, false, false, NULL },
        { "plain", GOLDEN "audio_ultravox.gguf", NULL, NULL, EYES_PAIR, GOLDEN "audio_ultravox.gguf", USUAL, false, true, NULL },
        { "plain", GOLDEN "audio_ultravox.gguf", NULL, "words", EYES_ROWS, GOLDEN "audio_ultravox.gguf", NULL, false, true, NULL },
        { "plain", "hears-ears", NULL, NULL, EYES_PAIR, "hears-ears", USUAL, false, true, NULL },
        /* What sees and hears, too; beside a pair its ears alone. */
        { "both", NULL, NULL, NULL, EYES_ROWS, "both-senses", NULL, true, true, NULL },
        { "both", NULL, MODELS_EYES, NULL, EYES_PAIR, "both-senses", USUAL, false, true, NULL },
        { "tiny", "own-eyes", NULL, NULL, EYES_ROWS, "own-eyes", NULL, true, false, NULL },
        /* A projector that is named goes with the pair that is. */
        { "plain", "both-senses", "sees", NULL, EYES_PAIR, NULL, "text_llama3_f16.gguf", false, false, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        check(&choices[i]);
}

static void test_no_pair_here(void **state)
{
    static const struct choice choices[] = {
        { "plain", NULL, NULL, NULL, EYES_WORDS, NULL, NULL, false, false, NULL },
        { "hears", NULL, NULL, NULL, EYES_ROWS, "hears-ears", NULL, false, true, NULL },
        { "both", NULL, NULL, NULL, EYES_ROWS, "both-senses", NULL, true, true, NULL },
    };

    (void)state;
    take_away("vision_idefics3.gguf");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        check(&choices[i]);
}

static void test_no_projector_here(void **state)
{
    static const struct choice choices[] = {
        { "hears", NULL, NULL, NULL, EYES_PAIR, NULL, USUAL, false, false, "run `mynah pull hears-ears` (about 0.00 GB); clips are told in words" },
        { "sees", NULL, NULL, NULL, EYES_PAIR, NULL, USUAL, false, false, "run `mynah pull sees-eyes` (about 0.00 GB); pictures are told in words" },
        { "hears", NULL, MODELS_EYES, NULL, EYES_PAIR, NULL, USUAL, false, false, "clips are told in words" },
        { "sees", NULL, MODELS_EYES, NULL, EYES_PAIR, NULL, USUAL, false, false, NULL },
    };

    (void)state;
    take_away("audio_ultravox.gguf");
    take_away("vision_internvl.gguf");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        check(&choices[i]);
}

/* What only sees is not opened beside a pair. */
static void test_beside_pair(void **state)
{
    struct session_params p = session_params_default();
    struct error err = { 0 };
    struct compute compute;
    struct eyes eyes = { 0 };

    (void)state;
    assert_true(compute_init(&compute, 1, NULL, &err));
    p.mmproj_name = "own-eyes";
    for (p.eyes = EYES_ROWS; p.eyes <= EYES_PAIR; p.eyes++) {
        assert_true(eyes_init(&eyes, &p, &compute, &err));
        assert_int_equal(eyes_see_rows(&eyes), p.eyes == EYES_ROWS);
        eyes_done(&eyes);
    }
    assert_true(eyes_make_rows(NULL, "own-eyes"));
    assert_true(eyes_make_rows("no/such", "ears"));
    compute_done(&compute);
}

/* Who is to look must see. */
static void test_refused(void **state)
{
    static const struct { const char *model, *eyes, *expected; } ill[] = {
        { "plain", "hears", "hears does not see pictures" }, { "plain", "rows", "--eyes rows needs a projector" }, { "sees", "plain", "plain does not see pictures" },
    };
    struct error err = { 0 };
    struct models *m = models_open_with(json, folder, &err);

    (void)state;
    assert_non_null(m);
    assert_true(models_sees(m, models_find(m, "both")));
    assert_false(models_sees(m, models_find(m, "hears")));
    assert_false(models_sees(m, models_find(m, "plain")));
    for (size_t i = 0; i < sizeof ill / sizeof *ill; i++) {
        struct options o = { .model = ill[i].model, .eyes = ill[i].eyes };
        struct model_paths paths = { 0 };
        assert_false(model_paths_projector(&paths, m, &o, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        if (strstr(err.text, ill[i].expected) == NULL)
            fail_msg("%s", err.text);
        model_paths_done(&paths);
    }
    models_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_here, set_up), cmocka_unit_test_setup(test_no_pair_here, set_up),
        cmocka_unit_test_setup(test_no_projector_here, set_up), cmocka_unit_test_setup(test_refused, set_up),
        cmocka_unit_test(test_beside_pair),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
