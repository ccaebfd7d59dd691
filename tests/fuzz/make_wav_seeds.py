#!/usr/bin/env python3
"""Seeds for fuzz_wav: a short sound in each kind of file that is read (needs python3-soundfile), and crooked headers."""
import os
import struct
import numpy as np
import soundfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "wav")
x = 0.3 * np.sin(np.arange(800) * 0.17)
for name, kind, subtype, rate, channels in (
        ("pcm16.wav", "WAV", "PCM_16", 16000, 1), ("float_stereo.wav", "WAV", "FLOAT", 44100, 2), ("ulaw.wav", "WAV", "ULAW", 8000, 1),
        ("adpcm.wav", "WAV", "IMA_ADPCM", 22050, 1), ("gsm.wav", "WAV", "GSM610", 8000, 1), ("x.aiff", "AIFF", "PCM_16", 16000, 1),
        ("x.au", "AU", "PCM_16", 16000, 1), ("x.flac", "FLAC", "PCM_16", 16000, 2), ("vorbis.ogg", "OGG", "VORBIS", 16000, 1),
        ("opus.ogg", "OGG", "OPUS", 48000, 1), ("x.mp3", "MP3", "MPEG_LAYER_III", 16000, 1), ("x.rf64", "RF64", "PCM_16", 16000, 1)):
    soundfile.write(os.path.join(HERE, name), np.stack([x] * channels, 1), rate, format=kind, subtype=subtype)
sound = b"\x20" * 640
with open(os.path.join(HERE, "streamed.wav"), "wb") as f:
    f.write(b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16) + b"data\xff\xff\xff\xff" + sound)
with open(os.path.join(HERE, "no_format.wav"), "wb") as f:
    f.write(b"RIFF\x10\0\0\0WAVEfmt \0\0\0\0data" + struct.pack("<I", len(sound)) + sound)
