"""Couplings hand a state on in halves where the next one cuts it alike: the same flow, cut and joined less often."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.modules.halves import Halved
from flowspec.modules.layout import cut_channels, deinterleaved, interleaved, joined_channels, laid_out, unstacked
from flowspec.verify.walk import walk
from tests.spec_text import compiled

EVERYTHING = """
flow f {
    input vector(5)
    context vector(2) as c
    repeat 2 { coupling(affine, mlp([7]), given=c); coupling(spline(bins=4), mlp([7]), moves=first) }
    repeat 2 { coupling(affine, mlp([7]), split=alternating, moves=first) }
    inverse { coupling(affine(scale=tanh), mlp([7]), split=2); coupling(additive, mlp([7]), split=2, moves=first) }
    coupling(affine, mlp([7]), split=2)
    tap before
    coupling(affine, mlp([7]), split=2)
    augment(2, mlp([7]), given=before)
    repeat 2 { coupling(affine, mlp([7]), split=checkerboard) }
    prior gaussian
}
"""
BEFORE_TAP = {
    "step1.coupling": "z", "step1.coupling2": "xz", "step2.coupling": "xz", "step2.coupling2": "x",
    "step3.coupling": "z", "step4.coupling": "x", "inverse.coupling": "x", "inverse.coupling2": "xz",
}  # fmt: skip
"""What of a coupling's own x and z is in halves; the steps of `inverse` run from their z to their x, the last of them first."""


@pytest.fixture
def flow() -> Flow:
    return build(compiled(EVERYTHING), seed=0).double()


def examples() -> tuple[Tensor, Tensor]:
    torch.manual_seed(3)
    return torch.randn(6, 5, dtype=torch.float64), torch.randn(6, 2, dtype=torch.float64)


def halved(operations: tuple) -> dict[str, str]:
    found = {operation.path: operation.module for operation in operations if isinstance(operation.module, Halved)}
    return {path: "x" * module.x_in_halves + "z" * module.z_in_halves for path, module in found.items()}


def test_which_states_are_left_in_halves(flow: Flow) -> None:
    assert halved(flow._kept) == BEFORE_TAP | {"coupling": "x"}
    assert halved(flow._sampling) == BEFORE_TAP | {"coupling": "xz", "coupling2": "x"}


def test_it_is_the_flow_step_by_step(flow: Flow) -> None:
    x, c = examples()
    torch.manual_seed(4)
    steps = sum(visit.log_det for visit in walk(flow, x, c))
    torch.manual_seed(4)
    whole = flow.log_prob(x, c)
    torch.testing.assert_close(whole, steps)
    expected, found = (torch.autograd.grad(value.sum(), tuple(flow.parameters())) for value in (steps, whole))
    torch.testing.assert_close(found, expected)
    torch.manual_seed(4)
    torch.testing.assert_close(sum(flow.terms(x, c).values()), steps)


def test_it_comes_back(flow: Flow) -> None:
    x, c = examples()
    torch.testing.assert_close(flow.inverse(flow(x, c)[0], c), x)


def test_it_is_one_graph() -> None:
    flow = build(compiled(EVERYTHING.replace("augment(2, mlp([7]), given=before)", "")), seed=0).double()
    compiled_flow = torch.compile(flow.log_prob, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled_flow(*examples()), flow.log_prob(*examples()))


@pytest.mark.parametrize("shape", [(4, 5), (4, 6), (4, 5, 2, 2)])
def test_gradients_have_the_order_of_states(shape: tuple[int, ...]) -> None:
    def order(x: Tensor) -> list[int]:
        return sorted(range(x.dim()), key=x.stride().__getitem__)

    def through(x: Tensor) -> Tensor:
        first, second = deinterleaved(x)
        first, *rest = cut_channels(interleaved(first * 2, second), (2, x.shape[1] - 2))
        return joined_channels((first, *rest, *unstacked(torch.stack((first, first * 3), 1))))

    x = laid_out(torch.randn(shape)).requires_grad_()
    y = through(x)
    y.backward(laid_out(torch.randn_like(y)))
    assert order(y) == order(x) == order(x.grad)
