"""Spaces that data and conditions live in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.rules import LARGEST_SIZE, State
from flowspec.vocabulary.word import Input

Size = Annotated[int, Field(ge=1, le=LARGEST_SIZE)]


class Vector(Input, word="vector"):
    """Real vectors x of D features, shape (D,)."""

    features: Size

    def state(self) -> State:
        return State(shape=(self.features,))


class Zeros(Input, word="zeros"):
    """A condition of D zeros that is always there: what reads it depends on nothing (the context of the tables in the code of NAF)."""

    constant = True

    features: Size

    def state(self) -> State:
        return State(shape=(self.features,))


class Image(Input, word="image"):
    """Images of integers 0 … levels-1, shape (C, H, W); `levels=real` for images that are real-valued already."""

    channels: Size
    height: Size
    width: Size
    levels: Annotated[int, Field(ge=2)] | Literal["real"] = 256

    def state(self) -> State:
        return State(shape=(self.channels, self.height, self.width), levels=None if self.levels == "real" else self.levels)


class Classes(Input, word="classes"):
    """Class labels 0 … count-1, read as one-hot vectors, shape (count,)."""

    count: Annotated[int, Field(ge=2)]

    def state(self) -> State:
        return State(shape=(self.count,))
