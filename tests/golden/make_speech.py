#!/usr/bin/env python3
"""What CTranslate2 (f32) makes of assets/speech.flac on the weights of whisper-base, for weights_whisper.c.

speech_encoder.f32: rows 0, 50, .. 1450 of the encoder's output [30][512].
speech_segments.txt: language and its probability, then a line per segment: start, end, text; greedy, from NumPy's mel,
    with the decoding rules as CTranslate2 has them.
$MYNAH_RAW holds model.bin, vocabulary.json, tokenizer.json, config.json (MODELS of docs/models.md, "Whisper").
"""
import os
import ctranslate2
import numpy as np
import soundfile
import tokenizers
from make_mel import filters

HERE, RAW = os.path.dirname(os.path.abspath(__file__)), os.environ["MYNAH_RAW"]
SOT, TRANSCRIBE, STAMP = 50258, 50359, 50364


def log_mel(x):
    x = np.pad(np.concatenate([x, np.zeros(480000)]), 200, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(x, 400)[::160][:3000]
    power = np.abs(np.fft.rfft(frames * np.hanning(401)[:-1])) ** 2
    log = np.log10(np.maximum(power @ filters().T, 1e-10))
    return ((np.maximum(log, log.max() - 8) + 4) / 4).T.astype(np.float32)


def main():
    x, hz = soundfile.read(os.path.join(HERE, "../../assets/speech.flac"))
    assert hz == 16000 and x.ndim == 1
    model = ctranslate2.models.Whisper(RAW, device="cpu", compute_type="float32", intra_threads=2)
    words = tokenizers.Tokenizer.from_file(os.path.join(RAW, "tokenizer.json"))
    rows = model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(log_mel(x)[None])), to_cpu=True)
    np.array(rows)[0, ::50].astype("<f4").tofile(os.path.join(HERE, "speech_encoder.f32"))
    language, p = model.detect_language(rows)[0][0]
    ids = model.generate(rows, [[SOT, words.token_to_id(language), TRANSCRIBE]], beam_size=1,
                         max_initial_timestamp_index=50)[0].sequences_ids[0]
    with open(os.path.join(HERE, "speech_segments.txt"), "w") as out:
        out.write(f"{language[2:-2]} {p:.4f}\n")
        at = 0
        for i in range(1, len(ids)):
            if ids[i] >= STAMP and i > at:
                out.write(f"{(ids[at] - STAMP) / 50:.2f} {(ids[i] - STAMP) / 50:.2f} {words.decode(ids[at + 1:i]).strip()}\n")
                at = i + 1


if __name__ == "__main__":
    main()
