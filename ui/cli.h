/* cli.h - the command line: one table of options and one of commands feed
 * parsing, --help, the man page and the completions of shells.
 *
 *   mynah [COMMAND] [OPTION]... [ARGUMENT]...
 *
 * Exit status: error_exit_status (base/error.h). */
#ifndef UI_CLI_H
#define UI_CLI_H

#include "base/error.h"
#include "fusion/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

struct option_list { const char **texts; size_t n; };

/* What the user asked for; strings are argv's or the config's, lists belong to options_done. */
struct options {
    const struct command *command;
    struct config *config;          /* the settings; options_settle has merged those that are options, too */
    const char *model;              /* manifest name or path */
    const char *mmproj;             /* of a projector: the name of one that the program carries, or a path */
    const char *eyes;               /* "words", "rows", a pair's name or file; NULL: model_paths_projector chooses */
    const char **files;             /* -i and -a, in the order given */
    size_t n_files;
    const char **arguments;         /* what is not an option */
    size_t n_arguments;
    double temperature;             /* negative: not given */
    uint64_t seed;                  /* 0: not given */
    size_t max_tokens, n_threads, n_ctx;    /* 0: not given */
    const char *kv;                 /* "f16", "q8_0"; NULL: not given */
    struct session_settings sampling;       /* what the fields above do not have; as not given where it was not */
    const char *grammar, *json_schema, *tools;      /* files */
    struct option_list tries;       /* models to fetch if that can be done */
    struct option_list loras;       /* FILE or FILE=SCALE */
    struct option_list stops, dry_breakers, biases;     /* biases: TOKEN=BIAS */
    size_t rate, raw_channels;      /* of raw samples on standard input; 0: not given */
    const char *system;
    const char *lang;               /* of the answer */
    const char *language;           /* spoken in a clip */
    const char *format;             /* of a transcript; several with commas */
    const char *out;                /* folder for transcripts */
    size_t beam;                    /* 0: not given */
    const char *prompt, *hotwords;  /* of what is said in a clip */
    const char *kernels;
    const char *microphone;         /* a clip to play in place of the microphone; for `listen` a device's name, too */
    const char *speaker;            /* a file for what would be heard, in place of the loudspeaker */
    const char *engine;             /* "echo" in tests of the chat */
    const char *mode;               /* of the chat: "full", "inline", "plain" */
    const char *theme;
    bool mouse, translate, words, channels, force, times, raw, agree, special, lines, json, quiet, fresh, help, version;
};

typedef int command_run(const struct options *o);

struct command {
    const char *name;               /* "" is the chat: `mynah` alone */
    unsigned bit;                   /* in the option table's set of commands */
    command_run *run;
    const char *arguments;          /* for --help: "FILE..." */
    const char *values;             /* of the arguments, for completion; as in option_row */
    const char *summary;
    const char *detail;             /* further lines of its help; may be NULL */
};

extern const struct command commands[];     /* the first is the chat; ends with a NULL name */

command_run cmd_chat, cmd_ask, cmd_describe, cmd_transcribe, cmd_listen, cmd_pull, cmd_models, cmd_doctor, cmd_bench, cmd_quantize, cmd_tokenize, cmd_embed, cmd_help, cmd_completion;

enum option_kind {
    OPTION_FLAG, OPTION_TEXT, OPTION_FILES, OPTION_COUNT, OPTION_SEED, OPTION_NUMBER,
    OPTION_WORD,                    /* one of `values` */
    OPTION_WORDS,                   /* some of them, with commas */
    OPTION_SELF,                    /* no value: its name is the value */
    OPTION_LIST,                    /* may be repeated */
    OPTION_SETTING,                 /* a number of ui/settings.h, by that name or `values` */
    OPTION_HEADING                  /* none: the name stands above those that follow, in help */
};

struct option_row {
    const char *name;
    char letter;                    /* 0: none */
    enum option_kind kind;
    size_t field;                   /* offset in struct options */
    unsigned commands;              /* bits of those that have it */
    const char *argument, *summary; /* no summary: not listed */
    const char *values;             /* words, VALUES_FILE, VALUES_MODEL, VALUES_TEXT_MODEL, VALUES_PROJECTOR or VALUES_EYES; NULL: free */
};

#define VALUES_FILE "<file>"
#define VALUES_MODEL "<model>"
#define VALUES_TEXT_MODEL "<text model>"    /* or a file */
#define VALUES_PROJECTOR "<projector>"      /* or a file */
#define VALUES_EYES "<eyes>"                /* words, rows, a pair or a file */

extern const struct option_row option_rows[];   /* ends with a NULL name */
static inline bool option_takes_value(const struct option_row *row) { return row->kind != OPTION_FLAG && row->kind != OPTION_SELF && row->kind != OPTION_HEADING; }

/* NULL: there is none of that name. */
const struct command *command_find(const char *name);

/* ERROR_USAGE names the option and what it takes.  o is to be released in any case. */
bool options_parse(int argc, char **argv, struct options *o, struct error *err);
/* What was not given comes from the settings, which o then borrows from. */
void options_settle(struct options *o, struct config *config);
void options_done(struct options *o);

/* Made from the tables, to stdout: the help of one command; the manual page (man(7));
 * a completion script for "bash", "zsh" or "fish". */
void cli_help(const struct command *command);
void cli_man(void);
void cli_completion(const char *shell);

/* Exit statuses by cause; NULL ends it. */
struct exit_row { int status; const char *cause; };
extern const struct exit_row exit_rows[];

/* Prints "mynah: TEXT" to stderr, control characters made visible, and returns
 * the exit status. */
int cli_fail(const struct error *err);

#endif
