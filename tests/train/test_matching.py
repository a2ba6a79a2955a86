"""Runs towards a target: the energies, the divergence, and that a spec alone makes no function run."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

import flowspec
from flowspec.cli.group import main
from flowspec.train.energies import energy_function, log_constant
from flowspec.train.errors import TrainingError
from flowspec.train.matching import Match, Matching
from flowspec.train.run import open_run, train
from flowspec.vocabulary.settings.energies import U1, U2, U3, U4, Energy, Function
from flowspec.vocabulary.settings.schedules import Plateau

TEXT = """
flow tiny(energy=u1) {
    input vector(2)
    inverse { block_autoregressive(hidden=8, layers=2) }
    prior gaussian
    train(target=energy, draws=400, optimizer=adam(lr=1e-2), batch=50, epochs=2, schedule=plateau(patience=1))
}
"""
BELL = 'function("tests.train.bells.bell", within=9)'


def bell(x: torch.Tensor) -> torch.Tensor:
    """U of a normal density with means (1, -2) and deviations (0.5, 2)."""
    return ((x - torch.tensor([1.0, -2.0])) / torch.tensor([0.5, 2.0])).square().sum(1) / 2


@pytest.mark.parametrize("word, constant", [(U1(), 1.8775), (U2(), 2.6253), (U3(), 3.1849), (U4(), 3.2539)], ids=["u1", "u2", "u3", "u4"])
def test_constants_of_the_energies(word: Energy, constant: float) -> None:
    assert log_constant(word, energy_function(word, {}), 2) == pytest.approx(constant, abs=1e-4)


def test_energies_at_points_worked_out_by_hand() -> None:
    x = torch.tensor([[2.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    at = {word: energy_function(word(), {})(x).tolist() for word in (U1, U2, U3, U4)}
    radius = ((math.sqrt(2) - 2) / 0.4) ** 2 / 2
    assert at[U1] == pytest.approx([0.0, radius - math.log(math.exp(-((1 / 0.6) ** 2) / 2) + math.exp(-(5**2) / 2))], abs=1e-8)
    assert at[U2] == pytest.approx([0.0, 0.0], abs=1e-8)
    assert at[U3][1] == pytest.approx(-math.log(1 + math.exp(-((3 / 0.35) ** 2) / 2)))
    assert at[U4][1] == pytest.approx(-math.log(1 + math.exp(-((1.5 / 0.35) ** 2) / 2)))
    assert energy_function(U2(bound=0.5), {})(x)[1] == pytest.approx(0.5)


def test_the_divergence_of_normal_densities_is_the_known_one() -> None:
    flow = flowspec.load("flow f { input vector(2); reverse; prior gaussian }").build(seed=0)
    word = Function(name="a.bell", within=12)
    found = Matching(word, {"a.bell": bell}, 20_000, 2).measure(flow, seed=0)
    wanted = sum(math.log(s) + (1 + m * m) / (2 * s * s) - 0.5 for m, s in ((1, 0.5), (-2, 2)))
    assert found.log_constant == pytest.approx(math.log(2 * math.pi), abs=1e-6)
    assert abs(found.kl - wanted) < 4 * found.error and 0 < found.ess < 0.5


def test_the_gradient_is_that_of_the_divergence() -> None:
    flow = flowspec.load("flow f { input vector(2); inverse { block_autoregressive(hidden=4) }; prior gaussian }").build(seed=0).double()
    match, weight = Match(flow, energy_function(U1(), {})), flow.at("inverse.block_autoregressive").layers[0].weight

    def loss() -> torch.Tensor:
        torch.manual_seed(0)
        return match(torch.empty(20, 0), None, {})[0]

    found = torch.autograd.grad(loss(), weight)[0][2, 0]
    with torch.no_grad():
        weight[2, 0] += 1e-6
        above = loss()
        weight[2, 0] -= 2e-6
        assert found.item() == pytest.approx((above - loss()).item() / 2e-6, rel=1e-5)


def test_a_run_leaves_pictures_and_goes_on_bit_for_bit(tmp_path: Path) -> None:
    spec = flowspec.load(TEXT)
    whole = train(spec, tmp_path / "whole", device="cpu")
    train(spec, tmp_path / "parts", device="cpu", max_steps=9)
    assert train(spec, tmp_path / "parts", device="cpu", resume=True).test == whole.test
    first, second = (load_file(tmp_path / name / "state.safetensors") for name in ("whole", "parts"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (tmp_path / "whole" / "target.png").stat().st_size > 1000
    assert json.loads((tmp_path / "whole" / "result.json").read_text())["test"]["kl"] == whole.test.kl
    with pytest.raises(TrainingError, match="has no data"):
        open_run(tmp_path / "whole")
    with pytest.raises(TrainingError, match="takes no data"):
        train(spec, tmp_path / "other", flowspec.data.load("moons"))


def test_training_finds_a_normal_density(tmp_path: Path) -> None:
    text = f"flow f {{ input vector(2); actnorm(start=identity); prior gaussian; train(target={BELL}, draws=1000, optimizer=adam(lr=0.05), batch=100, epochs=40) }}"
    found = train(flowspec.load(text), tmp_path / "run", device="cpu", energies={"tests.train.bells.bell": bell}).test
    assert found.kl < 0.02 and found.ess > 0.9


def test_a_function_is_imported_only_for_a_caller_who_declares_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loud_energy.py").write_text("def ring(x):\n    return (x.norm(dim=1) - 2).square()\n")
    (tmp_path / "f.flow").write_text(TEXT.replace("target=energy", 'target=function("loud_energy.ring")'))
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    refused = run(main, ["train", "f.flow", "--out", "run", "--device", "cpu"])
    assert refused.exit_code == 1 and "--energy loud_energy.ring" in refused.output
    assert "loud_energy" not in sys.modules and not (tmp_path / "run").exists()
    done = run(main, ["train", "f.flow", "--out", "run", "--device", "cpu", "--energy", "loud_energy.ring"])
    assert done.exit_code == 0 and "log Z is not known" in done.output
    assert "E[log q + U]" in run(main, ["evaluate", "run", "--energy", "loud_energy.ring"]).output
    assert run(main, ["sample", "run", "-o", "s.npy"]).exit_code == 0 and np.load("s.npy").shape == (1000, 2)
    assert run(main, ["sample", "run", "-o", "s.png"]).exit_code == 0
    assert "cannot be imported" in run(main, ["train", "f.flow", "--out", "other", "--energy", "loud_energy.rang"]).output


def test_a_plateau_cuts_the_rate_and_rests() -> None:
    schedule = Plateau(patience=2, cooldown=1, threshold=0.1, final=0.2)
    losses = [3.0, 2.0, 1.95, 1.91, 1.0, 1.0, 1.0, 0.99, 0.98, 0.97]
    assert [schedule.factor(0, 0, 1, losses[:n]) for n in range(11)] == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2]
