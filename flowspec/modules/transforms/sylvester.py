"""Sylvester flows."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from flowspec.modules.amortised import AmortisedModule
from flowspec.modules.solvers import invert_triangular


class Sylvester(AmortisedModule):
    """z = x + Q R1 tanh(R2 y + b) with y = Qᵀ x; back, y is found from
    Qᵀ z = y + R1 tanh(R2 y + b), which is triangular from the last coordinate on.
    """

    def mapped(self, x: Tensor, tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        q = self._basis(tensors)
        change, log_slopes = _change(self._into(q, x), *_triangles(tensors), tensors["bias"])
        return x + self._out_of(q, change), log_slopes.sum(1)

    def unmapped(self, z: Tensor, tensors: dict[str, Tensor]) -> Tensor:
        q, triangles = self._basis(tensors), _triangles(tensors)

        def from_last(y: Tensor) -> tuple[Tensor, Tensor]:
            change, log_slopes = _change(y.flip(1), *triangles, tensors["bias"])
            return y + change.flip(1), log_slopes.flip(1)

        y = invert_triangular(from_last, self._into(q, z).flip(1)).flip(1)
        return z - self._out_of(q, _change(y, *triangles, tensors["bias"])[0])

    def _basis(self, tensors: dict[str, Tensor]) -> Tensor | None:
        """Q_BDM for `orthogonal`, unit vectors v_BRD for `householder`."""
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


def _change(y: Tensor, r1: Tensor, r2: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """R1 tanh(R2 y + b), and the logs of the slopes of y + that, each in its own coordinate: y_BM -> _BM, _BM."""
    bend = torch.tanh(_times(r2, y) + bias)
    return _times(r1, bend), torch.log1p((1 - bend * bend) * (r1 * r2).diagonal(dim1=1, dim2=2))


def _triangles(tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """R1 and R2, upper triangular, _BMM."""
    matrix = tensors["matrix"]
    diagonals = (torch.diag_embed(torch.tanh(tensors[name])) for name in ("diagonal1", "diagonal2"))
    return tuple(above.triu(1) + diagonal for above, diagonal in zip((matrix, matrix.mT), diagonals))
