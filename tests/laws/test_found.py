"""Faults that random specs have found, each as the spec that showed it."""

from __future__ import annotations

import pytest
import torch

from flowspec.modules.build import build
from flowspec.numbers import of_graph
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
    flow = build(
        compiled("""flow f {
        input vector(4)
        repeat 2 { coupling(affine, share(linear(3), across=2, embed=concat, size=2, normalise=true) >> linear); swap }
        prior gaussian
    }""")
    )
    x = torch.randn(5, 4)
    flow.initialise(x)
    assert flow.log_prob(x).isfinite().all() and not any(
        getattr(module, "needs_start", False) and not module.started for module in flow.modules()
    )


def test_a_masked_network_that_goes_feature_by_feature_is_one_graph() -> None:
    flow = build(compiled("flow f { input vector(3); inverse { autoregressive(affine, made([8, 8])) }\nprior gaussian }"))
    torch._dynamo.reset()
    x = torch.randn(5, 3)
    torch.testing.assert_close(torch.compile(flow.log_prob, fullgraph=True, backend="eager")(x), flow.log_prob(x))


SHARING = "repeat 2 { coupling(affine, share(linear(3), across=2) >> linear); swap }"
NAMES = {
    "a def like a second step": "linear2; linear; linear2; linear",
    "a second step like a def": "linear; linear; linear2",
    "a def like an iteration": "step1; repeat 2 { linear }",
    "a part like an iteration": "part step2 { linear }; repeat 4 { linear }",
    "a part like a later iteration": "repeat 1 { linear }; part step3 { linear }; repeat 4 { linear }",
    "two loops": "for a1 in 1..3 { linear }; for a in 1..12 { linear }",
    "nets like pieces": "coupling(affine, linear2 >> linear(3) >> linear(3) >> linear)",
    "nets like iterations": "coupling(affine, both)",
}
NAMED = "def linear2 { scale(2); linear }\ndef step1 { linear }\nnet both { step1; repeat 2 { linear(3) }; linear }"


@pytest.mark.parametrize("name", NAMES)
def test_names_that_look_numbered_are_told_apart(name: str) -> None:
    rest = (
        NAMED.replace("def", "net")
        .replace("scale(2); linear }", "linear(3); tanh }")
        .replace("step1 { linear }", "step1 { linear(3) }")
    )
    checked = compiled(
        f"flow f {{ input vector(4); {NAMES[name]}\nprior gaussian }}\n{rest if 'net' in name else NAMED.split('net')[0]}"
    )
    flow = build(checked)
    paths = [node.path for node in checked.nodes]
    assert len(set(paths)) == len(paths)
    assert of_graph(checked.graph).parameters == sum(parameter.numel() for parameter in flow.parameters())
    assert flow.log_prob(torch.randn(3, 4)).isfinite().all()


@pytest.mark.parametrize(
    "body",
    [
        "part shared { linear }",
        "shared2",
        "split(half) as (shared, b); on shared { linear }; merge(shared, b)",
        "for shared in 1..2 { linear }",
    ],
)
def test_what_iterations_share_keeps_its_name(body: str) -> None:
    found = faults(f"flow f {{ input vector(4); {body}; {SHARING}\nprior gaussian }}\ndef shared2 {{ linear }}")
    assert [code for code, _ in found] == ["FS211"]


def test_a_part_is_not_taken_for_a_context() -> None:
    text = "flow f { input vector(4); context vector(2) as c; part context_c { linear }; coupling(affine, mlp([3]), given=c)\nprior gaussian }"
    assert faults(text) == [("FS211", "context_c")]
