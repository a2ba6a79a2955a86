"""Sound as files."""

from __future__ import annotations

import wave
from io import BytesIO
from pathlib import Path

import numpy as np

from flowspec.files import replace


def write_sound(sounds: np.ndarray, path: Path, rate: int) -> None:
    """Saves sounds (N, 1, T) of values in [-1, 1) one after another, as a .wav of 16 bits; what lies outside is clipped."""
    values = np.nan_to_num(sounds.ravel() * 32_768).round().clip(-32_768, 32_767).astype("<i2")
    content = BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, values.itemsize, rate, len(values), "NONE", "not compressed"))
        file.writeframes(values.tobytes())
    replace(path, content.getvalue())
