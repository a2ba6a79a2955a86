"""The generated 2-D sets of FFJORD (Grathwohl et al. 2019, sec. 4.1; its toy_data), vectorised.

Every example is drawn independently: where the original spaces angles evenly, or gives each mode an equal share of the
batch, the angle or the mode is drawn uniformly, which leaves the density as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from flowspec.data.dataset import Dataset

Draw = Callable[[int, Generator], np.ndarray]


def eight_gaussians(n: int, rng: Generator) -> np.ndarray:
    """x_N2 = (4 (cos a, sin a) + 0.5 noise) / 1.414 with a a random multiple of pi / 4."""
    centre = 4 * _circle(rng.integers(8, size=n) * pi / 4)
    return _float32((centre + _noise(n, rng, 0.5)) / 1.414)


def two_spirals(n: int, rng: Generator) -> np.ndarray:
    """x_N2 = +-(t (-cos t, sin t) + U(0, 0.5)) / 3 + 0.1 noise with t = 3 pi sqrt(U)."""
    t = 3 * pi * np.sqrt(rng.random(n))
    arm = t[:, None] * _circle(t) * (-1, 1) + rng.uniform(0, 0.5, (n, 2))
    return _float32(rng.choice([-1, 1], (n, 1)) * arm / 3 + _noise(n, rng, 0.1))


def checkerboard(n: int, rng: Generator) -> np.ndarray:
    """x_N2 uniform on the eight squares of side 2 in [-4, 4]^2 whose row and column are of one parity."""
    across = rng.uniform(-2, 2, n)
    up = rng.random(n) - 2 * rng.integers(2, size=n) + np.floor(across) % 2
    return _float32(2 * np.stack([across, up], 1))


def pinwheel(n: int, rng: Generator) -> np.ndarray:
    """x_N2 = 2 R(a) f, f = (1 + 0.3 noise, 0.1 noise), a = 2 pi k / 5 + 0.25 exp(f_1), R clockwise."""
    along, across = 1 + 0.3 * rng.normal(size=n), 0.1 * rng.normal(size=n)
    a = 2 * pi * rng.integers(5, size=n) / 5 + 0.25 * np.exp(along)
    x = along * np.cos(a) + across * np.sin(a)
    y = across * np.cos(a) - along * np.sin(a)
    return _float32(2 * np.stack([x, y], 1))


def moons(n: int, rng: Generator) -> np.ndarray:
    """x_N2 = 2 (m + 0.1 noise) - (1, 0.2), m on the half circle (cos a, sin a) or on (1 - cos a, 0.5 - sin a)."""
    outer = _circle(rng.uniform(0, pi, n))
    moon = np.where(rng.random((n, 1)) < 0.5, outer, (1, 0.5) - outer)
    return _float32(2 * (moon + _noise(n, rng, 0.1)) - (1, 0.2))


def circles(n: int, rng: Generator) -> np.ndarray:
    """x_N2 = 3 (r (cos a, sin a) + 0.08 noise) with r of 1 or 0.5."""
    return _float32(3 * (_rings(n, rng, (1, 0.5)) + _noise(n, rng, 0.08)))


def rings(n: int, rng: Generator) -> np.ndarray:
    """x_N2 = 3 r (cos a, sin a) + 0.08 noise with r of 1, 0.75, 0.5 or 0.25."""
    return _float32(3 * _rings(n, rng, (1, 0.75, 0.5, 0.25)) + _noise(n, rng, 0.08))


def swissroll(n: int, rng: Generator) -> np.ndarray:
    """x_N2 = (t (cos t, sin t) + noise) / 5 with t = 1.5 pi (1 + 2 U)."""
    t = 1.5 * pi * (1 + 2 * rng.random(n))
    return _float32((t[:, None] * _circle(t) + _noise(n, rng, 1)) / 5)


_ALL = (eight_gaussians, two_spirals, checkerboard, pinwheel, moons, circles, rings, swissroll)

GENERATORS: Mapping[str, Draw] = MappingProxyType({draw.__name__: draw for draw in _ALL})
"""Each generator by name: (n, rng) -> x_n2 in float32, for training on fresh draws at every step."""


def toy(generator: str, *, size: int = 20000, validation: int = 2000, test: int = 10000, seed: int = 0) -> Dataset:
    """A generated set: `size` examples to train on, and further draws, independent of them and of each other."""
    streams = np.random.default_rng(seed).spawn(3)
    draws = (GENERATORS[generator](n, rng) for n, rng in zip((size, validation, test), streams, strict=True))
    return Dataset(generator, *draws)


def _circle(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angle), np.sin(angle)], -1)


def _rings(n: int, rng: Generator, radii: tuple[float, ...]) -> np.ndarray:
    return rng.choice(radii, (n, 1)) * _circle(rng.uniform(0, 2 * pi, n))


def _noise(n: int, rng: Generator, sd: float) -> np.ndarray:
    return sd * rng.normal(size=(n, 2))


def _float32(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float32)
