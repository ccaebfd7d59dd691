/* image_foreign.c - files that are not read as pictures, known by their first
 * bytes, and what to do with each.
 *
 * Sources: the formats' specifications; ISO/IEC 14496-12 for "ftyp" brands (HEIF:
 * 23008-12, AVIF: AOM AVIF 1.1); Matroska's EBML header. */
#include "vision/image_file.h"

#include "base/quote.h"

#include <stdint.h>
#include <string.h>

bool image_refuse(const char *path, const char *what, const char *before, const char *after, struct error *err)
{
    char quoted[QUOTED_BYTES];

    quote_path(path, quoted);
    return error_set(err, ERROR_INPUT, "%s: is %s, which is not read as a picture; %s%s%s", path, what,
                     before, before[strlen(before) - 1] == ' ' ? quoted : "", after);
}

struct foreign {
    size_t at;                      /* where the bytes are */
    const char *bytes;
    size_t n_bytes;
    const char *what;
    const char *before, *after;     /* the command around the path; no path unless before ends in a blank */
};
#define BYTES(text) (text), sizeof(text) - 1
#define MAGICK   "convert it: convert ", "'[0]' picture.png"
#define HEIF     "convert it: heif-convert ", " picture.jpg"
#define STILL    "take a picture out of it: ffmpeg -i ", " -frames:v 1 picture.png"
#define CLIP     "attach it as a clip", ""
#define SOUND    "convert it and attach that as a clip: ffmpeg -i ", " clip.wav"
#define MOVIE    "take out a picture or the sound: ffmpeg -i ", " -frames:v 1 picture.png clip.wav"

static const struct foreign known[] = {
    { 0, BYTES("GIF87a"), "a GIF", MAGICK },
    { 0, BYTES("GIF89a"), "a GIF", MAGICK },
    { 0, BYTES("II*\0"), "a TIFF (or a camera's raw file)", MAGICK },
    { 0, BYTES("MM\0*"), "a TIFF (or a camera's raw file)", MAGICK },
    { 0, BYTES("II+\0"), "a BigTIFF", MAGICK },
    { 0, BYTES("MM\0+"), "a BigTIFF", MAGICK },
    { 0, BYTES("8BPS"), "a Photoshop document (PSD)", MAGICK },
    { 0, BYTES("%PDF-"), "a PDF", "convert a page: pdftoppm -png -r 150 -singlefile ", " page" },
    { 0, BYTES("%!PS"), "PostScript", "convert it: gs -sDEVICE=png16m -r150 -o picture.png ", "" },
    { 0, BYTES("\xff\x0a"), "a JPEG XL", "convert it: djxl ", " picture.png" },
    { 0, BYTES("\0\0\0\x0cJXL \r\n\x87\n"), "a JPEG XL", "convert it: djxl ", " picture.png" },
    { 0, BYTES("\0\0\0\x0cjP  \r\n\x87\n"), "a JPEG 2000", "convert it: opj_decompress -o picture.png -i ", "" },
    { 0, BYTES("\xff\x4f\xff\x51"), "a JPEG 2000", "convert it: opj_decompress -o picture.png -i ", "" },
    { 0, BYTES("\0\0\1\0"), "an icon (ICO)", MAGICK },
    { 0, BYTES("qoif"), "a QOI", "convert it: ffmpeg -i ", " picture.png" },
    { 0, BYTES("\x76\x2f\x31\x01"), "an OpenEXR", MAGICK },
    { 0, BYTES("#?RADIANCE"), "a Radiance HDR", MAGICK },
    { 0, BYTES("DDS "), "a DDS texture", MAGICK },
    { 0, BYTES("gimp xcf"), "a GIMP document (XCF)", MAGICK },
    { 0, BYTES("fLaC"), "a FLAC recording", CLIP },
    { 0, BYTES("OggS"), "an Ogg recording", CLIP },
    { 0, BYTES("ID3"), "an MP3 recording", CLIP },
    { 0, BYTES("\xff\xfb"), "an MP3 recording", CLIP },
    { 0, BYTES("\xff\xf3"), "an MP3 recording", CLIP },
    { 0, BYTES("\xff\xf1"), "an AAC recording", SOUND },
    { 0, BYTES("\xff\xf9"), "an AAC recording", SOUND },
    { 8, BYTES("WAVE"), "a WAV recording", CLIP },
    { 8, BYTES("AVI "), "an AVI video", MOVIE },
    { 8, BYTES("AIFF"), "an AIFF recording", CLIP },
    { 0, BYTES("\x1a\x45\xdf\xa3"), "a WebM or Matroska video", MOVIE },
    { 0, BYTES("PK\3\4"), "a ZIP archive or office document", "take the picture out of it first", "" },
    { 0, BYTES("\x1f\x8b"), "a gzip file", "unpack it first: gunzip -k ", "" },
    { 0, BYTES("\x7f" "ELF"), "a program", "attach a JPEG, PNG, BMP or WebP", "" },
};

/* Brands of ISO media files, most specific first; the major brand is at 8. */
static const struct foreign brands[] = {
    { 0, BYTES("avif"), "an AVIF", HEIF },
    { 0, BYTES("avis"), "an AVIF sequence", STILL },
    { 0, BYTES("heic"), "a HEIC", HEIF },
    { 0, BYTES("heix"), "a HEIC", HEIF },
    { 0, BYTES("heim"), "a HEIC", HEIF },
    { 0, BYTES("heis"), "a HEIC", HEIF },
    { 0, BYTES("hevc"), "a HEIC sequence", HEIF },
    { 0, BYTES("mif1"), "a HEIF", HEIF },
    { 0, BYTES("msf1"), "a HEIF sequence", HEIF },
    { 0, BYTES("crx "), "a camera's raw file (CR3)", "convert it: dcraw_emu -T ", "" },
    { 0, BYTES("M4A "), "an M4A recording", SOUND },
    { 0, BYTES("M4B "), "an M4B audio book", SOUND },
    { 0, BYTES("qt  "), "a QuickTime video", MOVIE },
};
static const struct foreign mp4 = { 0, BYTES("ftyp"), "an MP4 video", MOVIE };

static bool matches(const struct foreign *f, const unsigned char *data, size_t n_bytes)
{
    return n_bytes >= f->at + f->n_bytes && memcmp(data + f->at, f->bytes, f->n_bytes) == 0;
}

/* size u32 | "ftyp" | major brand | version u32 | compatible brands ...: the major
 * brand decides; "mif1" leaves it to the compatible ones. */
static const struct foreign *find_brand(const unsigned char *data, size_t n_bytes)
{
    const size_t n = sizeof brands / sizeof *brands;
    size_t box = n_bytes;

    if (n_bytes < 12 || memcmp(data + 4, "ftyp", 4) != 0)
        return NULL;
    const size_t said = (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
    if (said < box)
        box = said;
    const bool general = memcmp(data + 8, "mif1", 4) == 0 || memcmp(data + 8, "msf1", 4) == 0;
    for (size_t i = 0; i < n; i++) {
        if (matches(&brands[i], data + 8, n_bytes - 8))
            return &brands[i];
        for (size_t at = 16; general && at + 4 <= box; at += 4)
            if (matches(&brands[i], data + at, n_bytes - at))
                return &brands[i];
    }
    return &mp4;
}

static bool is_svg(const unsigned char *data, size_t n_bytes)
{
    const size_t n = n_bytes < 1024 ? n_bytes : 1024;

    return n > 4 && (data[0] == '<' || data[0] == 0xef) && memmem(data, n, "<svg", 4) != NULL;
}

/* Netpbm: "P1".."P7" and white space. */
static bool is_netpbm(const unsigned char *data, size_t n_bytes)
{
    return n_bytes > 2 && data[0] == 'P' && data[1] >= '1' && data[1] <= '7' && (data[2] == '\n' || data[2] == ' ');
}

bool image_foreign(const char *path, const unsigned char *data, size_t n_bytes, struct error *err)
{
    const struct foreign *f = find_brand(data, n_bytes);

    for (size_t i = 0; f == NULL && i < sizeof known / sizeof *known; i++)
        if (matches(&known[i], data, n_bytes))
            f = &known[i];
    if (f != NULL)
        return image_refuse(path, f->what, f->before, f->after, err);
    if (is_svg(data, n_bytes))
        return image_refuse(path, "an SVG drawing", "convert it: rsvg-convert -o picture.png ", "", err);
    if (is_netpbm(data, n_bytes))
        return image_refuse(path, "a Netpbm picture", "convert it: pnmtopng ", " > picture.png", err);
    return error_set(err, ERROR_INPUT, "%s: is no picture of a known format; JPEG, PNG, BMP and WebP are read", path);
}
