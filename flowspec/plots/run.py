"""The pictures of a run: samples, curve and, in two dimensions, the density."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from flowspec.modules.flow import Flow
from flowspec.modules.operations import Temperature
from flowspec.plots.curve import curve
from flowspec.plots.density import density_map, target_map
from flowspec.plots.images import image_grid
from flowspec.plots.table import pairs
from flowspec.train.batches import Batch, seeded
from flowspec.train.evaluate import measuring
from flowspec.train.fit import Splits
from flowspec.train.log import read
from flowspec.vocabulary.settings.runs import Sample

TABLE_POINTS = 1_000
CHUNK = 10_000
HISTOGRAM_CHUNKS = 20
Energy = Callable[[Tensor], Tensor]


def draw_run(flow: Flow, data: Splits, folder: Path, seed: int) -> None:
    """Saves `curve.png`, `samples.png` for a flow that can be sampled, and `density.png` for one in two dimensions."""
    draw_curve(folder / "log.jsonl", folder / "curve.png", flow.input_state.levels is not None)
    if flow.checked.sampling is not None:
        draw_samples(draw(flow, data.test, seed), flow, data.test, folder / "samples.png")
    if flow.input_state.shape == (2,) and not flow.checked.graph.contexts:
        draw_density(flow, data.train.x.numpy(), folder / "density.png")


def draw_match(flow: Flow, energy: Energy, reach: float | None, folder: Path, seed: int) -> None:
    """Saves `curve.png`, `samples.png` and, in two dimensions, `target.png`: the target's density beside that of samples."""
    draw_curve(folder / "log.jsonl", folder / "curve.png", False)
    if flow.input_state.shape != (2,):
        draw_samples(draw(flow, Batch(torch.empty(0)), seed), flow, None, folder / "samples.png")
        return
    with measuring(flow, seeded(seed, "sample")):
        samples = torch.cat([flow.sample(CHUNK) for _ in range(HISTOGRAM_CHUNKS)]).cpu().numpy()

    def log_density(x: np.ndarray) -> np.ndarray:
        return -energy(torch.from_numpy(x)).numpy()

    target_map(log_density, samples, reach, folder / "target.png")


def draw_curve(log: Path, path: Path, in_bits: bool) -> None:
    """Saves the losses of a log, in bits per dimension where it has them."""
    entries, key = read(log), "bits_per_dim" if in_bits else "loss"
    points = {kind: [(e["step"], e[key]) for e in entries if e["kind"] == kind] for kind in ("train", "validation")}
    curve(points["train"], points["validation"], path, "bits/dim" if in_bits else "nats")


def draw(flow: Flow, like: Batch, seed: int, n: int | None = None, temperature: Temperature | None = None) -> Tensor:
    """Samples of a flow as its `sample` setting says (or n of them), given the labels of `like` where it is conditioned."""
    setting = flow.checked.graph.settings.get("sample", Sample())
    n = n or (setting.n if len(flow.input_state.shape) == 3 else max(setting.n, TABLE_POINTS))
    labels = None if like.labels is None else like.labels[torch.arange(n) % len(like.labels)].to(next(flow.parameters()).device)
    with measuring(flow, seeded(seed, "sample")):
        return flow.sample(n, labels, setting.temperature if temperature is None else temperature).cpu()


def draw_samples(samples: Tensor, flow: Flow, data: Batch | None, path: Path) -> None:
    """Saves images as a grid, vectors against data."""
    values = samples.numpy()
    if len(flow.input_state.shape) == 3:
        image_grid(values, path, flow.input_state.levels)
    else:
        flat = values.reshape(len(values), -1)
        pairs(None if data is None else data.x.numpy().reshape(len(data), -1), flat, path)


def draw_density(flow: Flow, data: np.ndarray, path: Path) -> None:
    """Saves the density of a flow in two dimensions beside the data."""
    device = next(flow.parameters(), torch.empty(0)).device

    def log_density(x: np.ndarray) -> np.ndarray:
        parts = torch.from_numpy(x).to(device).split(CHUNK)
        return torch.cat([flow.log_prob(part) for part in parts]).cpu().numpy()

    with measuring(flow, 0):
        density_map(log_density, data, path)
