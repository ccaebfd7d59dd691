#!/bin/sh
# test_doctor.sh MYNAH - what is found and missing, in words and JSON; settings for all commands.
. "$(dirname "$0")/lib.sh"
export XDG_CONFIG_HOME="$dir/config" XDG_DATA_HOME="$dir/data"
export MYNAH_MODELS="${MYNAH_MODELS:-$HOME/.local/share/mynah/models}"
unset DISPLAY WAYLAND_DISPLAY NO_COLOR
mkdir -p "$XDG_CONFIG_HOME/mynah" "$XDG_DATA_HOME/mynah"
config=$XDG_CONFIG_HOME/mynah/config db=$XDG_DATA_HOME/mynah/sessions.db
doctor() { # NAME STATUS OPTION... - on a terminal of its own kind
    name=$1 want=$2
    shift 2
    try "$name" "$want" doctor -m tiny "$@"
}
export TERM=xterm-256color
started=$(date +%s)
doctor "all found" 0 && {
    has "processor" '^ok +processor +[0-9]+ threads, kernels '
    has "models" '^ok +tiny +/'
    has "terminal" '^ok +terminal +xterm-256color, 256 colours; pictures are shown as blocks'
    has "settings" "^ok +settings +$config, not there: the defaults"
    has "sessions" '^ok +sessions .*no conversation yet'
    has "eyes" '^(ok|note) +eyes +smolvlm-500m '
    has "microphone" '^(ok|missing) +microphone'
    has "clipboard" '^note +clipboard +no display'
    has "speed" '^ok +speed +tiny reads [0-9]+ and writes [0-9.]+ tokens a second'
}
[ $(($(date +%s) - started)) -lt 15 ] && ok "in 15 s" || not_ok "in 15 s" "it took longer"
[ ! -e "$db" ] && ok "it makes no database" || not_ok "it makes no database" "$db is there"
doctor "quick with -q" 0 -q && { grep -q ' speed ' "$dir/out" && not_ok "no speed with -q" "it is there" || ok "no speed with -q"; }
doctor json 0 --json && python3 - "$dir/out" >"$dir/json" 2>&1 <<'PYTHON'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
assert all(set(l) == {"what", "state", "text"} and l["state"] in ("ok", "missing", "problem", "note") for l in lines), lines
assert {"processor", "memory", "disk", "tiny", "microphone", "terminal", "locale", "clipboard", "settings", "sessions", "speed"} <= {l["what"] for l in lines}, lines
print("yes")
PYTHON
has "json of doctor" '^yes$' "$dir/json"

TERM=dumb doctor "dumb terminal" 0 -q && has "dumb terminal" '^note +terminal +TERM is dumb: .*as lines'
TERM=nosuch doctor "unknown terminal" 0 -q && has "unknown terminal" '^missing +terminal +TERM is nosuch, which is not known'
NO_COLOR=1 doctor "no colour" 0 -q && has "no colour" 'none used: NO_COLOR is set; pictures are not shown'
LC_ALL=C doctor "locale" 0 -q && has "locale" '^note +locale +not UTF-8'
mkdir "$dir/bin"
for program in timeout head grep cat; do ln -s "$(command -v $program)" "$dir/bin/$program"; done
DISPLAY=:9 PATH=$dir/bin doctor "no clipboard program" 0 -q && has "no clipboard program" '^missing +clipboard +xclip is not installed'
printf '#!/bin/sh\n' >"$dir/bin/xclip"; chmod +x "$dir/bin/xclip"
DISPLAY=:9 PATH=$dir/bin doctor "xclip" 0 -q && has "xclip" '^ok +clipboard +xclip$'

# The settings: told of, and used by every command unless an option says otherwise.
printf 'frob = 1\nmodel = tiny\nmicrophone = no such device\n' >"$config"
try "wrong settings" 0 doctor -q && has "wrong settings" "^problem +settings +$config:1: 'frob' is no setting" && has "the model of the settings" '^ok +tiny '
has "the microphone of the settings" 'no such device|sound system'
try "a warning" 0 models && has "a warning" "^mynah: $config:1: 'frob' is no setting" "$dir/err"
try "no warning with -q" 0 models -q && { [ -s "$dir/err" ] && not_ok "no warning with -q" "$(cat "$dir/err")" || ok "no warning with -q"; }
printf 'model = nosuch\n' >"$config"
refuse "a model of the settings" 4 "nosuch" ask Hello
try "the command line wins" 0 ask -m tiny -n 1 Hello && ok "the command line wins"
printf 'model = tiny\nsystem = Answer in French.\ntemperature = 0\n' >"$config"
try "settings of the answer" 0 ask --json -n 8 'What is the capital of France?' && cp "$dir/out" "$dir/by-settings" && rm "$config" &&
    try "options of the answer" 0 ask -m tiny --system 'Answer in French.' --temp 0 --json -n 8 'What is the capital of France?' &&
    { [ "$(sed 's/"ms".*//' "$dir/out")" = "$(sed 's/"ms".*//' "$dir/by-settings")" ] && ok "settings are options" ||
        not_ok "settings are options" "$(cat "$dir/by-settings") $(cat "$dir/out")"; }

# A damaged database is told of, and left as it is.
head -c 20000 /dev/urandom >"$db"; cp "$db" "$dir/kept"
doctor "a damaged database" 3 -q && has "a damaged database" "^problem +sessions +$db"
cmp -s "$db" "$dir/kept" && ok "it is left as it is" || not_ok "it is left as it is" "it changed"
rm "$db"
MYNAH_MODELS=$dir/none doctor "no models" 4 && has "no models" '^missing +tiny .*mynah pull tiny' && {
    grep -q ' speed ' "$dir/out" && not_ok "no speed without a model" "$(tail -n 1 "$dir/out")" || ok "no speed without a model"; }
refuse "unknown kernels" 2 "nosuch" doctor --kernels nosuch

try "bench in json" 0 bench -m tiny --json && python3 - "$dir/out" >"$dir/json" 2>&1 <<'PYTHON'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
assert lines[0]["model"] == "tiny" and lines[0]["threads"] > 0, lines[0]
assert all(set(l) == {"what", "value", "unit"} and l["value"] > 0 for l in lines[1:]) and len(lines) >= 5, lines
print("yes")
PYTHON
has "json of bench" '^yes$' "$dir/json"
try "models in json" 0 models --json text && python3 -c "
import json; lines = [json.loads(l) for l in open('$dir/out')]
print('yes' if {l['name'] for l in lines} >= {'tiny', 'default'} and {l['role'] for l in lines} == {'text'} else lines)" >"$dir/json" 2>&1
has "models of a role in json" '^yes$' "$dir/json"
refuse "models of no role" 2 "takes roles: .*, not 'frob'" models frob
exit "$n_failed"
