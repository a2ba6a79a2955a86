"""Arrays of a file, by name: .npy and .npz without pickles, .csv with or without a header."""

from __future__ import annotations

import csv
from pathlib import Path
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np

from flowspec.data.dataset import DataError

_UNREADABLE = (OSError, ValueError, EOFError, MemoryError, BadZipFile, ZlibError, csv.Error)


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a .npz by their names; the one array of a .npy or .csv under the name "data"."""
    readers = {".npy": _numpy, ".npz": _numpy, ".csv": _csv}
    if path.suffix.lower() not in readers:
        raise DataError("a file of data needs the ending .npy, .npz or .csv", f"{path} has another", "convert it")
    try:
        return readers[path.suffix.lower()](path)
    except _UNREADABLE as error:
        remedy = "check the path, and store plain numbers (arrays of Python objects are never unpickled)"
        raise DataError("a file of data needs to be readable", f"{path} is not: {error}", remedy) from error


def _numpy(path: Path) -> dict[str, np.ndarray]:
    # numpy leaves an archive that it cannot read open; a file opened here is closed whatever happens.
    with path.open("rb") as file:
        content = np.load(file, allow_pickle=False)
        return {"data": content} if isinstance(content, np.ndarray) else dict(content)


def _csv(path: Path) -> dict[str, np.ndarray]:
    with path.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.reader(text)
        lines = [(reader.line_num, cells) for cells in reader if cells]
    if lines and not any(_number(cell) is not None for cell in lines[0][1]):
        lines = lines[1:]
    if not lines:
        raise DataError("a table needs rows of numbers", f"{path} has none", "give it a row an example")
    width = len(lines[0][1])
    return {"data": np.array([_row(path, line, cells, width) for line, cells in lines])}


def _row(path: Path, line: int, cells: list[str], width: int) -> list[float]:
    if len(cells) != width:
        given = f"line {line} of {path} has {len(cells)} cells, where the first row has {width}"
        raise DataError("the rows of a table need one length", given, "mend the line")
    numbers = [_number(cell) for cell in cells]
    if None in numbers:
        column = numbers.index(None)
        given = f"line {line}, column {column + 1} (counted from 1) of {path} is {cells[column]!r}"
        raise DataError("a table needs a number in every cell", given, "encode it as a number, or drop the column")
    return numbers


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
