"""The tables that density estimators are compared on, from small files of the same form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.random import RandomState

from flowspec.data import DataError, load
from flowspec.data.benchmarks import PUBLISHED, _in_tenths

TOTALS = {"power": 2_049_280, "gas": 1_052_065, "miniboone": 36_488}


def saved(folder: Path, rows: np.ndarray) -> Path:
    """A .npy of rows."""
    np.save(folder / "data.npy", rows)
    return folder / "data.npy"


def drawn(n: int, columns: int) -> np.ndarray:
    """Standard normal numbers."""
    return RandomState(n).standard_normal((n, columns))


@pytest.mark.parametrize("name", TOTALS)
def test_published_sizes_follow_from_the_number_of_rows(name: str) -> None:
    assert tuple(len(part) for part in _in_tenths(np.empty((TOTALS[name], 0)))) == PUBLISHED[name]


def test_hepmass_keeps_a_tenth_of_the_training_rows() -> None:
    train, validation, test = PUBLISHED["hepmass"]
    assert int(0.1 * (train + validation)) == validation and train + validation + test == 525_123
    assert sum(PUBLISHED["bsds300"]) == 1_300_000


def test_power(tmp_path: Path) -> None:
    rows = drawn(200, 8) + np.arange(8)
    data = load("power", path=saved(tmp_path, rows), published=False)
    rng = RandomState(42)
    wanted = rows.copy()
    rng.shuffle(wanted)
    voltage, active, meters = 0.01 * rng.rand(200, 1), 0.001 * rng.rand(200, 1), rng.rand(200, 3)
    wanted = np.delete(np.delete(wanted, 3, 1), 1, 1) + np.hstack([active, voltage, meters, np.zeros((200, 1))])
    mean, sd = wanted[:180].mean(0), wanted[:180].std(0)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [162, 18, 20]
    np.testing.assert_allclose(data.train, (wanted[:162] - mean) / sd, rtol=1e-5)
    np.testing.assert_allclose(data.test, (wanted[180:] - mean) / sd, rtol=1e-5)
    assert data.log_scale == pytest.approx(-np.log(sd).sum())


def test_gas_drops_the_first_of_columns_that_correlate(tmp_path: Path) -> None:
    rows = drawn(300, 19)
    rows[:, 7] = 2 * rows[:, 4] + 0.01 * rows[:, 8]
    rows[:, 9] = rows[:, 4]
    data = load("gas", path=saved(tmp_path, rows), published=False)
    kept = [3, *range(5, 7), *range(8, 19)]
    wanted = (rows[:, kept] - rows[:, kept].mean(0)) / rows[:, kept].std(0)
    np.testing.assert_allclose(np.concatenate([data.train, data.validation, data.test]), wanted, atol=1e-5)


def test_hepmass(tmp_path: Path) -> None:
    for name, columns in (("train", 28), ("test", 29)):
        rows = drawn(120 + columns, columns)
        rows[:, 0] = np.arange(len(rows)) % 2
        rows[:, 5] = np.maximum(rows[:, 5], 0)
        header = ",".join(["label", *(f"f{i}" for i in range(columns - 1))])
        np.savetxt(tmp_path / f"1000_{name}.csv", rows, delimiter=",", header=header, comments="")
    data = load("hepmass", path=str(tmp_path), published=False)
    assert data.train.shape == (67, 26) and data.validation.shape == (7, 26) and data.test.shape == (74, 26)
    both = np.concatenate([data.train, data.validation])
    np.testing.assert_allclose(both.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(both.std(0), 1, atol=1e-5)


def test_miniboone_drops_rows_and_columns_that_stand_for_nothing(tmp_path: Path) -> None:
    rows = drawn(100, 6)
    rows[:10, 0] = -999
    rows[:, 2] = np.maximum(rows[:, 2], 0)
    rows[:, 3] = -np.maximum(rows[:, 3], 0)
    data = load("miniboone", path=saved(tmp_path, rows), published=False)
    assert [part.shape for part in (data.train, data.validation, data.test)] == [(73, 5), (8, 5), (9, 5)]


def test_bsds300_is_left_as_it_is(tmp_path: Path) -> None:
    parts = {name: drawn(n, 63).astype(np.float32) for name, n in (("train", 20), ("validation", 5), ("test", 6))}
    np.savez(tmp_path / "b.npz", **parts)
    data = load("bsds300", path=tmp_path / "b.npz", published=False)
    assert all(np.array_equal(getattr(data, name), part) for name, part in parts.items()) and data.log_scale == 0
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "b.hdf5", "w") as file:
        file.update(parts)
    assert np.array_equal(load("bsds300", path=tmp_path / "b.hdf5", published=False).test, parts["test"])


def test_what_is_not_the_published_table_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, drawn(100, 8))
    with pytest.raises(DataError, match=r"published split of power has 1,659,917 \+ 184,435 \+ 204,928 rows, but this file gives 81 \+ 9 \+ 10"):
        load("power", path=path)
    with pytest.raises(DataError, match="needs 19 columns, but .* has 8"):
        load("gas", path=path, published=False)
    with pytest.raises(DataError, match="lacks train and validation and test"):
        load("bsds300", path=path, published=False)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="never unpickled"):
        load("miniboone", path=tmp_path / "objects.npy")
    (tmp_path / "ethylene_CO.pickle").write_bytes(b"")
    with pytest.raises(DataError, match="needs the ending"):
        load("gas", path=tmp_path / "ethylene_CO.pickle")
