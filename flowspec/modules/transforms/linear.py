"""Linear maps of the channels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowspec.modules.transforms import Given, TransformModule, constant
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import linear


class _Mixing(TransformModule):
    """y = W x on the channel axis.

    `full` takes the determinant of W as it is: up to 192 channels that costs less than its triangles (measured on CPU). Dead
    entries of `lower` and `upper`, and those of `weight` above the diagonal when orthogonal, start at zero and get no gradient.
    """

    word: linear.Conv1x1 | linear.Linear

    def __init__(
        self, word: linear.Conv1x1 | linear.Linear, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]
    ):
        super().__init__(word, x, given, networks)
        self.area = x.area
        start = rotation(x.channels) if word.start == "rotation" else torch.eye(x.channels)
        if word.form == "full":
            self.weight = nn.Parameter(start)
        elif word.form == "orthogonal":
            self.weight = nn.Parameter(torch.zeros_like(start))
            self.register_buffer("base", start)
        else:
            permutation, lower, upper = torch.linalg.lu(start)
            self.lower = nn.Parameter(lower.tril(-1))
            self.upper = nn.Parameter(upper.triu(1))
            self.log_scale = nn.Parameter(upper.diagonal().abs().log())
            self.register_buffer("sign", upper.diagonal().sign())
            self.register_buffer("order", permutation.argmax(1))

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return mix(x, self.matrix()), constant(x, self.area * self.log_abs_det())

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return mix(z, self.inverse_matrix()), constant(z, -self.area * self.log_abs_det())

    def matrix(self) -> Tensor:
        """W."""
        if self.word.form == "full":
            return self.weight
        if self.word.form == "orthogonal":
            return self._rotated()
        lower, upper = self._triangles()
        return (lower @ upper)[self.order]

    def inverse_matrix(self) -> Tensor:
        """The inverse of W."""
        if self.word.form == "full":
            return torch.linalg.inv(_solvable(self.weight))
        if self.word.form == "orthogonal":
            return self._rotated().mT
        lower, upper = self._triangles()
        # W = P L U, so that W⁻¹ = U⁻¹ L⁻¹ Pᵀ; the columns of Pᵀ are those of the identity in the order of P's rows.
        unordered = torch.eye(len(lower), dtype=lower.dtype, device=lower.device)[self.order].mT
        below = torch.linalg.solve_triangular(lower, unordered, upper=False, unitriangular=True)
        return torch.linalg.solve_triangular(upper, below, upper=True)

    def log_abs_det(self) -> Tensor:
        """log|det W|, for one position."""
        if self.word.form == "full":
            return torch.linalg.slogdet(_solvable(self.weight)).logabsdet
        if self.word.form == "orthogonal":
            return self.weight.new_zeros(())
        return _solvable(self.log_scale).sum()

    def _rotated(self) -> Tensor:
        below = _solvable(self.weight).tril(-1)
        base = self.base.to(below.dtype)
        # A Newton step towards the nearest orthogonal matrix: a base stored in a coarser type is exact to rounding again.
        base = 1.5 * base - 0.5 * base @ (base.mT @ base)
        return base @ torch.linalg.matrix_exp(below - below.mT)

    def _triangles(self) -> tuple[Tensor, Tensor]:
        lower, upper, log_scale = _solvable(self.lower), _solvable(self.upper), _solvable(self.log_scale)
        ones = torch.ones_like(log_scale)
        return lower.tril(-1) + torch.diag(ones), upper.triu(1) + torch.diag(self.sign * log_scale.exp())


class Conv1x1(_Mixing):
    """The invertible 1x1 convolution of an image or a series."""


class Linear(_Mixing):
    """An invertible linear map of a vector's features."""


def rotation(channels: int) -> Tensor:
    """A random orthogonal matrix, evenly distributed: QR of a Gaussian matrix with the signs of R's diagonal taken out."""
    q, r = torch.linalg.qr(torch.randn(channels, channels))
    return q * r.diagonal().sign()


def mix(x: Tensor, matrix: Tensor) -> Tensor:
    """W x at every position: a product over the channels where they lie in memory, which a convolution only does for a series."""
    matrix = matrix.to(x.dtype)
    if x.dim() == 2:
        return (matrix @ x.t()).t()
    if x.dim() == 4:
        return (x.movedim(1, -1) @ matrix.mT).movedim(-1, 1)
    return F.conv1d(x, matrix.unsqueeze(-1))


def _solvable(matrix: Tensor) -> Tensor:
    """In float32 or better: LAPACK knows no half types."""
    return matrix.to(torch.promote_types(matrix.dtype, torch.float32))
