"""Series as rows."""

from __future__ import annotations

from torch import Tensor

from flowspec.modules.transforms import Given, TransformModule, constant
from flowspec.vocabulary.transforms import rows


class Fold(TransformModule):
    """Time to rows and columns, and back."""

    word: rows.Fold

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return folded(x, self.word.rows), constant(x, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return z.mT.flatten(2), constant(z, 0.0)


def folded(x: Tensor, rows: int) -> Tensor:
    """Time t at row t mod rows, column t // rows: x_BCT -> y_BCRW."""
    return x.unflatten(2, (x.shape[2] // rows, rows)).mT.contiguous()
