"""Faults that random specs have found, each as the spec that showed it."""

from __future__ import annotations

import torch

from flowspec.modules.build import build
from tests.spec_text import compiled, faults

FACTORED = "flow f {{ input vector(4); {}\nprior gaussian }}"


def test_one_wire_alone_can_be_merged() -> None:
    by_wires = build(compiled(FACTORED.format("split(3) as (a, b); on b { prior gaussian }; merge(a)")))
    at_once = build(compiled(FACTORED.format("split(3, prior=gaussian)")))
    x = torch.randn(5, 4)
    torch.testing.assert_close(by_wires.log_prob(x), at_once.log_prob(x))
    torch.testing.assert_close(by_wires.inverse(by_wires(x)[0]), x)


def test_a_prior_that_fails_still_ends_its_wire() -> None:
    assert faults(FACTORED.format("split(half, prior=gaussian(mlp([4]), given=nowhere))")) == [("FS201", "nowhere")]


def test_the_embedding_of_a_shared_network_of_vectors_starts_from_data() -> None:
    flow = build(compiled("""flow f {
        input vector(4)
        repeat 2 { coupling(affine, share(linear(3), across=2, embed=concat, size=2, normalise=true) >> linear); swap }
        prior gaussian
    }"""))
    x = torch.randn(5, 4)
    flow.initialise(x)
    assert flow.log_prob(x).isfinite().all() and not any(getattr(module, "needs_start", False) and not module.started for module in flow.modules())


def test_a_masked_network_that_goes_feature_by_feature_is_one_graph() -> None:
    flow = build(compiled("flow f { input vector(3); inverse { autoregressive(affine, made([8, 8])) }\nprior gaussian }"))
    torch._dynamo.reset()
    x = torch.randn(5, 3)
    torch.testing.assert_close(torch.compile(flow.log_prob, fullgraph=True, backend="eager")(x), flow.log_prob(x))
