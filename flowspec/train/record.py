"""The record of a run: losses on their way into the log and before the user's eyes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from time import monotonic

from torch import Tensor

from flowspec.modules.flow import Flow
from flowspec.train.evaluate import bits_per_dim, nats_per_sample
from flowspec.train.log import Display, Log
from flowspec.train.state import Position

EVERY = 10
"""Steps between lines of the log."""


@dataclass
class Record:
    """Losses of a stage since the last epoch, the log and the display. `position.seconds` grows with the time of the run."""

    flow: Flow
    position: Position
    epoch_steps: int
    log: Log
    display: Display
    losses: list[float] = field(default_factory=list)
    terms: list[dict[str, Tensor]] = field(default_factory=list)
    since: float = field(default_factory=monotonic)
    stage: str | None = None

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return self.position.step // self.epoch_steps

    def step(self, stage: str, loss: float, terms: dict[str, Tensor], lr: float, grad_norm: float) -> None:
        """A step is done; `terms` are those of the bound in nats, before they are weighted."""
        if stage != self.stage:
            self.stage = stage
            self.losses.clear(), self.terms.clear()
        self.losses.append(loss)
        self.terms.append(terms)
        self.display.step(self.position.step, loss)
        if self.position.step % EVERY == 0 or self.position.step % self.epoch_steps == 0:
            recent = self.losses[-EVERY:]
            means = {name: sum(float(step[name]) for step in self.terms) / len(self.terms) for name in terms}
            self.terms.clear()
            self._write("train", stage, sum(recent) / len(recent), sum(means.values()), terms=means, lr=lr, grad_norm=grad_norm)

    def mean(self) -> float:
        """The mean loss of the epoch's steps."""
        return sum(self.losses) / len(self.losses) if self.losses else inf

    def validation(self, stage: str, loss: float) -> None:
        """The flow has been measured."""
        self._write("validation", stage, loss, -loss)

    def end_of_epoch(self, validation: float) -> None:
        """An epoch is done."""
        mark = " *" if self.position.stale == 0 else ""
        line = f"epoch {self.epoch:>4}  step {self.position.step:>6}  train {self.mean():.4f}  validation {validation:.4f} nats{mark}"
        self.display.epoch(line)
        self.losses.clear()

    def clock(self) -> float:
        """Adds the time since the last call to the position: the seconds of the whole run."""
        now = monotonic()
        self.position.seconds, self.since = self.position.seconds + now - self.since, now
        return self.position.seconds

    def _write(self, kind: str, stage: str, loss: float, nats: float, **more: float | dict[str, float]) -> None:
        self.log.write(
            kind, step=self.position.step, epoch=self.epoch, stage=stage, loss=loss,
            bits_per_dim=bits_per_dim(self.flow, nats), nats_per_sample=nats_per_sample(self.flow, nats),
            seconds=round(self.clock(), 3), **more,
        )  # fmt: skip

    def close(self) -> None:
        """The run ends."""
        self.clock()
        self.log.close()
        self.display.close()
