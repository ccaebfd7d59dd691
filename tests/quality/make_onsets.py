#!/usr/bin/env python3
"""Clips whose word onsets are known: single words, spoken by espeak-ng, cut to their sound and joined with known gaps.

    make_onsets.py FOLDER [SEED]

Writes FOLDER/NAME.wav (16 kHz mono) and NAME.onsets, a line "seconds word" for each word.  A word's sound
begins where it first reaches a hundredth of its peak.
"""
import os
import random
import struct
import subprocess
import sys
import tempfile
import wave

HZ = 16000
SENTENCES = {
    "garden": "my brother walked through the garden and found seven yellow flowers behind the old house",
    "kitchen": "please bring the large kitchen table into the other room before the guests arrive tonight",
    "market": "every morning the farmer carries fresh bread and butter to the market near the river",
    "winter": "last winter we travelled across the mountains with heavy bags and very little money",
}
GAPS_MS = (150, 200, 250, 300, 400, 600)
VOICES = ("en-us", "en-gb+f3")


def speak(word, voice):
    """Samples of one word at 16 kHz, without what is quiet at both ends."""
    with tempfile.TemporaryDirectory() as folder:
        said, at_16 = os.path.join(folder, "said.wav"), os.path.join(folder, "16.wav")
        subprocess.run(["espeak-ng", "-v", voice, "-s", "140", "-w", said, word], check=True)
        subprocess.run(["sox", said, "-r", str(HZ), "-c", "1", "-b", "16", at_16, "vol", "0.7"], check=True)
        with wave.open(at_16) as f:
            samples = struct.unpack(f"<{f.getnframes()}h", f.readframes(f.getnframes()))
    least = max(map(abs, samples)) / 100
    loud = [i for i, x in enumerate(samples) if abs(x) >= least]
    return samples[loud[0]:loud[-1] + 1]


def clip(words, voice, rng):
    samples, onsets = [0] * int(0.5 * HZ), []
    for word in words:
        onsets.append(len(samples) / HZ)
        samples += speak(word, voice)
        samples += [0] * (HZ * rng.choice(GAPS_MS) // 1000)
    samples += [0] * int(0.5 * HZ)
    return [x + rng.randint(-8, 8) for x in samples], onsets    # a quiet room: -72 dB


def main():
    folder, rng = sys.argv[1], random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 8)
    os.makedirs(folder, exist_ok=True)
    for i, (name, text) in enumerate(SENTENCES.items()):
        samples, onsets = clip(text.split(), VOICES[i % len(VOICES)], rng)
        with wave.open(os.path.join(folder, name + ".wav"), "wb") as f:
            f.setnchannels(1)
            f.setsampwidth(2)
            f.setframerate(HZ)
            f.writeframes(struct.pack(f"<{len(samples)}h", *samples))
        with open(os.path.join(folder, name + ".onsets"), "w") as f:
            f.writelines(f"{t:.3f} {word}\n" for t, word in zip(onsets, text.split()))


if __name__ == "__main__":
    main()
