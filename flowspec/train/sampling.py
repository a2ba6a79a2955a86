"""Samples of a run's flow, as a picture, as numbers or as sound."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from flowspec.data.audio import spectrograms
from flowspec.files import replace
from flowspec.graph import ContextNode
from flowspec.modules.flow import Flow
from flowspec.modules.operations import Temperature
from flowspec.plots.sound import write_sound
from flowspec.target import target
from flowspec.train.batches import Batch
from flowspec.train.errors import TrainingError
from flowspec.train.naming import check_temperature
from flowspec.train.pictures import draw, draw_samples
from flowspec.train.run import open_flow, open_run
from flowspec.vocabulary.inputs.audio import Audio, Mel
from flowspec.vocabulary.inputs.spaces import Classes


def sample_run(run: Path, out: Path, number: int | None = None, temperature: Temperature | None = None, label: int | None = None,
               sound: Path | None = None, seed: int = 0) -> None:  # fmt: skip
    """Saves samples of a run's best flow: numbers (.npy, .csv), a picture (.png), or sound (.wav), one sample after another.

    Conditions are gone through in turn: those of the run's test data, or every class, unless a `label` or a file of `sound`,
    for its spectrograms, is given.
    """
    flow = open_flow(run)
    check_temperature(flow, temperature)
    context = _asked(flow, label, sound)
    if sound is not None and number is None:
        number = max(map(len, context.values()))
    if len(context) < len(flow.checked.graph.given_contexts):
        context = open_run(run)[1].test.context | context
    _save(draw(flow, Batch(torch.empty(0), context), seed, number, temperature), flow, out, run)


def _asked(flow: Flow, label: int | None, sound: Path | None) -> dict[str, Tensor]:
    """What the contexts are given that do not need the data of the run, by name."""
    contexts, found = flow.checked.graph.given_contexts, {}
    for context in contexts:
        if isinstance(context.word, Classes) and (label is not None or len(contexts) == 1):
            found[context.name] = _classes(context, label)
        elif isinstance(context.word, Mel) and sound is not None:
            found[context.name] = _spectrograms(flow, context, sound)
    for kind, given, what in ((Classes, label, "label"), (Mel, sound, "sound")):
        if given is not None and not any(isinstance(context.word, kind) for context in contexts):
            raise TrainingError(f"the flow has no context of that kind: it takes no {what}")
    return found


def _classes(context: ContextNode, label: int | None) -> Tensor:
    count = context.word.count
    if label is not None and label >= count:
        raise TrainingError(f"context `{context.name}` has classes 0 to {count - 1}; {label} was asked for")
    return torch.arange(count) if label is None else torch.tensor([label])


def _spectrograms(flow: Flow, context: ContextNode, sound: Path) -> Tensor:
    heard = flow.checked.graph.input
    if not isinstance(heard, Audio):
        raise TrainingError("spectrograms of a sound are for flows of sound alone")
    return torch.from_numpy(spectrograms(sound, heard.samples, heard.rate, context.word.bands))


def _save(samples: Tensor, flow: Flow, out: Path, run: Path) -> None:
    values, heard, content = samples.numpy(), flow.checked.graph.input, BytesIO()
    match out.suffix:
        case ".npy":
            np.save(content, values)
            replace(out, content.getvalue())
        case ".csv":
            np.savetxt(content, values.reshape(len(values), -1), delimiter=",", fmt="%.8g")
            replace(out, content.getvalue())
        case ".wav":
            if not isinstance(heard, Audio):
                raise TrainingError("only flows of sound are written as .wav")
            write_sound(values, out, heard.rate)
        case _:
            against_data = len(flow.input_state.shape) == 1 and not target(flow.checked.graph)
            draw_samples(samples, flow, open_run(run)[1].test if against_data else None, out)
