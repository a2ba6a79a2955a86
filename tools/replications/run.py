"""One run of a row; a run that is finished is not repeated."""

from __future__ import annotations

import json
from pathlib import Path

from replications.table import Row

import flowspec
from flowspec.vocabulary.settings.runs import Source


def run(row: Row, seed: int, out: Path, source: Source | None, steps: int, batch: int, lr: float | None, side: int | None) -> str:
    import torch

    from flowspec.train.run import train

    torch.set_num_threads(1)
    if not (out / "result.json").exists() or not json.loads((out / "result.json").read_text())["finished"]:
        parameters = row.parameters | ({"side": side} if side else {})
        spec = flowspec.load(row.spec, **parameters)
        train(spec, out, source, steps=steps, batch=batch, lr=lr, seed=seed, resume=out.exists())
    found = json.loads((out / "result.json").read_text())
    return f"{row.name:16} seed {seed}: {found['test']} in {found['seconds']:.0f} s"
