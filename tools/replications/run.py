"""One run of a row; a run that is finished is not repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from replications.table import Row

import flowspec
from flowspec.vocabulary.settings.runs import Source


def image_shape(source: Source) -> dict[str, object]:
    """Sides, channels and levels of a source of images, by the names that specs have for them; of other data nothing."""
    from flowspec.data import load

    data = load(source.name, **source.arguments)
    if data.train.ndim != 4:
        return {}
    _, channels, height, width = data.train.shape
    return {"side": width, "height": height, "width": width, "channels": channels, "pixel_levels": data.levels}


def shaped(row: Row, shape: Mapping[str, object]) -> Row:
    """A row with those of the parameters that its flow has."""
    known = flowspec.load(row.spec).checked.graph.parameters
    return replace(row, parameters=row.parameters | {name: value for name, value in shape.items() if name in known})


def run(row: Row, seed: int, out: Path, source: Source | None, steps: int, batch: int, lr: float | None) -> tuple[Row, int, dict[str, Any]]:
    """The row and seed with the result of their run, whose steps its phases share evenly."""
    import torch

    from flowspec.train.run import train

    torch.set_num_threads(1)
    if not (out / "result.json").exists() or not json.loads((out / "result.json").read_text())["finished"]:
        spec = flowspec.load(row.spec, **row.parameters)
        steps //= len(spec.checked.graph.phases) or 1
        train(spec, out, source, steps=steps, batch=batch, lr=lr, seed=seed, resume=out.exists())
    return row, seed, json.loads((out / "result.json").read_text())
