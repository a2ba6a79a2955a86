"""Patches and crops of the two photographs: disjoint regions, the recipe, the mirror."""

from __future__ import annotations

import numpy as np
import pytest

from flowspec.data import DataError, load, photographs

FEW = {"train": 3000, "validation": 300, "test": 600}


def coded() -> np.ndarray:
    """Two false photographs whose pixels tell where they are: column // 4, row // 4, and photograph, column, row mod 4."""
    which, row, column = np.meshgrid(np.arange(2), np.arange(427), np.arange(640), indexing="ij")
    return np.stack([column // 4, row // 4, which * 16 + column % 4 * 4 + row % 4], 3).astype(np.uint8)


def places(crops: np.ndarray) -> np.ndarray:
    """Each pixel's place as one number, from its code."""
    across, down, rest = (crops[:, channel].astype(np.int64) for channel in range(3))
    column, row = across * 4 + rest // 4 % 4, down * 4 + rest % 4
    return (rest // 16 * 427 + row) * 640 + column


@pytest.mark.parametrize("size", [2, 8, 32, 64])
def test_no_pixel_is_in_two_parts(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "_photographs", coded)
    data = load("crops", size=size, train=1000, validation=300, test=500)
    seen = [places(part) for part in (data.train, data.validation, data.test)]
    columns = [(part.min(), part.max()) for part in (place % 640 for place in seen)]
    assert columns[0][1] < 448 <= columns[1][0] and columns[1][1] < 512 <= columns[2][0]
    assert {int(place // (427 * 640)) for place in seen[0][:, 0, 0]} == {0, 1}


def test_crops_are_windows_and_training_crops_are_mirrored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "_photographs", coded)
    data, plain = load("crops", **FEW), load("crops", flip=False, **FEW)
    mirrored = (data.train != plain.train).any((1, 2, 3))
    assert 0.4 < mirrored.mean() < 0.6
    assert np.array_equal(data.train[mirrored], plain.train[mirrored][..., ::-1])
    assert np.array_equal(data.test, plain.test) and np.array_equal(data.validation, plain.validation)
    assert (np.diff(places(plain.train), axis=2) == 1).all() and (np.diff(places(plain.train), axis=1) == 640).all()


def test_grey_crops() -> None:
    colour, grey = load("crops", flip=False, **FEW), load("crops", flip=False, channels=1, **FEW)
    assert grey.train.shape == (3000, 1, 32, 32) and grey.levels == 256
    luma = 0.299 * colour.test[:, :1] + 0.587 * colour.test[:, 1:2] + 0.114 * colour.test[:, 2:]
    assert np.abs(grey.test - luma).max() <= 0.5 + 1e-9


def test_patches_follow_the_recipe() -> None:
    data, whole = load("patches", **FEW), load("patches", mean_removed=False, **FEW)
    assert data.train.shape == (3000, 63) and whole.train.shape == (3000, 64)
    assert whole.train.min() >= 0 and whole.train.max() <= 1
    np.testing.assert_allclose(data.test, (whole.test - whole.test.mean(1, keepdims=True))[:, :-1], atol=1e-6)
    fraction = whole.train * 256 % 1
    assert abs(fraction.mean() - 0.5) < 0.01 and abs(fraction.var() - 1 / 12) < 0.002


def test_patches_may_be_standardised() -> None:
    data, raw = load("patches", standardise=True, **FEW), load("patches", **FEW)
    np.testing.assert_allclose(data.train.std(0), 1, atol=1e-3)
    assert data.log_scale == pytest.approx(-np.log(raw.train.std(0, dtype=float)).sum(), abs=1e-3)


@pytest.mark.parametrize("size", [0, 1, 65])
def test_sizes_that_do_not_fit(size: int) -> None:
    with pytest.raises(DataError, match=f"2 to 64 pixels.*size={size}"):
        load("crops", size=size)


def test_channels_and_empty_parts() -> None:
    with pytest.raises(DataError, match="1 or 3 channels"):
        load("crops", channels=2)
    with pytest.raises(DataError, match="train part of patches needs an example"):
        load("patches", train=0)
