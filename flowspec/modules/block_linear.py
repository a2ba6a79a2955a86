"""Linear maps of block-triangular weights whose diagonal blocks are positive (B-NAF, De Cao et al. 2019)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx


class BlockWeight(torch.autograd.Function):
    """V_(Da)(Db), s_(Da) -> W_(Da)(Db) = diag(exp(s) / |row|) (exp(V) on the diagonal blocks, V below, 0 above), log_Dab of its diagonal blocks.

    `below` is 1 below the diagonal blocks, elsewhere 0. Written out, as autograd would keep and revisit every tensor of that size.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(raw: Tensor, log_scale: Tensor, below: Tensor, features: int) -> tuple[Tensor, Tensor]:
        weight, logs = raw * below, diagonal_blocks(raw, features)
        diagonal_blocks(weight, features).copy_(logs.exp())
        log_factor = log_scale - torch.linalg.vector_norm(weight, dim=1).log()
        return weight.mul_(log_factor.exp()[:, None]), logs + log_factor.view(features, -1, 1)

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: tuple[Tensor, Tensor]) -> None:
        raw, log_scale, below, ctx.features = inputs
        ctx.save_for_backward(*output, raw, log_scale, below)

    @staticmethod
    def backward(ctx: FunctionCtx, of_weight: Tensor, of_logs: Tensor) -> tuple[Tensor | None, ...]:
        weight, logs, raw, log_scale, below = ctx.saved_tensors
        of_scale = (of_weight * weight).sum(1) + of_logs.sum(2).flatten()
        along = torch.addcmul(of_weight, weight, (of_scale * (-2 * log_scale).exp())[:, None], value=-1)
        factor = (logs - diagonal_blocks(raw, ctx.features))[:, :, 0].exp().view(-1, 1)
        of_raw = along * factor * below
        own = diagonal_blocks(along, ctx.features) * diagonal_blocks(weight, ctx.features) + of_logs
        diagonal_blocks(of_raw, ctx.features).copy_(own)
        return of_raw, of_scale, None, None


def diagonal_blocks(weight: Tensor, features: int) -> Tensor:
    """The blocks on the diagonal of a matrix: w_(Da)(Db) -> w_Dab, a view."""
    rows, columns = weight.shape
    return weight.view(features, rows // features, features, columns // features).diagonal(dim1=0, dim2=2).permute(2, 0, 1)


def composed(blocks: Tensor, slopes: Tensor) -> Tensor:
    """log_Dab of positive blocks, log_DbB of the slopes of what enters -> log_DaB of what leaves: log sum_b exp(blocks + slopes).

    A product of matrices, each scaled by its largest entries so that nothing underflows; the gradients of the scales cancel. What
    enters the first layer has one slope for all examples, B = 1.
    """
    if blocks.shape[2] == 1:
        return slopes + blocks
    top, largest = blocks.detach().amax(2, keepdim=True), slopes.detach().amax(1, keepdim=True)
    return torch.bmm((blocks - top).exp(), (slopes - largest).exp()).log() + (top + largest)


class BlockAffine(NamedTuple):
    """y = W x + c with W block-triangular, its diagonal blocks positive: x_(Db)B, log-slopes log_DbB -> y_(Da)B, log_DaB.

    Each example may have factors of its own, exp(log_columns) of the columns of W and exp(log_rows) of its rows.
    """

    weight: Tensor
    """W_(Da)(Db)."""
    log_blocks: Tensor
    """The logs of the diagonal blocks, log_Dab."""
    bias: Tensor
    """c, (Da, 1), or of each example, (Da, B)."""
    log_columns: Tensor | None = None
    """(Db, B)."""
    log_rows: Tensor | None = None
    """(Da, B)."""

    def __call__(self, x: Tensor, log_slopes: Tensor) -> tuple[Tensor, Tensor]:
        if self.log_rows is None:
            return torch.addmm(self.bias, self.weight, x), composed(self.log_blocks, log_slopes)
        d, a, b = self.log_blocks.shape
        entering = log_slopes + self.log_columns.view(d, b, -1)
        y = torch.addcmul(self.bias, self.weight @ _scaled(x, self.log_columns), self.log_rows.exp())
        return y, composed(self.log_blocks, entering) + self.log_rows.view(d, a, -1)

    def of_feature(self, i: int, before: Tensor) -> BlockAffine:
        """What becomes of feature i alone, once all that enters of the features before it is known, before_(ib)B."""
        _, a, b = self.log_blocks.shape
        rows, columns = slice(i * a, (i + 1) * a), slice(i * b, (i + 1) * b)
        log_before, log_columns, log_rows = (
            None if log is None else log[at]
            for log, at in ((self.log_columns, slice(i * b)), (self.log_columns, columns), (self.log_rows, rows))
        )
        added = _scaled(self.weight[rows, : i * b] @ _scaled(before, log_before), log_rows)
        return BlockAffine(self.weight[rows, columns], self.log_blocks[i : i + 1], self.bias[rows] + added, log_columns, log_rows)


def _scaled(x: Tensor, log_factors: Tensor | None) -> Tensor:
    return x if log_factors is None else x * log_factors.exp()


class BlockLinear(nn.Module):
    """The learned `BlockAffine` whose W has rows of norm exp(log_scale).

    Features have b inputs and a outputs each: x_(Db)B, log-slopes log_DbB -> y_(Da)B, log_DaB.
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

    def prepared(self, dtype: torch.dtype) -> BlockAffine:
        """The map, its weights made."""
        raw, log_scale, below, bias = (tensor.to(dtype) for tensor in (self.weight, self.log_scale, self.below, self.bias))
        return BlockAffine(*BlockWeight.apply(raw, log_scale, below, self.blocks[0]), bias[:, None])

    def forward(self, x: Tensor, log_slopes: Tensor) -> tuple[Tensor, Tensor]:
        return self.prepared(x.dtype)(x, log_slopes)
