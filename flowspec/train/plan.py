"""The plan of a run: its stages, from the settings and phases of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flowspec.graph import Graph, Phase
from flowspec.vocabulary.settings.runs import Train
from flowspec.vocabulary.settings.schedules import Constant, Schedule

DEFAULT_EPOCHS = 10


@dataclass(frozen=True)
class Stage:
    """Steps `start` to `stop` (exclusive) of a run: its rate, the parts that stand still or are left out, the terms' weights.

    `origin` is the run or checkpoint whose weights it begins with.
    """

    name: str
    start: int
    stop: int
    lr: float
    schedule: Schedule = Constant()
    frozen: tuple[str, ...] = ()
    bypassed: tuple[str, ...] = ()
    weights: dict[str, float | Schedule] = field(default_factory=dict)
    origin: str | None = None

    @property
    def steps(self) -> int:
        """How many steps it has."""
        return self.stop - self.start


@dataclass(frozen=True)
class Plan:
    """What a run does: `settings`, its stages, and the steps of one epoch."""

    settings: Train
    epoch_steps: int
    stages: tuple[Stage, ...]

    @property
    def steps(self) -> int:
        """How many steps the run has in all."""
        return self.stages[-1].stop

    def stage(self, step: int) -> Stage:
        """The stage of a step (the last one for what comes after the run)."""
        return next((stage for stage in self.stages if step < stage.stop), self.stages[-1])

    def lr(self, step: int, losses: Sequence[float] = ()) -> float:
        """The learning rate of a step, after the validation losses of its stage."""
        stage = self.stage(step)
        return stage.lr * self._factor(stage.schedule, stage, step, losses)

    def weights(self, step: int) -> dict[str, float]:
        """The weights of terms at a step, by name."""
        stage = self.stage(step)
        return {name: self._factor(w, stage, step) if isinstance(w, Schedule) else w for name, w in stage.weights.items()}

    def settled(self, step: int) -> bool:
        """Whether the weights of terms are those that their stage ends with."""
        return self.weights(step) == self.weights(self.stage(step).stop - 1)

    def _factor(self, schedule: Schedule, stage: Stage, step: int, losses: Sequence[float] = ()) -> float:
        inside = step - stage.start
        return schedule.factor(inside, inside // self.epoch_steps, stage.steps, losses)


def plan(graph: Graph, examples: int, *, epochs: int | None = None, steps: int | None = None, batch: int | None = None,
         lr: float | None = None, seed: int | None = None) -> Plan:  # fmt: skip
    """The plan for so many training examples. What is given stands in for the spec's; `epochs` and `steps` for both of them."""
    settings = graph.settings.get("train", Train())
    length = {"epochs": epochs, "steps": steps} if epochs or steps else {}
    rate = {} if lr is None else {"optimizer": settings.optimizer.model_copy(update={"lr": lr})}
    others = {name: value for name, value in (("batch", batch), ("seed", seed)) if value is not None}
    settings = settings.model_copy(update=length | rate | others)
    epoch_steps = max(1, examples // settings.batch)
    phases = graph.phases or (Phase(name="train"),)
    return Plan(settings, epoch_steps, _stages(phases, settings, epoch_steps))


def _stages(phases: tuple[Phase, ...], settings: Train, epoch_steps: int) -> tuple[Stage, ...]:
    stages, start = [], 0
    for phase in phases:
        options, stop = phase.options, start + _steps(phase, settings, epoch_steps)
        stages.append(Stage(
            phase.name, start, stop, options.lr or settings.optimizer.lr, options.schedule or settings.schedule,
            phase.frozen, phase.bypassed, options.weights, options.start,
        ))  # fmt: skip
        start = stop
    return tuple(stages)


def _steps(phase: Phase, settings: Train, epoch_steps: int) -> int:
    epochs = phase.options.epochs or settings.epochs
    if epochs is None:
        return settings.steps or DEFAULT_EPOCHS * epoch_steps
    return min(epochs * epoch_steps, settings.steps or epochs * epoch_steps)
