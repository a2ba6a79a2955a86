"""What a replication is: the rows of a table, the data, and how long each run is."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

from flowspec.vocabulary.settings.runs import Source


@dataclass(frozen=True)
class Row:
    """One row of a table: its name in the paper, a shipped spec, the parameters it is made small with, what the paper prints."""

    name: str
    spec: str
    parameters: dict[str, object]
    printed: str
    steps: int | None = None
    """Steps of each of its phases, where they are not those of the table."""


@dataclass(frozen=True)
class Table:
    """A table of a paper in small: its rows, bundled data, and how long each run is."""

    title: str
    metric: str
    rows: tuple[Row, ...]
    source: Source
    steps: int
    batch: int
    notes: tuple[str, ...] = field(default=())


def tables() -> dict[str, Table]:
    """The tables of every file of this folder, by name."""
    import replications

    modules = [import_module(f"replications.{found.name}") for found in iter_modules(replications.__path__)]
    return {name: table for module in modules for name, table in getattr(module, "TABLES", {}).items()}
