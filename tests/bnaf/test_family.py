"""The autoregressive family beside B-NAF: the published counts, and what is particular to each member."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import flowspec
from flowspec.cli.specs import compiled
from flowspec.modules.block_linear import BlockWeight
from flowspec.modules.build import build
from flowspec.report import compare
from flowspec.numbers import of_graph
from tests.spec_text import faults, flow

NAF = {
    (6, (100, 100)): (414_213, 828_258), (8, (100, 100)): (401_741, 803_226), (21, (512, 512)): (9_272_743, 18_544_268),
    (43, (512,)): (7_487_321, 14_970_256), (63, (1024, 1024)): (36_759_591, 73_510_236),
}  # fmt: skip


def parameters(name: str, **arguments: object) -> int:
    return of_graph(flowspec.load(name, **arguments).checked.graph).parameters


@pytest.mark.parametrize("features, hidden", NAF)
def test_naf_stores_what_its_authors_code_stores(features, hidden):
    found = tuple(parameters("naf", features=features, hidden=list(hidden), flows=flows) for flows in (5, 10))
    assert found == NAF[features, hidden]


RATIOS = {
    (6, 40, (100, 100)): {"parameters over live": (2.29, 4.57), "parameters": (1.35, 2.70), "live": (1.37, 2.74)},
    (8, 40, (100, 100)): {"parameters over live": (1.30, 2.60), "parameters": (0.74, 1.48), "live": (0.76, 1.53)},
    (21, 20, (512, 512)): {"parameters over live": (17.94, 35.88), "parameters": (9.47, 18.95), "live": (9.26, 18.52)},
    (43, 5, (512,)): {"parameters over live": (43.97, 87.91), "parameters": (22.81, 45.60), "live": (22.57, 45.12)},
    (63, 20, (1024, 1024)): {"parameters over live": (8.24, 16.48), "parameters": (4.20, 8.39), "live": (4.21, 8.41)},
}
"""How many times B-NAF's NAF with 5 and with 10 flows is: first as De Cao et al. print it, then like for like."""


@pytest.mark.parametrize("features, per, hidden", RATIOS)
def test_reports_side_by_side_print_the_ratios_of_the_paper(features, per, hidden):
    bnaf = flowspec.load("bnaf_table", features=features, per=per)
    naf = [flowspec.load("naf", features=features, hidden=list(hidden), flows=flows) for flows in (5, 10)]
    rows = [line.split() for line in compare([spec.report() for spec in (bnaf, *naf)]).splitlines()]
    for name, ratios in RATIOS[features, per, hidden].items():
        row = next(row for row in rows if row[: len(name.split())] == name.split())
        assert [cell for cell in row if cell.endswith("x")][-2:] == [f"{ratio:.2f}x" for ratio in ratios]


def test_naf_comes_back_and_learns():
    torch.manual_seed(0)
    naf = flowspec.load("naf", features=3, hidden=[12], flows=2, units=4).build(seed=0).double()
    with torch.no_grad():
        for parameter in naf.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    z = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    x = naf.inverse(z)
    torch.testing.assert_close(naf(x)[0], z, rtol=0, atol=1e-10)
    jacobian = torch.autograd.functional.jacobian(lambda x: naf(x[None])[0][0], x[0].detach())
    for i in range(3):
        found = torch.autograd.grad(x[0, i], z, retain_graph=True)[0][0]
        torch.testing.assert_close(found, torch.linalg.inv(jacobian)[i], atol=1e-8, rtol=1e-8)


def test_a_constant_context_is_never_given():
    naf = flowspec.load("naf", hidden=[12], flows=1).build(seed=0)
    x = torch.randn(4, 6)
    assert not naf.has_context and naf.sample(3).shape == (3, 6) and naf.log_prob(x).shape == (4,)
    with pytest.raises(ValueError, match="contexts are: none; given: nothing"):
        naf.log_prob(x, {"nothing": torch.zeros(4, 1)})


def test_iterative_maps_say_so():
    facts = flow("coupling(dsf(8), mlp([8]))").facts
    assert (facts.likelihood, facts.inverse) == ("exact", "iterative")
    assert flow("autoregressive(umnn, made([8]))").facts.inverse == "iterative"


def test_faults():
    body = "flow f {{ input vector(4)\n{}\nprior gaussian }}"
    assert faults(body.format("autoregressive(dsf(0), made([8]))")) == [("FS208", "0")]
    assert faults(body.format("autoregressive(dsf(4), made([8], conditions=weights))")) == [("FS402", "conditions=weights")]
    assert faults(body.format("autoregressive(dsf(4), mlp([8]))")) == [("FS403", "mlp([8])")]
    assert faults("flow f { input zeros(4); prior gaussian }") == [("FS204", "zeros(4)")]


@pytest.mark.parametrize("name, arguments, count", [
    ("made_mog", {}, 28_980),
    ("made_mog", {"features": 43, "hidden": [512, 512]}, 946_954),
    ("maf_mog", {}, 120_240),
    ("maf_mog", {"features": 43, "hidden": [512, 512]}, 3_293_880),
    ("maf_mog", {"features": 43, "hidden": [512, 512], "flows": 5, "components": 10}, 2_593_894),
    ("realnvp_masked", {}, 228_240),
    ("realnvp_masked", {"features": 43, "hidden": [512, 512]}, 6_145_720),
    ("ffjord", {}, 820_613),
])  # fmt: skip
def test_the_other_rows_store_what_their_formulas_say(name, arguments, count):
    assert parameters(name, **arguments) == count


@pytest.mark.parametrize("components", [1, 3])
def test_an_autoregressive_density_integrates_to_one_and_is_drawn_from(components):
    made = flowspec.load("made_mog", features=2, hidden=[8], components=components).build(seed=0)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
        axis = torch.linspace(-24, 24, 801)
        grid = torch.cartesian_prod(axis, axis)
        mass = made.log_prob(grid).exp() * (axis[1] - axis[0]) ** 2
        assert abs(mass.sum() - 1) < 1e-3
        draws = made.sample(20_000)
    mean = (mass[:, None] * grid).sum(0)
    assert (draws.mean(0) - mean).abs().max() < 5 * draws.std(0).max() / 20_000**0.5
    torch.testing.assert_close(draws.var(0), (mass[:, None] * (grid - mean) ** 2).sum(0), rtol=0.06, atol=0)


def test_batch_statistics_are_those_of_the_data_after_training():
    net = build(flow("batchnorm(momentum=0.5)"), seed=0)
    x = 3 + 2 * torch.randn(4000, 4)
    z = net(x)[0]
    assert z.mean(0).abs().max() < 1e-4 and (z.std(0) - 1).abs().max() < 1e-2
    for _ in range(20):
        net(x)
    torch.testing.assert_close(net.eval()(x)[0], z, rtol=0, atol=1e-3)


def test_the_table_of_the_family_says_what_reports_say():
    text = Path(__file__).parents[2].joinpath("specs/bnaf/README.md").read_text()
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.count("|") == 8][2:]
    assert len(rows) > 10
    for spec, _, *told in rows:
        report = compiled(spec, ()).report()
        assert told == [f"{report.parameters.total:,}", report.likelihood, report.density, report.inverse, report.mass], spec


def test_what_is_estimated_and_what_is_iterated_is_said():
    facts = {name: flowspec.load(name, **arguments).checked.facts for name, arguments in (
        ("ffjord", {}), ("residual_flow", {}), ("made_mog", {}), ("umnn_maf", {}))}  # fmt: skip
    assert [facts[name].likelihood for name in facts] == ["estimate", "exact", "exact", "exact"]
    assert [facts[name].inverse for name in facts] == ["iterative", "iterative", "sequential", "iterative"]
    assert [facts[name].density for name in facts] == ["iterative", "analytic", "analytic", "analytic"]


def test_contractions_are_composed():
    assert flow("residual(scale(0.0))").facts.inverse == "iterative"
    body = "flow f {{ input vector(4)\nresidual({})\nprior gaussian }}\nnet n {{ {} }}"
    assert not flow("residual(mlp([8], elu, lipschitz=0.9, features=4) >> tanh >> mlp([8], lipschitz=1.05))").facts.causes["likelihood"]
    assert faults(body.format("n", "residual { mlp([8], lipschitz=0.5) }"))[0][0] == "FS414"
    assert faults(body.format("mlp([8], silu, lipschitz=0.95)", "tanh"))[0][0] == "FS414"


def test_a_contraction_may_start_at_zero():
    net = build(flow("residual(mlp([8], elu, lipschitz=0.9, start=zero))"), seed=0)
    x = torch.randn(3, 4)
    net.log_prob(x).sum().backward()
    assert torch.equal(net(x)[0], x) and all(parameter.grad.isfinite().all() for parameter in net.parameters())


def test_an_inverse_by_iteration_makes_weights_once(monkeypatch):
    """Once for the call, however many times the map is evaluated; for B-NAF no evaluation of another feature's blocks."""
    made = []
    norm, weight = torch.linalg.matrix_norm, BlockWeight.apply
    monkeypatch.setattr(torch.linalg, "matrix_norm", lambda *arguments: made.append("norm") or norm(*arguments))
    monkeypatch.setattr(BlockWeight, "apply", lambda *arguments: made.append("blocks") or weight(*arguments))
    build(flow("residual(mlp([8], elu, lipschitz=0.9) >> tanh)"), seed=0).sample(5)
    build(flow("block_autoregressive(hidden=8, layers=2, slope=0.1)"), seed=0).sample(5)
    assert made == ["norm"] * 2 + ["blocks"] * 3


def test_layers_of_dynamics_start_from_data():
    net = build(flow("continuous(linear(4) >> actnorm >> tanh >> linear)"), seed=0)
    net.initialise(torch.randn(16, 4))
    assert not any(getattr(module, "needs_start", False) for module in net.modules())
    assert net.log_prob(torch.randn(3, 4)).isfinite().all()


def test_gradients_by_the_adjoint_are_those_through_the_solver():
    grads = []
    for gradient in ("adjoint", "direct"):
        net = build(flow(f"continuous(concat_squash([8]), learn_time=true, tolerance=1e-7, gradient={gradient})"), seed=0).double()
        net.log_prob(torch.ones(3, 4, dtype=torch.float64)).sum().backward()
        grads.append(torch.cat([parameter.grad.flatten() for parameter in net.parameters()]))
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-4)
