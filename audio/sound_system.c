#include "audio/sound_system.h"

#include <dlfcn.h>
#include <portaudio.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define ALSA_ERRORS_MOST 200        /* that are logged */

typedef void alsa_handler(const char *file, int line, const char *function, int code, const char *format, ...);
typedef int set_alsa_handler(alsa_handler *handler);

/* A handler is given no argument; one of a device that fails for each sample would fill the disk. */
static atomic_uint n_alsa_errors;

static void __attribute__((format(printf, 5, 6)))
on_alsa_error(const char *file, int line, const char *function, int code, const char *format, ...)
{
    char text[240];
    va_list args;
    (void)file, (void)line, (void)code;

    if (atomic_fetch_add(&n_alsa_errors, 1) >= ALSA_ERRORS_MOST)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_info("ALSA: %s: %s", function, text);
}

/* ALSA's library is there when PortAudio brought it, and need not be; so it is not linked to. */
static void quieten_alsa(void)
{
    void *found = dlsym(RTLD_DEFAULT, "snd_lib_error_set_handler");
    set_alsa_handler *set;

    memcpy(&set, &found, sizeof set);
    if (found != NULL)
        set(on_alsa_error);
}

bool sound_system_start(struct error *err)
{
    quieten_alsa();
    PaError failed = Pa_Initialize();

    return failed == paNoError || error_set(err, ERROR_INPUT, "the sound system does not start: %s", Pa_GetErrorText(failed));
}
