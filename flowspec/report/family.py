"""A family of flows over one parameter: reports, a table, a curve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from flowspec.checked import CheckedGraph
from flowspec.report.compare import AMOUNTS
from flowspec.report.report import Report, report
from flowspec.report.table import table
from flowspec.report.text import value_text

COLUMNS = ("parameters", "live", "deployed", "density multiply-adds", "sampling multiply-adds", "activations")


def over(make: Callable[[dict], CheckedGraph], name: str, values: Iterable[object]) -> list[Report]:
    """The report of each flow that `make` gives for `{name: value}`."""
    return [report(make({name: value})) for value in values]


def text_over(reports: Sequence[Report], name: str) -> str:
    """A table of a family: a row for each value of the parameter."""
    head = (name, *COLUMNS, "likelihood", "inverse")
    return table([head, (), *(_row(one, name) for one in reports)]) + "\n"


def _row(one: Report, name: str) -> tuple[str, ...]:
    amounts = (show(read(one)) for read, show in (AMOUNTS[column] for column in COLUMNS))
    return value_text(one.spec_parameters[name]), *amounts, one.likelihood, one.inverse


def curve(reports: Sequence[Report], name: str, metric: str, path: Path) -> None:
    """Draws one of the compared numbers against the parameter, to a file that matplotlib can write."""
    if metric not in AMOUNTS:
        raise ValueError(f"unknown metric `{metric}`: it is one of {', '.join(AMOUNTS)}")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(
        [one.spec_parameters[name] for one in reports],
        [AMOUNTS[metric][0](one) for one in reports],
        marker=".",
        color="#0072b2",
    )
    axes.set(xlabel=name, ylabel=metric, title=reports[0].name if reports else "")
    axes.grid(alpha=0.3)
    axes.set_ylim(bottom=0)
    figure.savefig(path)
