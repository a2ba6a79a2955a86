"""Schedules: a factor on the learning rate, as a function of the step and the epoch."""

from __future__ import annotations

from math import cos, pi
from typing import Annotated

from pydantic import BeforeValidator, Field, SerializeAsAny

from flowspec.vocabulary.word import Word

Count = Annotated[int, Field(ge=1)]


class Schedule(Word, role="schedule"):
    """A factor on the learning rate."""

    def factor(self, step: int, epoch: int, steps: int) -> float:
        """The factor at a step (from 0) of an epoch (from 0), of a run of `steps` in all."""
        return 1.0


class Constant(Schedule, word="constant"):
    """The same rate throughout."""


class Halve(Schedule, word="halve"):
    """Halves the rate every `every` epochs."""

    every: Count

    def factor(self, step: int, epoch: int, steps: int) -> float:
        return 0.5 ** (epoch // self.every)


class Exponential(Schedule, word="exponential"):
    """Multiplies the rate by `gamma` after each epoch."""

    gamma: Annotated[float, Field(gt=0, le=1)]

    def factor(self, step: int, epoch: int, steps: int) -> float:
        return self.gamma**epoch


class Cosine(Schedule, word="cosine"):
    """Half a cosine from 1 to `final` over the run (Loshchilov & Hutter 2017), after a linear rise over `warmup` steps."""

    final: Annotated[float, Field(ge=0, le=1)] = 0.0
    warmup: Annotated[int, Field(ge=0)] = 0

    def factor(self, step: int, epoch: int, steps: int) -> float:
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, steps - self.warmup)
        return self.final + (1 - self.final) * (1 + cos(pi * min(1.0, done))) / 2


class Warmup(Schedule, word="warmup"):
    """Rises linearly from 0 over `steps` steps, then stays."""

    steps: Count

    def factor(self, step: int, epoch: int, steps: int) -> float:
        return min(1.0, (step + 1) / self.steps)


AnySchedule = Annotated[SerializeAsAny[Schedule], BeforeValidator(Schedule.read)]
