"""How close the samples of a flow are to data."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from flowspec.modules.flow import Flow
from flowspec.modules.operations import Temperature
from flowspec.quality.features import Features, chosen
from flowspec.quality.frechet import Frechet, frechet_distance
from flowspec.train.batches import Batch, chunks, seeded
from flowspec.train.errors import TrainingError
from flowspec.train.evaluate import measuring
from flowspec.train.fit import Splits
from flowspec.train.naming import check_temperature
from flowspec.vocabulary.settings.runs import Sample

CHUNK = 256


def frechet(flow: Flow, data: Splits, samples: int, features: str | None = None, temperature: Temperature | None = None,
            seed: int = 0) -> Frechet:  # fmt: skip
    """The Fréchet distance of samples from all test images, at the temperature of the flow's `sample` setting unless one is given.

    Beside it stands that of training images, as many as samples where there are as many. Raises TrainingError where the flow is
    none of images or lacks a part that has a temperature, and DataError where the features are not at hand.
    """
    if len(flow.input_state.shape) != 3 or flow.input_state.levels is None:
        raise TrainingError(f"the Fréchet distance is of images of integers; the flow reads {flow.input_state}")
    if samples < 2 or len(data.test) < 2:
        raise TrainingError("the Fréchet distance needs two samples and two test images at least")
    check_temperature(flow, temperature)
    network, levels = chosen(features, flow.input_state.shape[0]), flow.input_state.levels
    of_test, of_training = (_features(network, (part.x for part in chunks(images, CHUNK)), levels) for images in (data.test, data.train[:samples]))
    temperature = flow.checked.graph.settings.get("sample", Sample()).temperature if temperature is None else temperature
    of_samples = _features(network, _drawn(flow, data.test, samples, temperature, seed), levels)
    distances = frechet_distance(of_samples, of_test), frechet_distance(of_training, of_test)
    return Frechet(*distances, network.name, temperature, len(of_samples), len(of_test))


def _drawn(flow: Flow, like: Batch, n: int, temperature: Temperature, seed: int) -> Iterator[Tensor]:
    """Samples, a chunk at a time, given the conditions of `like` in turn where the flow is conditioned."""
    for numbers in torch.arange(n).split(CHUNK):
        context = {name: value[numbers % len(value)].to(flow.device) for name, value in like.context.items()}
        with measuring(flow, seeded(seed, "quality", int(numbers[0]))):
            yield flow.sample(len(numbers), context, temperature).cpu()


@torch.no_grad()
def _features(network: Features, images: Iterator[Tensor], levels: int) -> Tensor:
    return torch.cat([network(part.float() / (levels - 1)) for part in images])
