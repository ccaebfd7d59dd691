/* log.h - diagnostics for people: what the program does, never an answer.
 *
 * Code below ui/ neither prints nor exits; it logs.  ui/ installs the sink
 * once at start, before other threads run (stderr in the command line, a file
 * in the chat); without one, messages are dropped.  Any thread may log; calls
 * of the sink do not overlap. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING };

/* text: one line without a newline, good only during the call. */
typedef void log_sink(void *user, enum log_level level, const char *text);

void log_to(log_sink *sink, void *user, enum log_level least);
void log_write(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define log_debug(...)   log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)

#endif
