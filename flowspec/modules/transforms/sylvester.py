"""Sylvester flows."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from flowspec.modules.amortised import AmortisedModule
from flowspec.modules.solvers import invert_triangular


class Bend(NamedTuple):
    """Q in the form that the word declares, R1 and R2, _BMM, and the bias_BM."""

    q: Tensor | None
    """Q_BDM for `orthogonal`, unit vectors v_BRD for `householder`."""
    r1: Tensor
    r2: Tensor
    bias: Tensor

    def change(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """R1 tanh(R2 y + b), and the logs of the slopes of y + that, each in its own coordinate: y_BM -> _BM, _BM."""
        bend = torch.tanh(_times(self.r2, y) + self.bias)
        return _times(self.r1, bend), torch.log1p((1 - bend * bend) * (self.r1 * self.r2).diagonal(dim1=1, dim2=2))


class Sylvester(AmortisedModule):
    """z = x + Q R1 tanh(R2 y + b) with y = Qᵀ x; back, y is found from
    Qᵀ z = y + R1 tanh(R2 y + b), which is triangular from the last coordinate on.
    """

    def prepared(self, tensors: dict[str, Tensor], dtype: torch.dtype) -> Bend:
        return Bend(self._basis(tensors), *_triangles(tensors), tensors["bias"])

    def mapped(self, x: Tensor, made: Bend) -> tuple[Tensor, Tensor]:
        change, log_slopes = made.change(self._into(made.q, x))
        return x + self._out_of(made.q, change), log_slopes.sum(1)

    def unmapped(self, z: Tensor, made: Bend) -> Tensor:
        def from_last(y: Tensor) -> tuple[Tensor, Tensor]:
            change, log_slopes = made.change(y.flip(1))
            return y + change.flip(1), log_slopes.flip(1)

        y = invert_triangular(from_last, self._into(made.q, z).flip(1)).flip(1)
        return z - self._out_of(made.q, made.change(y)[0])

    def _basis(self, tensors: dict[str, Tensor]) -> Tensor | None:
        """What Q is made of."""
        if self.word.form == "orthogonal":
            return torch.linalg.qr(tensors["axes"])[0]
        if self.word.form == "householder":
            return F.normalize(tensors["reflectors"], dim=2)
        return None

    def _into(self, q: Tensor | None, x: Tensor) -> Tensor:
        """Qᵀ x: x_BD -> y_BM."""
        if self.word.form == "orthogonal":
            return _times(q.mT, x)
        return x if q is None else _reflected(x, q.unbind(1))

    def _out_of(self, q: Tensor | None, y: Tensor) -> Tensor:
        """Q y: y_BM -> x_BD."""
        if self.word.form == "orthogonal":
            return _times(q, y)
        return y if q is None else _reflected(y, q.unbind(1)[::-1])


def _reflected(x: Tensor, units: tuple[Tensor, ...]) -> Tensor:
    """x_BD reflected at the planes across unit vectors v_BD, one after the other."""
    for v in units:
        x = x - 2 * (v * x).sum(1, keepdim=True) * v
    return x


def _times(matrix: Tensor, x: Tensor) -> Tensor:
    """matrix_BKM x_BM -> _BK, of a matrix for each example or for all."""
    return torch.einsum("bkm,bm->bk", matrix, x)


def _triangles(tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """R1 and R2, upper triangular, _BMM."""
    matrix = tensors["matrix"]
    diagonals = (torch.diag_embed(torch.tanh(tensors[name])) for name in ("diagonal1", "diagonal2"))
    return tuple(above.triu(1) + diagonal for above, diagonal in zip((matrix, matrix.mT), diagonals))
