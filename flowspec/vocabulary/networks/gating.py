"""Gates: networks that multiply one part of their channels by a sigmoid of another."""

from __future__ import annotations

from typing import ClassVar

from flowspec.vocabulary.rules import Fault, Shape
from flowspec.vocabulary.word import NetworkWord


class _Gated(NetworkWord):
    parts: ClassVar[int]

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        if input[0] % self.parts:
            raise Fault("FS301", f"`{self.word}` needs a multiple of {self.parts} channels; {input[0]} arrive",
                        help=(f"let the layer before it give {-(-input[0] // self.parts) * self.parts}",))  # fmt: skip
        return (input[0] // self.parts, *input[1:])

    def wants(self, wanted: Shape) -> Shape | None:
        return (self.parts * wanted[0], *wanted[1:])


class GLU(_Gated, word="glu"):
    """y = a * sigmoid(b), [a, b] being the halves of the channels (Dauphin et al. 2017)."""

    parts = 2


class GatedTanh(_Gated, word="gated_tanh"):
    """y = tanh(a) * sigmoid(b), [a, b] being the halves of the channels (van den Oord et al. 2016, eq. 2)."""

    parts = 2


class GatedSum(_Gated, word="gated_sum"):
    """y = a + b * sigmoid(g), [a, b, g] being the thirds of the channels (the gated 1x1 convolution of SurVAE's and DenseFlow's code)."""

    parts = 3
