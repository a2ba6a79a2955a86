"""Block autoregressive networks as bijections (B-NAF, De Cao et al. 2019)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.amortised import AmortisedModule
from flowspec.modules.solvers import invert_triangular
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import block_autoregressive


class BlockLinear(nn.Module):
    """y = W x + b with W block-triangular, its diagonal blocks positive, its rows of norm exp(log_scale).

    Features have b inputs and a outputs each: x_B(Db) -> y_B(Da), beside the logs of the diagonal blocks, log_Dab.
    """

    def __init__(self, features: int, outputs: int, inputs: int):
        super().__init__()
        self.blocks = features, outputs, inputs
        self.weight = nn.Parameter(torch.zeros(features * outputs, features * inputs))
        self.log_scale = nn.Parameter(torch.rand(features * outputs).log())
        bound = (features * outputs) ** -0.5
        self.bias = nn.Parameter(torch.empty(features * outputs).uniform_(-bound, bound))
        self._draw()
        row = torch.arange(features).repeat_interleave(outputs)[:, None]
        column = torch.arange(features).repeat_interleave(inputs)
        self.register_buffer("below", (column < row).to(self.weight.dtype), persistent=False)

    @torch.no_grad()
    def _draw(self) -> None:
        """Block-row i from U(-r, r) with r² = 6 / (a + (i+1) b), nothing above the diagonal blocks (the authors' code)."""
        d, a, b = self.blocks
        for i in range(d):
            bound = math.sqrt(6 / (a + (i + 1) * b))
            self.weight[i * a : (i + 1) * a, : (i + 1) * b].uniform_(-bound, bound)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        d, a, b = self.blocks
        weight, log_scale = self.weight.to(x.dtype), self.log_scale.to(x.dtype)
        diagonal = weight.view(d, a, d, b).diagonal(dim1=0, dim2=2).permute(2, 0, 1)
        positive = diagonal.exp()
        lower = weight * self.below.to(x.dtype)
        norm = (lower.square().sum(1) + positive.square().sum(2).flatten()).sqrt()
        scale = log_scale.exp() / norm
        log_diagonal = diagonal + (log_scale - norm.log()).view(d, a, 1)
        y = F.linear(x, lower) + self._by_block(x, positive)
        return y * scale + self.bias.to(x.dtype), log_diagonal

    def _by_block(self, x: Tensor, positive: Tensor) -> Tensor:
        """The diagonal blocks' part of the product: x_B(Db), w_Dab -> y_B(Da)."""
        d, _, b = self.blocks
        return torch.bmm(x.view(-1, d, b).transpose(0, 1), positive.mT).transpose(0, 1).flatten(1)


class BlockAutoregressive(AmortisedModule):
    """z_i increases with x_i and depends on x_1 … x_i; back, coordinate by coordinate (`solvers`)."""

    word: block_autoregressive.BlockAutoregressive

    def __init__(self, word: block_autoregressive.BlockAutoregressive, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.layers = nn.ModuleList(BlockLinear(x.channels, a, b) for a, b in word.blocks(x))
        if word.residual == "gated":
            self.gate = nn.Parameter(torch.randn(()))

    def mapped(self, x: Tensor, tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        z, log_slopes = self._by_feature(x, tensors)
        return z, log_slopes.sum(1)

    def unmapped(self, z: Tensor, tensors: dict[str, Tensor]) -> Tensor:
        return invert_triangular(lambda x: self._by_feature(x, tensors), z)

    def _by_feature(self, x: Tensor, tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """x_BD -> z_BD and the log of the diagonal of the Jacobian, log_BD."""
        z, log_slopes = self._network(x, tensors)
        if self.word.residual == "plain":
            return x + z, F.softplus(log_slopes)
        if self.word.residual == "gated":
            share = torch.sigmoid(self.gate)
            return share * z + (1 - share) * x, F.softplus(log_slopes + self.gate) - F.softplus(self.gate)
        return z, log_slopes

    def _network(self, x: Tensor, tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """x_BD -> f(x)_BD and the log of the diagonal of its Jacobian, log_BD."""
        u, log_slopes = x, x.new_zeros(1, x.shape[1], 1)
        for i, layer in enumerate(self.layers):
            if i > 0:
                log_slopes = log_slopes + self._log_slope(u).view(-1, *log_slopes.shape[1:])
                u = self._activation(u)
            u, log_slopes = _stretched(u, log_slopes, tensors.get(f"layers.{i}.log_columns"))
            u, log_diagonal = layer(u)
            u, log_slopes = _stretched(u, _composed(log_diagonal, log_slopes), tensors.get(f"layers.{i}.log_rows"))
            u = u + tensors[f"layers.{i}.offset"] if tensors else u
        return u, log_slopes[:, :, 0]

    def _activation(self, u: Tensor) -> Tensor:
        value = ACTIVATIONS[self.word.activation][0](u)
        return value + self.word.slope * u if self.word.slope else value

    def _log_slope(self, u: Tensor) -> Tensor:
        log_slope = ACTIVATIONS[self.word.activation][1](u)
        return torch.logaddexp(log_slope, torch.full_like(u, math.log(self.word.slope))) if self.word.slope else log_slope


def _stretched(u: Tensor, log_slopes: Tensor, log_factors: Tensor | None) -> tuple[Tensor, Tensor]:
    """Units u_B(Db) and the logs of their slopes, log_BDb, times predicted factors (B, Db), if there are any."""
    if log_factors is None:
        return u, log_slopes
    return u * log_factors.exp(), log_slopes + log_factors.view(-1, *log_slopes.shape[1:])


def _composed(log_diagonal: Tensor, log_slopes: Tensor) -> Tensor:
    """log of (positive blocks g_Dab) times (slopes r_BDb), -> _BDa: a product of matrices, both scaled by their largest entries."""
    if log_diagonal.shape[2] == 1:
        return log_slopes + log_diagonal[:, :, 0]
    top, largest = log_diagonal.amax(2, keepdim=True), log_slopes.amax(2, keepdim=True)
    product = torch.bmm((log_slopes - largest).exp().transpose(0, 1), (log_diagonal - top).exp().mT)
    return product.log().transpose(0, 1) + largest + top[:, :, 0]


def _log_slope_of_tanh(u: Tensor) -> Tensor:
    return -2 * (u - math.log(2) + F.softplus(-2 * u))


ACTIVATIONS = {
    "tanh": (torch.tanh, _log_slope_of_tanh),
    "sigmoid": (torch.sigmoid, lambda u: F.logsigmoid(u) + F.logsigmoid(-u)),
    "softplus": (F.softplus, F.logsigmoid),
    "elu": (F.elu, lambda u: u.clamp_max(0)),
    "leaky_relu": (F.leaky_relu, lambda u: torch.where(u > 0, torch.zeros_like(u), math.log(0.01))),
    "asinh": (torch.asinh, lambda u: -0.5 * torch.log1p(u * u)),
    "relu": (torch.relu, lambda u: torch.where(u > 0, torch.zeros_like(u), -math.inf)),
}
"""Each activation with the log of its slope."""
