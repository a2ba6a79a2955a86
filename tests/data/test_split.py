"""Splits: every index once, no part empty."""

from __future__ import annotations

import numpy as np
import pytest

from flowspec.data import DataError
from flowspec.data.split import split

GOOD = [(0.8, 0.1, 0.1), (0.98, 0.01, 0.01), (0.01, 0.98, 0.01), (0.01, 0.01, 0.98), (0.2, 0.4, 0.4)]
BAD = [(0.8, 0.2), (0.8, 0.2, 0.0), (0.8, 0.1, 0.2), (1.2, -0.1, -0.1), "abc", (float("nan"),) * 3]


@pytest.mark.parametrize("fractions", GOOD)
@pytest.mark.parametrize("n", [3, 4, 7, 10, 1000])
def test_every_index_once_and_no_part_empty(n: int, fractions: tuple[float, ...]) -> None:
    parts = split(n, fractions, 0)
    assert all(len(part) for part in parts)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))


def test_fractions_are_kept() -> None:
    assert [len(part) for part in split(1000, (0.7, 0.1, 0.2), 0)] == [700, 100, 200]


@pytest.mark.parametrize("fractions", BAD)
def test_bad_fractions(fractions: tuple[float, ...]) -> None:
    with pytest.raises(DataError, match="three positive fractions that sum to 1"):
        split(10, fractions, 0)


def test_too_few_examples() -> None:
    with pytest.raises(DataError, match="3 examples or more, but there are 2"):
        split(2, (0.8, 0.1, 0.1), 0)
