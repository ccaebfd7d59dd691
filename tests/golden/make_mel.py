#!/usr/bin/env python3
"""Golden log-mel for test_mel.c: NumPy in double precision, with its own FFT and filters.

mel.f32: filters [80][201], then log-mel [frames][80] of the signal that the test makes too:
20003 samples of a linear congruential generator, s' = 1664525 s + 1013904223 (mod 2^32), s = 1 at first,
x = ((s' >> 16) - 32768) / 32768 * g, where g is 1, 1/64, 0 by turns of 4096 samples.
"""
import os
import numpy as np

N, HOP, FFT, MELS, HZ = 20003, 160, 400, 80, 16000


def signal():
    s, x = 1, []
    for i in range(N):
        s = (1664525 * s + 1013904223) % 2**32
        x.append(((s >> 16) - 32768) / 32768 * (1, 1 / 64, 0)[i // 4096 % 3])
    return np.array(x)


def filters():
    """librosa.filters.mel(sr=16000, n_fft=400, n_mels=80), whose output Whisper ships."""
    mel = np.linspace(0, 15 + np.log(8000 / 1000) / (np.log(6.4) / 27), MELS + 2)
    hz = np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))
    bins = np.arange(FFT // 2 + 1) * HZ / FFT
    ramps = hz[:, None] - bins[None]
    lower, upper = -ramps[:-2] / np.diff(hz)[:-1, None], ramps[2:] / np.diff(hz)[1:, None]
    return np.maximum(0, np.minimum(lower, upper)) * (2 / (hz[2:] - hz[:-2]))[:, None]


def main():
    x, f = signal(), filters()
    n_frames = -(-(N + FFT // 2) // HOP)
    padded = np.pad(np.concatenate([x, np.zeros(FFT + HOP)]), FFT // 2, mode="reflect")
    frames = np.stack([padded[t * HOP:t * HOP + FFT] for t in range(n_frames)])
    power = np.abs(np.fft.rfft(frames * np.hanning(FFT + 1)[:-1])) ** 2
    log = np.log10(np.maximum(power @ f.T, 1e-10))
    log = (np.maximum(log, log.max() - 8) + 4) / 4
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mel.f32"), "wb") as out:
        out.write(f.astype("<f4").tobytes() + log.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
