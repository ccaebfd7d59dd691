/* test_manifest.c - the list of models that the program carries, and what is refused. */
#include "base/asset.h"
#include "store/manifest.h"
#include "weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct manifest *open_own(void)
{
    struct error err = { 0 };
    struct manifest *m = manifest_parse(asset_find("models.json")->data, &err);

    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

/* Names are what the documents, the tests and `make run` say. */
static void test_own(void **state)
{
    static const struct { const char *name, *file; enum model_role role; } expected[] = {
        { "ultravox-1b", "Llama-3.2-1B-Instruct-Q4_K_M.gguf", MODEL_TEXT },
        { "voxtral-3b-ears", "mmproj-Voxtral-Mini-3B-2507-Q8_0.gguf", MODEL_PROJECTOR },
        { "default", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", MODEL_TEXT },
        { "small", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", MODEL_TEXT },
        { "tiny", WEIGHTS_TINY, MODEL_TEXT },
        { "whisper-base", WEIGHTS_WHISPER_BASE, MODEL_SPEECH },
        { "efficientnet-lite2", WEIGHTS_CLASSIFIER, MODEL_CLASSIFIER },
        { "ssd-coco", WEIGHTS_DETECTOR, MODEL_DETECTOR },
        { "minilm", WEIGHTS_MINILM, MODEL_EMBEDDING },
    };
    struct manifest *m = open_own();

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct manifest_model *model = manifest_find(m, expected[i].name);
        assert_non_null(model);
        assert_string_equal(model->entry.file, expected[i].file);
        assert_int_equal(model->entry.role, expected[i].role);
    }
    assert_null(manifest_find(m, "nothing"));
    assert_true(manifest_find(m, "qwen2.5-omni-3b-senses")->entry.sees);
    assert_false(manifest_find(m, "ultravox-1b-ears")->entry.sees);
    assert_false(manifest_find(m, "ultravox-1b")->entry.sees);
    manifest_free(m);
}

/* Without a converter, members come to the file by adding up; and two sources that need
 * none give the same bytes. */
static void test_own_sources(void **state)
{
    struct manifest *m = open_own();

    (void)state;
    for (size_t i = 0; i < m->n_models; i++)
        for (size_t j = 0; j < m->models[i].n_sources; j++) {
            const struct manifest_source *s = &m->models[i].sources[j];
            assert_true((s->url != NULL) == (s->n_packages == 0));
            if (s->converter == NULL && m->models[i].sources[0].converter == NULL)
                assert_true(s == m->models[i].sources || strcmp(s->sha256, m->models[i].sources[0].sha256) == 0);
            for (size_t k = 0; k < s->n_packages; k++)
                assert_true(s->packages[k].n_members > 0);
        }
    assert_int_equal(manifest_find(m, "default")->sources[1].n_packages, 22);
    assert_int_equal(manifest_find(m, "whisper-base")->sources[1].n_inputs, 2);
    manifest_free(m);
}

#define SHA "\"sha256\": \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""

static const char valid[] =
    "{ \"models\": [ { \"name\": \"a\", \"role\": \"text\", \"title\": \"A\", \"licence\": \"MIT\", \"file\": \"a.gguf\","
    " \"sources\": [ { \"url\": \"https://example.org/a\", \"bytes\": 10, " SHA " },"
    " { \"packages\": [ { \"name\": \"p-1\", \"version\": \"1.0\", \"bytes\": 7, \"members\": [ { \"path\": \"m\", \"into\": \"x\" } ] } ],"
    " \"inputs\": [ { \"name\": \"x\", \"bytes\": 9, " SHA " } ], \"converter\": \"pth_to_gguf.py\", \"bytes\": 11, " SHA " } ] },"
    " { \"name\": \"b\", \"role\": \"speech\", \"title\": \"B\", \"licence\": \"MIT\", \"file\": \"b.bin\","
    " \"sources\": [ { \"url\": \"https://example.org/b\", \"bytes\": 10, " SHA " } ] } ] }";

static void test_valid(void **state)
{
    struct error err = { 0 };
    struct manifest *m = manifest_parse(valid, &err);

    (void)state;
    assert_non_null(m);
    assert_int_equal(m->n_models, 2);
    assert_int_equal(m->models[0].entry.bytes, 11);             /* the last source's */
    assert_int_equal(m->models[0].entry.download_bytes, 7);
    assert_int_equal(m->models[1].entry.download_bytes, 10);
    assert_null(m->models[1].sources[0].inputs[0].name);
    manifest_free(m);
}

/* A source that is a model's only one may leave its sha256 to the hub. */
static void test_of_hub(void **state)
{
    static const char listed[] = "https://example.org/b\", \"bytes\": 10, " SHA;
    struct error err = { 0 };
    char json[2000];
    const char *at = strstr(valid, listed);

    (void)state;
    snprintf(json, sizeof json, "%.*shttps://example.org/b\", \"bytes\": 10%s", (int)(at - valid), valid, at + strlen(listed));
    struct manifest *m = manifest_parse(json, &err);
    if (m == NULL)
        fail_msg("%s", err.text);
    assert_null(m->models[1].sources[0].sha256);
    assert_null(m->models[1].sources[0].inputs[0].sha256);
    assert_int_equal(m->models[1].entry.bytes, 10);
    manifest_free(m);
}

/* Two text models that are one file, each with its projector; not if it might be two. */
static void test_shared(void **state)
{
    static const char shared[] =
        "{ \"models\": [ { \"name\": \"a\", \"role\": \"text\", \"title\": \"A\", \"licence\": \"MIT\", \"file\": \"a.gguf\","
        " \"sources\": [ { \"url\": \"https://example.org/a\", \"bytes\": 10, " SHA " } ] },"
        " { \"name\": \"b\", \"role\": \"text\", \"title\": \"B\", \"licence\": \"MIT\", \"file\": \"a.gguf\","
        " \"sources\": [ { \"url\": \"https://example.org/b\", \"bytes\": 10, " SHA " } ] } ] }";
    static const struct { const char *from, *to; } changes[] = {
        { "\"bytes\": 10", "\"bytes\": 11" }, { "0123456789abcdef\"", "0123456789abcdee\"" }, { ", " SHA, "" }, { "\"role\": \"text\"", "\"role\": \"speech\"" },
    };
    struct error err = { 0 };
    struct manifest *m = manifest_parse(shared, &err);

    (void)state;
    if (m == NULL)
        fail_msg("%s", err.text);
    manifest_free(m);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char json[2000];
        const char *at = strstr(shared, changes[i].from);
        snprintf(json, sizeof json, "%.*s%s%s", (int)(at - shared), shared, changes[i].to, at + strlen(changes[i].from));
        assert_null(manifest_parse(json, &err));
        assert_non_null(strstr(err.text, "b: file: another file"));
    }
}

static void test_refused(void **state)
{
    static const struct { const char *from, *to, *expected; } changes[] = {
        { "{ \"models\"", "  \"models\"", "JSON" },
        { "\"models\"", "\"mmmmmm\"", "models: a list" },
        { "\"name\": \"b\"", "\"name\": \"a\"", "another name" },
        { "\"b.bin\"", "\"a.gguf\"", "another file" },
        { "\"a.gguf\"", "\"../a.gguf\"", "plain name" },
        { "\"a.gguf\"", "\".a\"", "plain name" },
        { "\"p-1\"", "\"-r\"", "plain name" },
        { "\"p-1\"", "\"p @ http://x\"", "plain name" },
        { "\"1.0\"", "\"\"", "version: a text" },
        { "\"text\"", "\"oracle\"", "role" },
        { "\"bytes\": 10", "\"bytes\": 0", "bytes" },
        { "\"bytes\": 10", "\"bytes\": \"10\"", "bytes" },
        { "0123456789abcdef\"", "0123456789abcdeg\"", "sha256" },
        { "0123456789abcdef\"", "0123456789abcde\"", "sha256" },
        { "\"bytes\": 10, " SHA, "\"bytes\": 10", "sha256: 64 hexadecimal digits, where there is more than one source" },
        { "\"bytes\": 11, " SHA, "\"bytes\": 11", "sha256: 64 hexadecimal digits" },
        { "https://example.org/b\", \"bytes\": 10, " SHA, "http://example.org/b\", \"bytes\": 10", "url: https, where there is no sha256" },
        { "https://example.org/b\", \"bytes\": 10, " SHA, "https://example.org/b\"", "bytes" },
        { "https://example.org/b\", \"bytes\": 10, " SHA, "https://example.org/b\", \"bytes\": 10, \"sha256\": null", "sha256: 64" },
        { "https://example.org/a", "file:///etc/passwd", "url" },
        { "\"pth_to_gguf.py\"", "\"nothing.py\"", "converter" },
        { "\"into\": \"x\"", "\"into\": \"y\"", "into" },
        { "\"inputs\"", "\"outputs\"", "inputs: a list" },
        { "\"url\": \"https://example.org/b\", ", "", "packages: a list" },
        { "\"licence\": \"MIT\", \"file\": \"b.bin\"", "\"file\": \"b.bin\"", "licence" },
        { "\"file\": \"a.gguf\"", "\"file\": \"a.gguf\", \"terms\": \"see there\"", "terms: http" },
        { "\"file\": \"a.gguf\"", "\"file\": \"a.gguf\", \"terms\": 1", "terms: http" },
        { "\"file\": \"a.gguf\"", "\"file\": \"a.gguf\", \"kv\": 0", "kv: a number" },
        { "\"file\": \"a.gguf\"", "\"file\": \"a.gguf\", \"sees\": true", "sees: true or false, of a projector" },
        { "\"text\"", "\"projector\", \"sees\": 0", "sees: true or false, of a projector" },
        { "\"file\": \"a.gguf\"", "\"file\": \"a.gguf\", \"projector\": \"c\"", "projector: the name of a projector" },
        { "\"file\": \"a.gguf\"", "\"file\": \"a.gguf\", \"projector\": \"b\"", "projector: the name of a projector" },
        { "\"file\": \"b.bin\"", "\"file\": \"b.bin\", \"projector\": \"a\"", "projector: the name of one, of a text model" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char json[2000];
        struct error err = { 0 };
        const char *at = strstr(valid, changes[i].from);
        assert_non_null(at);
        snprintf(json, sizeof json, "%.*s%s%s", (int)(at - valid), valid, changes[i].to, at + strlen(changes[i].from));
        assert_null(manifest_parse(json, &err));
        if (err.code != ERROR_MODEL || strstr(err.text, changes[i].expected) == NULL)
            fail_msg("%s: expected \"%s\", found \"%s\"", changes[i].to, changes[i].expected, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own), cmocka_unit_test(test_own_sources), cmocka_unit_test(test_valid),
        cmocka_unit_test(test_of_hub), cmocka_unit_test(test_shared), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
