"""Specs that say the same in two ways are the same flow."""

from __future__ import annotations

import pytest
import torch

from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.verify.examples import double_precision
from tests.laws.numerics import drawn, started
from tests.spec_text import compiled

VECTOR, IMAGE = "input vector(5)", "input image(3, 2, 2, levels=real)"
NETS = {VECTOR: "mlp([4], tanh)", IMAGE: "conv(3, 4) >> tanh >> conv(1)"}
COUPLING = "coupling({map}, {net}, split={split}{given})"
BY_HAND = "split({split}) as (a, b); on b {{ elementwise({map}, {net}, given=[a{wires}]) }}; merge(a, b)"
EQUAL = {
    "inverse twice": (
        "inverse { inverse { linear; autoregressive(affine, made([6])); swap } }",
        "linear; autoregressive(affine, made([6])); swap",
    ),
    "inverse of each, backwards": ("inverse { linear(lu); reverse }", "inverse { reverse }; inverse { linear(lu) }"),
    "swap twice": ("inverse { swap }", "swap; inverse { swap }; inverse { swap }"),
    "repeat and for": ("repeat 3 { linear; reverse }", "for i in 1..3 { linear; reverse }"),
    "repeat written out": (
        "repeat 2 { linear; elementwise(affine) }",
        "linear; elementwise(affine); linear; elementwise(affine)",
    ),
    "repeat in repeat": ("repeat 2 { repeat 2 { linear; swap } }", "repeat 4 { linear; swap }"),
    "repeat within inverse": ("inverse { repeat 2 { linear; swap } }", "repeat 2 { inverse { linear; swap } }"),
    "for within inverse": (
        "inverse { for i in 1..3 { permute(seed=i) } }",
        "for i in [3, 2, 1] { inverse { permute(seed=i) } }",
    ),
    "let within inverse": ("inverse { let n = 3; permute(seed=n) }", "inverse { permute(seed=3) }"),
    "if": ("for i in 1..2 { if i == 1 { linear } else { linear; reverse } }", "linear; linear; reverse"),
    "no iterations": ("linear; repeat 0 { squeeze }", "linear"),
    "part": ("part here { linear; swap }", "linear; swap"),
    "def": ("moved(2); moved(3)", "scale(2); linear; scale(3); linear"),
    "net": ("coupling(affine, small(4))", "coupling(affine, linear(4) >> tanh >> linear)"),
    "chain": ("coupling(affine, mlp([4]))", "coupling(affine, linear(4) >> relu >> linear)"),
    "logit and its inverse": ("linear; inverse { logit }; logit", "linear"),
    "names of arguments": ("permute(random, 7); linear(lu, identity)", "permute(seed=7); linear(start=identity, form=lu)"),
}
DEFINITIONS = "def moved(factor) { scale(factor); linear }\nnet small(h) { linear(h); tanh; linear }"


def flow(head: str, body: str) -> Flow:
    """A flow in float64, moved off its start."""
    return started(compiled(f"flow f {{ {head}\n{body}\nprior gaussian }}\n{DEFINITIONS}"))


def with_weights_of(other: Flow, flow: Flow) -> Flow:
    """The flow with the parameters and buffers of another that has them in the same order."""
    theirs, mine = list(other.state_dict().values()), flow.state_dict()
    flow.load_state_dict(dict(zip(mine, theirs, strict=True)))
    return flow


def same(one: Flow, other: Flow) -> None:
    """Asserts that two flows have one density, and draw the same from the same latents."""
    x, context = drawn(one.checked, 6)
    torch.testing.assert_close(other.log_prob(x, context), one.log_prob(x, context))
    z = torch.randn(6, *one.input_state.shape)
    torch.testing.assert_close(other.inverse(z, context), one.inverse(z, context))


@pytest.mark.parametrize("head", [VECTOR, IMAGE], ids=["vector", "image"])
@pytest.mark.parametrize("split", ["half", "1"])
@pytest.mark.parametrize("map", ["additive", "affine(scale=sigmoid)", "spline(bins=4)"])
@pytest.mark.parametrize("given", ["", "label"])
def test_a_coupling_written_by_hand_is_the_built_in(head: str, split: str, map: str, given: str) -> None:
    context = f"{head}; context classes(3) as label" if given else head
    words = {
        "map": map,
        "net": NETS[head],
        "split": split,
        "given": f", given={given}" * bool(given),
        "wires": f", {given}" * bool(given),
    }
    with double_precision():
        built_in = flow(context, COUPLING.format(**words))
        same(built_in, with_weights_of(built_in, flow(context, BY_HAND.format(**words))))


@pytest.mark.parametrize("name", EQUAL)
def test_two_texts_are_one_flow(name: str) -> None:
    with double_precision():
        one, other = (flow(VECTOR, body) for body in EQUAL[name])
        same(one, with_weights_of(one, other))


@pytest.mark.parametrize(
    "word", ["linear(lu)", "coupling(affine, mlp([4]))", "autoregressive(spline, made([6]))", "elementwise(affine)"]
)
def test_a_transform_turned_round_is_its_inverse(word: str) -> None:
    with double_precision():
        one, other = flow(VECTOR, word), flow(VECTOR, f"inverse {{ {word} }}")
        with_weights_of(one, other)
        x, _ = drawn(one.checked, 6)
        z, log_det = one(x)
        torch.testing.assert_close(other(z), (x, -log_det))


def test_equal_iterations_in_a_row_are_one_block() -> None:
    folded, listed = compiled("flow f { input vector(4); repeat 3 { linear; swap }\nprior gaussian }"), compiled(
        "flow f { input vector(4); for i in [1, 2, 3] { linear; swap }\nprior gaussian }"
    )  # fmt: skip
    assert [block.times for block in (folded.graph.body.items[0], listed.graph.body.items[0])] == [3, 3]
    assert len(list(build(folded).parameters())) == len(list(build(listed).parameters())) == 3
