"""The Fréchet distance: its value for Gaussians, for sets of features, and of a run from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import flowspec
from flowspec.data import DataError, Dataset, load
from flowspec.quality.features import FEATURES, chosen
from flowspec.quality.frechet import between, fitted, frechet_distance
from flowspec.quality.networks import Inception
from flowspec.train.errors import TrainingError
from flowspec.train.fit import fitted as splits_of
from flowspec.train.quality import frechet
from flowspec.train.run import train
from tests.vae.test_procedures import run


def covariance(*values: float, seed: int = 0) -> Tensor:
    """A covariance with these eigenvalues in directions of chance."""
    turned = torch.linalg.qr(torch.randn(len(values), len(values), generator=torch.Generator().manual_seed(seed)).double())[0]
    return turned * torch.tensor(values).double() @ turned.T


def test_between_gaussians_that_commute_it_is_the_distance_of_sds() -> None:
    mean, other = torch.tensor([1.0, 2.0, 0.0]).double(), torch.tensor([0.0, 2.0, 2.0]).double()
    found = between(mean, covariance(4, 1, 9), other, covariance(1, 16, 0))
    assert found == pytest.approx(1 + 4 + (2 - 1) ** 2 + (1 - 4) ** 2 + (3 - 0) ** 2)


def test_between_gaussians_in_two_dimensions_it_is_the_formula_of_determinants() -> None:
    """tr((A B)^(1/2)) of 2x2 matrices is (tr(A B) + 2 det(A B)^(1/2))^(1/2), whatever their directions are."""
    a, b, zero = covariance(5, 0.3, seed=1), covariance(2, 0.7, seed=2), torch.zeros(2).double()
    crossed = ((a @ b).trace() + 2 * (a @ b).det().sqrt()).sqrt()
    assert between(zero, a, zero, b) == pytest.approx(float(a.trace() + b.trace() - 2 * crossed))
    assert between(zero, b, zero, a) == pytest.approx(between(zero, a, zero, b))


def test_of_equal_sets_it_is_zero_even_where_the_covariance_is_singular() -> None:
    features = torch.randn(20, 50).double()
    assert frechet_distance(features, features.flip(0)) == pytest.approx(0, abs=1e-5)
    shifted = frechet_distance(features, features + 0.5)
    assert shifted == pytest.approx(50 * 0.25, rel=1e-4)
    mean, cov = fitted(features)
    np.testing.assert_allclose(cov, np.cov(features.numpy(), rowvar=False), atol=1e-12)
    np.testing.assert_allclose(mean, features.numpy().mean(0), atol=1e-12)


@pytest.mark.parametrize("name, channels", [("digits", 1), ("random", 3)])
def test_features_order_images_by_how_far_they_are_from_data(name: str, channels: int) -> None:
    data = load("digits") if channels == 1 else load("crops", size=12, train=400, validation=1, test=400)
    levels = (data.levels or 2) - 1
    real, other = (torch.from_numpy(part).float() / levels for part in (data.train[:400], data.test))
    noise = torch.randn(real.shape, generator=torch.Generator().manual_seed(0))
    network = FEATURES[name]()
    expected = network(real)
    distances = [frechet_distance(network((real + sd * noise).clamp(0, 1)), expected) for sd in (0.0, 0.1, 0.5)]
    assert distances[0] == pytest.approx(0, abs=1e-4) and distances[0] < distances[1] < distances[2]
    assert torch.equal(FEATURES[name]()(real), expected)
    if Inception.at_hand():
        pytest.skip("Inception is at hand, and is what is then chosen")
    assert chosen(None, channels).name == network.name
    assert other.shape[1] == channels


def test_inception_is_not_fetched_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(DataError, match="Inception need"):
        chosen("inception", 3)
    assert not list(tmp_path.iterdir())


def test_the_classifier_knows_digits() -> None:
    assert float(FEATURES["digits"]().name.split("digits, ")[1].split("%")[0]) > 93


def test_of_a_flow() -> None:
    spec = flowspec.load("flow f { input image(1, 8, 8, levels=17); dequantize(uniform); prior gaussian; sample(temperature=0.5) }")
    data = splits_of(spec.checked.graph, load("digits"))
    flow = spec.build(seed=0)
    found, again = (frechet(flow, data, 300, "random") for _ in range(2))
    assert found == again and found.distance > 10 * found.of_training > 0
    assert (found.samples, found.images) == (300, len(data.test)) and "random convolutions" in str(found)
    assert frechet(flow, data, 300, "random", temperature=3.0).distance != found.distance and "temperature 0.5" in str(found)
    table = flowspec.load("flow f { input vector(2); prior gaussian }")
    with pytest.raises(TrainingError, match="of images"):
        frechet(table.build(), splits_of(table.checked.graph, load("moons", size=30)), 10)


def test_from_the_command_line_at_temperatures_of_all_or_of_a_part(tmp_path: Path) -> None:
    parts = (np.random.default_rng(i).integers(0, 17, (24, 1, 8, 8), dtype=np.uint8) for i in range(3))
    spec = flowspec.load("flow f { input image(1, 8, 8, levels=17); dequantize(uniform); part end { actnorm; prior gaussian } }")
    train(spec, tmp_path / "run", Dataset("noise", *parts, levels=17), device="cpu", epochs=1)

    def told(*options: object) -> dict[str, object]:
        features = ("--frechet", 40, "--features", "random", "--json")
        return json.loads(run("evaluate", tmp_path / "run", "--data", "digits", "--samples", 1, *features, *options).output)["frechet"]

    found, cold = told(), told("--temperature", 0.1)
    assert found["samples"] == 40 and found["distance"] > found["of_training"] and found["features"] and found["temperature"] == 1
    assert cold["distance"] != found["distance"]
    assert told("--temperature", "end=0.1") == cold | {"temperature": {"end": 0.1}}
    for command, *options in (("evaluate", "--data", "digits", "--frechet", 40), ("sample", "-o", tmp_path / "a.png")):
        other = run(command, tmp_path / "run", *options, "--temperature", "ent=0.1")
        assert other.exit_code == 1 and "`ent` draws" in other.output
    assert run("evaluate", tmp_path / "run", "--temperature", 0.5).exit_code == 2
