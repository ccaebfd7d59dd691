# Resizing at any time: many times while an answer streams, down to 1x1.
. "$(dirname "$0")/lib.sh"

begin "many sizes while streaming"
chat --engine echo --new
wait_for ready
type "$(seq -s ' ' 1 120) 안녕하세요 끝"
press Enter
for round in 1 2 3; do
    for size in 20x5 1x1 5x2 200x50 3x30 80x1 2x2 80x3 17x9 80x24; do
        resize "${size%x*}" "${size#*x}"
        [ "$(of_pane '#{window_width}x#{window_height}')" = "$size" ] || fail "tmux did not resize to $size"
    done
done
wait_for "119 120 안녕하세요 끝"
wait_for ready
wait_screen resized

begin "small screens"
resize 20 5
wait_screen small
resize 80 24
wait_screen resized

begin "scrolling"
resize 40 10
wait_for "안녕하세요 끝"
press PPage
wait_gone "안녕하세요 끝"
wait_for "more below"
press NPage
wait_for "안녕하세요 끝"
press C-d
wait_exit 0
done_testing
