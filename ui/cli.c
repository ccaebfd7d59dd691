#include "ui/cli.h"

#include "ui/config.h"
#include "ui/sanitise.h"
#include "ui/settings.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHAT = 1, ASK = 2, DESCRIBE = 4, TRANSCRIBE = 8, PULL = 16, MODELS = 32, DOCTOR = 64, BENCH = 128, HELP = 256, COMPLETION = 512, LISTEN = 1024,
    QUANTIZE = 2048, TOKENIZE = 4096, EMBED = 8192,
    ANSWERS = CHAT | ASK | DESCRIBE, FORMED = ASK | DESCRIBE, WORK = ANSWERS | TRANSCRIBE | LISTEN | DOCTOR | BENCH, MANY = WORK | PULL | MODELS, ALL = 0x7FFFFFFF
};

const struct command commands[] = {
    { "", CHAT, cmd_chat, "", NULL, "open the chat", NULL },
    { "ask", ASK, cmd_ask, "[PROMPT...] [-]", NULL, "answer one prompt, perhaps about images and clips",
      "Without a prompt, or where its last word is -, standard input is read; -i - and -a - attach it\n"
      "instead.  The answer goes to standard output." },
    { "describe", DESCRIBE, cmd_describe, "FILE...", VALUES_FILE, "describe images, a sentence each", "FILE - is standard input." },
    { "transcribe", TRANSCRIBE, cmd_transcribe, "FILE...", VALUES_FILE, "write down what is said in clips",
      "FILE - is standard input; of a pattern such as '*.mp3' all files are taken." },
    { "listen", LISTEN, cmd_listen, "[-]", NULL, "write down what is being said, from the microphone or a pipe",
      "Words are printed once they are sure and stay as they are; on a terminal the newest follow them, dim.\n"
      "- is standard input, WAV or with --raw samples alone:\n"
      "  arecord -f S16_LE -r 16000 -t wav | mynah listen -\n"
      "  ffmpeg -i rtsp://... -f wav - | mynah listen -\n"
      "Ctrl-C ends it; what was said until then is still written." },
    { "pull", PULL, cmd_pull, "[NAME...]", VALUES_MODEL, "fetch models; without a name, what the three jobs need",
      "eyes is smolvlm-500m with its projector: it looks at pictures for a text model that does not see.\n"
      "Models whose licence is not a free one are fetched once you agree to its terms." },
    { "models", MODELS, cmd_models, "[ROLE...]", "text speech classifier detector embedding projector head eyes ears pair", "list the known models, which are here and which fit this machine",
      "Of the role pair are text models that see pictures; they can look for one that does not (--eyes).\n"
      "MEMORY is what a text model takes with a context of 8192 tokens, and whether that is there now; SPEED what it\n"
      "would about write, from how fast this machine reads memory.  With -q, names alone." },
    { "doctor", DOCTOR, cmd_doctor, "", NULL, "say what is found, what is missing and what to do",
      "The speed of this machine is measured, too, for some seconds; not with -q." },
    { "bench", BENCH, cmd_bench, "", NULL, "measure the speed of this machine with a model", NULL },
    { "quantize", QUANTIZE, cmd_quantize, "IN OUT TYPE", VALUES_FILE, "write a GGUF file again with smaller weights",
      "TYPE is one of F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 Q3_K_L Q3_K_M Q3_K_S\n"
      "Q2_K; Q4_K_M is usual, a larger number is nearer to the original.  Other programs read the file, too.\n"
      "IN may hold weights of any type that mynah reads; F16, BF16 or F32 lose least." },
    { "tokenize", TOKENIZE, cmd_tokenize, "FILE | -", VALUES_FILE, "print the token ids that a model reads a text as",
      "They are a JSON array on standard output; the text is read as it is, with its line breaks." },
    { "embed", EMBED, cmd_embed, "TEXT | FILE | - ...", VALUES_FILE, "turn texts into rows of numbers that are near when the meanings are",
      "An argument that names a file is read; any other is the text itself; - is standard input.  Each gives\n"
      "a row of length 1, whose products with others tell how near the texts are." },
    { "help", HELP, cmd_help, "[COMMAND | man]", NULL, "say more of a command; man: the manual page, for man(1)", NULL },
    { "completion", COMPLETION, cmd_completion, "bash | zsh | fish", "bash zsh fish", "print the completion script of a shell",
      "bash: source <(mynah completion bash)\n"
      "zsh:  mynah completion zsh > a folder of $fpath, named _mynah\n"
      "fish: mynah completion fish > ~/.config/fish/completions/mynah.fish" },
    { NULL, 0, NULL, NULL, NULL, NULL, NULL }
};

#define AT(field) offsetof(struct options, field)
#define LANGUAGES "ar cs da de el en es fi fr he hi hu id it ja ko nl no pl pt ro ru sv th tr uk vi zh"

const struct option_row option_rows[] = {
    { "model", 'm', OPTION_TEXT, AT(model), ANSWERS | BENCH | DOCTOR | TOKENIZE, "MODEL", "text model: a name of `mynah models` or a GGUF file", VALUES_TEXT_MODEL },
    { "model", 'm', OPTION_TEXT, AT(model), EMBED, "MODEL", "embedding or text model: a name of `mynah models` or a GGUF file (default: minilm)", VALUES_MODEL },
    { "lora", 0, OPTION_LIST, AT(loras), ANSWERS, "FILE[=SCALE]", "LoRA adapter of the text model (GGUF); may be repeated; /lora changes its scale (default: 1)", VALUES_FILE },
    { "mmproj", 0, OPTION_TEXT, AT(mmproj), ANSWERS, "EYES", "projector that gives pictures or clips to the text model: own-eyes, own-ears (for -m tiny), a name or a GGUF file", VALUES_PROJECTOR },
    { "eyes", 0, OPTION_TEXT, AT(eyes), ANSWERS, "HOW", "tell pictures in words, as rows of the projector, or in the words of a model that looks, too: its name or GGUF file (default: rows where there is a projector that sees, else smolvlm-500m if it is here)", VALUES_EYES },
    { "image-rows", 0, OPTION_SETTING, 0, ANSWERS, "N", "at most N rows of a picture by a pair's projector: fewer tiles or pixels, sooner looked at (default: what fits in the context)", NULL },
    { "image", 'i', OPTION_FILES, 0, ASK, "FILE", "attach an image; may be repeated; - is standard input", VALUES_FILE },
    { "audio", 'a', OPTION_FILES, 0, ASK, "FILE", "attach a clip; may be repeated; - is standard input", VALUES_FILE },
    { "new", 0, OPTION_FLAG, AT(fresh), CHAT, NULL, "start afresh instead of resuming the last conversation", NULL },
    { "full", 0, OPTION_SELF, AT(mode), CHAT, NULL, "use the full screen", NULL },
    { "inline", 0, OPTION_SELF, AT(mode), CHAT, NULL, "stay in the terminal's scrollback", NULL },
    { "plain", 0, OPTION_SELF, AT(mode), CHAT, NULL, "lines only, for screen readers, plain terminals and pipes", NULL },
    { "theme", 0, OPTION_WORD, AT(theme), CHAT, "NAME", "colours: auto, dark, light, 16 or mono", CONFIG_THEMES },
    { "mouse", 0, OPTION_FLAG, AT(mouse), CHAT, NULL, "the wheel scrolls and a click opens", NULL },
    { "microphone", 0, OPTION_TEXT, AT(microphone), CHAT, "FILE", "play FILE in place of the microphone", VALUES_FILE },
    { "microphone", 0, OPTION_TEXT, AT(microphone), LISTEN, "NAME", "microphone with NAME in its name, or a clip to play in its place", VALUES_FILE },
    { "raw", 0, OPTION_FLAG, AT(raw), LISTEN, NULL, "standard input is samples without a header: signed 16 bits, little-endian", NULL },
    { "rate", 0, OPTION_COUNT, AT(rate), LISTEN, "HZ", "of raw samples (default: 16000)", NULL },
    { "raw-channels", 0, OPTION_COUNT, AT(raw_channels), LISTEN, "N", "of raw samples, interleaved (default: 1)", NULL },
    { "times", 0, OPTION_FLAG, AT(times), LISTEN, NULL, "start each line with its time", NULL },
    { "speaker", 0, OPTION_TEXT, AT(speaker), CHAT, "FILE", "write what is played to FILE (WAV) in place of the loudspeaker", VALUES_FILE },
    { "engine", 0, OPTION_TEXT, AT(engine), CHAT, "NAME", NULL, NULL },
    { "temp", 0, OPTION_NUMBER, AT(temperature), ANSWERS, "T", "sampling temperature; 0 is greedy", NULL },
    { "temperature", 0, OPTION_NUMBER, AT(temperature), ANSWERS, "T", NULL, NULL },
    { "seed", 0, OPTION_SEED, AT(seed), ANSWERS, "N", "seed of the sampler, for repeatable answers", NULL },
    { "max-tokens", 'n', OPTION_COUNT, AT(max_tokens), ANSWERS, "MAX", "end an answer after MAX tokens", NULL },
    { "lang", 0, OPTION_TEXT, AT(lang), DESCRIBE, "L", "language of the description, such as en or ko (default: the locale's)", LANGUAGES },
    { "format", 0, OPTION_WORDS, AT(format), TRANSCRIBE, "F", "txt (words only), srt, vtt, lrc, csv or json, with --out several: srt,json (default: txt)", "txt srt vtt lrc csv json" },
    { "format", 0, OPTION_WORD, AT(format), EMBED, "F", "json, an object a line, or npy, all rows as NumPy reads them (default: json)", "json npy" },
    { "lines", 0, OPTION_FLAG, AT(lines), EMBED, NULL, "embed each line by itself", NULL },
    { "out", 0, OPTION_TEXT, AT(out), TRANSCRIBE, "DIR", "write each transcript to a file in DIR, named after its clip", VALUES_FILE },
    { "agree", 0, OPTION_FLAG, AT(agree), PULL, NULL, "agree to the terms of the models' licences without being asked", NULL },
    { "try", 0, OPTION_LIST, AT(tries), PULL, "NAME", "fetch NAME, too, if the hub answers within 3 s and the disk has room; otherwise say so and go on; may be repeated", VALUES_MODEL },
    { "force", 0, OPTION_FLAG, AT(force), TRANSCRIBE, NULL, "write over files that are in DIR already", NULL },
    { "force", 0, OPTION_FLAG, AT(force), QUANTIZE, NULL, "write over OUT where it is there already", NULL },
    { "language", 0, OPTION_TEXT, AT(language), CHAT | ASK | TRANSCRIBE | LISTEN, "L", "language spoken in clips (default: detected)", LANGUAGES },
    { "translate", 0, OPTION_FLAG, AT(translate), TRANSCRIBE | LISTEN, NULL, "translate speech into English", NULL },
    { "words", 0, OPTION_FLAG, AT(words), TRANSCRIBE, NULL, "the time of each word, in vtt and json", NULL },
    { "channels", 0, OPTION_FLAG, AT(channels), TRANSCRIBE, NULL, "listen to each channel apart and tell which one speaks", NULL },
    { "beam", 0, OPTION_COUNT, AT(beam), TRANSCRIBE, "N", "weigh N wordings at once, 5 is usual: slower, a little surer (default: 1)", NULL },
    { "prompt", 0, OPTION_TEXT, AT(prompt), TRANSCRIBE, "TEXT", "what was said before the clip, as a model of its style", NULL },
    { "hotwords", 0, OPTION_TEXT, AT(hotwords), TRANSCRIBE, "TEXT", "names and terms that may be said, to be spelled so", NULL },
    { "special", 0, OPTION_FLAG, AT(special), TOKENIZE, NULL, "take control tokens such as <|im_end|> as such, and add those that begin or end a text", NULL },
    { "json", 0, OPTION_FLAG, AT(json), MANY & ~(CHAT | PULL), NULL, "one JSON object a line, with all that is known", NULL },
    { "system", 0, OPTION_TEXT, AT(system), ANSWERS, "TEXT", "system text in place of mynah's own", NULL },
    { "context", 'c', OPTION_COUNT, AT(n_ctx), ANSWERS | BENCH, "N", "context in tokens (default: 8192, or the model's own if less)", NULL },
    { "kv", 0, OPTION_WORD, AT(kv), ANSWERS | BENCH, "TYPE", "keys and values of the context: f16, or q8_0 in half the memory (default: f16)", CONFIG_KV },
    { "threads", 't', OPTION_COUNT, AT(n_threads), WORK | EMBED | QUANTIZE, "N", "threads (default: one per core)", NULL },
    { "kernels", 0, OPTION_TEXT, AT(kernels), WORK | EMBED | QUANTIZE, "NAME", "kernel variant: ref, avx2, ... (default: the best here)", "ref avx2 avxvnni avx512 neon dotprod" },
    { "quiet", 'q', OPTION_FLAG, AT(quiet), MANY | EMBED | QUANTIZE, NULL, "no progress or notes on standard error", NULL },
    { "version", 0, OPTION_FLAG, AT(version), ALL, NULL, "print the version", NULL },
    { "help", 'h', OPTION_FLAG, AT(help), ALL, NULL, "print this help", NULL },
    { "The form of the answer", 0, OPTION_HEADING, 0, FORMED, NULL, NULL, NULL },
    { "json-schema", 0, OPTION_TEXT, AT(json_schema), FORMED, "FILE", "the answer is JSON that keeps to the JSON Schema in FILE", VALUES_FILE },
    { "grammar", 0, OPTION_TEXT, AT(grammar), FORMED, "FILE", "the answer keeps to the grammar in FILE, in GBNF", VALUES_FILE },
    { "tools", 0, OPTION_TEXT, AT(tools), ASK, "FILE", "functions that the answer may call, a JSON list, as the model's chat template takes them", VALUES_FILE },
    { "stop", 0, OPTION_LIST, AT(stops), FORMED, "TEXT", "end the answer before TEXT; may be repeated", NULL },
    { "How tokens are chosen (the defaults suit most questions)", 0, OPTION_HEADING, 0, FORMED, NULL, NULL, NULL },
    { "top-k", 0, OPTION_SETTING, 0, FORMED, "K", "of the K likeliest; 0 is off (default: 40)", NULL },
    { "top-p", 0, OPTION_SETTING, 0, FORMED, "P", "of the likeliest that make up the share P; 1 is off (default: 0.9)", NULL },
    { "min-p", 0, OPTION_SETTING, 0, FORMED, "P", "of those at least P times as likely as the likeliest; 0 is off (default: 0.05)", NULL },
    { "typical", 0, OPTION_SETTING, 0, FORMED, "P", "of those of the least unusual surprise that make up P; 1 is off (default)", "typical-p" },
    { "repeat-penalty", 0, OPTION_SETTING, 0, FORMED, "X", "what was said becomes less likely by the factor X; 1 is off (default: 1.05)", "repetition-penalty" },
    { "repetition-penalty", 0, OPTION_SETTING, 0, FORMED, "X", NULL, "repetition-penalty" },
    { "frequency-penalty", 0, OPTION_SETTING, 0, FORMED, "X", "less likely by X for each time it was said; 0 is off (default)", NULL },
    { "presence-penalty", 0, OPTION_SETTING, 0, FORMED, "X", "less likely by X once it was said; 0 is off (default)", NULL },
    { "dry", 0, OPTION_SETTING, 0, FORMED, "X", "repeated passages become less likely (DRY), 0.8 is usual; 0 is off (default)", NULL },
    { "dry-base", 0, OPTION_SETTING, 0, FORMED, "X", "by this factor for each further token (default: 1.75)", NULL },
    { "dry-length", 0, OPTION_SETTING, 0, FORMED, "N", "passages of fewer than N tokens may be repeated (default: 2)", NULL },
    { "dry-range", 0, OPTION_SETTING, 0, FORMED, "N", "passages of the last N tokens (default: 2048)", NULL },
    { "dry-breaker", 0, OPTION_LIST, AT(dry_breakers), FORMED, "TEXT", "no passage goes across TEXT; may be repeated (default: line breaks, : \" and *)", NULL },
    { "mirostat", 0, OPTION_SETTING, 0, FORMED, "BITS", "keep to this surprise (mirostat 2) in place of top-k to typical; 0 is off (default)", NULL },
    { "mirostat-eta", 0, OPTION_SETTING, 0, FORMED, "X", "how fast (default: 0.1)", NULL },
    { "logit-bias", 0, OPTION_LIST, AT(biases), FORMED, "ID=X", "add X to the logit of the token ID, -inf forbids it; may be repeated", NULL },
    { NULL, 0, OPTION_FLAG, 0, 0, NULL, NULL, NULL }
};
enum { N_ROWS = sizeof option_rows / sizeof option_rows[0] - 1 };

const struct command *command_find(const char *name)
{
    for (const struct command *c = commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = words; n > 0 && (at = strstr(at, word)) != NULL; at++)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

/* All words of a list with commas. */
static bool has_words(const char *words, const char *list)
{
    bool ok = true;

    for (size_t n; ok; list += n + 1) {
        char word[32];
        n = strcspn(list, ",");
        snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), list);
        ok = has_word(words, word);
        if (list[n] == '\0')
            break;
    }
    return ok;
}

static bool push(const char ***list, size_t *n, const char *text, struct error *err)
{
    const char **grown = realloc(*list, (*n + 1) * sizeof *grown);

    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the arguments");
    grown[(*n)++] = text;
    *list = grown;
    return true;
}

static bool store_setting(struct options *o, const struct option_row *row, const char *text, struct error *err)
{
    struct error why = { 0 };

    if (settings_set_number(&o->sampling, row->values != NULL ? row->values : row->name, text, &why) && why.code == ERROR_NONE)
        return true;
    return error_set(err, ERROR_USAGE, "--%s: %s", row->name, why.text);
}

static bool store(struct options *o, const struct option_row *row, const char *text, struct error *err)
{
    void *field = (char *)o + row->field;
    char *end = NULL;

    errno = 0;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_SELF:
        *(const char **)field = row->name;
        return true;
    case OPTION_WORD:
        if (!has_word(row->values, text))
            return error_set(err, ERROR_USAGE, "--%s takes one of %s, not '%s'", row->name, row->values, text);
        *(const char **)field = text;
        return true;
    case OPTION_WORDS:
        if (!has_words(row->values, text))
            return error_set(err, ERROR_USAGE, "--%s takes some of %s, with commas between them, not '%s'", row->name, row->values, text);
        *(const char **)field = text;
        return true;
    case OPTION_TEXT:
        *(const char **)field = text;
        return true;
    case OPTION_FILES:
        return push(&o->files, &o->n_files, text, err);
    case OPTION_NUMBER:
        *(double *)field = strtod(text, &end);
        if (end == text || *end != '\0' || !isfinite(*(double *)field) || *(double *)field < 0)
            return error_set(err, ERROR_USAGE, "--%s takes a number of 0 or more, not '%s'", row->name, text);
        return true;
    case OPTION_LIST:
        return *text != '\0' ? push(&((struct option_list *)field)->texts, &((struct option_list *)field)->n, text, err)
                             : error_set(err, ERROR_USAGE, "--%s takes a text that is not empty", row->name);
    case OPTION_SETTING:
        return store_setting(o, row, text, err);
    case OPTION_COUNT:
    case OPTION_SEED:
    case OPTION_HEADING:
        break;
    }
    unsigned long long value = strtoull(text, &end, 10);
    bool is_count = row->kind == OPTION_COUNT;
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || (is_count && (value == 0 || value > 1u << 30)))
        return error_set(err, ERROR_USAGE, "--%s takes a whole number%s, not '%s'", row->name,
                         is_count ? " of 1 or more" : "", text);
    if (is_count)
        *(size_t *)field = (size_t)value;
    else
        *(uint64_t *)field = value;
    return true;
}

/* An option of other commands that getopt would take for one of this command's, shortened by words: --image, --image-rows. */
static bool is_mistaken(const struct command *command, const struct option_row *row)
{
    size_t n = strlen(row->name);
    bool begins = false;

    for (size_t i = 0; i < N_ROWS; i++) {
        if (!(option_rows[i].commands & command->bit) || option_rows[i].kind == OPTION_HEADING)
            continue;
        if (strcmp(option_rows[i].name, row->name) == 0)
            return false;
        begins |= strncmp(option_rows[i].name, row->name, n) == 0 && option_rows[i].name[n] == '-';
    }
    return begins;
}

/* getopt's two forms of the rows that this command has, or must tell from its own; longs[N_ROWS + 1], shorts[2 * N_ROWS + 2]. */
static void getopt_tables(const struct command *command, struct option *longs, char *shorts)
{
    *shorts++ = ':';
    for (size_t i = 0; i < N_ROWS; i++) {
        bool own = option_rows[i].commands & command->bit;
        if (option_rows[i].kind == OPTION_HEADING || (!own && !is_mistaken(command, &option_rows[i])))
            continue;
        bool takes = own && option_takes_value(&option_rows[i]);
        *longs++ = (struct option){ option_rows[i].name, takes ? required_argument : no_argument, NULL, 256 + (int)i };
        if (own && option_rows[i].letter != 0) {
            *shorts++ = option_rows[i].letter;
            if (takes)
                *shorts++ = ':';
        }
    }
    memset(longs, 0, sizeof *longs);
    *shorts = '\0';
}

static const struct option_row *row_of(int code)
{
    if (code >= 256)
        return &option_rows[code - 256];
    for (size_t i = 0; i < N_ROWS; i++)
        if (option_rows[i].letter == code)
            return &option_rows[i];
    return NULL;
}

/* getopt leaves the letter in optopt; of a long one it leaves 0, or the row when it takes no value. */
static bool bad_option(const struct options *o, const char *word, struct error *err)
{
    char letter[] = { '-', (char)optopt, '\0' };

    return error_set(err, ERROR_USAGE, "'%s' is not an option of `mynah%s%s` or does not fit it; its --help lists them",
                     optopt > 0 && optopt < 256 ? letter : word, *o->command->name ? " " : "", o->command->name);
}

/* The chat takes none; after an option, a command's name is one. */
static bool no_arguments(const struct options *o, struct error *err)
{
    const char *word = o->arguments[0], *name = o->command->name;

    if (*name == '\0' && command_find(word) != NULL)
        return error_set(err, ERROR_USAGE, "the command comes before its options: mynah %s ...", word);
    return error_set(err, ERROR_USAGE, "`mynah%s%s` takes no argument, '%s' was given", *name ? " " : "", name, word);
}

bool options_parse(int argc, char **argv, struct options *o, struct error *err)
{
    struct option longs[N_ROWS + 1];
    char shorts[2 * N_ROWS + 2];
    int code;

    *o = (struct options){ .command = &commands[0], .temperature = -1, .sampling = session_settings_default() };
    if (argc > 1 && argv[1][0] != '-') {
        o->command = command_find(argv[1]);
        if (o->command == NULL || argv[1][0] == '\0') {
            o->command = &commands[0];
            return error_set(err, ERROR_USAGE, "'%s' is not a command; `mynah --help` lists them", argv[1]);
        }
        argv++;
        argc--;
    }
    getopt_tables(o->command, longs, shorts);
    opterr = 0;
    optind = 1;
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const struct option_row *row = row_of(code == ':' || code == '?' ? optopt : code);
        if (code == ':')
            return error_set(err, ERROR_USAGE, "--%s takes a value: %s", row->name, row->argument);
        if (code == '?')
            return bad_option(o, argv[optind - 1], err);
        if (code >= 256 && !(row->commands & o->command->bit))
            return bad_option(o, argv[optind - 1], err);
        if (!store(o, row, optarg, err))
            return false;
    }
    for (int i = optind; i < argc; i++)
        if (!push(&o->arguments, &o->n_arguments, argv[i], err))
            return false;
    if (o->help || o->version)
        return true;
    if (o->n_arguments > 0 && *o->command->arguments == '\0')
        return no_arguments(o, err);
    return true;
}

/* Descriptions have their own wording and are greedy: neither the system text nor the
 * temperature of a chat is meant for them. */
void options_settle(struct options *o, struct config *config)
{
    bool converses = (o->command->bit & (CHAT | ASK)) != 0;

    o->config = config;
    if (o->model == NULL)
        o->model = o->command->bit == EMBED ? "minilm" : config->model;
    if (o->mode == NULL)
        o->mode = config->mode;
    if (o->theme == NULL)
        o->theme = config->theme;
    if (o->language == NULL && *config->language != '\0')
        o->language = config->language;
    if (o->system == NULL && converses && *config->system != '\0')
        o->system = config->system;
    if (o->temperature < 0 && converses)
        o->temperature = config->temperature;
    if (o->n_ctx == 0)
        o->n_ctx = config->n_ctx;
    if (o->sampling.image_rows == 0)
        o->sampling.image_rows = config->image_rows;
    if (o->kv == NULL)
        o->kv = config->kv;
    if (o->n_threads == 0)
        o->n_threads = config->n_threads;
    o->mouse = o->mouse || config->mouse;
}

void options_done(struct options *o)
{
    free(o->files);
    free(o->arguments);
    free(o->loras.texts);
    free(o->tries.texts);
    free(o->stops.texts);
    free(o->dry_breakers.texts);
    free(o->biases.texts);
    o->loras = o->tries = o->stops = o->dry_breakers = o->biases = (struct option_list){ 0 };
    o->files = o->arguments = NULL;
}

int cli_fail(const struct error *err)
{
    fputs("mynah: ", stderr);
    sanitise_write(stderr, err->text, strlen(err->text));
    fputc('\n', stderr);
    return error_exit_status(err->code);
}
