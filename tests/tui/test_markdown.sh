# A rich Markdown answer: laid out at three sizes, folded, streamed to the same screen, and as it is.
. "$(dirname "$0")/lib.sh"
tm set-environment -g MYNAH_ECHO_MS 0

cat >"$work/files/answer.md" <<'TEXT'
# Seoul in a day
A *short* walk with **three** stops, ***all*** near `line 3`. See [the map](https://example.org/map?a=1).

1. Gyeongbokgung
   - the gate
   - the [garden](https://example.org/garden)
     1. pond
     2. pavilion
2. 북촌 한옥마을
   - [x] tickets
   - [ ] umbrella

> Go early,
> > before the **crowds** come.

| Stop | 이름 | Minutes |
|:-----|:----:|--------:|
| Palace | 경복궁 | 90 |
| Village with a name that is long enough to be wrapped | 북촌 | 45 |
| Tower 👍 | 남산 | 120 |

```python
def walk(stops):
    for stop in stops:
        print(f"{stop:>10}")	# tab
```

---

## What to *avoid*
A line~~ struck out~~ and ~~another~~. Broken: **not closed, [not a link](, `half
<b>html</b> &amp; entities &copy; and https://example.org/bare
TEXT

show() { # types `say` above the pasted text and asks it
    tm load-buffer "$work/files/answer.md"
    tm paste-buffer -p -t =chat:
    wait_for "[pasted "
    type "say"
    press Enter
    wait_for "https://example.org/bare"
    wait_for ready
}
styled() { tm capture-pane -t =chat: -pe; }
esc=$(printf '\033')
# TEXT is shown with this SGR parameter, perhaps among others.
expect_style() { styled | grep -qE "$esc\[([0-9;]*;)?$2m($esc\[[0-9;]*m)*$1" || fail "\"$1\" has not the style $2"; }

begin "at 80x24, scrolled through"
chat --engine echo --new
wait_for ready
show
wait_screen markdown_end
press PPage
wait_screen markdown_middle
press PPage
wait_screen markdown_top
press NPage NPage NPage
wait_screen markdown_end

begin "a long question is folded"
press PPage PPage PPage
wait_for "… "
expect "more lines (f)"
press NPage NPage NPage NPage

begin "styles"
resize 80 70
wait_for "Seoul in a day"
expect_style "Seoul in a day" 1
expect_style "short" 3
expect_style "three" 1
expect_style "the map" 4
expect_style "│ │ before the" 3

begin "at 20x5"
resize 20 5
wait_screen markdown_20x5_end
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do press PPage; done
wait_screen markdown_20x5_up
press Escape

begin "at 300x100"
resize 300 100
wait_screen markdown_300x100

begin "an answer that came at another size looks the same"
screen >"$work/resized"
press C-d
wait_exit 0
COLUMNS=300 LINES=100 chat --engine echo --new
wait_for ready
show
until_deadline same_screen markdown_300x100 || fail "it differs"
press C-d
wait_exit 0

begin "streamed slowly it ends as the same screen"
tm set-environment -g MYNAH_ECHO_MS 3
chat --engine echo --new
wait_for ready
show
# The speed in the status line differs.
same_conversation() { [ "$(screen | head -n 23)" = "$(head -n 23 "$tests/markdown_end.screen")" ]; }
until_deadline same_conversation || fail "it differs"
tm set-environment -g MYNAH_ECHO_MS 0

begin "a restart shows the same"
press C-d
wait_exit 0
chat --engine echo
wait_for "resumed"
press PPage
wait_gone "resumed"
wait_for "2. 북촌 한옥마을"
press Escape
wait_gone "2. 북촌"

begin "as the model wrote it"
type "/set markdown off"
press Enter
wait_for '## What to *avoid*'
expect '```python'
type "/set markdown on"
press Enter
wait_gone '```python'
wait_for "markdown is on, also next time"
press C-d
wait_exit 0

begin "broken Markdown in pieces never harms"
chat --engine echo --new
wait_for ready
for text in '**' '```' '|a|' '[x](' '1.' '> > > - * + #' '`' '~~~' '| a |\n|--' '<!--' '&#0;&#x202e; x' '\\'; do
    type "say $text"
    press Enter
    wait_for "› say $text"
    wait_for ready
done
type "say still here"
press Enter
wait_for "  still here"
press C-d
wait_exit 0
done_testing
