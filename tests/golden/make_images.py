#!/usr/bin/env python3
"""Small picture files for test_image.c, written by Pillow (and zlib for what it cannot write).

All show the same 48 x 32 picture: six flat blocks of 16 x 16,
    red    green   blue
    yellow black   grey(200)
so that lossy decoders may differ at the blocks' edges only and the test needs no pixels from here.
"""
import io, os, struct, zlib
import numpy as np
from PIL import Image, ImageOps

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "images")
COLOURS = [[(255, 0, 0), (0, 255, 0), (0, 0, 255)], [(255, 255, 0), (0, 0, 0), (200, 200, 200)]]
PIXELS = np.array(COLOURS, np.uint8).repeat(16, 0).repeat(16, 1)
RGB = Image.fromarray(PIXELS)
# Block (row 1, column 1), the black one, fully transparent; the grey one half.
ALPHA = np.full((32, 48), 255, np.uint8)
ALPHA[16:, 16:32] = 0
ALPHA[16:, 32:] = 128
RGBA = Image.fromarray(np.dstack([PIXELS, ALPHA]))


def path(name):
    return os.path.join(OUT, name)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, width, height, bits, colour, rows, interlace=0):
    """rows: bytes with the filter type in front of each."""
    with open(path(name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace))
                + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def adam7(pixels):
    out = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        for row in pixels[y0::dy, x0::dx]:
            out += b"\0" + row.tobytes()
    return out


def stored_for(orientation):
    """The picture as a camera held that way stores it."""
    undo = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}
    image = RGB if undo[orientation] is None else RGB.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    again = io.BytesIO()
    image.save(again, "PNG", exif=exif)
    assert np.array_equal(np.asarray(ImageOps.exif_transpose(Image.open(again)).convert("RGB")), PIXELS)
    return image, exif


def main():
    os.makedirs(OUT, exist_ok=True)
    best = {"quality": 95}
    RGB.save(path("rgb.jpg"), **best)
    RGB.save(path("progressive.jpg"), progressive=True, **best)
    RGB.save(path("full_chroma.jpg"), subsampling=0, **best)
    RGB.convert("L").save(path("grey.jpg"), **best)
    Image.fromarray(np.dstack([255 - PIXELS, np.zeros((32, 48), np.uint8)]), "CMYK").save(path("cmyk.jpg"), **best)
    for orientation in range(1, 9):
        image, exif = stored_for(orientation)
        image.save(path(f"exif{orientation}.jpg"), exif=exif, **best)
    image, exif = stored_for(6)
    image.save(path("exif6.png"), exif=exif)
    image, exif = stored_for(8)
    image.save(path("exif8.webp"), lossless=True, exif=exif)
    RGB.save(path("rgb.png"))
    RGB.quantize(8).save(path("palette.png"))
    RGBA.save(path("rgba.png"))
    Image.merge("LA", [RGB.convert("L"), Image.fromarray(ALPHA)]).save(path("grey_alpha.png"))
    palette = RGB.quantize(8)
    palette.save(path("palette_alpha.png"), transparency=int(np.asarray(palette)[20, 20]))
    RGB.convert("L").save(path("grey.png"))
    Image.fromarray(np.asarray(RGB.convert("L")).astype(np.uint16) * 257).save(path("grey16.png"))
    wide = (PIXELS.astype(np.uint16) * 257).astype(">u2")
    png("rgb16.png", 48, 32, 16, 2, b"".join(b"\0" + row.tobytes() for row in wide))
    png("interlaced.png", 48, 32, 8, 2, adam7(PIXELS), 1)
    RGB.convert("L").point(lambda v: 255 * (v > 128)).convert("1").save(path("one_bit.png"))
    RGB.save(path("rgb.bmp"))
    RGB.quantize(8).save(path("palette.bmp"))
    RGB.convert("L").point(lambda v: 255 * (v > 128)).convert("1").save(path("one_bit.bmp"))
    with open(path("top_down.bmp"), "wb") as f:
        f.write(b"BM" + struct.pack("<IHHI", 54 + PIXELS.size, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 48, -32, 1, 24, 0, 0, 0, 0, 0, 0)
                + np.ascontiguousarray(PIXELS[..., ::-1]).tobytes())
    RGB.save(path("lossy.webp"), quality=95)
    RGB.save(path("lossless.webp"), lossless=True)
    RGBA.save(path("alpha.webp"), lossless=True)
    RGB.save(path("animated.webp"), save_all=True, append_images=[RGB.transpose(Image.Transpose.FLIP_LEFT_RIGHT)], lossless=True)
    for kind in ("png", "jpg", "bmp", "webp"):
        Image.new("RGB", (1, 1), (255, 0, 0)).save(path("one_pixel." + kind))
    RGB.save(path("refused.gif"))
    RGB.save(path("refused.tiff"))


if __name__ == "__main__":
    main()
