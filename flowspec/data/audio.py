"""The sound files of a folder, with their spectrograms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flowspec.data.dataset import DataError, Dataset, Parts
from flowspec.data.mel import WINDOW, log_mel
from flowspec.data.split import FRACTIONS
from flowspec.data.split import split as cut

LEVELS = 32_768
"""Levels of a 16-bit sample from 0 to 1."""
_ENDINGS = {".wav", ".flac"}


def audio(
    *, path: str | Path, samples: int = 16_000, rate: int = 22_050, bands: int = 80, noise: bool = False,
    split: Sequence[float] = FRACTIONS, seed: int = 0,
) -> Dataset:  # fmt: skip
    """The .wav and .flac files of a folder, mono, in pieces (N, 1, samples) of values in [-1, 1) with their log-mel spectrograms.

    Whole files are split into the three parts. Each is cut into pieces one after another and what is left over is dropped; a
    file shorter than a piece is followed by silence. The condition `mel` is (N, bands, samples // 256 + 1). Nothing is resampled.

    `noise` adds U(0, 1)/32768, the width of a 16-bit level, to every sample: digital silence, which is one value over and over,
    else has a density without bound.
    """
    path = Path(path)
    if samples < WINDOW // 2 + 1 or bands < 1:
        raise DataError(f"pieces need {WINDOW // 2 + 1} samples or more, and a band", f"samples={samples}, bands={bands} was given", "ask for more")
    files = _found(path)
    sounds = [pieces(file, samples, rate) for file in files]
    parts = Parts(*(np.concatenate([sounds[i] for i in index]) for index in cut(len(files), split, seed)))
    if noise:
        rng = np.random.default_rng(seed)
        parts = Parts(*(part + rng.random(part.shape, np.float32) / LEVELS for part in parts))
    mel = Parts(*(log_mel(part[:, 0], rate, bands) for part in parts))
    return Dataset(path.resolve().name, *parts, conditions={"mel": mel}, rate=rate)


def pieces(file: Path, samples: int, rate: int) -> np.ndarray:
    """A file as (N, 1, samples), N = max(1, its length // samples). Raises DataError."""
    sound = _read(file, rate)
    count = max(1, len(sound) // samples)
    padded = np.pad(sound[: count * samples], (0, max(0, samples - len(sound))))
    return padded.reshape(count, 1, samples)


def spectrograms(file: Path, samples: int, rate: int, bands: int) -> np.ndarray:
    """The log-mel spectrograms of a file's pieces, (N, bands, samples // 256 + 1). Raises DataError."""
    return log_mel(pieces(file, samples, rate)[:, 0], rate, bands)


def _found(path: Path) -> list[Path]:
    if not path.is_dir():
        raise DataError("a folder of sounds needs to be there", f"{path} is not a folder", "check the path")
    files = sorted(f for f in path.iterdir() if f.suffix.lower() in _ENDINGS and not f.name.startswith("."))
    if not files:
        raise DataError("a folder of sounds needs .wav or .flac files", f"{path} has none", "check the path")
    return files


def _read(file: Path, rate: int) -> np.ndarray:
    """One file as (T,) in float32; 16-bit values are divided by 32768."""
    try:
        import soundfile
    except ImportError as error:
        raise DataError("the source audio needs the library soundfile", "it is not installed", "pip install flowspec[audio]") from error
    try:
        sound, found = soundfile.read(file, dtype="float32")
    except (RuntimeError, OSError) as error:
        raise DataError("every sound of a folder needs to be read", f"{file} cannot be: {error}", "mend or remove the file") from error
    if found != rate:
        remedy = f"resample it (sox IN -r {rate} OUT), or ask for rate={found}"
        raise DataError(f"sounds need {rate} samples a second, as they are not resampled here", f"{file} has {found}", remedy)
    if sound.ndim != 1:
        raise DataError("sounds need to be mono", f"{file} has {sound.shape[1]} channels", "mix it down (sox IN -c 1 OUT)")
    if not len(sound):
        raise DataError("sounds need samples", f"{file} has none", "remove the file")
    return sound
