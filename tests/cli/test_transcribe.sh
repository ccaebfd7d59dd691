#!/bin/sh
# test_transcribe.sh MYNAH - transcripts in files: formats as other programs read them, names, bad clips among good ones.
. "$(dirname "$0")/lib.sh"
assets=$(cd "$(dirname "$0")/../../assets" && pwd)
cp "$assets/speech.flac" "$dir/talk.flac"
cd "$dir" || exit 1
mkdir a b
python3 - <<'PY'
import wave
for name, n in (("a/talk.wav", 16000), ("b/talk.wav", 16000)):
    w = wave.open(name, "wb"); w.setparams((1, 2, 16000, 0, "NONE", "")); w.writeframes(bytes(2 * n))
PY
reads() { # NAME PYTHON - d: the JSON, rows: the CSV, names of files as text: t("srt")
    python3 - >"$dir/read" 2>&1 <<PY
import csv, json, re
t = lambda ending: open("to/talk." + ending, encoding="utf-8", newline="").read()
d = json.loads(t("json"))
rows = list(csv.DictReader(open("to/talk.csv", encoding="utf-8", newline=""), strict=True))
seconds = lambda stamp: sum(float(x) * y for x, y in zip(stamp.replace(",", ".").split(":"), (3600, 60, 1)))
print("yes" if ($2) else (d, rows))
PY
    has "$1" '^yes$' "$dir/read"
}

try "all formats at once" 0 transcribe --format txt,srt,vtt,lrc,csv,json,srt --out to/below/.. talk.flac &&
    { [ "$(ls to | tr '\n' ' ')" = "below talk.csv talk.json talk.lrc talk.srt talk.txt talk.vtt " ] && [ ! -s "$dir/out" ] &&
      ok "a file for each format" || not_ok "a file for each format" "$(ls to); $(head -c 100 to/talk.txt)"; }
[ "$(ls -l to/talk.srt | cut -c1-10)" = "-rw-r--r--" ] && ok "files as the umask has them" || not_ok "files as the umask has them" "$(ls -l to/talk.srt)"
reads "json" "d['language'] == 'en' and 0.9 < d['language_p'] <= 1 and abs(d['seconds'] - 15.4) < 0.1 and d['path'] == 'talk.flac' and len(d['segments']) > 1
    and all(0 <= s['start'] < s['end'] <= 16 and s['avg_logprob'] < 0 and 0 <= s['no_speech_p'] < 0.5 for s in d['segments'])"
reads "csv tells the same" "[(float(r['start']), float(r['end']), r['speaker'], r['text']) for r in rows] == [(s['start'], s['end'], '', s['text']) for s in d['segments']]"
reads "txt tells the same" "t('txt') == d['text'] + '\\n' and ' '.join(s['text'] for s in d['segments']) == d['text']"
reads "srt tells the same" "[(seconds(a), seconds(b), x) for a, b, x in re.findall(r'(?:^|\\n)\\d+\\n(\\S+) --> (\\S+)\\n(.+)\\n', t('srt'))] == [(s['start'], s['end'], s['text']) for s in d['segments']]"
reads "vtt tells the same" "[(seconds(a), seconds(b), x) for a, b, x in re.findall(r'\\n(\\S+) --> (\\S+)\\n(.+)\\n', t('vtt'))] == [(s['start'], s['end'], s['text']) for s in d['segments']]"
reads "lrc tells the same" "[(60 * float(m) + float(s), x) for m, s, x in re.findall(r'\\[(\\d\\d):(\\d\\d.\\d\\d)\\](.+)\\n', t('lrc'))] == [(s['start'], s['text']) for s in d['segments']]"

# What is there stays, and is not listened to again; all others are done.
echo mine >to/talk.srt
refuse "a file that is there" 3 "to/talk.srt: is there already and was left as it is; --force" transcribe --format srt --out to talk.flac
[ "$(cat to/talk.srt)" = mine ] && ok "it stays" || not_ok "it stays" "$(cat to/talk.srt)"
try "written over" 0 transcribe --format srt --out to --force talk.flac && has "written over" '-->' to/talk.srt

# Clips of one name, a bad one, a folder and nothing at all among them.
echo noise >b/bad.wav
try "many clips" 3 transcribe --format lrc --out many a/talk.wav 'b/*.wav' missing.wav b talk.flac &&
    { [ "$(ls many | tr '\n' ' ')" = "talk-2.lrc talk-3.lrc talk.lrc " ] && [ ! -s many/talk.lrc ] && [ -s many/talk-3.lrc ] &&
      ok "a name for each" || not_ok "a name for each" "$(ls -l many)"; }
for what in 'b/bad.wav' 'missing.wav' 'b: is a folder' 'a/talk.wav: no speech'; do has "said of $what" "$what" "$dir/err"; done
try "json, a line each" 3 transcribe --format json a/talk.wav missing.wav talk.flac &&
    { [ "$(python3 -c "import json; print([json.loads(line)['path'] for line in open('$dir/out')])")" = "['a/talk.wav', 'talk.flac']" ] &&
      ok "json, a line each" || not_ok "json, a line each" "$(head -c 200 "$dir/out")"; }
cp talk.flac '[x]*.flac'
try "a name that looks like a pattern" 0 transcribe '[x]*.flac' && has "a name that looks like a pattern" 'Dashwood'
"$mynah" transcribe --format txt --out in - <talk.flac 2>"$dir/err" && has "standard input" Dashwood in/stdin.txt
exit "$n_failed"
