"""Block autoregressive flows: counts of the paper, triangular Jacobians, saturated units, and the inverse that has no formula."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis.strategies import booleans, integers, lists, sampled_from, tuples
from mpmath import mp

import flowspec
from flowspec.modules.block_linear import BlockWeight
from flowspec.modules.build import build
from flowspec.modules.solvers import ConvergenceError
from flowspec.numbers import of_graph
from tests.spec_text import compiled, diagnostics, faults, flow

TABLE = {(6, 40): 181_264, (8, 40): 308_884, (21, 20): 516_814, (43, 5): 170_284, (63, 20): 4_461_034}


@pytest.mark.parametrize("features, per", TABLE)
def test_live_entries_are_those_of_the_paper(features, per):
    spec = flowspec.load("bnaf_table", features=features, per=per)
    assert of_graph(spec.checked.graph).live == TABLE[features, per]


@pytest.mark.parametrize("layers, live", [(3, 15_904), (2, 8_204)])
def test_toys(layers, live):
    assert of_graph(flowspec.load("bnaf_toy", layers=layers).checked.graph).live == live


GRID = {
    (6, 1): ((1_414, 2_164), (2_764, 4_264), (5_464, 8_464), (10_864, 16_864)),
    (6, 2): ((4_339, 6_964), (13_864, 22_864), (48_664, 81_664), (181_264, 307_264)),
    (8, 1): ((2_284, 3_684), (4_484, 7_284), (8_884, 14_484), (17_684, 28_884)),
    (8, 2): ((7_184, 12_084), (23_284, 40_084), (82_484, 144_084), (308_884, 544_084)),
    (21, 1): ((12_814, 23_314), (25_414, 46_414), (50_614, 92_614), (101_014, 185_014)),
    (21, 2): ((42_739, 79_489), (143_014, 269_014), (516_814, 978_814), (1_957_414, 3_721_414)),
    (43, 1): ((49_884, 95_034), (99_334, 189_634), (198_234, 378_834), (396_034, 757_234)),
    (43, 2): ((170_284, 328_309), (576_634, 1_118_434), (2_098_834, 4_085_434), (7_981_234, 15_566_434)),
    (63, 1): ((104_584, 202_234), (208_534, 403_834), (416_434, 807_034), (832_234, 1_613_434)),
    (63, 2): ((359_734, 701_509), (1_222_834, 2_394_634), (4_461_034, 8_757_634), (16_985_434, 33_390_634)),
}
"""Live and stored entries of five flows, by features and layers, for 5, 10, 20 and 40 units a feature: those of the authors' code."""


@pytest.mark.parametrize("d, layers", GRID)
def test_the_grid_of_the_paper(d, layers):
    for per, counts in zip((5, 10, 20, 40), GRID[d, layers], strict=True):
        numbers = of_graph(flowspec.load("bnaf_table", features=d, per=per, layers=layers).checked.graph)
        assert (numbers.live, numbers.parameters) == counts


@pytest.mark.parametrize("d, layers, per", [(6, 2, 40), (21, 1, 20), (43, 2, 5)])
def test_counts_by_rule_are_those_of_the_module(d, layers, per):
    spec = flowspec.load("bnaf_table", features=d, per=per, layers=layers)
    flow, (live, stored) = spec.build(seed=0), GRID[d, layers][(5, 10, 20, 40).index(per)]
    found = sum(parameter.numel() for parameter in flow.parameters())
    above = sum(int((tensor == 0).sum()) for name, tensor in flow.named_parameters() if name.endswith(".weight"))
    assert (found - above, found) == (live, stored)


@settings(max_examples=25, deadline=None)
@given(
    d=integers(2, 4), per=integers(1, 3), seed=integers(0, 99), activation=sampled_from(["tanh", "sigmoid", "asinh", "softplus", "elu", "leaky_relu"]),
    steps=lists(tuples(integers(1, 3), sampled_from(["none", "plain", "gated"])), min_size=1, max_size=3), turned=booleans(),
)  # fmt: skip
def test_every_stack_is_triangular_increasing_and_has_its_inverse(d, per, seed, activation, steps, turned):
    """In the order of the features where none is reversed; a slope lets every stack reach every z."""
    between = "reverse" if turned else ""
    body = f"\n{between}\n".join(
        f"block_autoregressive(hidden={d * per}, layers={layers}, activation={activation}, residual={residual}, slope=0.1)" for layers, residual in steps
    )
    net = model(body, head=f"input vector({d})", seed=seed)
    x = 2 * torch.randn(2, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    z, log_det = net(x)
    for row, found in zip(x, log_det):
        jacobian = torch.autograd.functional.jacobian(lambda x: net(x[None])[0][0], row)
        torch.testing.assert_close(found, torch.linalg.slogdet(jacobian)[1], atol=1e-10, rtol=1e-10)
        if len(steps) == 1 or not turned:
            assert not jacobian.triu(1).any() and (jacobian.diagonal() > 0).all()
    with torch.no_grad():
        torch.testing.assert_close(net(net.inverse(z))[0], z, atol=1e-6, rtol=0)


def model(body: str, scale: float = 1.0, head: str = "input vector(4)", seed: int = 0) -> torch.nn.Module:
    torch.set_default_dtype(torch.float64)
    try:
        net = build(flow(body, head), seed=seed)
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


@pytest.mark.parametrize("x", [1.0, 20.0, -60.0, 150.0])
def test_log_det_is_that_of_eighty_digits_where_units_saturate(x):
    """Where 1 - tanh² has no digits left in float64, the Jacobian by the chain rule in 80 digits."""
    net = model("block_autoregressive(hidden=12, layers=3)")
    layers = net.at("block_autoregressive").layers
    with mp.workdps(80), torch.no_grad():
        u, jacobian = mp.matrix([x * mp.mpf(sign) for sign in (1, -0.5, 0.3, -1)]), mp.eye(4)
        found = net(torch.tensor([[float(value) for value in u]], dtype=torch.float64))[1].item()
        for i, layer in enumerate(layers):
            if i:
                jacobian = mp.diag([mp.sech(value) ** 2 for value in u]) * jacobian
                u = u.apply(mp.tanh)
            weight = mp.matrix(BlockWeight.apply(layer.weight, layer.log_scale, layer.below, 4)[0].tolist())
            u, jacobian = weight * u + mp.matrix(layer.bias.tolist()), weight * jacobian
        assert float(mp.log(mp.fprod(jacobian[i, i] for i in range(4)))) == pytest.approx(found, rel=0, abs=1e-10)


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
