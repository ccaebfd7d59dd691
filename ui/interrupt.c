#include "ui/interrupt.h"

#include <signal.h>
#include <stddef.h>

enum { N_SIGNALS = 3 };

static const int signals[N_SIGNALS] = { SIGINT, SIGTERM, SIGHUP };

/* What a handler can reach: it has no argument of ours. */
static volatile sig_atomic_t noted;
static struct sigaction before[N_SIGNALS];

static void note(int number)
{
    noted = number;
}

void interrupt_catch(void)
{
    struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };

    noted = 0;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &action, &before[i]);
    if (before[N_SIGNALS - 1].sa_handler == SIG_IGN)    /* nohup: it goes on without its terminal */
        sigaction(SIGHUP, &before[N_SIGNALS - 1], NULL);
}

void interrupt_restore(void)
{
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

int interrupt_number(void)
{
    return noted;
}
