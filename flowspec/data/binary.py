"""Images of grey levels as bits, which are drawn once or anew for every batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flowspec.data.dataset import DataError, Dataset, Parts

DRAWS = ("once", "each_batch")


def binarised(data: Dataset, draw: str, seed: int) -> Dataset:
    """Bits that are 1 with probability x / (levels - 1): of every part drawn `once`, or those to train on in `each_batch`."""
    if draw not in DRAWS:
        raise DataError(f"bits of {data.name} need to be drawn {' or '.join(map(repr, DRAWS))}", f"{draw!r} was given", "choose one of the two")
    top = data.levels - 1
    chance = np.random.default_rng(seed).spawn(len(Parts._fields))
    drawn = Parts(*((top * rng.random(part.shape) < part).astype(np.uint8) for part, rng in zip((data.train, data.validation, data.test), chance)))
    if draw == "once":
        return replace(data, levels=2, **drawn._asdict())
    return replace(data, levels=2, validation=drawn.validation, test=drawn.test, drawn_from=top)
