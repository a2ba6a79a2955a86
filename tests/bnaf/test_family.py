"""The autoregressive family beside B-NAF: the published counts, and what is particular to each member."""

from __future__ import annotations

import pytest
import torch

import flowspec
from flowspec.report.numbers import of_graph
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


def test_naf_comes_back_and_learns():
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
