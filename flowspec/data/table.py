"""Tables: checked for what a density needs, standardised by the training rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from flowspec.data.dataset import DataError, Dataset, Labels, Parts


def table(name: str, parts: Parts, *, standardise: bool, labels: Labels | None = None, note: str = "") -> Dataset:
    """Tables x_ND in float64 -> a set in float32, with its `log_scale` where it is standardised."""
    data = Dataset(name, *parts, labels=labels, note=note)
    if not standardise:
        return _moved(data, 0.0, 1.0)
    mean, sd = moments(name, data.train)
    return replace(_moved(data, mean, sd), log_scale=-float(np.log(sd).sum()))


def _moved(data: Dataset, mean: ArrayLike, sd: ArrayLike) -> Dataset:
    return replace(data, **{part: ((getattr(data, part) - mean) / sd).astype(np.float32) for part in Parts._fields})


def numbers(what: str, rows: np.ndarray) -> np.ndarray:
    """Rows x_ND of any real type, checked, in float64: a mean far from 0 is to cost no digits when it is subtracted."""
    if rows.ndim != 2 or rows.shape[1] == 0:
        remedy = "reshape it, or store images as uint8 of shape (N, H, W), (N, H, W, C) or (N, C, H, W)"
        raise DataError("a table needs the shape (N, D)", f"{what} is {rows.dtype} of shape {rows.shape}", remedy)
    if rows.dtype.kind not in "biuf":
        raise DataError("a table needs real numbers", f"{what} is of type {rows.dtype}", "convert it first")
    rows = rows.astype(np.float64)
    _check_finite(what, rows)
    return rows


def _check_finite(what: str, rows: np.ndarray) -> None:
    bad = np.argwhere(~(np.abs(rows) <= np.finfo(np.float32).max))
    if len(bad):
        row, column = bad[0]
        given = f"row {row}, column {column} (counted from 0) of {what} is {rows[row, column]}"
        raise DataError("a table needs finite numbers in the range of float32", given, "drop or fill such rows")


def moments(name: str, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column. Raises DataError for a column that is constant."""
    constant = np.flatnonzero(train.min(0) == train.max(0))
    if len(constant):
        given = f"column {constant[0]} (counted from 0) of {name} is {train[0, constant[0]]} in all training rows"
        raise DataError("standardising needs columns that vary", given, "drop the column, or pass standardise=False")
    return train.mean(0), train.std(0)
