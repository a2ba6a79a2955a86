"""Pictures of a run's flow beside its samples."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from flowspec.modules.flow import Flow
from flowspec.modules.operations import Temperature
from flowspec.plots.images import image_grid
from flowspec.train import procedures
from flowspec.train.errors import TrainingError
from flowspec.train.evaluate import measuring
from flowspec.train.naming import check_parts, check_temperature
from flowspec.train.run import open_run

Kind = Literal["reconstructions", "stages", "interpolation"]


def show_run(run: Path, kind: Kind, out: Path, number: int = 8, part: str | None = None, path: procedures.Path = "linear",
             noise: procedures.Noise = "zero", temperature: Temperature | None = None, seed: int = 0) -> None:  # fmt: skip
    """Saves a picture: test images over their reconstructions; a row of stages for each latent; a row for each path.

    `part` is what stages are shown before and after, and what paths lead through the latents without. Without a `temperature`
    reconstructions are decoders' means, and what else decoders draw has temperature 1.
    """
    flow, splits, _ = open_run(run)
    if len(flow.input_state.shape) != 3 or flow.checked.graph.given_contexts:
        raise TrainingError("pictures of this kind are made of flows of images without a context")
    if kind == "stages" and part is None:
        raise TrainingError("stages are before and after a part of the flow, and none was named")
    check_parts(flow, [part] if part else [])
    check_temperature(flow, temperature)
    warmth = {} if temperature is None else {"temperature": temperature}
    x = splits.test.x[: 2 * number]
    with measuring(flow, seed):
        if kind == "reconstructions":
            shown = torch.stack((x[:number].float(), procedures.reconstructions(flow, x[:number], **warmth)))
        elif kind == "stages":
            shown = procedures.stages(flow, part, number, **warmth)
        else:
            without = (part,) if part else ()
            pairs = x[: len(x) // 2 * 2].split(2)
            shown = torch.stack([procedures.interpolation(flow, pair, 8, path, noise, without, seed=seed, **warmth) for pair in pairs])
    _save(shown, out, flow)


def _save(rows: Tensor, out: Path, flow: Flow) -> None:
    image_grid(rows.flatten(0, 1).numpy(), out, flow.input_state.levels, columns=rows.shape[1])
