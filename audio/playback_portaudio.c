/* playback_portaudio.c - the default output device. */
#include "audio/playback_sink.h"

#include <portaudio.h>
#include <stdlib.h>

#include "audio/divert.h"
#include "audio/sound_system.h"
#include "base/log.h"

#define MAX_CHANNELS 64             /* of those that a device insists on */
#define SPREAD_FRAMES 256

struct device_sink {
    struct playback_sink sink;
    struct feed *feed;
    PaStream *stream;
    size_t n_channels;
};

static int on_room(const void *input, void *output, unsigned long n_frames, const PaStreamCallbackTimeInfo *time,
                   PaStreamCallbackFlags flags, void *user)
{
    struct device_sink *d = user;
    float *out = output, mono[SPREAD_FRAMES];
    bool more = true;
    size_t n_taken;
    (void)input, (void)time, (void)flags;

    for (unsigned long at = 0; at < n_frames; at += SPREAD_FRAMES) {
        unsigned long n = n_frames - at < SPREAD_FRAMES ? n_frames - at : SPREAD_FRAMES;
        more = feed_take(d->feed, mono, n, &n_taken);
        for (unsigned long i = 0; i < n; i++)
            for (size_t j = 0; j < d->n_channels; j++)
                *out++ = mono[i];
    }
    return more ? paContinue : paComplete;      /* what was given is still heard */
}

static PaError try_stream(struct device_sink *d, PaDeviceIndex device, const PaDeviceInfo *info, double hz, int n_channels)
{
    PaStreamParameters out = { device, n_channels, paFloat32, info->defaultHighOutputLatency, NULL };

    if (n_channels < 1 || n_channels > info->maxOutputChannels || n_channels > MAX_CHANNELS)
        return paInvalidChannelCount;
    d->n_channels = (size_t)n_channels;
    d->sink.hz = (int)hz;
    return Pa_OpenStream(&d->stream, NULL, &out, hz, paFramesPerBufferUnspecified, paNoFlag, on_room, d);
}

/* The clip's own rate saves resampling; else what the device likes. */
static PaError open_stream(struct device_sink *d, PaDeviceIndex device, const PaDeviceInfo *info, int hz)
{
    double rates[] = { hz, info->defaultSampleRate, 48000, 44100 };
    int channels[] = { 1, 2, info->maxOutputChannels };
    PaError failed = paInvalidDevice;

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (size_t j = 0; j < sizeof channels / sizeof *channels; j++)
            if ((failed = try_stream(d, device, info, rates[i], channels[j])) == paNoError)
                return Pa_StartStream(d->stream);
    return failed;
}

static bool open_device(struct device_sink *d, int hz, struct error *err)
{
    PaError failed;

    if (!sound_system_start(err))
        return false;
    PaDeviceIndex device = Pa_GetDefaultOutputDevice();
    const PaDeviceInfo *info = device == paNoDevice ? NULL : Pa_GetDeviceInfo(device);
    if (info == NULL)
        error_set(err, ERROR_INPUT, "nothing here plays sound: connect headphones or a loudspeaker");
    else if ((failed = open_stream(d, device, info, hz)) != paNoError)
        error_set(err, ERROR_INPUT, "\"%s\" cannot be opened to play sound: %s", info->name, Pa_GetErrorText(failed));
    else {
        log_info("playing to %s at %d Hz", info->name, d->sink.hz);
        return true;
    }
    if (d->stream != NULL)
        Pa_CloseStream(d->stream);
    Pa_Terminate();
    return false;
}

static bool device_ended(struct playback_sink *s)
{
    return Pa_IsStreamActive(((struct device_sink *)s)->stream) != 1;
}

static void device_close(struct playback_sink *s)
{
    struct device_sink *d = (struct device_sink *)s;
    struct diversion diversion = divert_begin();

    Pa_AbortStream(d->stream);
    Pa_CloseStream(d->stream);
    Pa_Terminate();
    divert_end(diversion, "sound system");
    free(d);
}

struct playback_sink *playback_portaudio_open(int hz, struct feed *feed, struct error *err)
{
    struct device_sink *d = calloc(1, sizeof *d);

    if (d == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to play");
        return NULL;
    }
    d->sink = (struct playback_sink){ 0, device_ended, device_close };
    d->feed = feed;
    struct diversion diversion = divert_begin();
    bool ok = open_device(d, hz, err);
    divert_end(diversion, "sound system");
    if (ok)
        return &d->sink;
    free(d);
    return NULL;
}
