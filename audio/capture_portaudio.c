/* capture_portaudio.c - the input devices.
 *
 * PortAudio's host interfaces (ALSA above all) write to standard error while they
 * look for devices, which would land in the middle of the chat (PortAudio issues
 * 163, 555).  So descriptor 2 leads to a file in memory meanwhile, and what was
 * written is logged. */
#include "audio/capture_source.h"

#include <portaudio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "audio/divert.h"
#include "base/log.h"

#define MAX_CHANNELS 2              /* a device without a mono mode is opened in stereo */
#define MIX_FRAMES 256

struct device_source {
    struct capture_source source;
    struct ring *ring;
    PaStream *stream;
    unsigned n_channels;
};

static int on_samples(const void *input, void *output, unsigned long n_frames, const PaStreamCallbackTimeInfo *time,
                      PaStreamCallbackFlags flags, void *user)
{
    struct device_source *d = user;
    const float *x = input;
    float mono[MIX_FRAMES];
    (void)output, (void)time, (void)flags;

    if (x == NULL)
        return paContinue;
    if (d->n_channels == 1) {
        ring_write(d->ring, x, n_frames);
        return paContinue;
    }
    for (unsigned long at = 0; at < n_frames; at += MIX_FRAMES) {
        unsigned long n = n_frames - at < MIX_FRAMES ? n_frames - at : MIX_FRAMES;
        for (unsigned long i = 0; i < n; i++)
            mono[i] = 0.5f * (x[2 * (at + i)] + x[2 * (at + i) + 1]);
        ring_write(d->ring, mono, n);
    }
    return paContinue;
}

/* 16 kHz saves resampling; else what the device likes. */
static PaError open_stream(struct device_source *d, PaDeviceIndex device, const PaDeviceInfo *info)
{
    double rates[] = { AUDIO_HZ, info->defaultSampleRate, 48000, 44100 };
    PaError failed = paInvalidDevice;

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (unsigned n = 1; n <= MAX_CHANNELS; n++) {
            PaStreamParameters in = { device, (int)n, paFloat32, info->defaultHighInputLatency, NULL };
            d->n_channels = n;
            d->source.hz = (int)rates[i];
            failed = Pa_OpenStream(&d->stream, &in, NULL, rates[i], paFramesPerBufferUnspecified, paClipOff, on_samples, d);
            if (failed == paNoError)
                return Pa_StartStream(d->stream);
        }
    return failed;
}

static bool start_system(struct error *err)
{
    PaError failed = Pa_Initialize();

    return failed == paNoError || error_set(err, ERROR_INPUT, "the sound system does not start: %s", Pa_GetErrorText(failed));
}

static PaDeviceIndex find_device(const char *name)
{
    if (name == NULL || *name == '\0')
        return Pa_GetDefaultInputDevice();
    for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = Pa_GetDeviceInfo(i);
        if (info != NULL && info->maxInputChannels > 0 && strcasestr(info->name, name) != NULL)
            return i;
    }
    return paNoDevice;
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

    if (start_system(err)) {
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

    if (!start_system(err))
        return false;
    PaDeviceIndex device = find_device(name);
    const PaDeviceInfo *info = device == paNoDevice ? NULL : Pa_GetDeviceInfo(device);
    if (info == NULL && name != NULL && *name != '\0')
        error_set(err, ERROR_INPUT, "no microphone has \"%s\" in its name; `mynah doctor` lists them, the setting `microphone` names one", name);
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

/* A device that is unplugged stops its stream. */
static bool device_ended(struct capture_source *s)
{
    return Pa_IsStreamActive(((struct device_source *)s)->stream) != 1;
}

static void device_close(struct capture_source *s)
{
    struct device_source *d = (struct device_source *)s;
    struct diversion diversion = divert_begin();

    Pa_StopStream(d->stream);
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
