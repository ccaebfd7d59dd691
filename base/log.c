#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* The sink is set once before threads start; the lock keeps lines whole. */
static struct {
    log_sink *sink;
    void *user;
    enum log_level least;
} target;
static pthread_mutex_t one_line = PTHREAD_MUTEX_INITIALIZER;

void log_to(log_sink *sink, void *user, enum log_level least)
{
    pthread_mutex_lock(&one_line);
    target.sink = sink;
    target.user = user;
    target.least = least;
    pthread_mutex_unlock(&one_line);
}

void log_write(enum log_level level, const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    pthread_mutex_lock(&one_line);
    if (target.sink != NULL && level >= target.least)
        target.sink(target.user, level, line);
    pthread_mutex_unlock(&one_line);
}
