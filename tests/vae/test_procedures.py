"""Reconstructions, stages of samples, and paths between examples."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

import flowspec
from flowspec.cli import main
from flowspec.modules.build import build
from flowspec.train.procedures import _between, interpolation, reconstructions, stages
from tests.vae.test_phases import images, moved, seeded, small


def run(*arguments: object) -> Result:
    """The program with these arguments."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def flow():  # noqa: ANN201
    return moved(build(small().checked, seed=0))


def test_a_reconstruction_is_the_decoders_mean_of_a_draw_of_the_posterior(flow) -> None:  # noqa: ANN001
    x = images(3)
    torch.manual_seed(7)
    latents, _ = flow(x)
    torch.testing.assert_close(seeded(reconstructions, flow, x), flow.inverse(latents, temperature=0.0))


def test_stages_show_one_latent_in_each_row(flow) -> None:  # noqa: ANN001
    shown = stages(flow, "pixel_flow", 3, draws=2)
    assert shown.shape == (3, 4, 3, 8, 8)
    again = seeded(stages, flow, "pixel_flow", 2, 3, None, 0.0)
    assert torch.equal(again[:, 0], again[:, 1]) and torch.equal(again[:, 2], again[:, 3]) and torch.equal(again[:, 3], again[:, 4])


@pytest.mark.parametrize("path", ["linear", "spherical"])
@pytest.mark.parametrize("without", [(), ("prior_flow",)])
def test_a_path_leads_from_one_example_to_the_other(flow, path: str, without: tuple[str, ...]) -> None:  # noqa: ANN001
    x = images(2)
    torch.manual_seed(7)
    latents, _ = flow.bypassing(without)(x)
    ends = flow.bypassing(without).inverse(latents, temperature=0.0)
    torch.manual_seed(7)
    frames = interpolation(flow, x, 5, path, "zero", without)
    assert frames.shape == (5, 3, 8, 8)
    assert (frames[[0, -1]] - ends).abs().max() <= 1  # a level, by rounding


def test_noise_is_zero_fixed_or_fresh(flow) -> None:  # noqa: ANN001
    x = images(1).expand(2, 3, 8, 8)
    monotone = {noise: seeded(interpolation, flow, x, 4, "linear", noise) for noise in ("zero", "fixed", "fresh")}
    spread = {noise: (frames[1:] - frames[:-1]).abs().mean() for noise, frames in monotone.items()}
    assert spread["zero"] <= spread["fresh"] and spread["fixed"] < spread["fresh"]


def test_fixed_noise_leaves_chance_alone(flow) -> None:  # noqa: ANN001
    x, chance = images(2), []
    for run in (lambda: interpolation(flow, x, 4, "linear", "fixed"), lambda: flow(x)):
        torch.manual_seed(3)
        run()
        chance.append(torch.rand(3))
    assert torch.equal(*chance)


def test_the_great_circle_keeps_lengths() -> None:
    z = torch.randn(2, 50).double()
    lengths = _between(z, 9, "spherical").norm(dim=1)
    torch.testing.assert_close(lengths, torch.linspace(float(z[0].norm()), float(z[1].norm()), 9).double(), atol=1e-5, rtol=0)


def test_each_is_a_picture_from_the_command_line(tmp_path: Path) -> None:
    spec = tmp_path / "small.flow"
    spec.write_text(flowspec.load("vae_small").canonical.replace("epochs=40", "epochs=1"))
    out = tmp_path / "run"
    sizes = ("base=2", "prior_width=8", "depth=1", "width=4")
    assert run("train", spec, *(part for size in sizes for part in ("--set", size)), "--out", out).exit_code == 0
    told = run("evaluate", out).output
    assert "vae.posterior" in told and "Monte Carlo" in told and "exact" in told
    for kind in (["reconstructions"], ["stages", "--part", "pixel_flow"], ["interpolation", "--part", "prior_flow", "--path", "spherical"]):
        assert run("show", out, *kind, "-n", 2, "-o", tmp_path / f"{kind[0]}.png").exit_code == 0
        assert (tmp_path / f"{kind[0]}.png").stat().st_size > 100
    cold = ("--temperature", "vae=0", "--temperature", "prior=1")
    assert run("sample", out, "-n", 2, "-o", tmp_path / "cold.npy", *cold).exit_code == 0
    shown = []
    for temperature in ((), ("--temperature", "vae=0"), ("--temperature", 1)):
        assert run("show", out, "reconstructions", "-n", 2, "-o", tmp_path / "c.png", *temperature).exit_code == 0
        shown.append((tmp_path / "c.png").read_bytes())
    assert shown[0] == shown[1] != shown[2]
    for name in ("vea", "pixel_flow"):
        wrong = run("show", out, "reconstructions", "-o", tmp_path / "c.png", "--temperature", f"{name}=0")
        assert wrong.exit_code == 1 and f"`{name}` draws" in wrong.output and "encode, prior, vae" in wrong.output
    assert run("sample", out, "-o", tmp_path / "b.png", "--temperature", "vae=warm").exit_code == 2
    assert run("sample", out, "-o", tmp_path / "b.png", "--temperature", "0.5", *cold).exit_code == 2
    assert run("show", out, "stages", "-o", tmp_path / "a.png").exit_code == 1
    assert run("show", out, "stages", "-o", tmp_path / "a.gif").exit_code == 2
