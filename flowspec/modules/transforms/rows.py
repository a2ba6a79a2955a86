"""Series as rows."""

from __future__ import annotations

from torch import Tensor

from flowspec.modules.networks.resampling import folded
from flowspec.modules.transforms import Given, TransformModule, constant
from flowspec.vocabulary.transforms import rows


class Fold(TransformModule):
    """Time to rows and columns, and back."""

    word: rows.Fold

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return folded(x, self.word.rows), constant(x, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return z.mT.flatten(2), constant(z, 0.0)
