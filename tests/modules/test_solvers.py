"""Inverses without a formula: they are found to the tolerance, have the gradients of the implicit function, and say when they fail."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from flowspec.modules.solvers import ConvergenceError, invert_elementwise, invert_residual, invert_triangular


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def cubic(x: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """x + a² x³ + b tanh(9x), with slopes from 1 to about 9b."""
    slope = 1 + 3 * a**2 * x**2 + 9 * b * (1 - torch.tanh(9 * x) ** 2)
    return x + a**2 * x**3 + b * torch.tanh(9 * x), slope.log()


def triangular(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """x_i + x_i³ exp(s_i) + t_i, with s and t linear in the x before it."""
    before = x @ weight.tril(-1).T
    scale = torch.exp(torch.tanh(before))
    return x + x**3 * scale + before, torch.log1p(3 * x**2 * scale)


def contraction(x: Tensor, weight: Tensor) -> Tensor:
    return 0.9 * torch.tanh(x @ weight / torch.linalg.matrix_norm(weight, 2))


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def test_elements_are_found_whatever_their_size() -> None:
    y = torch.cat((torch.linspace(-4, 4, 41), torch.tensor([1e6, -1e6, 1e-9]))).double()
    a, b = torch.tensor(1.0).double(), torch.tensor(3.0).double()
    x = invert_elementwise(lambda x: cubic(x, a, b), y)
    assert ((cubic(x, a, b)[0] - y).abs() <= 1e-14 * (1 + y.abs())).all()


def test_newton_saves_most_of_the_evaluations_of_bisection() -> None:
    calls = []

    def counted(x: Tensor) -> tuple[Tensor, Tensor]:
        calls.append(1)
        return cubic(x, torch.tensor(1.0), torch.tensor(3.0))

    with torch.no_grad():
        invert_elementwise(counted, 3 * torch.randn(500, dtype=torch.float64))
    assert len(calls) <= 25


def test_gradients_reach_values_and_what_the_map_is_made_of() -> None:
    a, b = drawn(5), drawn(5).detach().abs().requires_grad_()
    assert torch.autograd.gradcheck(lambda y, a, b: invert_elementwise(lambda x: cubic(x, a, b), y), (drawn(2, 5), a, b))
    assert torch.autograd.gradcheck(lambda y, w: invert_triangular(lambda x: triangular(x, w), y), (drawn(2, 4), drawn(4, 4)))
    residual = lambda y, w: invert_residual(lambda x: contraction(x, w), y)  # noqa: E731
    assert torch.autograd.gradcheck(residual, (drawn(2, 4), drawn(4, 4)), check_undefined_grad=False)


def test_triangular_and_residual_maps_come_back() -> None:
    y, weight = 5 * drawn(50, 4).detach(), drawn(4, 4)
    x = invert_triangular(lambda x: triangular(x, weight), y)
    torch.testing.assert_close(triangular(x, weight)[0], y, rtol=0, atol=1e-12)
    x = invert_residual(lambda x: contraction(x, weight), y)
    torch.testing.assert_close(x + contraction(x, weight), y, rtol=0, atol=1e-10)


def test_a_wider_tolerance_is_kept() -> None:
    y = drawn(50).detach()
    x = invert_residual(lambda x: 0.5 * torch.sin(x), y, tolerance=1e-3)
    assert 1e-9 < (x + 0.5 * torch.sin(x) - y).abs().max() < 4e-3


def test_float32_is_enough() -> None:
    y = 3 * torch.randn(1000)
    x = invert_elementwise(lambda x: cubic(x, torch.tensor(0.3), torch.tensor(1.0)), y)
    assert (cubic(x, torch.tensor(0.3), torch.tensor(1.0))[0] - y).abs().max() < 1e-5
    x = invert_residual(lambda x: 0.95 * torch.sin(x), y)
    assert (x + 0.95 * torch.sin(x) - y).abs().max() < 1e-4


def test_what_is_not_found_is_said() -> None:
    bounded = lambda x: (torch.tanh(x), torch.log1p(-torch.tanh(x) ** 2))  # noqa: E731
    with pytest.raises(ConvergenceError, match=r"no x gives 1 of the 2 values wanted: .* by up to 1 \(it may be bounded"):
        invert_elementwise(bounded, torch.tensor([0.5, 2.0]))
    with pytest.raises(ConvergenceError, match="1 of the 1 values of feature 1 were not found in 200 steps: .* nan off"):
        invert_triangular(lambda x: (x * torch.nan, x), torch.ones(1, 2))
    with pytest.raises(ConvergenceError, match="still moves by .*; the network may not be a contraction"):
        invert_residual(lambda x: 3 * torch.sin(x), torch.ones(1, 2))
