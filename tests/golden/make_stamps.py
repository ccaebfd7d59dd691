#!/usr/bin/env python3
"""stamps/*.jpg: photographs of one thing each, from Debian's tuxpaint-stamps-default (2022.06.04-1; by the contributors of
Tux Paint, collected by Bill Kendrick; GPL-2), on white and smaller.  Needs Pillow; the package's folder
usr/share/tuxpaint/stamps may be an argument.  tests/cli/test_rows.sh reads what is in them."""
import os, sys
from PIL import Image

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stamps")
STAMPS = {
    "airplane": "vehicles/flight/planes/747", "banana": "food/fruit/banana", "bear": "animals/mammals/bears/bear",
    "bus": "vehicles/masstransit/green_korean_bus", "cow": "animals/mammals/bovines/cow", "dog": "animals/mammals/dogs/dog",
    "elephant": "animals/mammals/elephant", "giraffe": "animals/mammals/giraffe", "horse": "animals/mammals/equines/horse",
    "scissors": "household/arttools/scissors_small_open", "sheep": "animals/mammals/bovines/sheep", "zebra": "animals/mammals/equines/zebra",
}


def main():
    os.makedirs(OUT, exist_ok=True)
    for name, path in STAMPS.items():
        stamp = Image.open(os.path.join(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/tuxpaint/stamps", path + ".png")).convert("RGBA")
        picture = Image.new("RGBA", (stamp.width * 6 // 5, stamp.height * 6 // 5), "white")
        picture.alpha_composite(stamp, (stamp.width // 10, stamp.height // 10))
        picture = picture.convert("RGB")
        picture.thumbnail((240, 240))
        picture.save(os.path.join(OUT, name + ".jpg"), quality=85)


if __name__ == "__main__":
    main()
