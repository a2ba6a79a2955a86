"""Transforms that move dimensions about; none changes volume."""

from __future__ import annotations

from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowspec.modules.layout import cut_channels, joined_channels, laid_out
from flowspec.modules.transforms import Given, TransformModule, constant
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import shape


class Squeeze(TransformModule):
    """Positions to channels, and back."""

    word: shape.Squeeze

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        f = self.word.factor
        if self.word.order == "channels_first":
            return F.pixel_unshuffle(x, f), constant(x, 0.0)
        b, c, h, w = x.shape
        z = x.reshape(b, c, h // f, f, w // f, f).permute(0, 3, 5, 1, 2, 4)
        return z.reshape(b, c * f * f, h // f, w // f), constant(x, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        f = self.word.factor
        if self.word.order == "channels_first":
            return F.pixel_shuffle(z, f), constant(z, 0.0)
        b, c, h, w = z.shape
        x = z.reshape(b, f, f, c // (f * f), h, w).permute(0, 3, 4, 1, 5, 2)
        return x.reshape(b, c // (f * f), h * f, w * f), constant(z, 0.0)


class Reverse(TransformModule):
    """The channels, rows or columns in reverse order."""

    word: shape.Reverse

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        axis = ("channels", "rows", "columns").index(self.word.axis) + 1
        return x.flip(axis), constant(x, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return self.forward(z)


class Permute(TransformModule):
    """z[i] = x[order[i]] on the channel axis; a random order depends on the seed and the number of channels only."""

    word: shape.Permute

    def __init__(self, word: shape.Permute, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        order = list(range(x.channels))
        if word.order == "random":
            Random(word.seed).shuffle(order)
        else:
            order = list(word.order)
        self.register_buffer("order", torch.tensor(order), persistent=False)
        self.register_buffer("back", torch.tensor([order.index(i) for i in range(len(order))]), persistent=False)

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return laid_out(x.index_select(1, self.order)), constant(x, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return laid_out(z.index_select(1, self.back)), constant(z, 0.0)


class Swap(TransformModule):
    """The halves of the channels in the other order."""

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        first, second = cut_channels(x, ((x.shape[1] + 1) // 2, x.shape[1] // 2))
        return joined_channels((second, first)), constant(x, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        second, first = cut_channels(z, (z.shape[1] // 2, (z.shape[1] + 1) // 2))
        return joined_channels((first, second)), constant(z, 0.0)


class Reshape(TransformModule):
    """The same numbers, row by row, in another shape."""

    word: shape.Reshape

    def __init__(self, word: shape.Reshape, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.before = x.shape

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return x.reshape(x.shape[0], *self.word.shape), constant(x, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return z.reshape(z.shape[0], *self.before), constant(z, 0.0)


class Flatten(TransformModule):
    """An image as a vector: channel by channel, row by row."""

    word: shape.Flatten

    def __init__(self, word: shape.Flatten, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.before = x.shape

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return x.flatten(1), constant(x, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return z.unflatten(1, self.before), constant(z, 0.0)


class Split(TransformModule):
    """One state to two, cut on the channel axis."""

    word: shape.Split

    def __init__(self, word: shape.Split, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.channels = tuple(part.channels for part in word.outputs(x))

    def forward(self, x: Tensor, given: Given = ()) -> tuple[tuple[Tensor, Tensor], Tensor]:
        return cut_channels(x, self.channels), constant(x, 0.0)

    def inverse(self, z: tuple[Tensor, Tensor], given: Given = ()) -> tuple[Tensor, Tensor]:
        return joined_channels(z), constant(z[0], 0.0)


class Merge(TransformModule):
    """States to one, joined on the channel axis; one alone goes on as it is."""

    word: shape.Merge

    def __init__(self, word: shape.Merge, x: State | tuple[State, ...], given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.channels = tuple(part.channels for part in (x if isinstance(x, tuple) else (x,)))

    def forward(self, x: Tensor | tuple[Tensor, ...], given: Given = ()) -> tuple[Tensor, Tensor]:
        z = x if isinstance(x, Tensor) else joined_channels(x)
        return z, constant(z, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[tuple[Tensor, ...], Tensor]:
        return cut_channels(z, self.channels), constant(z, 0.0)
