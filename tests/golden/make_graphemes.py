#!/usr/bin/env python3
"""Golden grapheme clusters -> graphemes.txt: the cases of Unicode 15.0's GraphemeBreakTest.txt
($GRAPHEME_BREAK_TEST; Debian's package unicode-data has it), then texts cut by the \\X of the
`regex` package.  Both have tables of their own, none of utf8proc.

One case a line: the clusters of a text in hexadecimal UTF-8, separated by blanks.

Left out: conjuncts of Indic letters across a virama, which Unicode 15.1 made one cluster
(GB9c) and 15.0 two; systems of both kinds are in use."""
import os, regex

HERE = os.path.dirname(os.path.abspath(__file__))
TEXTS = [
    "안녕하세요", "가각힣", "\u1100\u1161\u11a8\u1102\u1167\u11bc", "\u1112\u1161\u11ab\u1100\u1173\u11af 한글",
    "ㄱㄴㅏㅑ", "\uac00\u11a8\uac01\u11a8", "\u1100\u1100\u1161\u1161\u11a8\u11a8", "\ua960\u1161",
    "か\u3099き\u3099", "ハ\u309aひ\u3099ヾ", "漢字とかな、カナ。", "葛\U000e0100城", "神\ufe00社",
    "ที่นี่", "สวัสดี น้ำ กำ", "ก็เกี๊ยว", "ลาว ນ້ຳ",
    "हिन्दी"[:2] + " नमः", "की कु कै को", "नि ना\u0902", "க\u0bbf கோ நீ", "বাংলা", "ക\u0d3f",
    "e\u0301a\u0308\u0304o\u0302\u0301", "Z\u0351\u036b\u0343a\u0300\u0301\u0302\u0303\u0304", "\u0301x", "x\u200dy", "\u200d",
    "👍🏽👋🏿x", "🏽", "👨\u200d👩\u200d👧\u200d👦", "👩🏽\u200d💻🧑🏿\u200d🤝\u200d🧑🏻", "🏳\ufe0f\u200d🌈", "❤\ufe0f❤\ufe0e☎",
    "🇰🇷🇯🇵🇹🇭", "🇰🇷🇯", "a🇰b🇷", "🇰\u200d🇷", "1\ufe0f\u20e3#\ufe0f\u20e3*\u20e3", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f!",
    "👨\u200dx👨\u0308\u200d👩", "😀😀\u200d\u200d😀", "🐈\u200d⬛", "©\ufe0f®™",
    "\u0600١ \u0600a", "\u06dd12", "ab\r\ncd\n\re", "\r\n\n", "\t \t", "a\u200bb\u2060c", "a\u00adb", "\u0e33\u0e33",
    "abc", "naïve café", "ﬁ ǆ ß", "\U00011347\U00011347", "ᠠ\u180bᠡ", "ا\u064b\u0651 ل\u0627", "ש\u05b8\u05c1",
]

def clusters(text):
    return regex.findall(r"\X", text)

def of_unicode(path):
    for line in open(path, encoding="utf-8"):
        if not line.startswith("÷"):
            continue
        cut = [c.split("×") for c in line.split("#")[0].strip().strip("÷").split("÷")]
        yield ["".join(chr(int(code, 16)) for code in c) for c in cut]

cases = list(of_unicode(os.environ["GRAPHEME_BREAK_TEST"])) + [clusters(text) for text in TEXTS]
with open(os.path.join(HERE, "graphemes.txt"), "w") as out:
    for case in cases:
        print(*(c.encode().hex() for c in case), file=out)
