/* cmd_help.c - `mynah help [COMMAND | man]` and `mynah completion SHELL`: what the tables say. */
#include "ui/cli.h"

#include <string.h>

int cmd_help(const struct options *o)
{
    struct error err;
    const char *name = o->n_arguments > 0 ? o->arguments[0] : "";
    const struct command *command = command_find(name);

    if (o->n_arguments > 1 || (command == NULL && strcmp(name, "man") != 0)) {
        error_set(&err, ERROR_USAGE, "`mynah help` takes one command or man, not '%s'", o->arguments[o->n_arguments - 1]);
        return cli_fail(&err);
    }
    if (command != NULL)
        cli_help(command);
    else
        cli_man();
    return 0;
}

int cmd_completion(const struct options *o)
{
    struct error err;
    const char *shell = o->n_arguments == 1 ? o->arguments[0] : "";

    if (strcmp(shell, "bash") != 0 && strcmp(shell, "zsh") != 0 && strcmp(shell, "fish") != 0) {
        error_set(&err, ERROR_USAGE, "`mynah completion` takes one shell: bash, zsh or fish");
        return cli_fail(&err);
    }
    cli_completion(shell);
    return 0;
}
