"""Attention."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.networks.dense_layers import FOR_VECTORS
from flowspec.vocabulary.rules import LARGEST_SIZE, Fault, Ports, Shape, Tensor, largest_divisor, written
from flowspec.vocabulary.word import NetworkWord

Count = Annotated[int, Field(ge=1, le=LARGEST_SIZE)]


class Nystrom(NetworkWord, word="nystrom"):
    """Self-attention over the T positions of an image by the Nyström method (Xiong et al. 2021; DenseFlow, Grcic et al. 2021, Fig. 2).

    A 1x1 convolution gives query, key and value of `width` channels at each position. L landmarks are the means of T/L tokens
    in a row. With K1 = softmax(q k'ᵀ), K2 = softmax(q' k'ᵀ), K3 = softmax(q' kᵀ) on scaled tokens, and the inverse of K2 by six
    iterations, o = K1 K2⁺ K3 v + v; a 1x1 convolution brings it back to the input's channels.

    `tokens=positions`: a token is a position's channels, and each softmax runs over keys. `tokens=reshaped` is DenseFlow's code
    to the letter: the channels-first tensor is cut into runs of 3*width numbers as they lie, scores are divided by √T through
    the landmarks, and each softmax runs over queries.
    """

    keeps_shape = True

    width: Count
    landmarks: Count = 4
    tokens: Literal["positions", "reshaped"] = "positions"

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        if len(input) != 3:
            raise Fault("FS302", f"`nystrom` needs an image; {written(input)} arrives", help=(FOR_VECTORS,))
        if prod(input[1:]) % self.landmarks:
            raise Fault(
                "FS303",
                f"`nystrom` needs a number of positions that its {self.landmarks} landmarks divide; {written(input)} has {prod(input[1:])}",
                argument="landmarks" if "landmarks" in self.model_fields_set else None,
                arguments={"landmarks": str(largest_divisor(prod(input[1:]), self.landmarks))},
            )
        return input

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        c = ports.input[0]
        return (
            Tensor(name="inwards.weight", shape=(3 * self.width, c, 1, 1)),
            Tensor(name="inwards.bias", shape=(3 * self.width,)),
            Tensor(name="outwards.weight", shape=(c, self.width, 1, 1)),
            Tensor(name="outwards.bias", shape=(c,)),
        )

    def multiply_adds(self, ports: Ports) -> int:
        c, positions, e, landmarks = ports.input[0], prod(ports.input[1:]), self.width, self.landmarks
        convolutions = 4 * c * e * positions
        scores = 2 * positions * landmarks * e + landmarks**2 * e
        inverse = 6 * 4 * landmarks**3
        values = positions * landmarks * e + positions * landmarks**2 + positions * landmarks * e
        return convolutions + scores + inverse + values

    def ordered(self) -> bool | None:
        return False
