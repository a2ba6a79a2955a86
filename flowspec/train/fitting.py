"""Maximum likelihood on data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from torch import Generator, Tensor

from flowspec.modules.flow import Flow
from flowspec.train.batches import Batch, bits
from flowspec.train.evaluate import Likelihoods, evaluate
from flowspec.train.fit import Splits
from flowspec.train.objective import Objective
from flowspec.train.pictures import draw_run
from flowspec.train.task import MOST_VALIDATION
from flowspec.verify.walk import first_fault
from flowspec.vocabulary.settings.runs import Evaluate


@dataclass(frozen=True, eq=False)
class Fitting:
    """Makes the data likely."""

    data: Splits

    @property
    def examples(self) -> int:
        """How many there are to train on."""
        return len(self.data.train)

    def batch(self, index: Tensor, chance: Generator) -> Batch:
        """Training examples, of data that are drawn in each batch their bits."""
        batch, largest = self.data.train[index], self.data.drawn_from
        return batch if largest is None else Batch(bits(batch.x, largest, chance), batch.context)

    def objective(self, flow: Flow) -> Objective:
        """The mean of -log p(x), its terms weighted."""
        return Objective(flow)

    def initialise(self, flow: Flow, batch: Batch, frozen: Collection[str]) -> None:
        """From a batch."""
        flow.initialise(batch.x, batch.context, frozen)

    def cause(self, flow: Flow, batch: Batch) -> str | None:
        """The first step whose output or log-det is not finite."""
        return first_fault(flow, batch.x, batch.context)

    def validate(self, flow: Flow, seed: int) -> float:
        """The mean of -log p(x) over the first validation examples."""
        return -evaluate(flow, self.data.validation[:MOST_VALIDATION], seed=seed, stream="validation").nats

    def measure(self, flow: Flow, seed: int, samples: int | None = None) -> Likelihoods:
        """The likelihood of the test data, with the draws and batch of the flow's `evaluate` setting.

        What the last phase of training leaves out is left out.
        """
        setting = flow.checked.graph.settings.get("evaluate", Evaluate())
        phases = flow.checked.graph.phases
        flow = flow.bypassing(phases[-1].bypassed if phases else ())
        return evaluate(flow, self.data.test, samples or setting.samples, setting.batch, seed, log_scale=self.data.log_scale)

    def draw(self, flow: Flow, folder: Path, seed: int) -> None:
        """Samples, curve and, in two dimensions, the density."""
        draw_run(flow, self.data, folder, seed)
