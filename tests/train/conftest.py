"""A tiny spec and data for runs of a second."""

from __future__ import annotations

import numpy as np
import pytest

import flowspec
from flowspec.data import Dataset, Labels
from flowspec.spec import Spec

TEXT = """
flow tiny(width=8, steps=2) {
    input vector(2)
    part body { repeat steps { actnorm; coupling(affine(scale=tanh), mlp([width])); swap } }
    part tail { linear }
    prior gaussian
    data(moons(size=200, validation=50, test=50))
    train(optimizer=adam(lr=1e-2), batch=32, epochs=2, schedule=cosine(warmup=2), clip=5, average=0.9)
}
"""
PIXELS = """
flow pixels(levels=4) {
    input image(1, 4, 4, levels=levels)
    dequantize(uniform)
    logit
    squeeze(2)
    repeat 2 { actnorm; conv1x1(lu); coupling(affine(scale=sigmoid), cnn) }
    prior gaussian
    train(optimizer=sgd(lr=1e-3, momentum=0.9), batch=16, epochs=2)
    evaluate(samples=2)
    sample(n=4)
}
net cnn { conv(3, 8); relu; zeroconv(3) }
"""
CONDITIONAL = """
flow conditional {
    input vector(2)
    context classes(3) as label
    repeat 2 { coupling(affine(scale=tanh), mlp([8]), given=label); swap }
    prior gaussian
    train(batch=20, epochs=1)
}
"""


@pytest.fixture
def tiny() -> Spec:
    """A flow in two dimensions with an actnorm, two parts, an average and a schedule."""
    return flowspec.load(TEXT)


@pytest.fixture
def pixels() -> tuple[Spec, Dataset]:
    """A flow on 4x4 images of four levels, and images."""
    rng = np.random.default_rng(0)
    parts = (rng.integers(4, size=(n, 1, 4, 4), dtype=np.uint8) for n in (50, 10, 12))
    return flowspec.load(PIXELS), Dataset("noise", *parts, levels=4)


@pytest.fixture
def conditional() -> tuple[Spec, Dataset]:
    """A flow that is given one of three classes, and data with labels."""
    rng = np.random.default_rng(0)
    labels = tuple(rng.integers(3, size=n) for n in (60, 10, 10))
    parts = (rng.standard_normal((len(label), 2)).astype(np.float32) + label[:, None] for label in labels)
    return flowspec.load(CONDITIONAL), Dataset("blobs", *parts, labels=Labels(*labels), log_scale=-0.5)
