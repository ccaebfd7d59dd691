/* Source of the expressions: the tokenizer.json files that the models' authors
 * publish (Qwen/Qwen2.5-Coder-1.5B-Instruct, HuggingFaceTB/SmolLM2-135M-Instruct,
 * meta-llama/Llama-3.2-1B-Instruct, mistralai/Mistral-Nemo-Instruct-2407,
 * openai-community/gpt2, Xenova/gpt-4o),
 * as the `tokenizers` package runs them; tests/golden/make_tokens.py and make_pieces.py hold
 * the original forms.  Written here so that PCRE2 cuts at the same places:
 *   - \s is spelled out, for PCRE2's holds U+180E too, which Unicode's White_Space
 *     (and Oniguruma's \s) does not;
 *   - smollm cuts single digits out first and matches GPT-2's expression between
 *     them; as one expression, blanks before a digit end a piece, so the digit
 *     counts as the end in the lookahead. */
#include "text/pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/log.h"
#include "base/utf8.h"

#define WHITE "\\t-\\r \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"

#define LETTERS_UPPER "\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}"
#define LETTERS_LOWER "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}"
#define CONTRACTION "'s|'t|'re|'ve|'m|'ll|'d"
#define REST \
    "|[" WHITE "]*[\\r\\n]+" \
    "|[" WHITE "]+(?![^" WHITE "])" \
    "|[" WHITE "]+"

#define GPT2 \
    CONTRACTION \
    "| ?\\p{L}+" \
    "| ?\\p{N}+" \
    "| ?[^" WHITE "\\p{L}\\p{N}]+" \
    "|[" WHITE "]+(?![^" WHITE "])" \
    "|[" WHITE "]+"

/* letters: a class; digits: how many make a piece. */
#define CL100K(letters, others, digits) \
    "(?i:" CONTRACTION ")" \
    "|[^\\r\\n\\p{L}\\p{N}]?[" letters "]+" \
    "|\\p{N}" digits \
    "| ?[^" WHITE others "\\p{N}]+[\\r\\n]*" \
    REST

/* tail: what may end a word. */
#define O200K(tail, digits) \
    "[^\\r\\n\\p{L}\\p{N}]?[" LETTERS_UPPER "]*[" LETTERS_LOWER "]+" tail \
    "|[^\\r\\n\\p{L}\\p{N}]?[" LETTERS_UPPER "]+[" LETTERS_LOWER "]*" tail \
    "|\\p{N}" digits \
    "| ?[^" WHITE "\\p{L}\\p{N}]+[\\r\\n/]*" \
    REST

static const struct form {
    const char *name;
    bool nfc, whole, bos;           /* whole, bos: see the header */
    const char *pattern;
} forms[] = {
    { "smollm", false, false, false,
      "\\p{N}"
      "|" CONTRACTION
      "| ?\\p{L}+"
      "| ?[^" WHITE "\\p{L}\\p{N}]+"
      "|[" WHITE "]+(?![^" WHITE "\\p{N}])"
      "|[" WHITE "]+" },
    { "qwen2", true, false, false, CL100K("\\p{L}", "\\p{L}", "") },
    { "qwen35", true, false, false, CL100K("\\p{L}\\p{M}", "\\p{L}\\p{M}", "") },
    { "llama-bpe", false, true, true, CL100K("\\p{L}", "\\p{L}", "{1,3}") },
    { "tekken", false, true, true, O200K("", "") },
    { "gpt-4o", false, false, false, O200K("(?i:" CONTRACTION ")?", "{1,3}") },
    { "gpt-2", false, false, false, GPT2 },
    { "default", false, false, false, GPT2 },
};
#define N_FORMS (sizeof forms / sizeof forms[0])

/* Other names that files give them. */
static const struct {
    const char *name, *form;
} aliases[] = {
    { "llama3", "llama-bpe" }, { "llama-v3", "llama-bpe" }, { "llama4", "gpt-4o" }, { "phi-2", "gpt-2" }, { "starcoder", "smollm" },
};
#define N_ALIASES (sizeof aliases / sizeof aliases[0])

struct pretokenizer {
    pcre2_code *code;
    const struct form *form;
};

static const struct form *find_form(const char *name)
{
    for (size_t i = 0; i < N_ALIASES; i++)
        if (strcmp(aliases[i].name, name) == 0)
            name = aliases[i].form;
    for (size_t i = 0; i < N_FORMS; i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

static bool unsupported(const char *name, const char *path, struct error *err)
{
    char names[120] = "";

    for (size_t i = 0; i < N_FORMS; i++) {
        strncat(names, i == 0 ? "" : ", ", sizeof names - strlen(names) - 1);
        strncat(names, forms[i].name, sizeof names - strlen(names) - 1);
    }
    return error_set(err, ERROR_MODEL, "%s: pre-tokenizer \"%s\" is not supported; supported are %s", path, name, names);
}

struct pretokenizer *pretokenizer_new(const char *name, const char *path, struct error *err)
{
    const struct form *form = find_form(name);
    int number;
    PCRE2_SIZE at;

    if (form == NULL) {
        unsupported(name, path, err);
        return NULL;
    }
    if (strcmp(name, "default") == 0)
        log_warning("%s: its pre-tokenizer is \"default\", which no model was trained with; GPT-2's is taken, and answers may be "
                    "poor", path);
    struct pretokenizer *p = calloc(1, sizeof *p);
    if (p != NULL) {
        p->form = form;
        p->code = pcre2_compile((PCRE2_SPTR)form->pattern, PCRE2_ZERO_TERMINATED,
                                PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &number, &at, NULL);
    }
    if (p == NULL || p->code == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory for the pre-tokenizer \"%s\"", path, name);
        pretokenizer_free(p);
        return NULL;
    }
    /* Where the processor or the system allows no JIT, pcre2_match interprets. */
    pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
    return p;
}

bool pretokenizer_keeps_whole(const struct pretokenizer *p)
{
    return p->form->whole;
}

bool pretokenizer_wants_bos(const struct pretokenizer *p)
{
    return p->form->bos;
}

void pretokenizer_free(struct pretokenizer *p)
{
    if (p == NULL)
        return;
    pcre2_code_free(p->code);
    free(p);
}

/* text is valid UTF-8 (checked once by the caller: a check in each match would
 * make long texts quadratic). */
static bool split_valid(const struct pretokenizer *p, pcre2_match_data *match, const char *text, size_t n,
                        pretokenizer_piece *piece, void *user, struct error *err)
{
    for (size_t at = 0; at < n;) {
        int found = pcre2_match(p->code, (PCRE2_SPTR)text, n, at,
                                PCRE2_NO_UTF_CHECK, match, NULL);
        size_t end = found > 0 ? pcre2_get_ovector_pointer(match)[1] : at;
        if (end <= at)
            return error_set(err, ERROR_INFERENCE, "the text cannot be cut into words at byte %zu (PCRE2: %d)",
                             at, found);
        if (!piece(user, text + at, end - at, err))
            return false;
        at = end;
    }
    return true;
}

static bool is_ascii(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

static bool split_normalised(const struct pretokenizer *p, pcre2_match_data *match, const char *text, size_t n,
                             pretokenizer_piece *piece, void *user, struct error *err)
{
    utf8proc_uint8_t *composed;

    if (!p->form->nfc || is_ascii(text, n))
        return split_valid(p, match, text, n, piece, user, err);
    utf8proc_ssize_t length = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)n, &composed,
                                           UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (length < 0)
        return error_set(err, ERROR_INFERENCE, "%zu bytes of text cannot be normalised: %s", n,
                         utf8proc_errmsg(length));
    bool ok = split_valid(p, match, (const char *)composed, (size_t)length, piece, user, err);
    free(composed);
    return ok;
}

/* Bytes of the character at text, or 0 when it is ill-formed or cut. */
static size_t valid_length(const char *text, size_t n)
{
    uint32_t code;
    size_t length = utf8_decode(text, n, &code);

    if (length > 0 && code == UTF8_REPLACEMENT && !(length == 3 && memcmp(text, "\xEF\xBF\xBD", 3) == 0))
        return 0;
    return length;
}

/* Length of the stretch at text that is all valid, or all not. */
static size_t stretch(const char *text, size_t n, bool *valid)
{
    size_t length = valid_length(text, n), end = 0;

    *valid = length > 0;
    while (end < n && (length > 0) == *valid) {
        end += length > 0 ? length : 1;
        length = end < n ? valid_length(text + end, n - end) : 0;
    }
    return end;
}

bool pretokenizer_split(const struct pretokenizer *p, const char *text, size_t n_bytes,
                        pretokenizer_piece *piece, void *user, struct error *err)
{
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    bool ok = true;

    if (match == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory to cut text into words");
    for (size_t at = 0; ok && at < n_bytes;) {
        bool valid;
        size_t length = stretch(text + at, n_bytes - at, &valid);
        ok = valid ? split_normalised(p, match, text + at, length, piece, user, err)
                   : piece(user, text + at, length, err);
        at += length;
    }
    pcre2_match_data_free(match);
    return ok;
}
