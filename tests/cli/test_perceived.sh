#!/bin/sh
# test_perceived.sh MYNAH - pictures in awkward forms are perceived as what they show.
. "$(dirname "$0")/lib.sh"
golden=$(cd "$(dirname "$0")/../golden" && pwd)

# perceived NAME FILE EXPRESSION - a Python expression over p, the one perceived attachment.
perceived() {
    try "$1" 0 describe -m tiny --json "$golden/$2" || return
    python3 -c "import json, sys; p = json.load(open(sys.argv[1]))['perceived'][0]; print('yes' if ($3) else p)" "$dir/out" >"$dir/json" 2>&1
    has "$1" '^yes$' "$dir/json"
}
has_cup="'cup' in [o['name'] for o in p['objects']] and p['tags'][0]['name'] == 'espresso'"
perceived "a photograph turned by EXIF" photographs/turned.jpg "$has_cup and p['words'][0]['word'] == 'plate' and p['orientation'] == 6 and p['width'] > p['height']"
perceived "a transparent PNG" photographs/transparent.png "$has_cup and p['format'] == 'PNG'"
perceived "a WebP" photographs/photograph.webp "$has_cup and p['format'] == 'WebP'"
perceived "a screenshot with text" ocr/screenshot.png "'404 Not Found' in p['text'] and 'does not exist on this server' in p['text'] and p['objects'] == []"
perceived "Korean text" ocr/korean.png "'도서관은' in p['text'] and '일요일에는 쉽니다' in p['text']"
perceived "leaves hold no text" ocr/leaves.png "p['text'] == ''"
exit "$n_failed"
