/* main.c - the program: parse, dispatch, exit status. */
#include "ui/cli.h"

#include <stdio.h>

#define VERSION "0.1.0"

int main(int argc, char **argv)
{
    struct options options;
    struct error err;
    int status = 0;

    if (!options_parse(argc, argv, &options, &err))
        status = cli_fail(&err);
    else if (options.help)
        cli_help(options.command);
    else if (options.version)
        puts("mynah " VERSION);
    else
        status = options.command->run(&options);
    options_done(&options);
    return status;
}
