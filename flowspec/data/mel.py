"""Log-mel spectrograms as Tacotron 2 and the vocoders after it take them (Shen et al. 2018, sec. 2.2)."""

from __future__ import annotations

from functools import cache

import numpy as np

WINDOW, HOP = 1024, 256
HIGHEST = 8000.0
"""The upper end of the last band, in Hz, where the sound reaches so high."""
LEAST = 1e-5
"""Below it magnitudes are taken for this one, so that silence has a logarithm."""
STEP, BEND, OCTAVES = 200 / 3, 1000.0, np.log(6.4) / 27
"""Slaney's scale: one mel for each STEP Hz up to BEND, then one for each factor exp(OCTAVES)."""


def log_mel(sound: np.ndarray, rate: int, bands: int = 80) -> np.ndarray:
    """log max(F |STFT(x)|, 1e-5): x (..., T) -> (..., bands, T // 256 + 1) in float32.

    Frames are centred on every 256th sample, 1024 long under a Hann window, the ends reflected; F are `filters`.
    """
    half = WINDOW // 2
    padded = np.pad(sound, [(0, 0)] * (sound.ndim - 1) + [(half, half)], mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=-1)[..., ::HOP, :]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    magnitudes = np.abs(np.fft.rfft(frames * hann)).swapaxes(-1, -2)
    return np.log(np.maximum(filters(rate, bands) @ magnitudes, LEAST)).astype(np.float32)


@cache
def filters(rate: int, bands: int) -> np.ndarray:
    """Triangles over the frequencies of a frame, (bands, 513), evenly spaced on Slaney's mel scale from 0 to 8000 Hz or half the rate, of area 1."""
    frequencies = np.fft.rfftfreq(WINDOW, 1 / rate)
    corners = _hertz(np.linspace(0, _mels(min(HIGHEST, rate / 2)), bands + 2))[:, None]
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return np.maximum(np.minimum(rising, falling), 0) * 2 / (high - low)


def _mels(hertz: float) -> float:
    return hertz / STEP if hertz < BEND else BEND / STEP + np.log(hertz / BEND) / OCTAVES


def _hertz(mels: np.ndarray) -> np.ndarray:
    return np.where(mels < BEND / STEP, mels * STEP, BEND * np.exp(OCTAVES * (mels - BEND / STEP)))
