"""Sources by name: what all of them promise, and what is said of a wrong name or argument."""

from __future__ import annotations

import subprocess
import sys
from inspect import signature

import numpy as np
import pytest

from flowspec.data import GENERATORS, SOURCES, DataError, Dataset, Labels, load

SMALL = {name: {"size": 60, "validation": 10, "test": 10} for name in GENERATORS} | {
    "patches": {"train": 60, "validation": 10, "test": 10},
    "crops": {"train": 60, "validation": 10, "test": 10},
}
SELF_CONTAINED = [name for name, source in SOURCES.items() if name != "torchvision" and "path" not in signature(source).parameters]


@pytest.mark.parametrize("name", SELF_CONTAINED)
def test_types_and_ranges(name: str) -> None:
    data = load(name, **SMALL.get(name, {}))
    for part in (data.train, data.validation, data.test):
        assert len(part) and part.shape[1:] == data.train.shape[1:]
        assert part.dtype == (np.float32 if data.levels is None else np.uint8)
        assert part.ndim == (2 if data.levels is None else 4) and np.isfinite(part).all()
    assert data.levels is None or data.train.max() < data.levels


@pytest.mark.parametrize("name", SELF_CONTAINED)
def test_the_seed_settles_everything(name: str) -> None:
    arguments = SMALL.get(name, {})
    first, again, other = load(name, **arguments), load(name, **arguments), load(name, seed=1, **arguments)
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(first, part), getattr(again, part))
        assert not np.array_equal(getattr(first, part), getattr(other, part))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("moon", {}, "did you mean 'moons'"),
        ("qqq", {}, "known are eight_gaussians"),
        ("moons", {"sise": 3}, "'sise' was given; did you mean 'size'"),
        ("moons", {"generator": "rings"}, "'generator' was given"),
        ("moons", {"size": -1}, "size needs a whole number, 0 or more, but -1"),
        ("moons", {"size": True}, "size needs a whole number"),
        ("moons", {"test": 0}, "test part of moons needs an example"),
        ("iris", {"standardise": "no"}, "standardise needs bool, but 'no'"),
        ("iris", {"split": 0.8}, "split needs .*Sequence"),
        ("file", {}, "file needs path, but it was left out"),
        ("file", {"path": 3}, r"path needs str \| pathlib.Path, but 3"),
    ],
)
def test_wrong_names_and_values(name: str, arguments: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(name, **arguments)


def test_a_set_holds_together() -> None:
    one, two = np.zeros((1, 2), np.float32), np.zeros((1, 3), np.float32)
    with pytest.raises(DataError, match="examples of one shape"):
        Dataset("set", one, one, two)
    with pytest.raises(DataError, match="validation part of set needs a label"):
        Dataset("set", one, one, one, labels=Labels(np.zeros(1, int), np.zeros(2, int), np.zeros(1, int)))
    with pytest.raises(DataError, match="2 levels need values of 0 to 1"):
        Dataset("set", *[np.full((1, 1, 2, 2), 2, np.uint8)] * 3, levels=2)


def test_importing_is_light() -> None:
    code = "import sys, flowspec.data; print([m for m in ('sklearn', 'PIL', 'torch', 'torchvision') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
