"""A file of the user's own: a table or images, in one array to be split or in three parts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from flowspec.data.binary import binarised
from flowspec.data.dataset import DataError, Dataset, Labels, Parts
from flowspec.data.images import channels_first, is_images
from flowspec.data.reading import read
from flowspec.data.split import FRACTIONS, held_out
from flowspec.data.split import split as cut
from flowspec.data.table import numbers, table

_CONDITION = re.compile(r"(train|validation|test)_(?!labels$)(\w+)")


def file(
    *,
    path: str | Path,
    split: Sequence[float] = FRACTIONS,
    standardise: bool = True,
    layout: str | None = None,
    levels: int = 256,
    bits: str | None = None,
    seed: int = 0,
) -> Dataset:
    """The data of a .npy, .npz or .csv: uint8 of three or four axes are images, two axes of numbers a table.

    A .npz holds `train`, `validation` (or `val`) and `test`, with `train_labels` and so on if it has labels, `train_NAME` and so
    on for conditions of real numbers; or one array, with `labels` if it has them, which is split, as that of a .npy or a .csv
    is. Where there is no validation part it is taken from `train`. `standardise` is for tables, `layout` ("HWC" or "CHW") and
    `levels` are for images, which `bits` makes binary: 1 with probability x / (levels - 1), drawn "once" or, to train on, in
    "each_batch".
    """
    path = Path(path)
    arrays = _with_validation(path, _renamed(read(path)), split, seed)
    conditions = _conditions(path, arrays)
    parts, labels = _parts(path, _checked(path, {name: array for name, array in arrays.items() if not _CONDITION.fullmatch(name)}), split, seed)
    if not is_images(parts.train):
        return replace(table(path.stem, parts, standardise=standardise, labels=labels), conditions=conditions)
    images = (channels_first(array, layout) for array in parts)
    data = Dataset(path.stem, *images, labels=labels, levels=levels, conditions=conditions)
    return data if bits is None else binarised(data, bits, seed)


def _renamed(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {re.sub(r"^val(?=_|$)", "validation", name): array for name, array in arrays.items()}


def _with_validation(path: Path, arrays: dict[str, np.ndarray], fractions: Sequence[float], seed: int) -> dict[str, np.ndarray]:
    """Of train and test alone: a part of `train`, and of what describes it, becomes `validation`."""
    if {"train", "validation", "test"} & arrays.keys() != {"train", "test"}:
        return arrays
    n, parts = len(arrays["train"]), {}
    kept, taken = held_out(n, fractions, seed)
    for name in [name for name in arrays if re.match(r"train(_|$)", name)]:
        if len(arrays[name]) != n:
            given = f"{name} of {path} has {len(arrays[name])} for {n} examples"
            raise DataError("labels and conditions need to be one an example", given, "mend or drop them")
        parts |= {name: arrays[name][kept], name.replace("train", "validation", 1): arrays[name][taken]}
    return arrays | parts


def _conditions(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, Parts]:
    """The arrays `train_NAME`, `validation_NAME` and `test_NAME` by their names."""
    names = sorted({found[2] for name in arrays if (found := _CONDITION.fullmatch(name))})
    for name in names:
        missing = [part for part in Parts._fields if f"{part}_{name}" not in arrays]
        if missing or arrays[f"train_{name}"].dtype.kind not in "biuf":
            given = f"{path} has none for {' and '.join(missing)}" if missing else f"train_{name} of {path} is of another type"
            raise DataError(f"the condition {name} needs real numbers for all three parts", given, "add or drop them")
    return {name: Parts(*(arrays[f"{part}_{name}"] for part in Parts._fields)) for name in names}


def _checked(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays with their tables in float64, checked before a split so that a message numbers rows as the file does."""
    images = [name for name, array in arrays.items() if is_images(array)]
    tables = [name for name in arrays if name not in images and not name.endswith("labels")]
    if images and tables:
        given = f"{path} has images in {', '.join(images)} and others in {', '.join(tables)}"
        raise DataError("the arrays of a file need to be all images (uint8) or all tables", given, "store them alike")
    return {**arrays, **{name: numbers(f"{name} of {path}", arrays[name]) for name in tables}}


def _parts(
    path: Path, arrays: Mapping[str, np.ndarray], fractions: Sequence[float], seed: int
) -> tuple[Parts, Labels | None]:
    names = [name for name in arrays if not name.endswith("labels")]
    if set(names) == set(Parts._fields):
        labels = [_labels(path, arrays, f"{part}_labels") for part in Parts._fields]
        return Parts(*(arrays[part] for part in Parts._fields)), _all_or_none(path, labels)
    if len(names) == 1:
        return _one(path, arrays[names[0]], _labels(path, arrays, "labels"), fractions, seed)
    needed = "a file needs the arrays train, validation and test, or one array"
    raise DataError(needed, f"{path} has {', '.join(sorted(names)) or 'none'}", "name or join them so")


def _one(
    path: Path, array: np.ndarray, labels: np.ndarray | None, fractions: Sequence[float], seed: int
) -> tuple[Parts, Labels | None]:
    n = len(array)
    if labels is not None and len(labels) != n:
        given = f"{path} has {n} examples and {len(labels)} labels"
        raise DataError("labels need to be one an example", given, "mend or drop the labels")
    indices = cut(n, fractions, seed)
    parts = Parts(*(array[index] for index in indices))
    return parts, None if labels is None else Labels(*(labels[index] for index in indices))


def _labels(path: Path, arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray | None:
    if name not in arrays:
        return None
    labels = arrays[name]
    if labels.ndim != 1 or labels.dtype.kind not in "biu":
        given = f"{name} of {path} is {labels.dtype} of shape {labels.shape}"
        raise DataError("labels need to be whole numbers of shape (N,)", given, "store class numbers, one an example")
    return labels.astype(np.int64)


def _all_or_none(path: Path, labels: list[np.ndarray | None]) -> Labels | None:
    missing = [part for part, array in zip(Parts._fields, labels, strict=True) if array is None]
    if len(missing) == len(labels):
        return None
    if missing:
        given = f"{path} has none for {' and '.join(missing)}"
        raise DataError("labels need to be there for all three parts or for none", given, "add or drop them")
    return Labels(*labels)
