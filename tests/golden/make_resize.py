#!/usr/bin/env python3
"""Golden pixels for test_resize.c: Pillow's and OpenCV's resizes of a picture that the test makes too.

resize.bin: cases one after another, each
    filter u32 (0 bicubic, 1 bilinear, 2 area, 3 OpenCV linear, 4 Lanczos), width u32, height u32 in, width u32, height u32 out,
    left u32, top u32 of the part taken, its width u32, height u32, then pixels [height out][width out][3].
Pillow 13 takes the columns first when the height shrinks much more than the width; 12 and before always take the
rows first, which is what the networks were measured with.  Resizing in two steps gives that order in any version.
The input is pixel(x, y, c) = ((x * x * 7 + y * 13 * (c + 1) + x * y * 3) ^ (x * 31 >> 2)) & 255.
"""
import os, struct
import numpy as np
import cv2
from PIL import Image

CASES = [(61, 47, 24, 24), (61, 47, 100, 33), (24, 24, 24, 24), (64, 48, 32, 24), (5, 3, 32, 32), (1, 1, 8, 8),
         (200, 150, 13, 9), (33, 7, 32, 9), (640, 3, 30, 3)]
PARTS = [(61, 47, 10, 5, 30, 40, 26, 26)]


def picture(w, h):
    x, y = np.meshgrid(np.arange(w), np.arange(h))
    return np.stack([((x * x * 7 + y * 13 * (c + 1) + x * y * 3) ^ (x * 31 >> 2)) & 255 for c in range(3)], -1).astype(np.uint8)


def main():
    filters = [Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.BOX, None, Image.Resampling.LANCZOS]
    cases = [(w, h, 0, 0, w, h, ow, oh) for w, h, ow, oh in CASES] + PARTS
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "resize.bin"), "wb") as f:
        for w, h, left, top, pw, ph, ow, oh in cases:
            part = np.ascontiguousarray(picture(w, h)[top:top + ph, left:left + pw])
            for i in range(5):
                out = (cv2.resize(part, (ow, oh), interpolation=cv2.INTER_LINEAR) if i == 3
                       else np.asarray(Image.fromarray(part).resize((ow, ph), filters[i]).resize((ow, oh), filters[i])))
                f.write(struct.pack("<9I", i, w, h, ow, oh, left, top, pw, ph) + out.tobytes())


if __name__ == "__main__":
    main()
