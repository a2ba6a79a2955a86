"""Verification: sound flows pass, and a fault of a module is found where it is."""

from __future__ import annotations

import json

import pytest
import torch

import flowspec
from flowspec.modules.transforms.coupling import Coupling
from flowspec.modules.transforms.linear import Linear
from flowspec.verify import verify
from flowspec.verify.jacobian import log_abs_det
from flowspec.verify.result import Check

PLANE = """
flow plane {
    input vector(2)
    repeat 2 { actnorm; coupling(spline(bins=4, bound=3), mlp([8])); swap }
    linear
    prior gaussian
    expect likelihood == exact
    expect latent_dims == 2
}
"""
IMAGES = """
flow images {
    input image(1, 8, 8, levels=4)
    dequantize(uniform)
    squeeze(2)
    repeat 2 { actnorm; conv1x1(lu); coupling(affine(scale=sigmoid), cnn) }
    split(half, prior=gaussian)
    prior gaussian
}
net cnn { conv(3, 8); relu; zeroconv(3) }
"""
GIVEN = """
flow given {
    input vector(5)
    context classes(3) as label
    inverse { autoregressive(affine(scale=tanh), made([8]), given=label) }
    reverse
    prior gaussian
}
"""


@pytest.mark.parametrize("text", [PLANE, IMAGES, GIVEN], ids=["plane", "images", "given"])
def test_a_sound_flow_passes(text):
    found = flowspec.load(text).verify()
    assert found.passed, found.text()
    whole = {check.name: check for check in found.whole}
    assert whole["round trip"].error < 1e-9 and whole["log-det"].error < 1e-9
    assert all(step.log_det.error is None or step.log_det.error < 1e-9 for step in found.steps)


def test_a_density_in_the_plane_integrates_to_one():
    check = next(check for check in flowspec.load(PLANE).verify().whole if check.name == "density")
    assert check.passed and check.error < 1e-3


def test_a_density_with_mass_far_out_integrates_to_one():
    spec = flowspec.load("flow f { input vector(1); block_autoregressive(hidden=40, layers=3, slope=0.01); prior gaussian }")
    check = next(check for check in spec.verify().whole if check.name == "density")
    assert check.passed and check.error < 1e-3


def test_an_inverse_by_iteration_is_held_to_what_one_by_formula_is():
    found = flowspec.load("flow f { input vector(2); block_autoregressive(hidden=20, slope=0.1); residual(mlp([8], elu, lipschitz=0.9)); prior gaussian }").verify()
    assert found.passed, found.text()
    assert all(check.tolerance <= 1e-6 and check.error < 1e-10 for step in found.steps for check in step.checks if check.error is not None)


def test_contracts_are_held_against_the_module():
    names = [check.name for check in flowspec.load(PLANE).verify().whole]
    assert names[-2:] == ["likelihood == exact", "latent_dims == 2"]


def test_a_wrong_log_det_is_found_at_its_step(monkeypatch):
    forward = Linear.forward
    monkeypatch.setattr(Linear, "forward", lambda self, x, given=(): (forward(self, x, given)[0], forward(self, x, given)[1] * 0.9))
    found = flowspec.load(PLANE).verify()
    assert not found.passed
    failed = {step.path for step in found.steps if step.log_det.passed is False}
    assert failed == {"linear"}
    assert {check.name for check in found.whole if check.passed is False} >= {"log-det", "density"}


def test_a_wrong_inverse_is_found_at_its_step(monkeypatch):
    inverse = Coupling.inverse
    monkeypatch.setattr(Coupling, "inverse", lambda self, z, given=(): (inverse(self, z, given)[0] + 1e-3, inverse(self, z, given)[1]))
    found = flowspec.load(IMAGES).verify()
    assert {step.path for step in found.steps if step.round_trip.passed is False} == {"step1.coupling"}


def test_parameters_that_the_rules_do_not_know_are_found(monkeypatch):
    init = Linear.__init__

    def with_more(self, *arguments):
        init(self, *arguments)
        self.more = torch.nn.Parameter(torch.zeros(3))

    monkeypatch.setattr(Linear, "__init__", with_more)
    found = flowspec.load(PLANE).verify()
    failed = {check.name: check.note for check in found.whole if check.passed is False}
    assert failed.keys() == {"parameters", "parameters, step by step"}
    assert "`linear`" in failed["parameters, step by step"]


def test_a_verification_is_text_and_json():
    found = verify(flowspec.load(IMAGES).checked, batch=2)
    assert "step1.coupling x 2" in found.text() and found.text().endswith("checks passed")
    assert json.loads(json.dumps(found.as_json()))["passed"] is True


def test_verification_leaves_chance_and_type_alone():
    before = torch.get_rng_state()
    flowspec.load(GIVEN).verify()
    assert torch.equal(before, torch.get_rng_state()) and torch.get_default_dtype() == torch.float32


def test_an_error_that_is_no_number_fails():
    assert Check.within("x", float("nan"), 1.0).passed is False


def test_log_abs_det_of_a_linear_map():
    matrix = torch.randn(200, 200, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x = torch.zeros(1, 150, dtype=torch.float64), torch.zeros(1, 50, dtype=torch.float64)
    found = log_abs_det(lambda parts, n: (torch.cat(parts, 1) @ matrix,), x)
    assert found == pytest.approx(float(matrix.slogdet().logabsdet))


def test_added_dimensions_are_dropped_on_the_way_back():
    text = "flow wide {\n input vector(3)\n augment(2)\n coupling(affine(scale=tanh), mlp([8]))\n prior gaussian\n}"
    found = flowspec.load(text).verify()
    assert found.passed and found.steps[0].round_trip.error == 0.0
    assert found.whole[0].name == "round trip" and found.whole[0].error < 1e-9
