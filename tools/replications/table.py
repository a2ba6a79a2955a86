"""What a replication is: the rows of a table, the data, and how long each run is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from flowspec.vocabulary.settings.runs import Source


@dataclass(frozen=True)
class Row:
    """One row of a table: its name in the paper, a shipped spec, the parameters it is made small with, what the paper prints.

    `source` is for rows that do not share the table's data.
    """

    name: str
    spec: str
    parameters: dict[str, object]
    printed: str
    source: Source | None = None


def loss(test: Mapping[str, Any]) -> float:
    """The test loss of a result: bits per dimension where the data are integers, otherwise nats."""
    return test["bits_per_dim"] or -test["nats"]


@dataclass(frozen=True)
class Table:
    """A table of a paper in small: its rows, bundled data (none for a flow that is trained towards a target), how long each run is.

    `value` reads the figure of a row from the `test` of a run's result; `measures` are further figures of a run, by name, taken of
    its folder, None where a run has no such figure; `baselines` are figures of the same data that need no run.
    `needs` says what must be given with --data where nothing is bundled: the `path` of the source.
    """

    title: str
    metric: str
    rows: tuple[Row, ...]
    source: Source | None
    steps: int
    batch: int
    notes: tuple[str, ...] = field(default=())
    value: Callable[[Mapping[str, Any]], float] = loss
    lr: float | None = None
    baselines: Callable[[Source], dict[str, float]] | None = None
    needs: str = ""
    measures: Mapping[str, Callable[[Path], float | None]] = field(default_factory=dict)


def tables() -> dict[str, Table]:
    """The tables of every file of this folder, by name."""
    import replications

    modules = [import_module(f"replications.{found.name}") for found in iter_modules(replications.__path__)]
    return {name: table for module in modules for name, table in getattr(module, "TABLES", {}).items()}
