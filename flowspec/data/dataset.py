"""The value every source returns, and the error every source raises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class DataError(Exception):
    """Data that cannot be used: what is needed, what was given, and what mends it."""

    def __init__(self, needed: str, given: str, help: str) -> None:
        super().__init__(needed, given, help)
        self.needed, self.given, self.help = needed, given, help

    def __str__(self) -> str:
        return f"{self.needed}, but {self.given}; {self.help}"


class Parts(NamedTuple):
    """The examples of each part, N_train, N_validation and N_test of them along the first axis."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


class Labels(NamedTuple):
    """The class of each example as int64, one array of shape (N,) for each part."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three disjoint parts of one set: tables (N, D) and series (N, C, T) in float32, images (N, C, H, W) in uint8.

    `conditions` describe each example by real numbers (N, …), each under its name, as labels do by a class. `rate` is that of
    sound, in samples a second. Where `drawn_from` is given, the examples to train on hold 0 … `drawn_from`, of which a batch draws
    bits: 1 with probability x / `drawn_from`. `levels` is how many values a pixel takes, 0 … levels - 1, and None for real values.
    Where a table x was standardised to u = (x - mean) / sd, `log_scale` carries log-densities in nats per example back to the
    units of x:

        log p(x) = log p(u) + log_scale,  log_scale = -sum_d log sd_d,

    the log-determinant of du/dx; it is 0 where nothing was standardised.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    labels: Labels | None = None
    levels: int | None = None
    log_scale: float = 0.0
    note: str = ""
    conditions: Mapping[str, Parts] = field(default_factory=dict)
    rate: int | None = None
    drawn_from: int | None = None

    def __post_init__(self) -> None:
        for part in Parts._fields:
            self._check(part, getattr(self, part))
            for name, values in self._descriptions():
                self._check_one_each(part, name, len(getattr(values, part)))

    def _descriptions(self) -> list[tuple[str, Parts | Labels]]:
        return [*self.conditions.items(), *([] if self.labels is None else [("label", self.labels)])]

    def _check(self, part: str, array: np.ndarray) -> None:
        if len(array) == 0:
            raise DataError(f"the {part} part of {self.name} needs an example", "it has none", "ask for more")
        if array.shape[1:] != self.train.shape[1:]:
            given = f"train has {self.train.shape[1:]} and {part} has {array.shape[1:]}"
            raise DataError(f"the parts of {self.name} need examples of one shape", given, "give them the same shape")
        levels = self.drawn_from + 1 if self.drawn_from and part == "train" else self.levels
        if levels is not None and array.max() >= levels:
            needed = f"pixels of {levels} levels need values of 0 to {levels - 1}"
            raise DataError(needed, f"{part} of {self.name} holds {array.max()}", "name the right number of levels")

    def _check_one_each(self, part: str, what: str, found: int) -> None:
        examples = len(getattr(self, part))
        if found != examples:
            needed = f"the {part} part of {self.name} needs a {what} for each of its {examples} examples"
            raise DataError(needed, f"it has {found}", f"give one {what} an example, or none at all")
