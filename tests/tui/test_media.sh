# The real engines with the small weights: a picture and a clip, seen, heard and asked about.
. "$(dirname "$0")/lib.sh"
assets=$(realpath "$tests/../../assets")

begin "a picture is seen"
for file in SmolLM2-135M-Instruct.Q4_1.gguf ggml-base.bin efficientnet-lite2.gguf ssd-mobilenetv3-coco.gguf; do
    [ -f "$MYNAH_MODELS/$file" ] || { fail "$MYNAH_MODELS/$file is not there: run mynah pull"; exit 1; }
done
chat -m tiny --temp 0 --new -n 24
wait_for ready
paste "$assets/photograph.jpg"
wait_for "[image photograph.jpg · "
wait_for " JPEG · "
begin "a clip is heard"
paste "$assets/speech.flac"
wait_for "[clip speech.flac · "
wait_for " FLAC · "

begin "they are asked about"
type "What are these?"
press Enter
wait_for "tokens/s"
wait_for ready
expect "› image photograph.jpg"
expect "  clip speech.flac"

begin "details show what was seen and heard"
type "/details"
press Enter
wait_for "image photograph.jpg"
wait_for "objects"
for page in 1 2 3; do press NPage; done
wait_for "transcript"
press Escape
wait_for ready

begin "a format that is not read is named, the draft stays"
printf '\000\000\000\030ftypheic' >"$work/files/x.heic"
type "/attach $work/files/x.heic"
press Enter
type "my draft"
wait_for "not attached: "
expect "HEIC"
expect "my draft"
press C-a BSpace
press C-e C-u
wait_gone "HEIC"

begin "it comes back with its attachments"
press C-d
wait_exit 0
chat -m tiny --temp 0 -n 24
wait_for "resumed"
wait_for ready
expect "› image photograph.jpg · "
type "/details"
press Enter
wait_for "image photograph.jpg"
wait_for "objects"
press Escape
wait_for ready

begin "another model"
type "/model nosuchmodel"
press Enter
wait_for "! "
type "/model $MYNAH_MODELS/SmolLM2-135M-Instruct.Q4_1.gguf"
press Enter
wait_for "SmolLM2-135M-Instruct.Q4_1.gguf · "
wait_for ready
press C-d
wait_exit 0

begin "a pair looks at a picture for it"
export XDG_CACHE_HOME="$work/cache"
python3 "$tests/../make_pair.py" "$work/barn.gguf" "A" " red" " barn" "."
chat -m tiny --temp 0 --new -n 8
wait_for ready
type "/eyes $work/barn.gguf $tests/../golden/vision_idefics3.gguf"
press Enter
wait_for "barn.gguf looks at pictures"
paste "$assets/photograph.jpg"
wait_for " JPEG · "
type "What is it?"
press Enter
wait_for "tokens/s"
wait_for ready
type "/details"
press Enter
wait_for "image photograph.jpg"
press NPage
press NPage
wait_for "eyes (barn.gguf, "
expect "A red barn."
expect 's), asked "What is it?":'
press Escape
wait_for ready
press C-d
wait_exit 0
done_testing
