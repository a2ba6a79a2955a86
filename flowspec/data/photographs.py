"""Patches and crops of the two photographs that come with scikit-learn (china and flower, 427 x 640 each).

The parts come from disjoint columns of each photograph: the left 70 % train, the next 10 % validation, the right 20 % test.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import Generator

from flowspec.data.dataset import DataError, Dataset, Parts
from flowspec.data.table import table

NOTE = "two photographs only: a check of the whole path, not comparable with numbers from other images"


def patches(
    *,
    size: int = 8,
    mean_removed: bool = True,
    standardise: bool = False,
    train: int = 20000,
    validation: int = 2000,
    test: int = 2000,
    seed: int = 0,
) -> Dataset:
    """Grey patches by the BSDS300 recipe, tables x_ND in units of 256 grey levels (RNADE, Uria et al. 2013; MAF, 2017).

    A pixel is (grey + U(0, 1)) / 256. With the mean of its patch removed the last pixel is minus the sum of the others and
    is dropped: D = size^2 - 1; otherwise D = size^2.
    """
    streams = np.random.default_rng(seed).spawn(3)
    windows = _windows(_grey(_photographs()), size, (train, validation, test), streams)
    rows = (_patches(part, mean_removed, rng) for part, rng in zip(windows, streams, strict=True))
    return table("patches", Parts(*rows), standardise=standardise, note=NOTE)


def crops(
    *,
    size: int = 32,
    channels: int = 3,
    flip: bool = True,
    train: int = 20000,
    validation: int = 2000,
    test: int = 2000,
    seed: int = 0,
) -> Dataset:
    """Crops (N, C, size, size) in 256 levels, of 3 channels or grey; training crops are mirrored at random if `flip`."""
    if channels not in (1, 3):
        raise DataError("crops need 1 or 3 channels", f"channels={channels} was given", "choose 1 (grey) or 3 (colour)")
    streams = np.random.default_rng(seed).spawn(3)
    photographs = _photographs() if channels == 3 else _grey(_photographs())
    parts = _windows(photographs, size, (train, validation, test), streams)
    if flip:
        mirrored = streams[0].random((train, 1, 1, 1)) < 0.5
        parts = parts._replace(train=np.where(mirrored, parts.train[..., ::-1], parts.train))
    return Dataset("crops", *parts, levels=256, note=NOTE)


def _photographs() -> np.ndarray:
    """Both photographs, (2, H, W, 3) in uint8."""
    from sklearn.datasets import load_sample_images

    return np.stack(load_sample_images().images)


def _grey(photographs: np.ndarray) -> np.ndarray:
    """The luma of ITU-R BT.601, rounded: (2, H, W, 1) in uint8."""
    return np.rint(photographs @ (0.299, 0.587, 0.114)).astype(np.uint8)[..., None]


def _windows(photographs: np.ndarray, size: int, counts: tuple[int, ...], streams: list[Generator]) -> Parts:
    """Windows (N, C, size, size) at random places of each part's columns."""
    width = photographs.shape[2]
    regions = np.split(photographs, [width * 7 // 10, width * 8 // 10], axis=2)
    most = min(*regions[0].shape[1:3], *(region.shape[2] for region in regions))
    if not 2 <= size <= most:
        needed = f"windows need a side of 2 to {most} pixels, the width of the validation columns"
        raise DataError(needed, f"size={size} was given", f"choose a size of at most {most}")
    return Parts(*(_draw(region, size, n, rng) for region, n, rng in zip(regions, counts, streams, strict=True)))


def _draw(region: np.ndarray, size: int, n: int, rng: Generator) -> np.ndarray:
    windows = sliding_window_view(region, (size, size), axis=(1, 2))
    return windows[tuple(rng.integers(places, size=n) for places in windows.shape[:3])]


def _patches(grey: np.ndarray, mean_removed: bool, rng: Generator) -> np.ndarray:
    pixels = ((grey + rng.random(grey.shape)) / 256).reshape(len(grey), grey.shape[2] * grey.shape[3])
    return (pixels - pixels.mean(1, keepdims=True))[:, :-1] if mean_removed else pixels
