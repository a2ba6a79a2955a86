"""The small sets that come with scikit-learn: four tables, and the handwritten digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from flowspec.data.binary import binarised
from flowspec.data.dataset import Dataset, Labels, Parts
from flowspec.data.split import FRACTIONS
from flowspec.data.split import split as cut
from flowspec.data.table import table

NOTES = {
    "iris": "measured to 0.1 cm: rows repeat, so a flexible density can grow without bound",
    "wine": "rounded measurements: values repeat within columns",
    "breast_cancer": "30 features, many of them nearly functions of others",
    "diabetes": "features only; sex takes two values, on which a flexible density can grow without bound",
}


def bundled(name: str, *, standardise: bool = True, split: Sequence[float] = FRACTIONS, seed: int = 0) -> Dataset:
    """A table of scikit-learn in its own units or standardised; classes are its labels, a regression target is left out."""
    from sklearn import datasets

    raw = {"scaled": False} if name == "diabetes" else {}
    features, target = getattr(datasets, f"load_{name}")(return_X_y=True, **raw)
    indices = cut(len(features), split, seed)
    labels = None if name == "diabetes" else _labels(target, indices)
    parts = Parts(*(features[index] for index in indices))
    return table(name, parts, standardise=standardise, labels=labels, note=NOTES[name])


def digits(*, split: Sequence[float] = FRACTIONS, seed: int = 0) -> Dataset:
    """1,797 handwritten digits, (N, 1, 8, 8) of 17 levels (0 … 16), with their classes."""
    images, target = _digits()
    indices = cut(len(images), split, seed)
    return Dataset("digits", *(images[index] for index in indices), labels=_labels(target, indices), levels=17)


def binary_digits(
    *, bits: str | None = None, threshold: int = 8, split: Sequence[float] = FRACTIONS, seed: int = 0
) -> Dataset:
    """The digits in two levels: 1 where value >= threshold, or with `bits`, as in `file`, with probability value / 16."""
    grey = replace(digits(split=split, seed=seed), name="binary_digits")
    if bits is not None:
        return binarised(grey, bits, seed)
    binary = ((part >= threshold).astype(np.uint8) for part in (grey.train, grey.validation, grey.test))
    return replace(grey, **Parts(*binary)._asdict(), levels=2)


def _digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images[:, None].astype(np.uint8), bunch.target


def _labels(target: np.ndarray, indices: Parts) -> Labels:
    return Labels(*(target[index].astype(np.int64) for index in indices))
