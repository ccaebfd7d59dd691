/* capture_portaudio.c - the input devices. */
#include "audio/capture_source.h"

#include <portaudio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "audio/divert.h"
#include "audio/sound_system.h"
#include "base/log.h"

#define MAX_CHANNELS 64             /* of those that a device insists on */
#define MIX_FRAMES 256

struct device_source {
    struct capture_source source;
    struct ring *ring;
    PaStream *stream;
    unsigned n_channels;
};

/* The mean of the channels, as files are mixed. */
static void mix(const float *x, unsigned n_channels, float *mono, unsigned long n)
{
    for (unsigned long i = 0; i < n; i++) {
        float sum = 0.0f;
        for (unsigned j = 0; j < n_channels; j++)
            sum += x[i * n_channels + j];
        mono[i] = sum / (float)n_channels;
    }
}

static int on_samples(const void *input, void *output, unsigned long n_frames, const PaStreamCallbackTimeInfo *time,
                      PaStreamCallbackFlags flags, void *user)
{
    struct device_source *d = user;
    const float *x = input;
    float mono[MIX_FRAMES];
    (void)output, (void)time, (void)flags;

    for (unsigned long at = 0; x != NULL && at < n_frames; at += MIX_FRAMES) {
        unsigned long n = n_frames - at < MIX_FRAMES ? n_frames - at : MIX_FRAMES;
        mix(x + at * d->n_channels, d->n_channels, mono, n);
        ring_write(d->ring, mono, n);
    }
    return paContinue;
}

static PaError try_stream(struct device_source *d, PaDeviceIndex device, const PaDeviceInfo *info, double hz, int n_channels)
{
    PaStreamParameters in = { device, n_channels, paFloat32, info->defaultHighInputLatency, NULL };

    if (n_channels < 1 || n_channels > info->maxInputChannels || n_channels > MAX_CHANNELS)
        return paInvalidChannelCount;
    d->n_channels = (unsigned)n_channels;
    d->source.hz = (int)hz;
    return Pa_OpenStream(&d->stream, &in, NULL, hz, paFramesPerBufferUnspecified, paClipOff, on_samples, d);
}

/* 16 kHz saves resampling, one channel mixing; else what the device likes. */
static PaError open_stream(struct device_source *d, PaDeviceIndex device, const PaDeviceInfo *info)
{
    double rates[] = { AUDIO_HZ, info->defaultSampleRate, 48000, 44100 };
    int channels[] = { 1, 2, info->maxInputChannels };
    PaError failed = paInvalidDevice;

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (size_t j = 0; j < sizeof channels / sizeof *channels; j++)
            if ((failed = try_stream(d, device, info, rates[i], channels[j])) == paNoError)
                return Pa_StartStream(d->stream);
    return failed;
}

/* One of just that name comes before those that have it as a part: "default" is in "sysdefault". */
static PaDeviceIndex find_device(const char *name)
{
    PaDeviceIndex found = paNoDevice;

    if (name == NULL || *name == '\0')
        return Pa_GetDefaultInputDevice();
    for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = Pa_GetDeviceInfo(i);
        if (info == NULL || info->maxInputChannels <= 0)
            continue;
        if (strcasecmp(info->name, name) == 0)
            return i;
        if (found == paNoDevice && strcasestr(info->name, name) != NULL)
            found = i;
    }
    return found;
}

static void write_names(FILE *to)
{
    PaDeviceIndex first = Pa_GetDefaultInputDevice();

    if (first != paNoDevice)
        fprintf(to, "%s\n", Pa_GetDeviceInfo(first)->name);
    for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); i++)
        if (i != first && Pa_GetDeviceInfo(i)->maxInputChannels > 0)
            fprintf(to, "%s\n", Pa_GetDeviceInfo(i)->name);
}

char *capture_devices(struct error *err)
{
    struct diversion diversion = divert_begin();
    char *names = NULL;
    size_t n;

    if (sound_system_start(err)) {
        FILE *to = open_memstream(&names, &n);
        if (to != NULL) {
            write_names(to);
            fclose(to);
        }
        if (names == NULL)
            error_set(err, ERROR_INFERENCE, "no memory for the names of devices");
        Pa_Terminate();
    }
    divert_end(diversion, "sound system");
    return names;
}

static bool open_device(struct device_source *d, const char *name, struct error *err)
{
    PaError failed;

    if (!sound_system_start(err))
        return false;
    PaDeviceIndex device = find_device(name);
    const PaDeviceInfo *info = device == paNoDevice ? NULL : Pa_GetDeviceInfo(device);
    if (info == NULL && name != NULL && *name != '\0')
        error_set(err, ERROR_INPUT, "no microphone has \"%s\" in its name; /microphone and `mynah doctor` list them", name);
    else if (info == NULL)
        error_set(err, ERROR_INPUT, "no microphone was found: connect one, or attach a recorded file");
    else if ((failed = open_stream(d, device, info)) != paNoError)
        error_set(err, ERROR_INPUT, "the microphone \"%s\" cannot be opened: %s", info->name, Pa_GetErrorText(failed));
    else {
        log_info("recording from %s at %d Hz", info->name, d->source.hz);
        return true;
    }
    if (d->stream != NULL)
        Pa_CloseStream(d->stream);
    Pa_Terminate();
    return false;
}

/* A device that is unplugged stops its stream; where it does not, no samples come any more (capture.c). */
static bool device_ended(struct capture_source *s)
{
    return Pa_IsStreamActive(((struct device_source *)s)->stream) != 1;
}

static void device_close(struct capture_source *s)
{
    struct device_source *d = (struct device_source *)s;
    struct diversion diversion = divert_begin();

    Pa_AbortStream(d->stream);      /* what is not in the ring yet came after the end; a device that is gone never drains */
    Pa_CloseStream(d->stream);
    Pa_Terminate();
    divert_end(diversion, "sound system");
    free(d);
}

struct capture_source *capture_portaudio_open(const char *device, struct ring *ring, struct error *err)
{
    struct device_source *d = calloc(1, sizeof *d);

    if (d == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to record");
        return NULL;
    }
    d->source = (struct capture_source){ 0, device_ended, device_close };
    d->ring = ring;
    struct diversion diversion = divert_begin();
    bool ok = open_device(d, device, err);
    divert_end(diversion, "sound system");
    if (ok)
        return &d->source;
    free(d);
    return NULL;
}
