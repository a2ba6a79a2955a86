"""The image sets that torchvision reads, for those who install it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from flowspec.data.dataset import DataError, Dataset, Labels
from flowspec.data.images import channels_first

NAMES = ("CIFAR10", "CIFAR100", "MNIST", "FashionMNIST", "KMNIST")


def torchvision(
    *, name: str = "CIFAR10", root: str | Path = "data", download: bool = False, validation: int = 5000, seed: int = 0
) -> Dataset:
    """A set of torchvision, (N, C, H, W) in 256 levels: its own test part, and validation drawn from its training part."""
    if name not in NAMES:
        needed = "the source torchvision needs the name of a set that it knows"
        raise DataError(needed, f"{name!r} was given", f"known are {', '.join(NAMES)}")
    datasets = _datasets()
    images, labels = _part(getattr(datasets, name), root, download, train=True)
    test, test_labels = _part(getattr(datasets, name), root, download, train=False)
    held, kept = np.split(np.random.default_rng(seed).permutation(len(images)), [validation])
    held_out = Labels(labels[kept], labels[held], test_labels)
    return Dataset(name, images[kept], images[held], test, labels=held_out, levels=256)


def _datasets() -> ModuleType:
    try:
        from torchvision import datasets
    except ImportError as error:
        given = "it is not installed"
        raise DataError("the source torchvision needs that library", given, "pip install flowspec[vision]") from error
    return datasets


def _part(reader: Any, root: str | Path, download: bool, train: bool) -> tuple[np.ndarray, np.ndarray]:
    try:
        part = reader(root=str(root), train=train, download=download)
    except (RuntimeError, OSError) as error:
        given = f"torchvision says: {error}"
        raise DataError(f"the set needs to be under {root}", given, "check root, or pass download=True") from error
    return channels_first(np.asarray(part.data)), np.asarray(part.targets, dtype=np.int64)
