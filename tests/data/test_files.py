"""Files of the user's own: what is read, and what is said of those that cannot be."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from flowspec.data import DataError, load

ROWS = np.random.default_rng(0).normal(size=(50, 3)) * (1, 2, 3)


def saved(path: Path, array: np.ndarray) -> Path:
    np.save(path / "set.npy", array)
    return path / "set.npy"


def zipped(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path / "set.npz", **arrays)
    return path / "set.npz"


def written(path: Path, text: str) -> Path:
    (path / "set.csv").write_text(text)
    return path / "set.csv"


def test_npy_is_split_and_standardised(tmp_path: Path) -> None:
    data = load("file", path=saved(tmp_path, ROWS), split=[0.6, 0.2, 0.2])
    assert [len(data.train), len(data.validation), len(data.test)] == [30, 10, 10] and data.name == "set"
    np.testing.assert_allclose(data.train.std(0), 1, atol=1e-5)
    raw = load("file", path=str(tmp_path / "set.npy"), standardise=False)
    together = np.concatenate([raw.train, raw.validation, raw.test])
    assert np.array_equal(np.sort(together, 0), np.sort(ROWS.astype(np.float32), 0))


@pytest.mark.parametrize("middle", ["val", "validation"])
def test_npz_of_three_parts(tmp_path: Path, middle: str) -> None:
    labels = {"train_labels": np.arange(30), f"{middle}_labels": np.arange(10), "test_labels": np.arange(10, dtype=np.uint8)}
    parts = {"train": ROWS[:30], middle: ROWS[30:40], "test": ROWS[40:]}
    data = load("file", path=zipped(tmp_path, **parts, **labels), standardise=False)
    np.testing.assert_allclose(data.validation, ROWS[30:40], rtol=1e-6)
    assert [array.dtype for array in data.labels] == [np.int64] * 3 and np.array_equal(data.labels.test, np.arange(10))


def test_npz_without_a_validation_part(tmp_path: Path) -> None:
    n = np.arange(40)
    described = {"train_labels": n, "train_pose": n[:, None, None] / 2, "test_labels": n[:10], "test_pose": n[:10, None, None] / 2}
    data = load("file", path=zipped(tmp_path, train=n[:, None] * 1.0, test=n[:10, None] * 1.0, **described), standardise=False)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [36, 4, 10]
    assert set(data.train[:, 0]) | set(data.validation[:, 0]) == set(n)
    for part, labels, pose in zip((data.train, data.validation, data.test), data.labels, data.conditions["pose"], strict=True):
        assert np.array_equal(part[:, 0], labels) and np.array_equal(part[:, 0], 2 * pose[:, 0, 0])


def test_npz_of_one_array_keeps_labels_with_examples(tmp_path: Path) -> None:
    path = zipped(tmp_path, x=np.arange(20.0)[:, None], labels=np.arange(20))
    data = load("file", path=path, standardise=False)
    assert np.array_equal(data.train[:, 0], data.labels.train) and np.array_equal(data.test[:, 0], data.labels.test)


@pytest.mark.parametrize("header", ["", "height,weight\n", "\ufeff"])
def test_csv_with_and_without_header(tmp_path: Path, header: str) -> None:
    text = header + "".join(f"{i}, {i / 2}\n" for i in range(10)) + "\n"
    data = load("file", path=written(tmp_path, text), standardise=False)
    assert data.train.shape == (8, 2)
    np.testing.assert_allclose(data.train[:, 0], 2 * data.train[:, 1])


IMAGES = np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("array", "layout"),
    [(IMAGES, None), (IMAGES, "HWC"), (IMAGES.transpose(0, 3, 1, 2), None), (IMAGES.transpose(0, 3, 1, 2), "CHW")],
)
def test_images_in_either_layout(tmp_path: Path, array: np.ndarray, layout: str | None) -> None:
    data = load("file", path=saved(tmp_path, array), layout=layout)
    assert data.train.shape == (16, 3, 6, 5) and data.train.dtype == np.uint8 and data.levels == 256
    known = {image.transpose(2, 0, 1).tobytes() for image in IMAGES}
    assert all(image.tobytes() in known for image in data.train)


def test_grey_images_and_levels(tmp_path: Path) -> None:
    path = saved(tmp_path, IMAGES[..., 0] % 2)
    assert load("file", path=path, levels=2).train.shape == (16, 1, 6, 5)
    with pytest.raises(DataError, match="1 levels need values of 0 to 0"):
        load("file", path=path, levels=1)


def test_an_open_layout_has_to_be_named(tmp_path: Path) -> None:
    path = saved(tmp_path, IMAGES[:, :3])
    with pytest.raises(DataError, match=r"\(16, 3, 5, 3\) leaves it open; pass layout='HWC' or"):
        load("file", path=path)
    assert load("file", path=path, layout="HWC").train.shape == (16, 3, 3, 5)
    with pytest.raises(DataError, match="layout='NHWC' was given"):
        load("file", path=path, layout="NHWC")


def with_value(value: float) -> np.ndarray:
    rows = ROWS.copy()
    rows[7, 2] = value
    return rows


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_not_finite(tmp_path: Path, value: float) -> None:
    with pytest.raises(DataError, match=r"row 7, column 2 \(counted from 0\) of test of .*set.npz is"):
        load("file", path=zipped(tmp_path, train=ROWS, val=ROWS, test=with_value(value)))
    with pytest.raises(DataError, match=r"row 7, column 2 \(counted from 0\) of data of .*set.npy is"):
        load("file", path=saved(tmp_path, with_value(value)))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(20), r"shape \(N, D\), but data of .*set.npy is float64 of shape \(20,\)"),
        (np.zeros((20, 2, 2)), r"shape \(N, D\)"),
        (np.zeros(()), r"shape \(N, D\)"),
        (ROWS[:2], "3 examples or more, but there are 2"),
        (np.zeros((20, 0)), r"shape \(N, D\)"),
        (np.zeros((20, 2), complex), "real numbers"),
        (np.array([["a", "b"]] * 20), "real numbers"),
        (np.array([[None, 1]] * 20), "never unpickled"),
    ],
)
def test_arrays_that_are_no_table(tmp_path: Path, array: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load("file", path=saved(tmp_path, array))


BROKEN = [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04 no archive", b"\xff\xfe\x00", pickle.dumps([1, 2])]


@pytest.mark.parametrize("ending", [".npy", ".npz", ".csv"])
@pytest.mark.parametrize("content", BROKEN)
def test_broken_files(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"set{ending}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"set{ending}"):
        load("file", path=path)


def test_a_truncated_file(tmp_path: Path) -> None:
    for path in (saved(tmp_path, ROWS), zipped(tmp_path, x=ROWS)):
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(DataError, match="readable"):
            load("file", path=path)


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "sprung",)

    for path in (saved(tmp_path, np.array([Trap()] * 5)), zipped(tmp_path, x=np.array([Trap()] * 5))):
        with pytest.raises(DataError, match="never unpickled"):
            load("file", path=path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("path", ["nothing.npy", "nothing.csv", "nothing.npz"])
def test_missing_files(tmp_path: Path, path: str) -> None:
    with pytest.raises(DataError, match=f"{path} is not: .*No such file"):
        load("file", path=tmp_path / path)


def test_other_endings(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ending .npy, .npz or .csv"):
        load("file", path=tmp_path / "set.h5")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,x\n", "line 3, column 2 .* is 'x'"),
        ("1,x\n1,2\n", "line 1, column 2 .* is 'x'"),
        ("1,2\n3,\n", "line 2, column 2 .* is ''"),
        ("1,2\n3\n", "line 2 .* has 1 cells, where the first row has 2"),
        ("", "rows of numbers"),
        ("a,b\n", "rows of numbers"),
        ("1,2\n1,nan\n" * 5, "finite numbers"),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load("file", path=written(tmp_path, text))


PARTS = {"train": ROWS, "val": ROWS, "test": ROWS}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"train": ROWS, "val": ROWS}, "has train, validation"),
        ({"labels": np.arange(50)}, "has none; name or join"),
        ({"x": ROWS, "labels": np.arange(49)}, "50 examples and 49 labels"),
        ({"x": ROWS, "labels": np.arange(50.0)}, "whole numbers of shape"),
        (PARTS | {"train_labels": np.arange(50)}, "has none for validation and test"),
        (PARTS | {f"{part}_labels": np.arange(9) for part in PARTS}, "train part of set needs a label"),
        (PARTS | {"train_pose": ROWS}, "pose needs real numbers .* has none for validation and test"),
        (PARTS | {f"{part}_pose": ROWS[:9] for part in PARTS}, "train part of set needs a pose"),
        ({"train": ROWS, "test": ROWS, "train_labels": np.arange(9)}, "has 9 for 50 examples"),
        (PARTS | {"test": ROWS[:, :2]}, "examples of one shape"),
        (PARTS | {"val": ROWS[:0]}, "validation part of set needs an example"),
        ({"train": IMAGES, "val": IMAGES, "test": IMAGES / 255}, "images in train, validation and others in test"),
    ],
)
def test_bad_npz(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load("file", path=zipped(tmp_path, **arrays))
