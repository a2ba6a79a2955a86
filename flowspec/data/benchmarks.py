"""The five tables that density estimators are compared on, prepared as for MAF (Papamakarios et al. 2017; its code) from one's own files.

The files are those of its archive (Zenodo record 1161203) in formats that execute nothing: a pickle has to be converted first, say by
`numpy.save("gas.npy", pandas.read_pickle("ethylene_CO.pickle").to_numpy())`. Published log-likelihoods are in the standardised units.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.random import RandomState

from flowspec.data.dataset import DataError, Dataset, Parts
from flowspec.data.reading import read
from flowspec.data.table import moments, numbers

PUBLISHED: Mapping[str, tuple[int, int, int]] = {
    "power": (1_659_917, 184_435, 204_928), "gas": (852_174, 94_685, 105_206), "hepmass": (315_123, 35_013, 174_987),
    "miniboone": (29_556, 3_284, 3_648), "bsds300": (1_000_000, 50_000, 250_000),
}  # fmt: skip
"""Rows to train on, to validate with and to test with."""


def power(*, path: str | Path, published: bool = True) -> Dataset:
    """POWER, 6 features: `data.npy`, whose 8 columns are active and reactive power, voltage, intensity, 3 meters and time.

    Shuffled; reactive power and intensity are dropped; uniform noise fills the steps of the meters' scales.
    """
    rows = _of_width(Path(path), 8)
    rng, order = RandomState(42), np.arange(len(rows))
    rng.shuffle(order)
    n = len(rows)
    voltage, active, meters = 0.01 * rng.rand(n, 1), 0.001 * rng.rand(n, 1), rng.rand(n, 3)
    kept = rows[order][:, [0, 2, 4, 5, 6, 7]] + np.hstack([active, voltage, meters, np.zeros((n, 1))])
    parts = _in_tenths(kept)
    return _table("power", parts, np.concatenate([parts.train, parts.validation]), published)


def gas(*, path: str | Path, published: bool = True) -> Dataset:
    """GAS, 8 features: the `ethylene_CO` table without its pickle, of whose 19 columns the first are time and the two concentrations.

    In the order of time. Of sensors that correlate by more than 0.98 the first is dropped until there are none; standardised by
    all rows.
    """
    kept = _of_width(Path(path), 19)[:, 3:]
    while (first := _first_correlated(kept)) is not None:
        kept = np.delete(kept, first, axis=1)
    return _table("gas", _in_tenths(kept), kept, published)


def hepmass(*, path: str | Path, published: bool = True) -> Dataset:
    """HEPMASS, 21 features: a folder with `1000_train.csv` and `1000_test.csv`, the label in their first column.

    Only the signal, label 1. The last column of the test file is dropped where it has one more.
    """
    train, test = (_array(Path(path) / f"1000_{part}.csv") for part in ("train", "test"))
    train, test = (rows[rows[:, 0] == 1][:, 1 : train.shape[1]] for rows in (train, test))
    kept = _not_recurring(train)
    held = int(0.1 * len(train))
    parts = Parts(train[:-held, kept], train[-held:, kept], test[:, kept])
    return _table("hepmass", parts, train[:, kept], published)


def miniboone(*, path: str | Path, published: bool = True) -> Dataset:
    """MINIBOONE, 43 features: `data.npy`, or the signal rows of the original with their 50 columns, in their order.

    Rows whose first feature is below -100, which stand for no value, are dropped.
    """
    rows = _array(Path(path))
    rows = rows[rows[:, 0] >= -100]
    parts = _in_tenths(rows[:, _not_recurring(rows)])
    return _table("miniboone", parts, np.concatenate([parts.train, parts.validation]), published)


def bsds300(*, path: str | Path, published: bool = True) -> Dataset:
    """BSDS300, 63 features: `BSDS300.hdf5`, or a .npz with its three parts. As it is: no standardisation."""
    path = Path(path)
    arrays = _hdf5(path) if path.suffix in (".hdf5", ".h5") else read(path)
    missing = [part for part in Parts._fields if part not in arrays]
    if missing:
        raise DataError("BSDS300 needs the arrays train, validation and test", f"{path} lacks {' and '.join(missing)}", "name them so")
    parts = Parts(*(numbers(f"{part} of {path}", arrays[part]).astype(np.float32) for part in Parts._fields))
    _check_sizes("bsds300", parts, published)
    return Dataset("bsds300", *parts)


def _array(path: Path) -> np.ndarray:
    arrays = read(path)
    if len(arrays) != 1:
        raise DataError("a table needs a file with one array", f"{path} has {', '.join(arrays) or 'none'}", "store it alone")
    return numbers(str(path), next(iter(arrays.values())))


def _of_width(path: Path, width: int) -> np.ndarray:
    rows = _array(path)
    if rows.shape[1] != width:
        raise DataError(f"this table needs {width} columns", f"{path} has {rows.shape[1]}", "give the file of the archive")
    return rows


def _hdf5(path: Path) -> dict[str, np.ndarray]:
    try:
        import h5py
    except ImportError:
        raise DataError("HDF5 needs the package h5py", "it is not installed", "run `pip install h5py`, or store the parts as .npz") from None
    try:
        with h5py.File(path, "r") as file:
            return {name: file[name][:] for name in Parts._fields if name in file}
    except OSError as error:
        raise DataError("a file of data needs to be readable", f"{path} is not: {error}", "check the path") from None


def _in_tenths(rows: np.ndarray) -> Parts:
    """The last tenth to test with, the last tenth of the others to validate with, both rounded down."""
    test = len(rows) - int(0.1 * len(rows))
    validation = test - int(0.1 * test)
    return Parts(*np.split(rows, [validation, test]))


def _first_correlated(rows: np.ndarray) -> int | None:
    """The first column that correlates with another by more than 0.98."""
    found = np.flatnonzero((np.corrcoef(rows, rowvar=False) > 0.98).sum(1) > 1)
    return int(found[0]) if len(found) else None


def _not_recurring(rows: np.ndarray) -> np.ndarray:
    """The columns whose smallest value occurs five times or less: others are not continuous."""
    return np.flatnonzero((rows == rows.min(0)).sum(0) <= 5)


def _table(name: str, parts: Parts, reference: np.ndarray, published: bool) -> Dataset:
    """Standardised by the rows of reference."""
    _check_sizes(name, parts, published)
    mean, sd = moments(name, reference)
    return Dataset(name, *(((part - mean) / sd).astype(np.float32) for part in parts), log_scale=-float(np.log(sd).sum()))


def _check_sizes(name: str, parts: Parts, published: bool) -> None:
    sizes = tuple(len(part) for part in parts)
    if published and sizes != PUBLISHED[name]:
        needed = f"the published split of {name} has {' + '.join(f'{n:,}' for n in PUBLISHED[name])} rows"
        given = f"this file gives {' + '.join(f'{n:,}' for n in sizes)}"
        raise DataError(needed, given, "give the whole file, or pass published=false for one of your own")
