"""Samples of a run's flow, as a picture or as numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from flowspec.modules.flow import Flow
from flowspec.modules.operations import Temperature
from flowspec.plots.run import draw, draw_samples
from flowspec.target import target
from flowspec.train.batches import Batch
from flowspec.train.errors import TrainingError
from flowspec.train.run import open_flow, open_run
from flowspec.vocabulary.inputs.spaces import Classes


def sample_run(run: Path, out: Path, number: int | None = None, temperature: Temperature | None = None, label: int | None = None,
               seed: int = 0) -> None:  # fmt: skip
    """Saves samples of a run's best flow: .npy and .csv hold the numbers, a .png shows tables against the run's test data, if it has any."""
    flow = open_flow(run)
    like = Batch(torch.empty(0), _labels(flow, label))
    samples = draw(flow, like, seed, number, temperature)
    if out.suffix != ".png":
        _write(samples, out)
    elif len(flow.input_state.shape) == 3:
        draw_samples(samples, flow, None, out)
    else:
        data = None if target(flow.checked.graph) else open_run(run)[1].test
        draw_samples(samples, flow, data, out)


def _labels(flow: Flow, label: int | None) -> Tensor | None:
    """The labels that are gone through in turn: every class, or the one that is asked for."""
    contexts = flow.checked.graph.contexts
    if not contexts:
        if label is not None:
            raise TrainingError("the flow has no context: it takes no label")
        return None
    word = contexts[0].word
    if len(contexts) > 1 or not isinstance(word, Classes):
        raise TrainingError("only flows with one context of class labels can be sampled from the command line")
    if label is not None and label >= word.count:
        raise TrainingError(f"context `{contexts[0].name}` has classes 0 to {word.count - 1}; {label} was asked for")
    return torch.arange(word.count) if label is None else torch.tensor([label])


def _write(samples: Tensor, out: Path) -> None:
    values = samples.numpy()
    if out.suffix == ".npy":
        np.save(out, values)
    else:
        np.savetxt(out, values.reshape(len(values), -1), delimiter=",", fmt="%.8g")
