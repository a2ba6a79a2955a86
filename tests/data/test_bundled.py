"""scikit-learn's tables and digits, and the units of a standardised density."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from flowspec.data import DataError, load
from flowspec.data.dataset import Parts
from flowspec.data.table import table

ROWS = {"iris": (150, 4), "wine": (178, 13), "breast_cancer": (569, 30), "diabetes": (442, 10)}


@pytest.mark.parametrize("name", ROWS)
def test_standardised_by_the_training_rows(name: str) -> None:
    data, raw = load(name), load(name, standardise=False)
    assert (sum(map(len, (data.train, data.validation, data.test))), data.train.shape[1]) == ROWS[name]
    np.testing.assert_allclose(data.train.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(data.train.std(0), 1, atol=1e-5)
    expected = (raw.test - raw.train.mean(0, dtype=float)) / raw.train.std(0, dtype=float)
    np.testing.assert_allclose(data.test, expected, atol=1e-3)
    assert raw.log_scale == 0
    assert (data.labels is None) == (name == "diabetes")


def log_density(x: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    off = x - mean
    quadratic = np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off)
    return -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * covariance)[1])


def test_log_scale_returns_to_the_original_units() -> None:
    """A Gaussian fitted in either units gives every test row the same log-density, up to log_scale."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(900, 3)) @ rng.normal(size=(3, 3)) * (0.01, 1, 100) + (5, -3, 1000)
    parts = Parts(rows[:700], rows[700:800], rows[800:])
    data = table("set", parts, standardise=True)
    original = log_density(parts.test, parts.train.mean(0), np.cov(parts.train.T))
    u = [part.astype(np.float64) for part in (data.train, data.test)]
    standardised = log_density(u[1], u[0].mean(0), np.cov(u[0].T))
    np.testing.assert_allclose(standardised + data.log_scale, original, atol=1e-3)
    assert abs(data.log_scale) > 0.1


def test_a_large_offset_costs_no_digits() -> None:
    rows = 1e9 + np.arange(30.0)[:, None]
    data = table("set", Parts(rows[:20], rows[20:25], rows[25:]), standardise=True)
    np.testing.assert_allclose(np.diff(data.train[:, 0]), 1 / rows[:20].std(), rtol=1e-5)


def test_a_constant_column_has_no_density() -> None:
    rows = np.stack([np.arange(9), np.full(9, 0.1)], 1)
    with pytest.raises(DataError, match="columns that vary, but column 1 .* is 0.1 in all training rows"):
        table("set", Parts(rows, rows, rows), standardise=True)


def test_digits_keep_their_values_and_labels() -> None:
    data, bunch = load("digits"), load_digits()
    assert data.train.shape[1:] == (1, 8, 8) and data.levels == 17 and data.train.max() == 16
    known = {image.astype(np.uint8).tobytes(): label for image, label in zip(bunch.images, bunch.target, strict=True)}
    assert all(known[image.tobytes()] == label for image, label in zip(data.test, data.labels.test, strict=True))


def test_binary_digits_follow_the_digits() -> None:
    grey, hard, soft = load("digits"), load("binary_digits", threshold=5), load("binary_digits", bits="once")
    assert np.array_equal(hard.train, (grey.train >= 5).astype(np.uint8)) and hard.levels == 2
    assert np.array_equal(soft.labels.test, grey.labels.test)
    for value in (0, 4, 8, 12, 16):
        chosen = soft.train[grey.train == value]
        assert abs(chosen.mean() - value / 16) < 5 * 0.5 / np.sqrt(len(chosen)) * (0 < value < 16) + 1e-9
