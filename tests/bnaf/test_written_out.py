"""The gradients of B-NAF that are written out, and its log-det where units saturate, beside a calculation of 400 digits."""

from __future__ import annotations

import mpmath
import pytest
import torch
from torch import Tensor

import flowspec
from flowspec.modules.activations import ACTIVATIONS, Activated
from flowspec.modules.block_linear import BlockLinear, BlockWeight, composed
from flowspec.modules.transforms.block_autoregressive import BlockAutoregressive

SMOOTH = sorted(set(ACTIVATIONS) - {"relu"})


def drawn(*shape: int) -> Tensor:
    """A tensor of standard normal numbers that asks for its gradient."""
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape))).requires_grad_()


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_of_activations(name: str, slope: float) -> None:
    call = lambda u: Activated.apply(u, name, slope)  # noqa: E731
    torch.autograd.gradcheck(call, drawn(3, 5))
    torch.autograd.gradgradcheck(call, drawn(3, 5))


def test_gradients_of_weights_and_of_their_composition() -> None:
    layer = BlockLinear(3, 2, 4)
    weight = lambda raw, scale: BlockWeight.apply(raw, scale, layer.below.double(), 3)  # noqa: E731
    torch.autograd.gradcheck(weight, (drawn(6, 12), drawn(6)))
    torch.autograd.gradgradcheck(weight, (drawn(6, 12), drawn(6)))
    torch.autograd.gradcheck(composed, (drawn(3, 2, 4), drawn(3, 4, 5)))
    torch.autograd.gradgradcheck(composed, (drawn(3, 2, 4), drawn(3, 4, 5)))


def test_rows_have_the_norm_of_their_scale_and_blocks_are_positive() -> None:
    raw, scale, layer = drawn(6, 12), drawn(6), BlockLinear(3, 2, 4)
    weight, logs = BlockWeight.apply(raw, scale, layer.below.double(), 3)
    torch.testing.assert_close(weight.norm(dim=1), scale.exp())
    for i in range(3):
        assert not weight[2 * i : 2 * i + 2, 4 * i + 4 :].any()
        torch.testing.assert_close(weight[2 * i : 2 * i + 2, 4 * i : 4 * i + 4].log(), logs[i])


@pytest.mark.parametrize("reach", [1.0, 20.0, 300.0])
def test_log_det_where_units_saturate(reach: float) -> None:
    flow = flowspec.load("flow f { input vector(2); block_autoregressive(hidden=8, layers=3); prior gaussian }").build(seed=0).double()
    x = reach * torch.tensor([[0.7, -0.4], [-0.1, 0.9]], dtype=torch.float64)
    found = flow(x)[1]
    wanted = [exact_log_det(flow.at("block_autoregressive"), row) for row in x.tolist()]
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float64), atol=1e-10, rtol=1e-12)


def exact_log_det(module: BlockAutoregressive, x: list[float]) -> float:
    """The sum of the logs of the Jacobian's diagonal, by products of matrices."""
    with mpmath.workdps(400):
        u, jacobian = mpmath.matrix(x), mpmath.eye(2)
        for i, layer in enumerate(module.layers):
            if i > 0:
                jacobian = mpmath.diag([mpmath.sech(value) ** 2 for value in u]) * jacobian
                u = u.apply(mpmath.tanh)
            weight = exact_weight(layer)
            u, jacobian = weight * u + mpmath.matrix(layer.bias.tolist()), weight * jacobian
        return float(sum(mpmath.log(jacobian[i, i]) for i in range(2)))


def exact_weight(layer: BlockLinear) -> mpmath.matrix:
    """The weights of a layer from its parameters."""
    d, a, b = layer.blocks
    weight = mpmath.matrix(layer.weight.tolist())
    for row in range(d * a):
        for column in range(d * b):
            block = column // b - row // a
            weight[row, column] = 0 if block > 0 else mpmath.exp(weight[row, column]) if block == 0 else weight[row, column]
        norm = mpmath.sqrt(sum(weight[row, column] ** 2 for column in range(d * b)))
        for column in range(d * b):
            weight[row, column] *= mpmath.exp(layer.log_scale[row].item()) / norm
    return weight
