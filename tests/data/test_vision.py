"""The source torchvision, with a stand-in for the library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from flowspec.data import DataError, load


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A torchvision whose CIFAR10 and MNIST hold a few images that tell their own label."""

    def reader(shape: tuple[int, ...]) -> Callable[..., SimpleNamespace]:
        def read(root: str, train: bool, download: bool) -> SimpleNamespace:
            if root == "nowhere":
                raise RuntimeError("Dataset not found or corrupted.")
            labels = [i % 10 for i in range(40 if train else 20)]
            data = np.ones((len(labels), *shape), np.uint8) * np.array(labels, np.uint8).reshape(-1, *[1] * len(shape))
            return SimpleNamespace(data=data, targets=labels)

        return read

    module = ModuleType("torchvision")
    module.datasets = SimpleNamespace(CIFAR10=reader((32, 32, 3)), MNIST=reader((28, 28)))
    monkeypatch.setitem(sys.modules, "torchvision", module)
    return module.datasets


@pytest.mark.parametrize(("name", "shape"), [("CIFAR10", (3, 32, 32)), ("MNIST", (1, 28, 28))])
def test_parts_and_labels(library: SimpleNamespace, name: str, shape: tuple[int, ...]) -> None:
    data = load("torchvision", name=name, validation=5)
    assert data.train.shape == (35, *shape) and data.validation.shape == (5, *shape) and data.test.shape == (20, *shape)
    for part, labels in zip((data.train, data.validation, data.test), data.labels, strict=True):
        assert np.array_equal(part[:, 0, 0, 0], labels) and labels.dtype == np.int64


def test_what_may_be_missing(library: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="not found or corrupted.*download=True"):
        load("torchvision", root="nowhere")
    with pytest.raises(DataError, match="known are CIFAR10"):
        load("torchvision", name="SVHN")
    with pytest.raises(DataError, match="train part of CIFAR10 needs an example"):
        load("torchvision", validation=40)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(DataError, match=r"pip install flowspec\[vision\]"):
        load("torchvision")
