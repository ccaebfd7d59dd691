# Settings: changed in the chat, kept in the commented file, overruled by the command line and NO_COLOR.
. "$(dirname "$0")/lib.sh"
export XDG_CONFIG_HOME="$work/config"
tm set-environment -g XDG_CONFIG_HOME "$XDG_CONFIG_HOME"
tm set-environment -g MYNAH_ECHO_MS 2
config="$XDG_CONFIG_HOME/mynah/config"
esc=$(printf '\033')
styled() { tm capture-pane -t =chat: -pe; }
# TEXT is drawn with this SGR parameter (an extended regular expression).
is_styled() { styled | grep -qE "$esc\[([0-9;]*;)?$2m($esc\[[0-9;]*m)*$1"; }
wait_style() { until_deadline is_styled "$1" "$2" || fail "\"$1\" has not the style $2: $(styled | grep -- "$1" | head -n 1 | cat -v)"; }
has_no_colour() { ! styled | grep -qE "$esc\[([0-9;]*;)?(3[0-7]|[34]8;|4[0-7]|9[0-7])"; }
set_to() { type "/set $1 $2"; press Enter; wait_for "$1 is $2, also next time"; }
kept() { grep -qx "$1" "$config" || fail "$config does not say \"$1\""; }
line_of() { grep -c "$1" "$config"; }

begin "the first setting writes a commented file"
[ -e "$config" ] && fail "it is there already"
chat --engine echo --new
wait_for ready
set_to theme dark
kept "theme = dark"
[ "$(stat -c %a "$config")" = 600 ] || fail "the file is not private"
n_comments=$(grep -c '^#' "$config")
[ "$n_comments" -gt 12 ] || fail "the file is not commented"
for setting in model mode keys mouse markdown preview microphone language system temperature context threads; do
    grep -qE "^#? ?$setting =" "$config" || fail "$setting is not in the file"
done
cp "$config" "$work/first"

begin "a theme is seen at once"
type "hello"
press Enter
wait_for "  hello"
wait_style "›" "38;5;80"
set_to theme light
wait_style "›" "38;5;25"
set_to theme 16
wait_style "›" 36
set_to theme mono
until_deadline has_no_colour || fail "there is colour"
wait_style "›" 1
kept "theme = mono"

begin "nothing else of the file changes"
[ "$(diff "$work/first" "$config" | grep -c '^[<>]')" = 2 ] || fail "more than one line changed: $(diff "$work/first" "$config")"
[ "$(grep -c '^#' "$config")" = "$n_comments" ] || fail "comments were lost"

begin "a hand-written file stays as it was written"
press C-d
wait_exit 0
printf '# mine\n\n  keys=emacs   \n# theme = dark\ntheme = mono\n\n# the end\n' >"$config"
chat --engine echo --new
wait_for ready
set_to keys vi
[ "$(cat "$config")" = "$(printf '# mine\n\nkeys = vi\n# theme = dark\ntheme = mono\n\n# the end')" ] || fail "$(cat "$config")"

begin "vi keys count at once, and next time"
wait_for "vi insert"
type "one two"
press Escape
wait_for "vi normal"
type "0x"
wait_for "› ne two"
type "A!"
wait_for "› ne two!"
press Escape
wait_for "vi normal"
type "dd"
wait_gone "› ne"
type ":q"
chat --engine echo --new
wait_for "vi insert"
press C-d
wait_exit 0
chat --engine echo --new
wait_for "vi insert"
set_to keys emacs
wait_gone "vi insert"
expect "keys is emacs"

begin "a wrong name or value is told, with what there is"
for wrong in "theme blue:theme takes one of auto dark light 16 mono, not 'blue'" "thme dark:'thme' is no setting: /set alone lists them" \
    "mouse maybe:mouse takes one of on off, not 'maybe'" "temperature hot:temperature takes a number"; do
    type "/set ${wrong%%:*}"
    press Enter
    wait_for "$(echo "${wrong#*:}" | cut -c1-50)"
done
kept "theme = mono"

begin "the list"
type "/set"
press Enter
wait_for "Of this conversation"
expect "temperature"
press NPage
wait_for "theme               mono"
press Escape
wait_gone "theme               mono"

begin "sampling of this conversation reaches the engine, and comes back with it"
type "/set temperature 0.25"
press Enter
wait_for "temperature is 0.25 in this conversation"
type "/system Be brief."
press Enter
wait_for "the model is told so from the next question on"
type "settings"
press Enter
wait_for "temperature 0.25"
wait_for "Be brief."
press C-d
wait_exit 0
chat --engine echo
wait_for "resumed"
type "settings"
press Enter
until_deadline sh -c "[ \$(tmux -u -L test$$ capture-pane -t =chat: -p | grep -c 'temperature 0.25') = 2 ]" || fail "they did not come back"
press C-d
wait_exit 0

begin "the mouse: on, off, and off by itself"
# 1000 alone: presses and the wheel, not every motion.
mouse_is() { [ "$(of_pane '#{mouse_all_flag}#{mouse_button_flag}#{mouse_standard_flag}')" = "$1" ]; }
chat --engine echo --new
wait_for ready
mouse_is 000 || fail "the mouse is taken without being asked for"
set_to mouse on
until_deadline mouse_is 001 || fail "the mouse was not asked for"
type "count 600"
press Enter
wait_for "602/8192"
wait_for ready
for i in 1 2 3 4 5; do type "$(printf '\033[<64;5;5M')"; done
wait_for "more below"
for i in 1 2 3 4 5 6 7 8; do type "$(printf '\033[<65;5;5M')"; done
wait_gone "more below"
set_to mouse off
until_deadline mouse_is 000 || fail "the mouse is still taken"
set_to mouse on
press C-d
wait_exit 0
mouse_is 000 || fail "the mouse stayed taken"
chat --engine echo --new
wait_for ready
until_deadline mouse_is 001 || fail "the setting did not count"

begin "--theme wins over the file, for this run"
kept "theme = mono"
chat --engine echo --new --theme dark
wait_for ready
type "hello"
press Enter
wait_for "  hello"
wait_style "›" "38;5;80"
kept "theme = mono"
press C-d
wait_exit 0
session "'$program' --engine echo --new --theme blue; echo exit status \$?; exec cat"
wait_for "exit status 2"
expect "blue"

begin "NO_COLOR takes the colours where none was asked for"
rm "$config"
tm set-environment -g NO_COLOR 1
chat --engine echo --new
wait_for ready
type "hello"
press Enter
wait_for "  hello"
wait_style "›" 1
has_no_colour || fail "there is colour"
chat --engine echo --new --theme dark
wait_for ready
type "hello"
press Enter
wait_for "  hello"
wait_style "›" "38;5;80"
tm set-environment -g -u NO_COLOR

begin "a wrong line of the file is named, and the rest counts"
printf 'keys = vi\ntheme = blue\nfrob = 1\n' >"$config"
chat --engine echo --new
wait_for "vi insert"
wait_for "config:2: theme takes one of"
expect "(there are more)"

begin "a file that cannot be written: it counts for now, and says so"
if [ "$(id -u)" != 0 ]; then
    chmod 500 "$XDG_CONFIG_HOME/mynah"
    chmod 400 "$config"
    type "/set theme 16"
    press Enter
    wait_for "config"
    chmod 700 "$XDG_CONFIG_HOME/mynah"
    chmod 600 "$config"
fi
press C-u C-d
done_testing
