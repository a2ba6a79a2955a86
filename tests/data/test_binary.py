"""Bits of grey images: drawn once, or for every batch anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import flowspec
from flowspec.data import DataError, load
from flowspec.train.batches import generator
from flowspec.train.fit import fitted
from flowspec.train.fitting import Fitting
from flowspec.train.run import train
from tests.spec_text import compiled

GRAPH = compiled("flow f { input image(1, 8, 8, levels=2); prior bernoulli }").graph


def test_bits_drawn_once_have_the_probabilities_of_the_pixels() -> None:
    grey, data = load("digits"), load("binary_digits", bits="once")
    assert data.levels == 2 and set(np.unique(data.train)) == {0, 1}
    certain = (grey.train == 0) | (grey.train == 16)
    assert (data.train[certain] == grey.train[certain] // 16).all()
    middle = grey.train == 8
    assert abs(data.train[middle].mean() - 0.5) < 4 * 0.5 / middle.sum() ** 0.5
    assert (load("binary_digits", bits="once").train == data.train).all()


def test_bits_of_each_batch_are_a_function_of_seed_and_step() -> None:
    grey, data = load("digits"), load("binary_digits", bits="each_batch")
    task, index = Fitting(fitted(GRAPH, data)), torch.arange(64)
    first, again, later = (task.batch(index, generator(0, "bits", step)).x for step in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, later) and first.max() == 1
    mean = torch.stack([task.batch(index, generator(0, "bits", step)).x for step in range(400)]).double().mean(0)
    assert (mean - torch.from_numpy(grey.train[:64]) / 16).abs().max() < 0.12
    assert data.validation.max() == data.test.max() == 1


def test_a_run_on_a_file_of_grey_images_draws_its_bits(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "grey.npz", images)
    data = load("file", path=str(tmp_path / "grey.npz"), bits="each_batch")
    spec = flowspec.load("flow f { input image(1, 8, 8, levels=2); prior bernoulli; train(steps=2, batch=16) }")
    train(spec, tmp_path / "run", data)
    assert (tmp_path / "run" / "result.json").exists()
    with pytest.raises(DataError, match="drawn 'once' or 'each_batch'"):
        load("binary_digits", bits="twice")
