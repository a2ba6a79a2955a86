"""Pictures of a run's flow beside its samples."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from flowspec.modules.flow import Flow
from flowspec.plots.images import image_grid
from flowspec.train import procedures
from flowspec.train.errors import TrainingError
from flowspec.train.evaluate import measuring
from flowspec.train.run import open_run

Kind = Literal["reconstructions", "stages", "interpolation"]


def show_run(run: Path, kind: Kind, out: Path, number: int = 8, part: str | None = None, path: procedures.Path = "linear",
             noise: procedures.Noise = "zero", temperature: float = 1.0, seed: int = 0) -> None:  # fmt: skip
    """Saves a picture: test images over their reconstructions; a row of stages for each latent; a row for each path.

    `part` is what stages are shown before and after, and what paths lead through the latents without.
    """
    flow, splits, _ = open_run(run)
    if len(flow.input_state.shape) != 3 or flow.checked.graph.given_contexts:
        raise TrainingError("pictures of this kind are made of flows of images without a context")
    _known(flow, part, needed=kind == "stages")
    x = splits.test.x[: 2 * number]
    with measuring(flow, seed):
        if kind == "reconstructions":
            shown = torch.stack((x[:number].float(), procedures.reconstructions(flow, x[:number])))
        elif kind == "stages":
            shown = procedures.stages(flow, part, number, temperature=temperature)
        else:
            without = (part,) if part else ()
            pairs = x[: len(x) // 2 * 2].split(2)
            shown = torch.stack([procedures.interpolation(flow, pair, 8, path, noise, without, temperature=temperature, seed=seed) for pair in pairs])
    _save(shown, out, flow)


def _known(flow: Flow, part: str | None, needed: bool) -> None:
    parts = sorted({block.name for node in flow.checked.nodes for block in node.blocks if block.kind == "part"})
    if part not in parts and (needed or part is not None):
        found = "none was named" if part is None else f"`{part}` is none"
        raise TrainingError(f"a part of the flow is needed: {found}; its parts: {', '.join(parts) or 'none'}")


def _save(rows: Tensor, out: Path, flow: Flow) -> None:
    image_grid(rows.flatten(0, 1).numpy(), out, flow.input_state.levels, columns=rows.shape[1])
