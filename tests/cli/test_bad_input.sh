#!/bin/sh
# test_bad_input.sh MYNAH - every kind of bad file: its status, a message with its name, nothing on stdout.
. "$(dirname "$0")/lib.sh"
cd "$dir" || exit 1
mkdir folder.jpg
: > empty.jpg; : > empty.wav
mkfifo pipe.jpg
head -c 5000 /dev/urandom > random.jpg; cp random.jpg random.wav
printf '\377\330\377\340\000\020JFIF\000\001\001' > cut.jpg
printf '\211PNG\r\n\032\n\000\000\000\rIHDR\000\000\165\060\000\000\165\060\010\002\000\000\000\000\000\000\000' > huge.png   # 30000x30000
printf 'RIFF\044\000\000\000WAVEfmt \020\000\000\000\001\000\001\000\200\076\000\000\000\175\000\000\002\000\020\000data\000\000\000\000' > silent.wav   # 0 samples
printf 'RIFF\044\000\000\000WAVEfmt \020\000\000\000\001\000\000\000\000\000\000\000\000\000\000\000\000\000\020\000data\377\377\377\377' > hostile.wav
printf '\000\000\000\030ftypheic\000\000\000\000mif1heic' > phone.heic
printf '\000\000\000\034ftypavif\000\000\000\000avifmif1miaf' > new.avif
printf 'GIF89a\001\000\001\000\200\000\000\000\000\000' > moving.gif
printf '%%PDF-1.7\n%%\342\343\317\323\n1 0 obj\n' > paper.pdf
printf '\000\000\000\034ftypM4A \000\000\000\000M4A mp42isom' > memo.m4a
printf '\000\000\000\034ftypisom\000\000\002\000isomiso2mp41' > film.mp4
printf '\032\105\337\243\237\102\206\201\001\102\367\201\001\102\362\201\004\102\363\201\010\102\202\204webm' > clip.webm

for file in missing.jpg folder.jpg empty.jpg pipe.jpg random.jpg cut.jpg huge.png; do
    LIMIT_MS=2500 refuse "describe $file" 3 "$file" describe -m tiny "$file"
    LIMIT_MS=2500 refuse "ask -i $file" 3 "$file" ask -m tiny -i "$file" 'What is this?'
done
for file in missing.wav empty.wav random.wav silent.wav hostile.wav; do
    refuse "transcribe $file" 3 "$file" transcribe "$file"
    refuse "transcribe --json $file" 3 "$file" transcribe --json "$file"
done
for pair in phone.heic:HEIC new.avif:AVIF moving.gif:GIF paper.pdf:PDF; do
    refuse "describe ${pair%%:*}" 3 "${pair%%:*}.*${pair##*:}.*(convert|pdftoppm|heif|magick)" describe -m tiny "${pair%%:*}"
done
for pair in memo.m4a:M4A film.mp4:MP4 clip.webm:WebM; do
    refuse "transcribe ${pair%%:*}" 3 "${pair%%:*}.*${pair##*:}.*ffmpeg" transcribe "${pair%%:*}"
done

printf 'GGUF\003\000\000\000\377\377\377\377\377\377\377\177\001\000\000\000\000\000\000\000' > hostile.gguf
printf 'not a model' > text.gguf
refuse "hostile gguf" 4 "hostile.gguf" ask -m "$dir/hostile.gguf" Hello
refuse "no gguf" 4 "text.gguf" ask -m "$dir/text.gguf" Hello
refuse "missing gguf" 4 "none.gguf" ask -m "$dir/none.gguf" Hello
mkdir models
MYNAH_MODELS=$dir/models refuse "no weights" 4 "mynah pull default" ask Hello

try "one bad file among good ones" 3 describe -m tiny missing.jpg "$OLDPWD/assets/photograph.jpg" &&
    has "the others are described" 'photograph.jpg: .' && has "the bad one is named" 'missing.jpg' "$dir/err"
exit "$n_failed"
