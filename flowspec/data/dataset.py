"""The value every source returns, and the error every source raises."""

from __future__ import annotations

from dataclasses import dataclass
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

    `conditions` describe each example by real numbers (N, …), as labels do by a class. `levels` is how many values a pixel
    takes, 0 … levels - 1, and None for real values. Where a table x was standardised to
    u = (x - mean) / sd, `log_scale` carries log-densities in nats per example back to the units of x:

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
    conditions: Parts | None = None

    def __post_init__(self) -> None:
        for part in Parts._fields:
            self._check(part, getattr(self, part))
            if self.conditions is not None:
                self._check_labels(part, len(getattr(self, part)), len(getattr(self.conditions, part)), "condition")
            if self.labels is not None:
                self._check_labels(part, len(getattr(self, part)), len(getattr(self.labels, part)))

    def _check(self, part: str, array: np.ndarray) -> None:
        if len(array) == 0:
            raise DataError(f"the {part} part of {self.name} needs an example", "it has none", "ask for more")
        if array.shape[1:] != self.train.shape[1:]:
            given = f"train has {self.train.shape[1:]} and {part} has {array.shape[1:]}"
            raise DataError(f"the parts of {self.name} need examples of one shape", given, "give them the same shape")
        if self.levels is not None and array.max() >= self.levels:
            needed = f"pixels of {self.levels} levels need values of 0 to {self.levels - 1}"
            raise DataError(needed, f"{part} of {self.name} holds {array.max()}", "name the right number of levels")

    def _check_labels(self, part: str, examples: int, labels: int, what: str = "label") -> None:
        if labels != examples:
            needed = f"the {part} part of {self.name} needs a {what} for each of its {examples} examples"
            raise DataError(needed, f"it has {labels} {what}s", f"give one {what} an example, or none at all")
