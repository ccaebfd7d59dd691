#!/usr/bin/env python3
"""assets/photograph.jpg in the forms that people attach: turned by EXIF, cut out of its background, as WebP.

Whoever looks at them (make quality, weights_vision.c) must see what is in the photograph itself.
"""
import os
from PIL import Image, ImageDraw

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "photographs")


def main():
    os.makedirs(OUT, exist_ok=True)
    photo = Image.open(os.path.join(HERE, "..", "..", "assets", "photograph.jpg")).convert("RGB")
    photo.thumbnail((400, 400))
    exif = Image.Exif()
    exif[0x0112] = 6                                  # the camera was held upright: turn right to show
    photo.transpose(Image.Transpose.ROTATE_90).save(os.path.join(OUT, "turned.jpg"), quality=88, exif=exif)
    photo.save(os.path.join(OUT, "photograph.webp"), quality=85)
    mask = Image.new("L", photo.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((8, 8, photo.width - 9, photo.height - 9), 60, 255)
    cut = photo.quantize(128).convert("RGB")
    cut.putalpha(mask)
    cut.quantize(128, method=Image.Quantize.FASTOCTREE).save(os.path.join(OUT, "transparent.png"), optimize=True)


if __name__ == "__main__":
    main()
