/* container.c - signatures of the kinds of file people hand over as sound.
 *
 * Only kinds in this table that are CONTAINER_READ reach libsndfile, which knows
 * many rarer ones: less of it is exposed to hostile files.
 * Sources: the formats' own specifications; file(1)'s magic. */
#include "audio/container.h"

#include <stdbool.h>
#include <string.h>

struct signature {
    struct container container;
    size_t at, n;                   /* n bytes at this offset ... */
    const char *bytes;
    size_t at2, n2;                 /* ... and n2 here */
    const char *bytes2;
};

#define WEBM_DOCTYPE "\x42\x82\x84webm"     /* EBML DocType of length 4 */
#define ASF_GUID "\x30\x26\xB2\x75\x8E\x66\xCF\x11"

static const struct signature signatures[] = {
    { { "WAV", CONTAINER_READ }, 0, 4, "RIFF", 8, 4, "WAVE" },
    { { "WAV", CONTAINER_READ }, 0, 4, "RIFX", 8, 4, "WAVE" },
    { { "WAV", CONTAINER_READ }, 0, 4, "RF64", 8, 4, "WAVE" },
    { { "AIFF", CONTAINER_READ }, 0, 4, "FORM", 8, 3, "AIF" },
    { { "AU", CONTAINER_READ }, 0, 4, ".snd", 0, 0, "" },
    { { "FLAC", CONTAINER_READ }, 0, 4, "fLaC", 0, 0, "" },
    { { "Ogg with Theora video", CONTAINER_CONVERT }, 0, 4, "OggS", 28, 7, "\x80theora" },
    { { "Ogg with Speex", CONTAINER_CONVERT }, 0, 4, "OggS", 28, 5, "Speex" },
    { { "Ogg", CONTAINER_READ }, 0, 4, "OggS", 0, 0, "" },
    { { "MP3", CONTAINER_READ }, 0, 3, "ID3", 0, 0, "" },
    { { "M4A", CONTAINER_CONVERT }, 4, 4, "ftyp", 8, 3, "M4A" },
    { { "QuickTime movie", CONTAINER_CONVERT }, 4, 4, "ftyp", 8, 2, "qt" },
    { { "3GP", CONTAINER_CONVERT }, 4, 4, "ftyp", 8, 2, "3g" },
    { { "HEIC picture", CONTAINER_NOT_SOUND }, 4, 4, "ftyp", 8, 3, "hei" },
    { { "AVIF picture", CONTAINER_NOT_SOUND }, 4, 4, "ftyp", 8, 3, "avi" },
    { { "MP4", CONTAINER_CONVERT }, 4, 4, "ftyp", 0, 0, "" },
    { { "QuickTime movie", CONTAINER_CONVERT }, 4, 4, "moov", 0, 0, "" },
    { { "AMR", CONTAINER_CONVERT }, 0, 5, "#!AMR", 0, 0, "" },
    { { "WMA or WMV", CONTAINER_CONVERT }, 0, 8, ASF_GUID, 0, 0, "" },
    { { "AVI movie", CONTAINER_CONVERT }, 0, 4, "RIFF", 8, 4, "AVI " },
    { { "FLV movie", CONTAINER_CONVERT }, 0, 4, "FLV\x01", 0, 0, "" },
    { { "MPEG movie", CONTAINER_CONVERT }, 0, 4, "\0\0\x01\xBA", 0, 0, "" },
    { { "AAC", CONTAINER_CONVERT }, 0, 4, "ADIF", 0, 0, "" },
    { { "CAF", CONTAINER_CONVERT }, 0, 4, "caff", 0, 0, "" },
    { { "WavPack", CONTAINER_CONVERT }, 0, 4, "wvpk", 0, 0, "" },
    { { "Monkey's Audio", CONTAINER_CONVERT }, 0, 4, "MAC ", 0, 0, "" },
    { { "Musepack", CONTAINER_CONVERT }, 0, 4, "MPCK", 0, 0, "" },
    { { "DSD", CONTAINER_CONVERT }, 0, 4, "DSD ", 0, 0, "" },
    { { "RealMedia", CONTAINER_CONVERT }, 0, 4, ".RMF", 0, 0, "" },
    { { "MIDI file, notes without sound", CONTAINER_NOT_SOUND }, 0, 4, "MThd", 0, 0, "" },
    { { "PNG picture", CONTAINER_NOT_SOUND }, 0, 4, "\x89PNG", 0, 0, "" },
    { { "JPEG picture", CONTAINER_NOT_SOUND }, 0, 3, "\xFF\xD8\xFF", 0, 0, "" },
    { { "GIF picture", CONTAINER_NOT_SOUND }, 0, 4, "GIF8", 0, 0, "" },
    { { "WebP picture", CONTAINER_NOT_SOUND }, 0, 4, "RIFF", 8, 4, "WEBP" },
    { { "PDF document", CONTAINER_NOT_SOUND }, 0, 4, "%PDF", 0, 0, "" },
    { { "GGUF model", CONTAINER_NOT_SOUND }, 0, 4, "GGUF", 0, 0, "" },
};

static const struct container webm = { "WebM", CONTAINER_CONVERT }, matroska = { "Matroska (MKV)", CONTAINER_CONVERT },
                              aac = { "AAC", CONTAINER_CONVERT }, mp3 = { "MP3", CONTAINER_READ };

static bool has(const uint8_t *head, size_t n, size_t at, size_t n_bytes, const char *bytes)
{
    return at + n_bytes <= n && memcmp(head + at, bytes, n_bytes) == 0;
}

static const struct container *find_ebml(const uint8_t *head, size_t n)
{
    for (size_t at = 4; at + 7 <= n; at++)
        if (has(head, n, at, 7, WEBM_DOCTYPE))
            return &webm;
    return &matroska;
}

/* MPEG audio without ID3 starts with a frame: 11 bits set, then version and layer
 * (ISO/IEC 11172-3, 2.4.1.3); layer 0 there is AAC in ADTS. */
static const struct container *find_mpeg_frame(const uint8_t *head, size_t n)
{
    if (n < 4 || head[0] != 0xFF || (head[1] & 0xE0) != 0xE0)
        return NULL;
    if ((head[1] & 0xF6) == 0xF0)
        return &aac;
    bool valid = (head[1] >> 3 & 3) != 1 && (head[1] >> 1 & 3) != 0 && (head[2] >> 4) != 15 && (head[2] >> 2 & 3) != 3;
    return valid ? &mp3 : NULL;
}

const struct container *container_find(const uint8_t *head, size_t n)
{
    if (has(head, n, 0, 4, "\x1A\x45\xDF\xA3"))
        return find_ebml(head, n);
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const struct signature *s = &signatures[i];
        if (has(head, n, s->at, s->n, s->bytes) && has(head, n, s->at2, s->n2, s->bytes2))
            return &s->container;
    }
    return find_mpeg_frame(head, n);
}

static uint64_t little_u32(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
}

/* "RIFF" size "WAVE" then chunks: id, u32 size, bytes, padded to even. */
struct wav_extent container_wav_extent(const uint8_t *head, size_t n_head, uint64_t file_bytes)
{
    struct wav_extent extent = { 0, 0 };
    uint64_t at = 12;

    if (!has(head, n_head, 0, 4, "RIFF"))
        return extent;
    while (at + 8 <= n_head) {
        uint64_t size = little_u32(head + at + 4);

        if (memcmp(head + at, "data", 4) == 0) {
            if (size >= 0x7FFFF000)             /* written by a program that could not seek back */
                return extent;
            extent.promised = size;
            extent.present = file_bytes - at - 8 < size ? file_bytes - at - 8 : size;
            return extent;
        }
        at += 8 + size + (size & 1);
    }
    return extent;
}
