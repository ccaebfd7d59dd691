#include "ui/cli.h"

#include "ui/sanitise.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHAT = 1, ASK = 2, DESCRIBE = 4, TRANSCRIBE = 8, PULL = 16, MODELS = 32, DOCTOR = 64, BENCH = 128,
    ANSWERS = CHAT | ASK | DESCRIBE, ALL = 255
};

const struct command commands[] = {
    { "", CHAT, cmd_chat, "", "open the chat", NULL },
    { "ask", ASK, cmd_ask, "PROMPT", "answer one prompt, perhaps about images and clips",
      "PROMPT - is read from standard input.  The answer goes to standard output." },
    { "describe", DESCRIBE, cmd_describe, "FILE...", "describe images, a sentence each", NULL },
    { "transcribe", TRANSCRIBE, cmd_transcribe, "FILE...", "write down what is said in clips", NULL },
    { "pull", PULL, cmd_pull, "[NAME...]", "fetch models; without a name, what the three jobs need", NULL },
    { "models", MODELS, cmd_models, "", "list the known models and which are here", NULL },
    { "doctor", DOCTOR, cmd_doctor, "", "say what is found, what is missing and what to do", NULL },
    { "bench", BENCH, cmd_bench, "", "measure the speed of this machine with a model", NULL },
    { NULL, 0, NULL, NULL, NULL, NULL }
};

enum option_kind { FLAG, TEXT, FILES, COUNT, SEED, NUMBER };

#define AT(field) offsetof(struct options, field)

static const struct option_row {
    const char *name;
    char letter;                    /* 0: none */
    enum option_kind kind;
    size_t field;
    unsigned commands;
    const char *argument, *summary; /* no summary: not listed */
} rows[] = {
    { "model", 'm', TEXT, AT(model), ANSWERS | BENCH | DOCTOR, "MODEL", "text model: a name of `mynah models` or a GGUF file (default: default)" },
    { "image", 'i', FILES, 0, ASK, "FILE", "attach an image; may be repeated" },
    { "audio", 'a', FILES, 0, ASK, "FILE", "attach a clip; may be repeated" },
    { "temp", 0, NUMBER, AT(temperature), ANSWERS, "T", "sampling temperature; 0 is greedy" },
    { "seed", 0, SEED, AT(seed), ANSWERS, "N", "seed of the sampler, for repeatable answers" },
    { "max-tokens", 'n', COUNT, AT(max_tokens), ANSWERS, "MAX", "end an answer after MAX tokens" },
    { "lang", 0, TEXT, AT(lang), DESCRIBE, "L", "language of the description, such as en or ko (default: the locale's)" },
    { "format", 0, TEXT, AT(format), TRANSCRIBE, "F", "txt (words only), json, or for one clip srt, vtt (default: txt)" },
    { "language", 0, TEXT, AT(language), CHAT | ASK | TRANSCRIBE, "L", "language spoken in clips (default: detected)" },
    { "translate", 0, FLAG, AT(translate), TRANSCRIBE, NULL, "translate speech into English" },
    { "json", 0, FLAG, AT(json), ASK | DESCRIBE | TRANSCRIBE | MODELS, NULL, "one JSON object a line, with what was perceived and timings" },
    { "new", 0, FLAG, AT(fresh), CHAT, NULL, "start afresh instead of resuming the last conversation" },
    { "microphone", 0, TEXT, AT(microphone), CHAT, "FILE", "play FILE in place of the microphone" },
    { "engine", 0, TEXT, AT(engine), CHAT, "NAME", NULL },
    { "system", 0, TEXT, AT(system), ANSWERS, "TEXT", "system text in place of mynah's own" },
    { "context", 'c', COUNT, AT(n_ctx), ANSWERS | BENCH, "N", "context in tokens (default: 8192, or the model's own if less)" },
    { "threads", 't', COUNT, AT(n_threads), ALL & ~(PULL | MODELS), "N", "threads (default: one per core)" },
    { "kernels", 0, TEXT, AT(kernels), ALL & ~(PULL | MODELS), "NAME", "kernel variant: ref, avx2, ... (default: the best here)" },
    { "quiet", 'q', FLAG, AT(quiet), ALL, NULL, "no progress or notes on standard error" },
    { "version", 0, FLAG, AT(version), ALL, NULL, "print the version" },
    { "help", 'h', FLAG, AT(help), ALL, NULL, "print this help" },
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

static const struct command *find_command(const char *name)
{
    for (const struct command *c = commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
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

static bool store(struct options *o, const struct option_row *row, const char *text, struct error *err)
{
    void *field = (char *)o + row->field;
    char *end = NULL;

    errno = 0;
    switch (row->kind) {
    case FLAG:
        *(bool *)field = true;
        return true;
    case TEXT:
        *(const char **)field = text;
        return true;
    case FILES:
        return push(&o->files, &o->n_files, text, err);
    case NUMBER:
        *(double *)field = strtod(text, &end);
        if (end == text || *end != '\0' || !isfinite(*(double *)field) || *(double *)field < 0)
            return error_set(err, ERROR_USAGE, "--%s takes a number of 0 or more, not '%s'", row->name, text);
        return true;
    case COUNT:
    case SEED:
        break;
    }
    unsigned long long value = strtoull(text, &end, 10);
    bool is_count = row->kind == COUNT;
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || (is_count && (value == 0 || value > 1u << 30)))
        return error_set(err, ERROR_USAGE, "--%s takes a whole number%s, not '%s'", row->name,
                         is_count ? " of 1 or more" : "", text);
    if (is_count)
        *(size_t *)field = (size_t)value;
    else
        *(uint64_t *)field = value;
    return true;
}

/* getopt's two forms of the rows that this command has; longs[N_ROWS + 1], shorts[2 * N_ROWS + 2]. */
static void getopt_tables(const struct command *command, struct option *longs, char *shorts)
{
    *shorts++ = ':';
    for (size_t i = 0; i < N_ROWS; i++) {
        if (!(rows[i].commands & command->bit))
            continue;
        bool takes = rows[i].kind != FLAG;
        *longs++ = (struct option){ rows[i].name, takes ? required_argument : no_argument, NULL, 256 + (int)i };
        if (rows[i].letter != 0) {
            *shorts++ = rows[i].letter;
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
        return &rows[code - 256];
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].letter == code)
            return &rows[i];
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

    if (*name == '\0' && find_command(word) != NULL)
        return error_set(err, ERROR_USAGE, "the command comes before its options: mynah %s ...", word);
    return error_set(err, ERROR_USAGE, "`mynah%s%s` takes no argument, '%s' was given", *name ? " " : "", name, word);
}

bool options_parse(int argc, char **argv, struct options *o, struct error *err)
{
    struct option longs[N_ROWS + 1];
    char shorts[2 * N_ROWS + 2];
    int code;

    *o = (struct options){ .command = &commands[0], .model = "default", .temperature = -1 };
    if (argc > 1 && argv[1][0] != '-') {
        o->command = find_command(argv[1]);
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
        if (!store(o, row, optarg, err))
            return false;
    }
    for (int i = optind; i < argc; i++)
        if (!push(&o->arguments, &o->n_arguments, argv[i], err))
            return false;
    if (o->n_arguments > 0 && *o->command->arguments == '\0' && !o->help && !o->version)
        return no_arguments(o, err);
    return true;
}

void options_done(struct options *o)
{
    free(o->files);
    free(o->arguments);
    o->files = o->arguments = NULL;
}

static void print_options(const struct command *command)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        char left[64];
        if (!(rows[i].commands & command->bit) || rows[i].summary == NULL)
            continue;
        snprintf(left, sizeof left, "%c%c%s --%s %s", rows[i].letter ? '-' : ' ', rows[i].letter ? rows[i].letter : ' ',
                 rows[i].letter ? "," : " ", rows[i].name, rows[i].argument ? rows[i].argument : "");
        printf("  %-24s %s\n", left, rows[i].summary);
    }
}

void cli_help(const struct command *command)
{
    printf("Usage: mynah%s%s [OPTION]... %s\n\n", *command->name ? " " : "", command->name, command->arguments);
    if (*command->name == '\0') {
        puts("An assistant that chats, describes images and transcribes clips, on this machine alone.\n\nCommands:");
        for (const struct command *c = commands + 1; c->name != NULL; c++)
            printf("  mynah %-10s %-10s  %s\n", c->name, c->arguments, c->summary);
        puts("  mynah                        open the chat\n\nOptions of the chat (`mynah COMMAND --help` for the others):");
    } else {
        printf("%c%s.\n%s%s\nOptions:\n", command->summary[0] - 'a' + 'A', command->summary + 1,
               command->detail ? command->detail : "", command->detail ? "\n" : "");
    }
    print_options(command);
    puts("\nExit status: 0 done, 2 usage, 3 input cannot be read, 4 model missing or invalid,\n"
         "5 inference failed, 6 a pull failed, 130 cancelled.");
}

int cli_fail(const struct error *err)
{
    fputs("mynah: ", stderr);
    sanitise_write(stderr, err->text, strlen(err->text));
    fputc('\n', stderr);
    return error_exit_status(err->code);
}
