/* cli_help.c - the tables of the command line as help and as a manual page. */
#include "ui/cli.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const struct exit_row exit_rows[] = {
    { 0, "done" },
    { 2, "the command line is wrong" },
    { 3, "a file or standard input cannot be read, or is refused" },
    { 4, "a model is missing, damaged or not supported" },
    { 5, "the computation failed: memory, a context that is too small, output that cannot be written" },
    { 6, "a pull failed: network, disk or checksum" },
    { 130, "cancelled by Ctrl-C; what came of the answer was printed" },
    { 141, "the reader of standard output went away (SIGPIPE), as `| head` does" },
    { 143, "cancelled by SIGTERM" },
    { 0, NULL }
};

static void print_options(const struct command *command)
{
    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        char left[64];
        if ((row->commands & command->bit) && row->kind == OPTION_HEADING)
            printf("\n%s:\n", row->name);
        if (!(row->commands & command->bit) || row->summary == NULL)
            continue;
        snprintf(left, sizeof left, "%c%c%s --%s %s", row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
                 row->letter ? "," : " ", row->name, row->argument ? row->argument : "");
        printf("  %-24s %s\n", left, row->summary);
    }
}

void cli_help(const struct command *command)
{
    printf("Usage: mynah%s%s [OPTION]... %s\n\n", *command->name ? " " : "", command->name, command->arguments);
    if (*command->name == '\0') {
        puts("An assistant that chats, describes images and transcribes clips, on this machine alone.\n\nCommands:");
        for (const struct command *c = commands + 1; c->name != NULL; c++)
            printf("  mynah %-10s %-17s  %s\n", c->name, c->arguments, c->summary);
        puts("  mynah                               open the chat\n\nOptions of the chat (`mynah COMMAND --help` for the others):");
    } else {
        printf("%c%s.\n%s%s\nOptions:\n", toupper((unsigned char)command->summary[0]), command->summary + 1,
               command->detail ? command->detail : "", command->detail ? "\n" : "");
    }
    print_options(command);
    puts("\nExit status:");
    for (const struct exit_row *row = exit_rows; row->cause != NULL; row++)
        printf("  %3d  %s\n", row->status, row->cause);
}

/* ---- the manual page, man(7) ------------------------------------------------------ */

/* Text of the tables as roff: nothing in it is a request or an escape. */
static void roff(const char *text)
{
    for (bool at_start = true; *text != '\0'; at_start = *text++ == '\n') {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

static void man_option(const struct option_row *row)
{
    printf(".TP\n\\fB");
    if (row->letter != 0)
        printf("\\-%c\\fR, \\fB", row->letter);
    roff("--");
    roff(row->name);
    printf("\\fR%s\\fI%s\\fR\n", row->argument ? " " : "", row->argument ? row->argument : "");
    roff(row->summary);
    putchar('\n');
}

static void man_heading(const struct option_row *row)
{
    puts(".PP");
    roff(row->name);
    puts(":");
}

static void man_command(const struct command *c)
{
    printf(".SS mynah %s [OPTION]... ", c->name);
    roff(c->arguments);
    printf("\n%c", toupper((unsigned char)c->summary[0]));
    roff(c->summary + 1);
    puts(".");
    if (c->detail != NULL) {
        puts(".br");
        roff(c->detail);
        putchar('\n');
    }
    for (const struct option_row *row = option_rows; row->name != NULL; row++)
        if ((row->commands & c->bit) && row->kind == OPTION_HEADING)
            man_heading(row);
        else if ((row->commands & c->bit) && row->summary != NULL && strcmp(row->name, "help") != 0 && strcmp(row->name, "version") != 0)
            man_option(row);
}

void cli_man(void)
{
    puts(".TH MYNAH 1\n.SH NAME\nmynah \\- chat, describe images and transcribe clips on this machine alone\n"
         ".SH SYNOPSIS\n.B mynah\n[COMMAND] [OPTION]... [ARGUMENT]...\n"
         ".SH DESCRIPTION\nWithout a command, mynah opens a chat in the terminal; F1 or /help in it tells its keys and commands.\n"
         "All models run on the processor of this machine; only\n.B mynah pull\nuses the network.\n"
         "Standard output holds the answer and nothing else; progress, notes and errors go to standard error.\n"
         ".SH COMMANDS");
    for (const struct command *c = commands; c->name != NULL; c++)
        man_command(c);
    puts(".SH \"EXIT STATUS\"");
    for (const struct exit_row *row = exit_rows; row->cause != NULL; row++) {
        printf(".TP\n%d\n", row->status);
        roff(row->cause);
        putchar('\n');
    }
    puts(".SH FILES\n.TP\n.I $XDG_CONFIG_HOME/mynah/config\nSettings, a commented file of name = value; the command line wins over it.\n"
         ".TP\n.I $XDG_DATA_HOME/mynah/sessions.db\nConversations.\n"
         ".TP\n.I $XDG_DATA_HOME/mynah/models\nModels.\n"
         ".SH ENVIRONMENT\n.TP\n.B MYNAH_MODELS\nFolder of the models in place of the one above.\n"
         ".TP\n.B NO_COLOR\nWhen set and not empty, the chat uses no colours.\n"
         ".TP\n.B TMPDIR\nWhere files that come by standard input are kept while they are read; they have no name there.");
}
