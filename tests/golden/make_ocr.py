#!/usr/bin/env python3
"""Pictures of text for test_ocr.c (Pillow; fonts of Debian's fonts-dejavu-core and fonts-nanum)."""
import os
from PIL import Image, ImageDraw, ImageFilter, ImageFont

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ocr")
SANS = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
BOLD = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
SERIF = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
KOREAN_BOLD = "/usr/share/fonts/truetype/nanum/NanumGothicBold.ttf"
KOREAN = "/usr/share/fonts/truetype/nanum/NanumGothic.ttf"


def save(image, name):
    image.quantize(32).save(os.path.join(OUT, name), optimize=True)


def page():
    """Black on white, as printed."""
    image = Image.new("RGB", (900, 420), "white")
    draw = ImageDraw.Draw(image)
    lines = ["Opening hours of the library", "", "Monday to Friday from nine in the morning", "until six in the evening.",
             "Saturday until noon. Closed on Sunday.", "", "Please return your books before 14 March."]
    for i, line in enumerate(lines):
        draw.text((60, 40 + 46 * i), line, "black", ImageFont.truetype(SERIF, 28))
    save(image, "page.png")


def screenshot():
    """Small light text on dark, as on a screen."""
    image = Image.new("RGB", (640, 300), (30, 32, 40))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 640, 30), (60, 64, 80))
    draw.text((12, 7), "File   Edit   View   Help", (230, 230, 230), ImageFont.truetype(SANS, 13))
    draw.text((40, 70), "404 Not Found", (255, 255, 255), ImageFont.truetype(BOLD, 30))
    draw.text((40, 130), "The page you asked for does not exist on this server.", (210, 210, 215), ImageFont.truetype(SANS, 15))
    draw.text((40, 160), "Check the address, or go back to the start page.", (210, 210, 215), ImageFont.truetype(SANS, 15))
    save(image, "screenshot.png")


def sign():
    """Large letters on a coloured board before a background."""
    image = Image.effect_noise((640, 480), 60).convert("RGB").filter(ImageFilter.GaussianBlur(6))
    draw = ImageDraw.Draw(image)
    draw.rectangle((120, 140, 520, 320), (20, 90, 50))
    draw.text((320, 200), "EXIT ONLY", "white", ImageFont.truetype(BOLD, 56), anchor="mm")
    draw.text((320, 270), "NO PARKING", "white", ImageFont.truetype(BOLD, 40), anchor="mm")
    save(image, "sign.png")


def korean():
    image = Image.new("RGB", (640, 240), "white")
    draw = ImageDraw.Draw(image)
    for i, line in enumerate(["도서관은 오전 아홉 시에 문을 엽니다.", "일요일에는 쉽니다.", "책은 삼월까지 돌려주세요."]):
        draw.text((40, 30 + 60 * i), line, "black", ImageFont.truetype(KOREAN, 30))
    save(image, "korean.png")


def foliage():
    image = Image.new("RGB", (640, 480), (90, 120, 60))
    draw = ImageDraw.Draw(image)
    seed = 1
    for _ in range(900):
        seed = (seed * 1103515245 + 12345) & 0x7fffffff
        x, y = seed % 640, (seed >> 9) % 480
        r, s = 3 + (seed >> 5) % 25, (seed >> 13) % 3
        colour = (40 + (seed >> 3) % 120, 60 + (seed >> 7) % 150, 30 + (seed >> 11) % 90)
        if s == 0:
            draw.ellipse((x, y, x + r, y + r // 2), colour)
        elif s == 1:
            draw.line((x, y, x + r, y + r), colour, 3)
        else:
            draw.arc((x, y, x + r, y + r), 0, 200, colour, 3)
    return image


def leaves():
    """No text: strokes and blobs that a recogniser would like to read."""
    save(foliage(), "leaves.png")


def korean_sign():
    """A board among leaves, which page layout takes for a part of a photograph."""
    image = foliage().filter(ImageFilter.GaussianBlur(2))
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 160, 580, 280), (250, 220, 60))
    draw.text((320, 222), "출입 금지 구역", "black", ImageFont.truetype(KOREAN_BOLD, 56), anchor="mm")
    save(image, "korean_sign.png")


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    page(), screenshot(), sign(), korean(), korean_sign(), leaves()
