"""The generated sets against moments worked out by hand, by quadrature, and by scikit-learn's own generators."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
from sklearn import datasets

from flowspec.data import GENERATORS, load

N = 200_000
U = (np.arange(100_000) + 0.5) / 100_000


def draw(name: str, n: int = N) -> np.ndarray:
    return GENERATORS[name](n, np.random.default_rng(7)).astype(np.float64)


def swissroll_moments() -> tuple[np.ndarray, np.ndarray]:
    t = 1.5 * pi * (1 + 2 * U)
    curve = np.stack([t * np.cos(t), t * np.sin(t)]) / 5
    return curve.mean(1), np.cov(curve) + np.eye(2) / 25


def spiral_moments() -> tuple[np.ndarray, np.ndarray]:
    """The sign makes the mean 0 and the covariance the second moment: of the curve, the offset U(0, 0.5), the noise."""
    t = 3 * pi * np.sqrt(U)
    curve = np.stack([-t * np.cos(t), t * np.sin(t)])
    mean = curve.mean(1)
    second = curve @ curve.T / len(U) + 0.25 * (mean[:, None] + mean) + 0.25**2 + np.eye(2) * 0.5**2 / 12
    return np.zeros(2), second / 9 + 0.01 * np.eye(2)


def round_moments(variance: float) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(2), variance * np.eye(2)


MOON_VARIANCE = 4 * (np.array([0.75, (1.25 - 2 / pi) / 2 - 0.0625]) + 0.01)
# E[x y]: the outer moon's is E[cos sin] = 0, the inner one's E[(1 - cos)(0.5 - sin)] = 0.5 - 2 / pi.
MOON_COVARIANCE = 4 * ((0.5 - 2 / pi) / 2 - 0.5 * 0.25)
MOMENTS = {
    "eight_gaussians": round_moments((16 / 2 + 0.25) / 1.414**2),
    "two_spirals": spiral_moments(),
    # Columns of either parity have their own rows, of mean -1 and 1, and their own mean, the same: E[x y] = 1.
    "checkerboard": (np.zeros(2), np.array([[8**2 / 12, 1], [1, 8**2 / 12]])),
    "pinwheel": round_moments(4 * (1 + 0.3**2 + 0.1**2) / 2),
    "moons": (np.array([0, 0.3]), np.diag(MOON_VARIANCE) + MOON_COVARIANCE * (1 - np.eye(2))),
    "circles": round_moments(9 * ((1 + 0.25) / 4 + 0.08**2)),
    "rings": round_moments(9 * (1 + 0.5625 + 0.25 + 0.0625) / 8 + 0.08**2),
    "swissroll": swissroll_moments(),
}


def test_every_generator_has_moments() -> None:
    assert set(MOMENTS) == set(GENERATORS)


@pytest.mark.parametrize("name", GENERATORS)
def test_moments(name: str) -> None:
    mean, covariance = MOMENTS[name]
    x = draw(name)
    # Five standard errors: of a mean sd / sqrt(N), of a covariance at most about 2 sd^2 / sqrt(N).
    scale = covariance.diagonal().max()
    np.testing.assert_allclose(x.mean(0), mean, atol=5 * np.sqrt(scale / N))
    np.testing.assert_allclose(np.cov(x.T), covariance, atol=10 * scale / np.sqrt(N))


@pytest.mark.parametrize("name", GENERATORS)
def test_shape_type_and_determinism(name: str) -> None:
    first, again, other = (GENERATORS[name](50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (50, 2) and first.dtype == np.float32
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_eight_modes_of_equal_weight() -> None:
    angle = np.arange(8) * pi / 4
    modes = 4 * np.stack([np.cos(angle), np.sin(angle)], 1) / 1.414
    x = draw("eight_gaussians")
    distance = np.linalg.norm(x[:, None] - modes, axis=2)
    share = np.bincount(distance.argmin(1), minlength=8) / N
    np.testing.assert_allclose(share, 1 / 8, atol=0.005)
    assert distance.min(1).max() < 6 * 0.5 / 1.414


def test_checkerboard_is_uniform_on_eight_squares() -> None:
    square = np.floor(draw("checkerboard") / 2).astype(int)
    names, counts = np.unique(square, axis=0, return_counts=True)
    assert len(names) == 8 and not (names.sum(1) % 2).any() and names.min() == -2 and names.max() == 1
    np.testing.assert_allclose(counts / N, 1 / 8, atol=0.005)


@pytest.mark.parametrize(("name", "radii", "sd"), [("circles", (1.5, 3), 0.24), ("rings", (0.75, 1.5, 2.25, 3), 0.08)])
def test_radii(name: str, radii: tuple[float, ...], sd: float) -> None:
    radius = np.linalg.norm(draw(name), axis=1)
    off = np.abs(radius[:, None] - radii)
    assert off.min(1).max() < 6 * sd
    np.testing.assert_allclose(np.bincount(off.argmin(1)) / N, 1 / len(radii), atol=0.006)


def test_pinwheel_has_five_blades_that_turn_clockwise() -> None:
    """As complex numbers z = 2 (f_1 + i f_2) exp(-i a): E z^k is 0 but for multiples of 5, there found by quadrature."""
    x = draw("pinwheel")
    z = x[:, 0] + 1j * x[:, 1]
    node, weight = np.polynomial.hermite_e.hermegauss(80)
    f = 1 + 0.3 * node[:, None] + 0.1j * node
    fifth = 32 * f**5 * np.exp(-1.25j * np.exp(1 + 0.3 * node))[:, None]
    expected = {1: 0, 2: 0, 3: 0, 4: 0, 5: weight @ fifth @ weight / (2 * pi)}
    for power, value in expected.items():
        assert abs((z**power).mean() - value) < 5 * (z**power).std() / np.sqrt(N)
    assert abs(expected[5]) > 1


SKLEARN = {
    "moons": lambda: datasets.make_moons(N, noise=0.1, random_state=0)[0] * 2 - (1, 0.2),
    "circles": lambda: datasets.make_circles(N, factor=0.5, noise=0.08, random_state=0)[0] * 3,
    "swissroll": lambda: datasets.make_swiss_roll(N, noise=1.0, random_state=0)[0][:, [0, 2]] / 5,
}


@pytest.mark.parametrize("name", SKLEARN)
def test_like_the_generator_of_scikit_learn(name: str) -> None:
    """The share of points in each cell of a grid."""
    edges = [np.linspace(-5, 5, 21)] * 2
    ours, theirs = (np.histogramdd(x, edges)[0] / N for x in (draw(name), SKLEARN[name]()))
    np.testing.assert_allclose(ours, theirs, atol=0.003)


def test_as_a_set() -> None:
    data = load("moons", size=100, validation=20, test=30)
    assert [len(data.train), len(data.validation), len(data.test)] == [100, 20, 30]
    assert data.labels is None and data.levels is None and data.log_scale == 0
    together = np.concatenate([data.train, data.validation, data.test])
    assert len(np.unique(together, axis=0)) == 150
    assert np.array_equal(load("moons", size=7, validation=20, test=30).test, data.test)
