"""The pictures of a run: samples, curve and, in two dimensions, the density."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from flowspec.modules.flow import Flow
from flowspec.modules.operations import Temperature
from flowspec.modules.solvers import ConvergenceError
from flowspec.plots.curve import curve
from flowspec.plots.density import density_map, target_map
from flowspec.plots.images import image_grid
from flowspec.plots.series import series
from flowspec.plots.sound import write_sound
from flowspec.plots.table import pairs
from flowspec.train.batches import Batch, seeded
from flowspec.train.evaluate import measuring
from flowspec.train.fit import Splits
from flowspec.train.log import Entry, read
from flowspec.vocabulary.inputs.audio import Audio
from flowspec.vocabulary.settings.runs import Sample

TABLE_POINTS = 1_000
CHUNK = 10_000
HISTOGRAM_CHUNKS = 20
Energy = Callable[[Tensor], Tensor]


def draw_run(flow: Flow, data: Splits, folder: Path, seed: int) -> None:
    """Saves the curve and, of a flow that can be sampled, samples (sound to hear too); in two dimensions the density.

    Where the density's mass is less than one, a draw of the prior may have no x: there are then no samples to save.
    """
    draw_curve(folder / "log.jsonl", folder / "curve.png")
    if flow.checked.sampling is not None:
        with suppress(ConvergenceError):
            _save_samples(draw(flow, data.test, seed), flow, data, folder)
    if flow.input_state.shape == (2,) and not flow.checked.graph.given_contexts:
        draw_density(flow, data.train.x.numpy(), folder / "density.png")


def _save_samples(samples: Tensor, flow: Flow, data: Splits, folder: Path) -> None:
    draw_samples(samples, flow, data.test, folder / "samples.png")
    if isinstance(flow.checked.graph.input, Audio):
        write_sound(samples.numpy(), folder / "samples.wav", flow.checked.graph.input.rate)


def draw_match(flow: Flow, energy: Energy, reach: float | None, folder: Path, seed: int) -> None:
    """Saves `curve.png`, `samples.png` and, in two dimensions, `target.png`: the target's density beside that of samples."""
    draw_curve(folder / "log.jsonl", folder / "curve.png")
    if flow.input_state.shape != (2,):
        draw_samples(draw(flow, Batch(torch.empty(0)), seed), flow, None, folder / "samples.png")
        return
    with measuring(flow, seeded(seed, "sample")):
        samples = torch.cat([flow.sample(CHUNK) for _ in range(HISTOGRAM_CHUNKS)]).cpu().numpy()

    def log_density(x: np.ndarray) -> np.ndarray:
        return -energy(torch.from_numpy(x)).numpy()

    target_map(log_density, samples, reach, folder / "target.png")


def draw_curve(log: Path, path: Path) -> None:
    """Saves the losses of a log, in bits per dimension or nats per sample where it has them."""
    entries = read(log)
    points = {kind: [(e["step"], loss(e)[0]) for e in entries if e["kind"] == kind] for kind in ("train", "validation")}
    curve(points["train"], points["validation"], path, loss(entries[-1])[1] if entries else "nats")


def loss(entry: Entry) -> tuple[float, str]:
    """The loss of a log's entry in the unit of its data, and the unit."""
    if entry.get("bits_per_dim") is not None:
        return entry["bits_per_dim"], "bits/dim"
    return (entry["loss"], "nats") if entry.get("nats_per_sample") is None else (-entry["nats_per_sample"], "nats/sample")


def draw(flow: Flow, like: Batch, seed: int, n: int | None = None, temperature: Temperature | None = None) -> Tensor:
    """Samples of a flow as its `sample` setting says (or n of them), given the conditions of `like` in turn where it is conditioned."""
    setting = flow.checked.graph.settings.get("sample", Sample())
    n = n or (max(setting.n, TABLE_POINTS) if len(flow.input_state.shape) == 1 else setting.n)
    context = {name: value[torch.arange(n) % len(value)].to(flow.device) for name, value in like.context.items()}
    with measuring(flow, seeded(seed, "sample")):
        return flow.sample(n, context, setting.temperature if temperature is None else temperature).cpu()


def draw_samples(samples: Tensor, flow: Flow, data: Batch | None, path: Path) -> None:
    """Saves images as a grid, series below one another beside data, vectors against data."""
    values, dimensions = samples.numpy(), len(flow.input_state.shape)
    if dimensions == 3:
        image_grid(values, path, flow.input_state.levels)
    elif dimensions == 2:
        series(values, None if data is None else data.x.numpy(), path)
    else:
        flat = values.reshape(len(values), -1)
        pairs(None if data is None else data.x.numpy().reshape(len(data), -1), flat, path)


def draw_density(flow: Flow, data: np.ndarray, path: Path) -> None:
    """Saves the density of a flow in two dimensions beside the data."""

    def log_density(x: np.ndarray) -> np.ndarray:
        parts = torch.from_numpy(x).to(flow.device).split(CHUNK)
        return torch.cat([flow.log_prob(part) for part in parts]).cpu().numpy()

    with measuring(flow, 0):
        density_map(log_density, data, path)
