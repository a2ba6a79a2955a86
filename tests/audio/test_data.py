"""Folders of sounds, and spectrograms against librosa's where it is installed."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from flowspec.data.dataset import DataError
from flowspec.data.mel import filters, log_mel
from flowspec.data.registry import load

RATE = 22_050


def write(path: Path, sound: np.ndarray, rate: int = RATE, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(np.round(sound * 32768).astype("<i2").tobytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("soundfile")
    generator = np.random.default_rng(0)
    for i, length in enumerate((1000, 4000, 8300, 9000)):
        write(tmp_path / f"{i}.wav", generator.uniform(-0.5, 0.5, length))
    return tmp_path


def test_pieces_and_their_spectrograms(folder: Path) -> None:
    data = load("audio", path=folder, samples=4000, bands=20)
    parts = (data.train, data.validation, data.test)
    assert sum(len(part) for part in parts) == 1 + 1 + 2 + 2
    assert all(part.shape[1:] == (1, 4000) and part.dtype == np.float32 for part in parts)
    assert all(mel.shape == (len(part), 20, 16) for mel, part in zip(data.conditions["mel"], parts))
    assert data.levels is None
    np.testing.assert_array_equal(load("audio", path=folder, samples=4000, bands=20).train, data.train)


def test_what_is_read_is_what_was_written_and_short_files_end_in_silence(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    sound = np.arange(-300, 300) / 32768
    for name in "abc":
        write(tmp_path / f"{name}.wav", sound)
    piece = load("audio", path=tmp_path, samples=1024).train[0, 0]
    np.testing.assert_array_equal(piece[:600], sound.astype(np.float32))
    assert not piece[600:].any()


def test_faults(folder: Path, tmp_path: Path) -> None:
    cases = [({"rate": 16_000}, "not resampled"), ({"samples": 10}, "513 samples"), ({"path": folder / "none"}, "not a folder")]
    for arguments, message in cases:
        with pytest.raises(DataError, match=message):
            load("audio", **{"path": folder, **arguments})
    write(folder / "stereo.wav", np.zeros(2000), channels=2)
    with pytest.raises(DataError, match="mono"):
        load("audio", path=folder)
    (folder / "stereo.wav").write_bytes(b"not a sound")
    with pytest.raises(DataError, match="cannot be"):
        load("audio", path=folder)


def test_a_tone_is_loudest_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / RATE)
    mel = log_mel(tone, RATE)
    assert mel.shape == (80, 63) and mel.dtype == np.float32
    loudest = int(mel[:, 31].argmax())
    assert filters(RATE, 80)[loudest].argmax() * RATE / 1024 == pytest.approx(1000, abs=40)
    assert log_mel(np.zeros(2000), RATE).max() == pytest.approx(np.log(1e-5))
    np.testing.assert_array_equal(log_mel(np.stack([tone, 0 * tone]), RATE)[0], mel)


def test_spectrograms_are_those_of_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    np.testing.assert_allclose(filters(RATE, 80), librosa.filters.mel(sr=RATE, n_fft=1024, n_mels=80, fmin=0, fmax=8000), atol=1e-7)
    sound = np.random.default_rng(0).uniform(-1, 1, 16_000)
    theirs = librosa.feature.melspectrogram(y=sound, sr=RATE, n_fft=1024, hop_length=256, power=1.0, n_mels=80, fmax=8000, pad_mode="reflect")
    np.testing.assert_allclose(log_mel(sound, RATE), np.log(np.maximum(theirs, 1e-5)), atol=1e-5)
