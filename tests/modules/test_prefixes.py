"""Masked networks wide enough to be computed in blocks, and the product that does it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

import flowspec
from flowspec.modules.networks.prefixes import PrefixProduct

SIZES, SEEN = (2, 3, 1), (1, 3, 5)


def arguments() -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    return tuple(torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((2, 6, 5), (2, 6), (5, 3)))


def product(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    return PrefixProduct.apply(weight, bias, x, SIZES, SEEN)


def test_it_is_the_product_with_what_each_block_sees() -> None:
    weight, bias, x = arguments()
    seen = torch.tensor([count for size, count in zip(SIZES, SEEN) for _ in range(size)])
    masked = weight * (torch.arange(5) < seen[:, None])
    torch.testing.assert_close(product(weight, bias, x), masked @ x + bias[:, :, None])


def test_gradients_are_those_of_finite_differences_twice() -> None:
    assert torch.autograd.gradcheck(product, arguments()) and torch.autograd.gradgradcheck(product, arguments())


def test_batched_jacobians() -> None:
    weight, bias, x = arguments()
    found = torch.func.vmap(torch.func.jacrev(lambda x: product(weight, bias, x)))(torch.stack((x, 2 * x)))
    expected = torch.autograd.functional.jacobian(lambda x: product(weight, bias, x), x)
    torch.testing.assert_close(found, expected.expand(2, *expected.shape))


def wide() -> torch.nn.Module:
    return flowspec.load(
        "flow f { input vector(9); autoregressive(spline(bins=16), made([400, 500])); prior gaussian }"
    ).build(seed=0)


def test_a_wide_masked_network_is_the_plain_one() -> None:
    net = next(module for module in wide().modules() if hasattr(module, "degrees"))
    assert [len(layer.sizes) for layer in net.layers] == [2, 2, 2]
    h = x = torch.randn(4, 9)
    for layer in net.layers:
        y = F.linear(h, layer.weight * layer.mask, layer.bias)
        h = torch.relu(y)
    torch.testing.assert_close(net(x), y)


def test_a_wide_flow_is_one_graph_and_comes_back() -> None:
    flow, x = wide(), torch.randn(4, 9)
    compiled = torch.compile(flow.log_prob, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), flow.log_prob(x))
    grown = torch.autograd.grad(compiled(x).sum(), tuple(flow.parameters()))
    torch.testing.assert_close(grown, torch.autograd.grad(flow.log_prob(x).sum(), tuple(flow.parameters())))
    torch.testing.assert_close(flow.inverse(flow(x)[0]), x, rtol=1e-4, atol=1e-4)


def test_coarse_types_have_gradients() -> None:
    flow = wide()
    with torch.autocast("cpu", torch.bfloat16):
        loss = flow.log_prob(torch.randn(4, 9)).mean()
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in flow.parameters())
