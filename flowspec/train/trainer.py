"""The loop of a run: steps, epochs, checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Optimizer

from flowspec.modules.flow import Flow
from flowspec.train import state, weights
from flowspec.train.batches import Batch, Order, flipped, generator, seeded
from flowspec.train.errors import TrainingError
from flowspec.train.folder import Folder
from flowspec.train.log import Display, Log, Silent
from flowspec.train.optimise import Average, averaged, names_of, optimizer, restore_optimizer
from flowspec.train.plan import Plan, Stage
from flowspec.train.record import Record
from flowspec.train.state import Position
from flowspec.train.stop import Stop
from flowspec.train.task import Task
from flowspec.train.trouble import bad_gradient, bad_loss

SAVE_AFTER = 60.0
"""Seconds between checkpoints; one is written at the end of a run in any case."""


@dataclass
class Trainer:
    """A run that is under way."""

    flow: Flow
    task: Task
    plan: Plan
    folder: Folder
    accelerator: Accelerator
    display: Display = field(default_factory=Silent)
    compile: bool = False

    def __post_init__(self) -> None:
        settings, examples = self.plan.settings, self.task.examples
        self.order = Order(examples, settings.batch, settings.seed)
        self.position = Position(seed=settings.seed, batch=self.order.batch, examples=examples)
        self.average = Average(self.flow, settings.average) if settings.average else None
        self.stage: Stage | None = None
        self.kept: dict[str, Tensor] = {}

    # ------------------------------------------------------------------------------------------------------ start and end

    def resume(self) -> None:
        """Takes up the run that the folder holds. Raises CheckpointError, and TrainingError where data or seed are others."""
        weights.load_into(self.flow, self.folder.last)
        self.kept, position = state.read(self.folder.state)
        for name in ("seed", "batch", "examples"):
            before, now = getattr(position, name), getattr(self.position, name)
            if before != now:
                raise TrainingError(f"the run was made with {name} {before}, and cannot go on with {now}")
        self.position = position
        state.restore(self.flow, self.average, self.kept, position)

    def run(self, stop: int) -> bool:
        """Trains to step `stop`; false if it was interrupted. What was learned is saved either way."""
        log = Log(self.folder.log, self.position.step, self.folder.writes)
        self.record, self.saved = Record(self.flow, self.position, self.plan.epoch_steps, log, self.display), monotonic()
        self.display.start(self.position.step, stop)
        with Stop() as interrupt:
            try:
                while self.position.step < stop and not interrupt.asked and not self._patience_is_out():
                    self._step()
                self._end_of_run()
            finally:
                self.record.close()
        return not (interrupt.asked and self.position.step < stop)

    def _patience_is_out(self) -> bool:
        patience = self.plan.settings.patience
        return patience is not None and self.position.stale >= patience

    def _end_of_run(self) -> None:
        self._enter_stage()
        ended = self.position.best is None or self.position.step == self.plan.steps
        if self.position.step % self.plan.epoch_steps and ended:
            self._validate()
        self.save()

    # -------------------------------------------------------------------------------------------------------------- steps

    def _step(self) -> None:
        self._enter_stage()
        step = self.position.step
        lr = self.plan.lr(step, self.position.losses)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        batch = self._batch(step)
        loss, terms, norm = self._descend(batch, step)
        self.position.step += 1
        if self.average is not None:
            self.average.update(self.flow)
        self.record.step(self.stage.name, loss, terms, lr, norm)
        if self.position.step % self.plan.epoch_steps == 0:
            self._end_of_epoch()
        self._save_in_time()

    def _batch(self, step: int) -> Batch:
        """The batch of a step, and its noise made a function of seed and step."""
        batch = self.task.batch(self.order.at(step), generator(self.order.seed, "bits", step))
        if self.plan.settings.flip:
            batch = Batch(flipped(batch.x, self.order.seed, step), batch.context)
        rank, ranks = self.accelerator.process_index, self.accelerator.num_processes
        self._seed(step)
        return batch[slice(rank, None, ranks)].to(self.accelerator.device)

    def _seed(self, step: int) -> None:
        ranks = self.accelerator.num_processes
        torch.manual_seed(seeded(self.order.seed, "noise", step * ranks + self.accelerator.process_index))

    def _descend(self, batch: Batch, step: int) -> tuple[float, dict[str, Tensor], float]:
        self.optimizer.zero_grad(set_to_none=True)
        loss, terms = self.objective(batch.x, batch.context, self.plan.weights(step))
        if not loss.isfinite():
            self._seed(step)
            raise bad_loss(self.task.cause(self.whole, batch), step, float(loss.detach()), self.folder.last)
        self.accelerator.backward(loss)
        norm = self.accelerator.clip_grad_norm_(self._moving(), self.plan.settings.clip or inf)
        if not norm.isfinite() and self.accelerator.scaler is None:  # a scaler passes over the step, and scales less in the next
            raise bad_gradient(self.flow, step, self.folder.last)
        self.optimizer.step()
        return float(loss.detach()), terms, float(norm)

    def _moving(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.flow.parameters() if parameter.requires_grad]

    def _enter_stage(self) -> None:
        """At the start of a stage: what is left out, what stands still, what starts from data, and a new optimiser for the rest."""
        stage = self.plan.stage(self.position.step)
        if stage is self.stage:
            return
        self.stage, self.whole = stage, self.flow.bypassing(stage.bypassed)
        self._freeze((*stage.frozen, *stage.bypassed))
        if self.position.step == stage.start:
            self._start(stage)
        raw: Optimizer = optimizer(self.plan.settings.optimizer, self._moving())
        if self.kept:
            if self.position.step > stage.start:
                restore_optimizer(raw, self.kept, names_of(self.flow))
            self.kept = {}
        self.objective, self.optimizer = self.accelerator.prepare(self.task.objective(self.whole), raw)
        if self.compile:
            self.objective.compile()
        self.raw_optimizer = raw

    def _start(self, stage: Stage) -> None:
        """The first weights of a stage: those that the one before was evaluated with, unless they come from another run.

        The best so far was the best of another model, or of another objective.
        """
        self.position.best, self.position.stale, self.position.losses = None, 0, []
        if self.average is not None and self.average.updates:
            self.average.give(self.flow)
        before = {name: value.clone() for name, value in self.flow.named_parameters()} if self.average else {}
        if stage.origin is not None:
            weights.take_over(self.flow, Path(stage.origin))
        batch = self._batch(self.position.step)
        self.task.initialise(self.whole, batch, stage.frozen)
        for name, value in before.items():
            if not torch.equal(value, self.flow.get_parameter(name)):
                self.average.values[name].copy_(self.flow.get_parameter(name).detach())

    def _freeze(self, parts: tuple[str, ...]) -> None:
        self.flow.train()
        self.flow.requires_grad_(True)
        for module in self.flow.parts(parts):
            module.eval()
            module.requires_grad_(False)
        if not self._moving():
            raise TrainingError(f"nothing is left to train while {', '.join(parts) or 'the flow has no parameters'} stands still")

    # ------------------------------------------------------------------------------------------------ epochs, checkpoints

    def _end_of_epoch(self) -> None:
        self.record.end_of_epoch(self._validate())

    def _validate(self) -> float:
        """The validation loss; the best weights are kept."""
        with averaged(self.flow, self.average):
            loss = self.task.validate(self.whole, self.order.seed)
            self.position.losses.append(loss)
            if self.position.best is None or loss < self.position.best:
                self.position.best, self.position.stale = loss, 0
                self.folder.write_weights(self.folder.best, self.flow)
            elif self.plan.settled(self.position.step - 1):
                self.position.stale += 1
        self.record.validation(self.stage.name, loss)
        return loss

    def _save_in_time(self) -> None:
        if monotonic() - self.saved > SAVE_AFTER:
            self.save()

    def save(self) -> None:
        """Writes the checkpoint that the run can go on from."""
        self._enter_stage()
        self.saved = monotonic()
        self.record.clock()
        self.folder.write_weights(self.folder.last, self.flow)
        if self.folder.writes:
            state.save(self.folder.state, self.flow, self.raw_optimizer, self.average, self.position)
