"""Sound, and what describes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowspec.vocabulary.rules import State
from flowspec.vocabulary.word import Input

Count = Annotated[int, Field(ge=1)]


class Audio(Input, word="audio"):
    """Mono sound of `samples` real values in [-1, 1), shape (1, samples), at `rate` samples a second."""

    samples: Count = 16_000
    rate: Count = 22_050

    def state(self) -> State:
        return State(shape=(1, self.samples))


class Mel(Input, word="mel"):
    """Log-mel spectrograms of sound, shape (bands, frames): one frame every 256 samples, as `flowspec.data` makes them."""

    bands: Count = 80
    frames: Count = 63

    def state(self) -> State:
        return State(shape=(self.bands, self.frames))
