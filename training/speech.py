#!/usr/bin/env python3
"""speech.py SENTENCES OUT [--voices learned|aside] [--seed S] [--plain] - says each line of a file, by voices of espeak-ng, flite and festival.

OUT/NNNNNN.wav (16 kHz), OUT/text.tsv (path, voice and sentence, with tabs between).  Seeded: voice, speed, pitch, level, silence around it,
noise and bandwidth of each are drawn; --plain leaves noise and bandwidth alone.  `aside` are voices that nothing learns from: of each program at least
one, and two accents.  Needs espeak-ng, flite, festival with festvox-kallpc16k, festvox-kdlpc16k and festvox-us-slt-hts, sox and NumPy.
"""
import argparse, os, subprocess
from concurrent.futures import ThreadPoolExecutor
import numpy as np

HZ = 16000
ESPEAK = [f"{accent}+{variant}" for accent in ("en-us", "en-gb", "en-gb-x-rp", "en-us-nyc", "en-gb-x-gbclan")
          for variant in ("m1", "m2", "m3", "m4", "m5", "m6", "m8", "f1", "f2", "f3", "f5", "Alex", "Andrea", "Annie", "Gene", "Lee", "Michael",
                          "adam", "belinda", "ed", "linda", "max", "paul", "robert", "steph2", "zac")]
LEARNED = {"espeak": ESPEAK, "flite": ["kal16", "awb", "slt", "kal"], "festival": ["kal_diphone", "cmu_us_slt_arctic_hts"]}
ASIDE = {"espeak": ["en-gb-scotland+m7", "en-gb-scotland+f4", "en-us+m7", "en-us+f4", "en-029+david", "en-us+steph"], "flite": ["rms"], "festival": ["ked_diphone"]}
SHARE = {"espeak": 0.5, "flite": 0.3, "festival": 0.2}


def speak(program, voice, speed, pitch, text, path):
    if program == "espeak":
        command = ["espeak-ng", "-v", voice, "-s", str(round(165 * speed)), "-p", str(round(50 * pitch)), "-w", path, text]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    elif program == "flite":
        subprocess.run(["flite", "-voice", voice, "--setf", f"duration_stretch={1 / speed:.3f}", "-t", text, "-o", path], check=True, stdin=subprocess.DEVNULL)
    else:
        subprocess.run(["text2wave", "-eval", f"(voice_{voice})", "-eval", f"(Parameter.set 'Duration_Stretch {1 / speed:.3f})", "-o", path],
                       check=True, input=text.encode(), stderr=subprocess.DEVNULL)


def samples(path, factor):
    """At 16 kHz, lower or higher by the factor, in tempo and pitch."""
    raw = subprocess.run(["sox", path, "-t", "s16", "-r", str(HZ), "-c", "1", "-", "speed", f"{factor:.3f}"], check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL).stdout
    return np.frombuffer(raw, "<i2").astype(np.float32) / 32768


def noise(rng, n):
    """White to brown: 1/f^a, a from 0 to 2."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum /= np.maximum(np.arange(len(spectrum)), len(spectrum) // 200 + 1) ** (rng.uniform(0, 2) / 2)
    x = np.fft.irfft(spectrum, n)
    return x / (np.sqrt(np.mean(x ** 2)) + 1e-9)


def band(x, low, high):
    spectrum, hz = np.fft.rfft(x), np.fft.rfftfreq(len(x), 1 / HZ)
    return np.fft.irfft(spectrum / np.sqrt(1 + (low / np.maximum(hz, 1)) ** 4) / np.sqrt(1 + (hz / high) ** 8), len(x))


def make(number, text, voices, seed, folder, plain):
    rng = np.random.default_rng([seed, number])
    program = rng.choice(list(SHARE), p=list(SHARE.values()))
    voice = str(rng.choice(voices[program]))
    path, factor = os.path.join(folder, f"{number:06d}.wav"), rng.uniform(0.93, 1.07)
    speak(program, voice, rng.uniform(0.75, 1.15), rng.uniform(0.5, 1.5), text, path)
    x = samples(path, factor)
    x = np.concatenate([np.zeros(rng.integers(0, HZ // 2)), x, np.zeros(rng.integers(0, HZ // 2))])
    size = np.sqrt(np.mean(x ** 2)) + 1e-9
    if not plain and rng.random() < 0.3:
        x = band(x, rng.uniform(50, 300), rng.uniform(3000, 7000))
    if not plain and rng.random() < 0.6:
        x = x + noise(rng, len(x)) * size * 10 ** (-rng.uniform(5, 35) / 20)
    x *= 10 ** (-rng.uniform(0, 20) / 20) * 0.9 / (np.abs(x).max() + 1e-9)
    pcm = np.round(x * 32767).astype("<i2").tobytes()
    subprocess.run(["sox", "-t", "s16", "-r", str(HZ), "-c", "1", "-", path], check=True, input=pcm)
    return f"{path}\t{program}:{voice}\t{text}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences")
    parser.add_argument("out")
    parser.add_argument("--voices", choices=["learned", "aside"], default="learned")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    a = parser.parse_args()
    os.makedirs(a.out, exist_ok=True)
    lines = [line.strip() for line in open(a.sentences, encoding="utf-8") if line.strip()]
    voices = LEARNED if a.voices == "learned" else ASIDE
    with ThreadPoolExecutor(a.jobs) as pool:
        told = list(pool.map(lambda i: make(i, lines[i], voices, a.seed, a.out, a.plain), range(len(lines))))
    with open(os.path.join(a.out, "text.tsv"), "w", encoding="utf-8") as f:
        f.writelines(told)


if __name__ == "__main__":
    main()
