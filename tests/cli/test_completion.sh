#!/bin/sh
# test_completion.sh MYNAH - bash completes by the script it is given; the manual page; needs no weights.
. "$(dirname "$0")/lib.sh"
export XDG_CONFIG_HOME="$dir/config" XDG_DATA_HOME="$dir/data"
mkdir "$dir/files" && cd "$dir/files" || exit 1
touch 'a photograph.jpg' cat.png tune.gguf; mkdir clips
cat >"$dir/complete.bash" <<'SCRIPT'
source <("$MYNAH" completion bash) || exit 9
complete -p mynah | grep -q _mynah || exit 9
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_mynah "$MYNAH" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
for reply in "${COMPREPLY[@]}"; do printf '[%s]' "$reply"; done
SCRIPT
export MYNAH="$mynah"
# completes NAME EXPECTED WORD... - the last word is completed.
completes() {
    name=$1 want=$2
    shift 2
    got=$(bash --norc "$dir/complete.bash" "$@" 2>&1)
    [ "$got" = "$want" ] && ok "$name" || not_ok "$name" "$got, expected $want"
}
if command -v bash >/dev/null; then
    completes "a command" '[transcribe]' mynah tr
    completes "all commands" '[ask][describe][transcribe][listen][pull][models][doctor][bench][quantize][tokenize][embed][help][completion]' mynah ''
    completes "an option of a command" '[--translate]' mynah transcribe --tr
    completes "no option of another" '' mynah transcribe --ima
    completes "an option of the chat" '[--inline]' mynah --in
    completes "a format" '[srt]' mynah transcribe --format s
    completes "all formats behind =" '[txt][srt][vtt][lrc][csv][json]' mynah transcribe --format =
    completes "a theme behind =" '[light]' mynah --theme = li
    completes "a language" '[ja]' mynah ask --language j
    completes "a model" '[default]' mynah ask -m def
    completes "a model's file" '[tune.gguf]' mynah ask --model tu
    completes "no speech model to chat with" '' mynah -m whisper
    completes "a projector's file" '[tune.gguf]' mynah ask --mmproj tu
    completes "a way to see" '[words]' mynah describe --eyes wo
    completes "who looks" '[smolvlm-500m]' mynah describe --eyes smolvlm-5
    completes "who looks, by file" '[tune.gguf]' mynah ask --eyes tu
    completes "a model to pull" '[whisper-base]' mynah pull whis
    completes "a file with a blank" '[a photograph.jpg]' mynah describe a
    completes "an image or a folder" '[clips][cat.png]' mynah ask -i c
    completes "a shell" '[zsh]' mynah completion z
    completes "a page" '[models][man]' mynah help m
    completes "a role" '[speech]' mynah models s
    completes "nothing after a number's option" '' mynah ask --temp ''
    # Every option and command of --help is known to each script.
    for shell in bash zsh fish; do
        try "$shell" 0 completion "$shell" || continue
        cp "$dir/out" "$dir/script.$shell"
        missing=
        for command in ask describe transcribe listen pull models doctor bench quantize tokenize embed help completion; do
            grep -q "$command" "$dir/script.$shell" || missing="$missing $command"
            for option in $("$mynah" "$command" --help | sed -n 's/^ .* --\([a-z-]*\).*/\1/p'); do
                grep -qE -- "(--|-l )$option\\b" "$dir/script.$shell" || missing="$missing $option"
            done
        done
        [ -z "$missing" ] && ok "all of --help in $shell" || not_ok "all of --help in $shell" "not$missing"
        if command -v "$shell" >/dev/null; then
            "$shell" -n "$dir/script.$shell" 2>"$dir/err" && ok "syntax of $shell" || not_ok "syntax of $shell" "$(cat "$dir/err")"
        fi
    done
fi
refuse "completion without a shell" 2 "takes one shell: bash, zsh or fish" completion
refuse "completion of another shell" 2 "takes one shell" completion csh

try man 0 help man && has "man names the statuses" '^143$'
cp "$dir/out" "$dir/mynah.1"
for word in ask describe transcribe listen pull models doctor bench quantize tokenize embed help completion inline theme json; do
    has "man has $word" "$word" "$dir/mynah.1"
done
if command -v groff >/dev/null; then
    groff -man -Tutf8 -ww "$dir/mynah.1" >"$dir/page" 2>"$dir/err"
    [ -s "$dir/err" ] && not_ok "man is roff without a warning" "$(head -c 300 "$dir/err")" || ok "man is roff without a warning"
fi
try "help of a command" 0 help ask && has "help of a command" '^Usage: mynah ask'
refuse "help of nothing" 2 "takes one command or man, not 'frob'" help frob

# What `make install` puts where.
if [ -f "$OLDPWD/Makefile" ] && command -v make >/dev/null; then
    (cd "$OLDPWD" && make -s install DESTDIR="$dir/root" PREFIX=/usr) >"$dir/out" 2>"$dir/err" ||
        not_ok install "$(head -c 300 "$dir/err")"
    for file in bin/mynah share/bash-completion/completions/mynah share/zsh/site-functions/_mynah \
                share/fish/vendor_completions.d/mynah.fish share/man/man1/mynah.1; do
        [ -s "$dir/root/usr/$file" ] && ok "installs $file" || not_ok "installs $file" "it is not there"
    done
    cmp -s "$dir/root/usr/share/man/man1/mynah.1" "$dir/mynah.1" && ok "installs the manual page" || not_ok "installs the manual page" "it differs"
fi
exit "$n_failed"
