"""A product with a matrix whose later rows see more than the earlier ones."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx


class PrefixProduct(torch.autograd.Function):
    """W x + b where the r-th block of rows sees a prefix of x: W_…RC, b_…R, x_CB -> y_…RB.

    `sizes` are the rows of each block (of R), `seen` the lengths of their prefixes, rising to C; what W holds beyond them is not
    read. Written out, as autograd's own gradient of a prefix is a zero-filled tensor of full size for each block. The backward
    pass is made of operations that can be differentiated again.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(weight: Tensor, bias: Tensor, x: Tensor, sizes: tuple[int, ...], seen: tuple[int, ...]) -> Tensor:
        parts = []
        for rows, shift, count in zip(weight.split(sizes, -2), bias.split(sizes, -1), seen):
            part = torch.addmm(shift.reshape(-1, 1), rows[..., :count].reshape(-1, count), x[:count])
            parts.append(part.view(*shift.shape, -1))
        return torch.cat(parts, -2)

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: Tensor) -> None:
        weight, _, x, ctx.sizes, ctx.seen = inputs
        ctx.save_for_backward(weight, x)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weight, x = (saved.to(gradient.dtype) for saved in ctx.saved_tensors)  # autocast may have made y of a coarser type
        of_x, of_blocks = None, []
        blocks = list(zip(weight.split(ctx.sizes, -2), gradient.split(ctx.sizes, -2), ctx.seen))
        for rows, part, count in reversed(blocks):  # the last one sees all of x
            part = part.reshape(-1, part.shape[-1])
            block = (part @ x[:count].t()).view(*rows.shape[:-1], count)
            of_blocks.insert(0, F.pad(block, (0, len(x) - count)))
            if ctx.needs_input_grad[2]:
                seen = rows[..., :count].reshape(-1, count).t()
                if of_x is None:
                    of_x = seen @ part
                else:
                    of_x[:count] += seen @ part
        return torch.cat(of_blocks, -2), gradient.sum(-1), of_x, None, None
