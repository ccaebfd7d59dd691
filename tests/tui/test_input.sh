# The input: completion, @mentions, long pastes, the external editor, the clipboard's image, undo,
# search in what was asked, and scripts whose characters are not one byte, one cell, one key.
. "$(dirname "$0")/lib.sh"

cd "$work/files" || exit 1
mkdir "$work/bin" photos 'my dir'
printf 'sea' >photos/sea.jpg
printf 'sun' >photos/sunset.jpg
printf 'one' >'my dir/one.png'
printf 'cat' >cat.png

# Stand-ins for the clipboard's programs and an editor.
cat >"$work/bin/wl-paste" <<'SCRIPT'
#!/bin/sh
case "$*" in *image/png) [ -f "$MYNAH_TEST/clip.png" ] && cat "$MYNAH_TEST/clip.png" ;; *) exit 1 ;; esac
SCRIPT
cat >"$work/bin/my-editor" <<'SCRIPT'
#!/bin/sh
stty -a | grep -q ' -icanon' && echo "the terminal is not the shell's" >>"$MYNAH_TEST/editor.log"
cp "$2" "$MYNAH_TEST/was.md"
echo "the editor is here"
[ "$1" = -w ] && cat "$MYNAH_TEST/edited" >"$2"
exit "$(cat "$MYNAH_TEST/status")"
SCRIPT
cat >"$work/bin/mynah-here" <<SCRIPT
#!/bin/sh
cd '$work/files' || exit 1
export PATH='$work/bin':/usr/bin:/bin WAYLAND_DISPLAY=wayland-test EDITOR='my-editor -w' MYNAH_TEST='$work'
unset DISPLAY VISUAL
exec '$program' "\$@"
SCRIPT
chmod +x "$work/bin/"*
program="$work/bin/mynah-here"

cursor_is() { [ "$(of_pane '#{cursor_x}')" = "$1" ]; }
wait_cursor() { until_deadline cursor_is "$1" || fail "the cursor is in column $(of_pane '#{cursor_x}'), not $1"; }
empty_draft() { press C-e C-u C-u; wait_cursor 2; }

chat --engine echo --new
wait_for ready

begin "Tab completes a command"
type "/det"
press Tab
wait_for "› /details"
empty_draft

begin "Tab shows what begins so, and walks"
type "/re"
press Tab
wait_for "/record"
wait_for "/rename"
press Tab
wait_for "› /record"
press Tab
wait_for "› /rename"
press BTab
wait_for "› /record"
press Escape
wait_cursor 5
wait_gone "/rename"
empty_draft

begin "Tab completes a path"
type "/attach pho"
press Tab
wait_for "/attach photos/"
press Tab
wait_for "sea.jpg     sunset.jpg"
expect "› /attach photos/s"
press Tab
wait_for "› /attach photos/sea.jpg"
press Enter
wait_gone "sunset.jpg"
press Enter
wait_for "[image sea.jpg"
press BSpace
wait_gone "[image sea.jpg"

begin "Tab escapes a blank"
type "/attach my"
press Tab
wait_for '/attach my\ dir/'
press Tab
wait_for '/attach my\ dir/one.png'
empty_draft

begin "Tab completes models, settings and their values"
type "/model echo-l"
press Tab
wait_for "› /model echo-large"
empty_draft
type "/set the"
press Tab
wait_for "› /set theme"
type "li"
press Tab
wait_for "› /set theme light"
empty_draft

begin "a mention becomes a chip and the file's name"
type 'what is in @photos/s'
press Tab Tab Enter
wait_for "› what is in @photos/sea.jpg"
type " and @nobody, @'my dir/one.png'?"
press Enter
wait_for "(sea.jpg) (one.png) what is in sea.jpg and @nobody, one.png?"
expect "image sea.jpg"

wait_for ready
begin "a mentioned file is read before the question goes"
head -c 400000 /dev/zero >slow.png
type 'look at @slow.png'
press Enter
wait_for "[image slow.png · 400000 bytes · reading"
expect "sends when ready: reading"
wait_for "(slow.png) look at slow.png"

begin "a long paste is a chip"
paste "$(seq -f 'line %g' 1 48)"
wait_for "[pasted 48 lines · 374 bytes · Tab opens it]"
refuse "line 3"
type "sum this up"
wait_for "[pasted 48 lines · 374 bytes]"
press C-a BSpace
wait_gone "pasted"
expect "› sum this up"
empty_draft

begin "a long paste is asked below what is typed"
paste "$(seq -f 'row %g' 1 11)"
wait_for "[pasted 11 lines"
type "what is this?"
press Enter
wait_for "  row 11"
expect "what is this?"

begin "Tab opens a paste into the text"
paste "$(seq -f 'number %g' 1 12)"
wait_for "Tab opens it"
press Tab
wait_gone "[pasted"
wait_for "number 12"
press C-_
wait_gone "number 12"
empty_draft

begin "a short paste is text"
paste "$(seq -f 'few %g' 1 3)"
wait_for "few 3"
refuse "[pasted"
press C-u BSpace C-u BSpace C-u
wait_cursor 2

begin "the same file twice is one chip"
paste "$work/files/cat.png"
wait_for "[image cat.png · 3 bytes"
paste "$work/files/cat.png"
type "once"
wait_for "› [image cat.png"
wait_for "  once"
[ "$(screen | grep -c '\[image cat.png')" = 1 ] || fail "there are two chips"
press C-a BSpace
wait_gone "[image cat.png"
empty_draft

begin "the draft in the user's editor"
printf 'written\nelsewhere\n' >"$work/edited"
echo 0 >"$work/status"
type "written here"
press C-x C-e
wait_for "  elsewhere"
expect "› written"
[ "$(cat "$work/was.md")" = "written here" ] || fail "the editor did not get the draft"
[ -f "$work/editor.log" ] && fail "$(cat "$work/editor.log")"
refuse "the editor is here"

begin "an editor that fails leaves the draft"
echo 7 >"$work/status"
printf 'lost?\n' >"$work/edited"
press C-x C-e
wait_for "ended with status 7"
expect "  elsewhere"
press C-u BSpace C-u
wait_cursor 2

begin "the image on the clipboard"
press C-v
wait_for "holds no image"
printf '\211PNG\r\n\032\nrest' >"$work/clip.png"
press C-v
wait_for "[image clipboard-"
[ "$(stat -c %a "$XDG_DATA_HOME"/mynah/clipboard/clipboard-*.png)" = 600 ] || fail "the file is not private"
press BSpace
wait_gone "[image clipboard-"

begin "undo and redo"
type "one two"
press C-w
wait_for "› one"
wait_cursor 6
press C-_
wait_for "› one two"
empty_draft

begin "what was asked before is found"
type "the capital of Norway"
press Enter
wait_for "  the capital of Norway"
wait_for ready
press C-r
type "norw"
wait_for "the capital of Norway"
press Enter
wait_for "› the capital of Norway"
wait_cursor 23
empty_draft

keys() { # what, text, its width in cells, then the cursor after each deletion of a character from the end
    begin "$1"
    type "$2"
    wait_cursor $((2 + $3))
    shift 3
    for column; do
        press BSpace
        wait_cursor "$column"
    done
    press C-a
    wait_cursor 2
    empty_draft
}
keys "Korean" "한국어" 6 6 4 2
keys "Korean in jamo" "$(printf '\341\204\222\341\205\241\341\206\253\352\265\255')" 4 4 2
keys "Japanese" "日本ご" 6 6 4 2
keys "halfwidth and fullwidth" "ｶＡa" 4 5 3 2
keys "Thai" "กี่ดี" 2 3 2
keys "combining marks" "$(printf 'e\314\201o\314\210\314\204')" 2 3 2
keys "an emoji" "a👍b" 4 5 3 2
keys "an emoji with a skin tone" "👍🏽!" 3 4 2
keys "a flag and a keycap" "🇰🇷x" 3 4 2

begin "joined emoji go as one"
type "a👩‍👩‍👧b"
wait_for "b"
press BSpace BSpace
wait_cursor 3
empty_draft

begin "the cursor moves by characters"
type "한a👍"
wait_cursor 7
press Left
wait_cursor 5
press Left
wait_cursor 4
press Left
wait_cursor 2
press Right DC
wait_cursor 4
wait_for "› 한👍"
empty_draft

begin "wide characters wrap whole"
resize 21 12
type "가나다라마바사아자차카"
wait_for "  차카"
wait_cursor 6
resize 80 24
wait_for "가나다라마바사아자차카"
wait_cursor 24
empty_draft
done_testing
