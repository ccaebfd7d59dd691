/* main.c - the program: parse, dispatch, exit status. */
#include "ui/cli.h"
#include "ui/config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VERSION "0.1.0"

/* A standard stream that the caller closed would be the number of the next file opened.
 * The wrong direction makes its use fail, as it would have. */
static void fill_standard_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(error_exit_status(ERROR_USAGE));
}

/* An answer that did not arrive (a full disk, a closed stream) is a failure. */
static int close_output(int status)
{
    struct error err;
    bool lost = ferror(stdout) != 0;

    if (status == 128 + SIGPIPE)    /* the chat of lines, which saves before it ends */
        return status;
    errno = 0;
    if (fclose(stdout) == 0 && !lost)
        return status;
    error_set(&err, ERROR_INFERENCE, "standard output cannot be written%s%s", errno != 0 ? ": " : "",
              errno != 0 ? strerror(errno) : "");
    return status != 0 ? status : cli_fail(&err);
}

/* A wrong line of the settings is told of; the chat and the doctor have their own place for it. */
static void warn_of(const struct config *config, const struct options *o)
{
    bool tells = o->command->run == cmd_chat || o->command->run == cmd_doctor;

    if (config->n_problems > 0 && !tells && !o->quiet)
        cli_fail(&config->problems);
}

static int run(struct options *o)
{
    struct config config;

    config_init(&config);
    config_load(&config, NULL);
    options_settle(o, &config);
    warn_of(&config, o);
    int status = o->command->run(o);
    config_done(&config);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct error err;
    int status = 0;

    fill_standard_streams();
    signal(SIGPIPE, SIG_DFL);       /* the caller may have had it ignored; `| head` is to end an answer */
    if (!options_parse(argc, argv, &options, &err))
        status = cli_fail(&err);
    else if (options.help)
        cli_help(options.command);
    else if (options.version)
        puts("mynah " VERSION);
    else
        status = run(&options);
    options_done(&options);
    return close_output(status);
}
