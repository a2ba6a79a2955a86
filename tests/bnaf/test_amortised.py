"""Transforms whose parameters a network predicts from a condition: planar, radial, Sylvester and block autoregressive flows."""

from __future__ import annotations

import pytest
import torch

from flowspec.modules.build import build
from flowspec.numbers import of_graph
from tests.spec_text import compiled, diagnostics

TEXT = """
flow f(features=3) {
    input vector(features)
    context vector(4) as h
    STEP
    prior gaussian
}
"""
STEPS = {
    "planar": ("planar({}given=h)", 3 + 3 + 1),
    "radial": ("radial({}given=h)", 3 + 1 + 1),
    "orthogonal": ("sylvester(orthogonal, width=2, {}given=h)", 2 * (3 + 2 + 3)),
    "householder": ("sylvester(householder, reflections=4, {}given=h)", 3**2 + 3 * 3 + 4 * 3),
    "triangular": ("sylvester(triangular, {}given=h)", 3**2 + 3 * 3),
    "block_autoregressive": ("block_autoregressive(6, residual=gated, {}given=h)", (6 + 3 + 6) + (3 + 6 + 3)),
}
each = pytest.mark.parametrize("name", STEPS)


def text(name: str, conditioner: str = "linear") -> str:
    return TEXT.replace("STEP", STEPS[name][0].format(f"conditioner={conditioner}, "))


@each
def test_the_conditioner_gives_every_predicted_tensor(name: str) -> None:
    checked = compiled(text(name))
    step = checked.graph.body.items[0]
    assert step.networks["conditioner"].ports.output == (STEPS[name][1],)
    model = build(checked)
    assert sum(p.numel() for p in model.parameters()) == of_graph(checked.graph).parameters
    own = sum(tensor.numel for tensor in step.word.parameters(step.domain))
    assert of_graph(checked.graph).parameters == own + (4 + 1) * STEPS[name][1]
    assert (own > 0) == (name == "block_autoregressive")


@each
def test_each_example_has_a_map_of_its_own(name: str) -> None:
    model = build(compiled(text(name)), seed=1).double()
    x, h = torch.randn(5, 3).double(), torch.randn(5, 4).double()
    z, log_det = model(x, h)
    one, log_det_of_one = model(x[2:3], h[2:3])
    torch.testing.assert_close((z[2:3], log_det[2:3]), (one, log_det_of_one))
    other, _ = model(x, h.flip(0))
    assert (other - z)[[0, 1, 3, 4]].abs().amax(1).min() > 1e-6


@each
def test_gradients_through_the_inverse_are_those_of_the_map(name: str) -> None:
    """f(f⁻¹(z, h), h) = z whatever h is: so says the derivative."""
    model = build(compiled(text(name)), seed=2).double().requires_grad_(False)
    z, h = torch.randn(4, 3).double().requires_grad_(), torch.randn(4, 4).double().requires_grad_()
    step = next(module for path, module in model.named_children())
    back, log_det = step.inverse(z, (h,))
    again, log_det_again = step(back, (h,))
    torch.testing.assert_close(again, z, rtol=0, atol=1e-9)
    weights = torch.randn(4, 3).double()
    of_z, of_h = torch.autograd.grad((again * weights).sum() + (log_det + log_det_again).sum(), (z, h))
    torch.testing.assert_close(of_z, weights, rtol=0, atol=1e-8)
    torch.testing.assert_close(of_h, torch.zeros_like(h), rtol=0, atol=1e-8)


def test_constraints_hold_where_the_raw_parameters_break_them() -> None:
    """w·direction far below -1, beta far below -alpha: still bijections."""
    for name, size in (("planar", 30.0), ("radial", 30.0), ("orthogonal", 3.0)):
        model = build(compiled(text(name)), seed=3).double()
        torch.manual_seed(4)
        x, h = torch.randn(64, 3).double(), size * torch.randn(64, 4).double()
        z, log_det = model(x, h)
        assert log_det.isfinite().all() and log_det.min() < -0.5
        torch.testing.assert_close(model.inverse(z, h), x, rtol=0, atol=1e-6)


def test_a_conditioner_of_the_wrong_width_is_told_what_is_predicted() -> None:
    (found,) = diagnostics(text("planar", "linear(5)"))
    assert found.code == "FS301" and "3 of `weight`, 3 of `direction`, 1 of `bias`" in found.notes[0]
