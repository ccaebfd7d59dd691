/* cli.h - the command line: one table of options and one of commands feed
 * parsing and --help.
 *
 *   mynah [COMMAND] [OPTION]... [ARGUMENT]...
 *
 * Exit status: error_exit_status (base/error.h). */
#ifndef UI_CLI_H
#define UI_CLI_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the user asked for; strings are argv's, lists belong to options_done. */
struct options {
    const struct command *command;
    const char *model;              /* manifest name or path; "default" unless given */
    const char **files;             /* -i and -a, in the order given */
    size_t n_files;
    const char **arguments;         /* what is not an option */
    size_t n_arguments;
    double temperature;             /* negative: not given */
    uint64_t seed;                  /* 0: not given */
    size_t max_tokens, n_threads, n_ctx;    /* 0: not given */
    const char *system;
    const char *lang;               /* of the answer */
    const char *language;           /* spoken in a clip */
    const char *format;             /* of a transcript */
    const char *kernels;
    const char *microphone;         /* a clip to play in place of the microphone */
    const char *engine;             /* "echo" in tests of the chat */
    bool translate, json, quiet, fresh, help, version;
};

typedef int command_run(const struct options *o);

struct command {
    const char *name;               /* "" is the chat: `mynah` alone */
    unsigned bit;                   /* in the option table's set of commands */
    command_run *run;
    const char *arguments;          /* for --help: "FILE..." */
    const char *summary;
    const char *detail;             /* further lines of its help; may be NULL */
};

extern const struct command commands[];     /* ends with a NULL name */

command_run cmd_chat, cmd_ask, cmd_describe, cmd_transcribe, cmd_pull, cmd_models, cmd_doctor, cmd_bench;

/* ERROR_USAGE names the option and what it takes.  o is to be released in any case. */
bool options_parse(int argc, char **argv, struct options *o, struct error *err);
void options_done(struct options *o);

/* The help of one command, made from the tables, to stdout. */
void cli_help(const struct command *command);

/* Prints "mynah: TEXT" to stderr, control characters made visible, and returns
 * the exit status. */
int cli_fail(const struct error *err);

#endif
