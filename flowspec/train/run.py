"""A run: a spec and data in, a folder with weights, numbers and pictures out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from flowspec.data import Dataset
from flowspec.data import load as load_data
from flowspec.graph import Graph
from flowspec.modules.flow import Flow
from flowspec.modules.memory import Memory
from flowspec.spec import Spec
from flowspec.target import target
from flowspec.train import weights
from flowspec.train.energies import Functions, energy_function
from flowspec.train.errors import TrainingError
from flowspec.train.fit import Splits, fitted
from flowspec.train.fitting import Fitting
from flowspec.train.folder import Folder
from flowspec.train.log import Display, Silent
from flowspec.train.matching import Matching
from flowspec.train.plan import plan
from flowspec.train.task import Measured, Task
from flowspec.train.trainer import Trainer
from flowspec.vocabulary.settings.runs import Data, Source


@dataclass(frozen=True)
class Result:
    """What a run gave: its folder, how far it went, and the likelihood of the test data (or the divergence) at the best weights.

    `test` is None for a run that was interrupted; `train(…, resume=True)` then goes on.
    """

    out: Path
    steps: int
    epochs: int
    finished: bool
    best_validation: float | None
    test: Measured | None
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The fields by name, losses in nats."""
        return asdict(self) | {"out": str(self.out), "test": self.test and self.test.as_json()}


def train(
    spec: Spec,
    out: Path | str,
    data: Dataset | Source | None = None,
    *,
    max_steps: int | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    batch: int | None = None,
    lr: float | None = None,
    seed: int | None = None,
    resume: bool = False,
    device: str | None = None,
    precision: str = "no",
    memory: Memory = "plain",
    compile: bool = False,
    display: Display | None = None,
    energies: Functions | None = None,
) -> Result:
    """Trains the flow of a spec as its settings say, and leaves everything in the folder `out`.

    `data` stands in for the spec's; `epochs`, `steps`, `batch`, `lr` and `seed` for its settings. `max_steps` stops early without
    changing the plan: with `resume` the run goes on, bit for bit on a CPU, as if it had not stopped. `precision` is one of
    accelerate's (`no`, `bf16`, `fp16`), one in a process. `memory` is what is kept for gradients, and changes no result. `compile`
    has torch.compile write the training step's kernels: steps are faster after a minute or so, and the noise drawn in them is
    other noise. `energies` are the functions that a target may name. Raises TrainingError, CheckpointError and DataError.
    """
    _can_save(memory, precision, compile, target(spec.checked.graph) is not None)
    accelerator = _accelerator(device, precision)
    folder = Folder(Path(out), spec, accelerator.is_main_process)
    if folder.holds_a_run and not resume:
        raise TrainingError(f"`{out}` holds a run already: go on with `--resume` (in Python `resume=True`), or choose another folder")
    graph = spec.checked.graph
    task, described = task_of(graph, data, energies)
    agenda = plan(graph, task.examples, epochs=epochs, steps=steps, batch=batch, lr=lr, seed=seed)
    flow = spec.build(agenda.settings.seed, accelerator.device)
    flow.use_memory(memory)
    trainer = Trainer(flow, task, agenda, folder, accelerator, display or Silent(), compile)
    if folder.state.exists():
        trainer.resume()
    folder.start(spec, seed=agenda.settings.seed, batch=trainer.order.batch, data=described)
    finished = trainer.run(min(agenda.steps, max_steps or agenda.steps))
    return _finished(trainer, finished)


def _can_save(memory: Memory, precision: str, compile: bool, towards: bool) -> None:
    """Raises TrainingError where memory cannot be saved so."""
    if memory == "reversible" and precision != "no":
        raise TrainingError(f"memory `reversible` computes activations from outputs, for which `{precision}` is too coarse: use memory `checkpoint`")
    if memory != "plain" and compile:
        raise TrainingError(f"memory `{memory}` decides what is kept, as torch.compile does: leave one of the two out")
    if memory != "plain" and towards:
        raise TrainingError(f"memory `{memory}` is saved where a density is computed from data; this flow is trained towards a target")


def _accelerator(device: str | None, precision: str) -> Accelerator:
    try:
        accelerator = Accelerator(cpu=device == "cpu", mixed_precision=precision)
    except ValueError as error:
        raise TrainingError(f"precision `{precision}` cannot be had: {error}") from None
    if device is not None and device.partition(":")[0] != accelerator.device.type:
        raise TrainingError(f"device `{device}` is not available; `{accelerator.device.type}` is")
    return accelerator


def task_of(graph: Graph, data: Dataset | Source | None = None, energies: Functions | None = None) -> tuple[Task, dict[str, Any]]:
    """What the flow of a graph is trained on, and what a run's lock says of it. Raises TrainingError and DataError."""
    energy = target(graph)
    if energy is None:
        dataset = dataset_of(graph, data)
        return Fitting(fitted(graph, dataset)), _described(graph, data, dataset)
    if data is not None:
        raise TrainingError(f"the flow is trained towards `{energy.word}`: it takes no data")
    task = Matching(energy, energies or {}, graph.settings["train"].draws, graph.input_state.size)
    energy_function(energy, task.declared)
    return task, {"target": energy.model_dump()}


def dataset_of(graph: Graph, data: Dataset | Source | None) -> Dataset:
    """The data of a run: those given, or those that the spec names. Raises TrainingError and DataError."""
    if isinstance(data, Dataset):
        return data
    setting = graph.settings.get("data")
    source = data or (setting.source if isinstance(setting, Data) else None)
    if source is None:
        raise TrainingError("the spec names no data: add `data(digits)` to it, or give `--data NAME`")
    return load_data(source.name, **source.arguments)


def _described(graph: Graph, data: Dataset | Source | None, dataset: Dataset) -> dict[str, Any]:
    source = data if isinstance(data, Source) else None if isinstance(data, Dataset) else graph.settings["data"].source
    return {"name": dataset.name, "note": dataset.note} | ({} if source is None else {"source": source.model_dump()})


def _finished(trainer: Trainer, finished: bool) -> Result:
    flow, folder, task = trainer.flow, trainer.folder, trainer.task
    test = None
    if finished:
        if folder.best.exists():
            weights.load_into(flow, folder.best)
        test = task.measure(flow, trainer.order.seed)
        if folder.writes:
            task.draw(flow, folder.path, trainer.order.seed)
    position = trainer.position
    epochs = position.step // trainer.plan.epoch_steps
    result = Result(folder.path, position.step, epochs, finished, position.best, test, round(position.seconds, 3))
    folder.write_json("result.json", result.as_json())
    return result


def open_flow(out: Path | str) -> Flow:
    """The best flow of a run, or the last where there is no best. Raises CheckpointError."""
    folder = Folder(Path(out))
    return weights.load(folder.best if folder.best.exists() else folder.last)


def open_task(out: Path | str, data: Dataset | Source | None = None, energies: Functions | None = None) -> tuple[Flow, Task, int]:
    """The best flow of a run, its task (with those data in the stead of its own) and its seed. Raises CheckpointError and TrainingError."""
    flow, lock = open_flow(out), Folder(Path(out)).read_json("lock.json")
    source = lock.get("data", {}).get("source")
    task, _ = task_of(flow.checked.graph, data or (Source(**source) if source else None), energies)
    return flow, task, int(lock.get("seed", 0))


def open_run(out: Path | str, data: Dataset | Source | None = None) -> tuple[Flow, Splits, int]:
    """The best flow of a run, its data (or those given in their stead) and its seed. Raises CheckpointError and TrainingError."""
    flow, task, seed = open_task(out, data)
    if not isinstance(task, Fitting):
        raise TrainingError(f"`{out}` was trained towards a target: it has no data")
    return flow, task.data, seed
