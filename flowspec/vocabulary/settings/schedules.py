"""Schedules: a factor on the learning rate (or the weight of a term), as a function of the step, the epoch and the validation losses so far."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, inf, pi
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from flowspec.vocabulary.rules import Fault
from flowspec.vocabulary.word import Word

Count = Annotated[int, Field(ge=1)]


class Schedule(Word, role="schedule"):
    """A factor on the learning rate."""

    def factor(self, step: int, epoch: int, steps: int, losses: Sequence[float] = ()) -> float:
        """The factor at a step (from 0) of an epoch (from 0), of a run of `steps` in all, after the validation `losses` in nats."""
        return 1.0


class Constant(Schedule, word="constant"):
    """The same rate throughout."""


class Halve(Schedule, word="halve"):
    """Halves the rate every `every` epochs."""

    every: Count

    def factor(self, step: int, epoch: int, steps: int, losses: Sequence[float] = ()) -> float:
        return 0.5 ** (epoch // self.every)


class Exponential(Schedule, word="exponential"):
    """Multiplies the rate by `gamma` after each epoch."""

    gamma: Annotated[float, Field(gt=0, le=1)]

    def factor(self, step: int, epoch: int, steps: int, losses: Sequence[float] = ()) -> float:
        return self.gamma**epoch


class Cosine(Schedule, word="cosine"):
    """Half a cosine from 1 to `final` over the run (Loshchilov & Hutter 2017), after a linear rise over `warmup` steps."""

    final: Annotated[float, Field(ge=0, le=1)] = 0.0
    warmup: Annotated[int, Field(ge=0)] = 0

    def factor(self, step: int, epoch: int, steps: int, losses: Sequence[float] = ()) -> float:
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, steps - self.warmup)
        return self.final + (1 - self.final) * (1 + cos(pi * min(1.0, done))) / 2


class Warmup(Schedule, word="warmup"):
    """Rises linearly from 0 over `steps` steps, or in as many rises as `epochs`, then stays."""

    steps: Count | None = None
    epochs: Count | None = None

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise Fault("FS205", "`warmup` needs `steps` or `epochs`, one of them", help=("for example `warmup(epochs=100)`",))
        return self

    def factor(self, step: int, epoch: int, steps: int, losses: Sequence[float] = ()) -> float:
        return min(1.0, (step + 1) / self.steps if self.steps else (epoch + 1) / self.epochs)


class Plateau(Schedule, word="plateau"):
    """Multiplies the rate by `gamma` after `patience` epochs without a validation loss that is better by `threshold` nats.

    For `cooldown` epochs after a cut nothing is counted. The rate does not fall below `final` of the first.
    """

    gamma: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Count = 10
    threshold: Annotated[float, Field(ge=0)] = 1e-4
    cooldown: Annotated[int, Field(ge=0)] = 0
    final: Annotated[float, Field(ge=0, le=1)] = 0.0

    def factor(self, step: int, epoch: int, steps: int, losses: Sequence[float] = ()) -> float:
        best, stale, rest, cuts = inf, 0, 0, 0
        for loss in losses:
            better = loss < best - self.threshold
            best = loss if better else best
            stale = 0 if better or rest else stale + 1
            rest = max(0, rest - 1)
            if stale == self.patience:
                stale, rest, cuts = 0, self.cooldown, cuts + 1
        return max(self.final, self.gamma**cuts)


AnySchedule = Annotated[SerializeAsAny[Schedule], BeforeValidator(Schedule.read)]
