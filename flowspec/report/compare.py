"""Reports side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowspec.report.report import Report
from flowspec.report.sizes import grouped, in_bytes, scaled
from flowspec.report.table import table
from flowspec.report.text import value_text

AMOUNTS: dict[str, tuple[Callable[[Report], int], Callable[[int], str]]] = {
    "parameters": (lambda report: report.parameters.total, grouped),
    "trainable": (lambda report: report.parameters.trainable, grouped),
    "live": (lambda report: report.parameters.live, grouped),
    "deployed": (lambda report: report.parameters.deployed, grouped),
    "latent dims": (lambda report: report.latent_dims, grouped),
    "density multiply-adds": (lambda report: report.multiply_adds.density, scaled),
    "sampling multiply-adds": (lambda report: report.multiply_adds.sampling, scaled),
    "passes": (lambda report: report.passes, grouped),
    "activations": (lambda report: report.activation_bytes, in_bytes),
}
"""The numbers that reports are compared by: how each is read, and how it is shown."""
FACTS = ("likelihood", "inverse", "density", "volume", "mass")


def compare(reports: Sequence[Report]) -> str:
    """A table of reports side by side, each number with its ratio to the first report's."""
    if not reports:
        raise ValueError("nothing to compare: give one report or more")
    names = titles(reports)
    head = ["", *(cell for i, name in enumerate(names) for cell in ((name,) if i == 0 else (name, "ratio")))]
    amounts = [row for name in AMOUNTS for row in (_amounts(name, reports), *(_over_live(reports) if name == "live" else ()))]
    rows = amounts + [_facts(fact, reports) for fact in FACTS]
    return table([head, (), *rows]) + "\n"


def titles(reports: Sequence[Report]) -> list[str]:
    """A name for each report: the flow's, with the parameters in which flows of that name differ."""
    return [_title(report, [other for other in reports if other.name == report.name]) for report in reports]


def _title(report: Report, namesakes: list[Report]) -> str:
    own = report.spec_parameters
    differing = [name for name in own if any(other.spec_parameters.get(name) != own[name] for other in namesakes)]
    return (
        f"{report.name}({', '.join(f'{name}={value_text(own[name])}' for name in differing)})" if differing else report.name
    )


def _amounts(name: str, reports: Sequence[Report]) -> list[str]:
    read, show = AMOUNTS[name]
    values = [read(report) for report in reports]
    rest = (cell for value in values[1:] for cell in (show(value), _ratio(value, values[0])))
    return [name, show(values[0]), *rest]


def _over_live(reports: Sequence[Report]) -> list[list[str]]:
    """All that a report stores over what is live in the first: a ratio that papers print, and not like for like."""
    live = reports[0].parameters.live
    if live == reports[0].parameters.total:
        return []
    ratios = [_ratio(report.parameters.total, live) for report in reports]
    return [["  parameters over live", ratios[0], *(cell for ratio in ratios[1:] for cell in ("", ratio))]]


def _facts(fact: str, reports: Sequence[Report]) -> list[str]:
    values = [getattr(report, fact) for report in reports]
    return [fact, values[0], *(cell for value in values[1:] for cell in (value, ""))]


def _ratio(value: int, first: int) -> str:
    """How many times the first a value is."""
    return f"{value / first:.2f}x" if first else ""
