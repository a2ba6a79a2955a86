"""Splits by fractions: every example in one part, no part empty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flowspec.data.dataset import DataError, Parts

FRACTIONS: tuple[float, float, float] = (0.8, 0.1, 0.1)


def split(n: int, fractions: Sequence[float], seed: int) -> Parts:
    """The indices 0 … n - 1 in random order, cut into train, validation and test by the three fractions."""
    _check(n, fractions)
    held_out = [max(1, round(n * fraction)) for fraction in fractions[1:]]
    train = max(1, n - sum(held_out))
    validation = min(held_out[0], n - train - 1)
    order = np.random.default_rng(seed).permutation(n)
    return Parts(*np.split(order, [train, train + validation]))


def held_out(n: int, fractions: Sequence[float], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The indices 0 … n - 1 of what is to train and validate, in random order, in the ratio of the first two fractions."""
    _check(n, fractions)
    validation = max(1, round(n * fractions[1] / (fractions[0] + fractions[1])))
    order = np.random.default_rng(seed).permutation(n)
    return order[validation:], order[:validation]


def _check(n: int, fractions: Sequence[float]) -> None:
    numbers = all(isinstance(fraction, int | float) and fraction > 0 for fraction in fractions)
    if len(fractions) != 3 or not numbers or abs(sum(fractions) - 1) > 1e-6:
        needed = "a split needs three positive fractions that sum to 1"
        raise DataError(needed, f"{list(fractions)} was given", "write, say, split=[0.8, 0.1, 0.1]")
    if n < 3:
        raise DataError("a split needs 3 examples or more", f"there are {n}", "give more, or split them yourself")
