"""Block autoregressive flows: counts of the paper, triangular Jacobians, saturated units, and the inverse that has no formula."""

from __future__ import annotations

import pytest
import torch

import flowspec
from flowspec.modules.build import build
from flowspec.modules.solvers import ConvergenceError
from flowspec.report.numbers import of_graph
from tests.spec_text import compiled, diagnostics, faults, flow

TABLE = {(6, 40): 181_264, (8, 40): 308_884, (21, 20): 516_814, (43, 5): 170_284, (63, 20): 4_461_034}


@pytest.mark.parametrize("features, per", TABLE)
def test_live_entries_are_those_of_the_paper(features, per):
    spec = flowspec.load("bnaf_table", features=features, per=per)
    assert of_graph(spec.checked.graph).live == TABLE[features, per]


@pytest.mark.parametrize("layers, live", [(3, 15_904), (2, 8_204)])
def test_toys(layers, live):
    assert of_graph(flowspec.load("bnaf_toy", layers=layers).checked.graph).live == live


@pytest.mark.parametrize("d", [6, 8, 21, 43])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("per", [5, 10, 20])
def test_closed_forms(d, layers, per):
    numbers = of_graph(flowspec.load("bnaf_table", features=d, per=per, layers=layers).checked.graph)
    inner = 2 * per + (layers - 1) * per**2
    rest = 2 * d * (layers * per + 1)
    assert numbers.live == 5 * (d * (d + 1) // 2 * inner + rest) + 4
    assert numbers.parameters == 5 * (d * d * inner + rest) + 4


def model(body: str, scale: float = 1.0) -> torch.nn.Module:
    torch.set_default_dtype(torch.float64)
    try:
        net = build(flow(body), seed=0)
    finally:
        torch.set_default_dtype(torch.float32)
    for parameter in net.parameters():
        parameter.data *= scale
    return net


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "asinh", "softplus", "elu", "leaky_relu"])
def test_jacobian_is_triangular_positive_and_counted(activation, scale):
    net = model(f"block_autoregressive(hidden=12, layers=2, activation={activation})", scale)
    x = 3 * torch.randn(3, 4, dtype=torch.float64)
    _, log_det = net(x)
    for row, found in zip(x, log_det):
        jacobian = torch.autograd.functional.jacobian(lambda x: net(x[None])[0][0], row)
        assert not jacobian.triu(1).any() and (jacobian.diagonal() > 0).all()
        torch.testing.assert_close(found, torch.linalg.slogdet(jacobian)[1], atol=1e-10, rtol=1e-10)


def test_log_det_stays_finite_where_units_saturate():
    net = model("block_autoregressive(hidden=12, layers=2)")
    z, log_det = net(torch.full((1, 4), 300.0, dtype=torch.float64))
    assert z.isfinite().all() and log_det.isfinite().all() and log_det.item() < -100


@pytest.mark.parametrize("body", [
    "block_autoregressive(hidden=12, layers=2, slope=0.01)",
    "repeat 2 { block_autoregressive(hidden=8, residual=gated); reverse }",
    "block_autoregressive(hidden=8, residual=plain)",
])  # fmt: skip
def test_round_trip_without_a_formula(body):
    net = model(body)
    z = torch.randn(50, 4, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(net(net.inverse(z))[0], z, atol=1e-9, rtol=0)
        assert net.sample(10).shape == (10, 4)


def test_gradients_through_the_inverse_are_those_of_the_implicit_function():
    net = model("block_autoregressive(hidden=8, layers=2, slope=0.1)")
    z = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    x = net.inverse(z)
    for i in range(4):
        found = torch.autograd.grad(x[0, i], z, retain_graph=True)[0][0]
        jacobian = torch.autograd.functional.jacobian(lambda x: net(x[None])[0][0], x[0].detach())
        torch.testing.assert_close(found, torch.linalg.inv(jacobian)[i], atol=1e-8, rtol=1e-8)
    weight = net.at("block_autoregressive").layers[0].weight
    found = torch.autograd.grad(x.sum(), weight)[0]
    step = 1e-6
    with torch.no_grad():
        weight[1, 0] += step
        above = net.inverse(z.detach()).sum()
        weight[1, 0] -= 2 * step
        below = net.inverse(z.detach()).sum()
    torch.testing.assert_close(found[1, 0], (above - below) / (2 * step), atol=1e-6, rtol=1e-4)


def test_what_is_not_reached_is_said_with_its_step():
    net = model("block_autoregressive(hidden=8)")
    with pytest.raises(ConvergenceError, match="`block_autoregressive`: no x gives 2 of the 2 values wanted of feature 1: .* by up to 9"):
        net.inverse(torch.full((2, 4), 1e3))


def test_facts_say_what_the_density_integrates_to():
    assert flow("block_autoregressive(hidden=8)").facts.mass == "less"
    assert flow("repeat 2 { block_autoregressive(hidden=8, activation=softplus); reverse }").facts.mass == "less"
    assert flow("block_autoregressive(hidden=8, slope=0.01)").facts.mass == "one"
    assert flow("block_autoregressive(hidden=8, residual=gated)").facts.mass == "one"
    assert flow("block_autoregressive(hidden=8, activation=asinh)").facts.mass == "one"
    assert flow("inverse { block_autoregressive(hidden=8) }").facts.mass == "one"


def test_faults():
    body = "flow f {{ input vector(4)\n{}\nprior gaussian }}"
    assert faults(body.format("block_autoregressive(hidden=8, activation=relu)")) == [("FS408", "activation=relu")]
    assert faults(body.format("block_autoregressive(hidden=10)")) == [("FS409", "hidden=10")]
    assert "slope is zero" in diagnostics(body.format("block_autoregressive(hidden=8, activation=relu)"))[0].message


def test_compiles_in_one_graph():
    net = build(compiled("flow f { input vector(3); block_autoregressive(hidden=6, layers=2); prior gaussian }"), seed=0)
    x = torch.randn(4, 3)
    torch._dynamo.reset()
    torch.testing.assert_close(torch.compile(net.log_prob, fullgraph=True, backend="eager")(x), net.log_prob(x))
