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


def text_side_by_side(families: Sequence[Sequence[Report]], name: str, metric: str) -> str:
    """A table of one number of several families: a row for each value of the parameter, a column for each family."""
    _check_metric(metric)
    read, show = AMOUNTS[metric]
    rows = ((value_text(row[0].spec_parameters[name]), *(show(read(one)) for one in row)) for row in zip(*families, strict=True))
    return table([(name, *(family[0].name for family in families)), (), *rows]) + "\n"


def curve(families: Sequence[Sequence[Report]], name: str, metric: str, path: Path) -> None:
    """Draws one of the compared numbers of each family against the parameter, to a file that matplotlib can write."""
    _check_metric(metric)
    from matplotlib.ticker import EngFormatter

    from flowspec.plots.figure import figure, save

    made, (axes,) = figure(6, 3.6)
    for family in families:
        points = [(one.spec_parameters[name], AMOUNTS[metric][0](one)) for one in family]
        axes.plot(*zip(*points), marker=".", label=family[0].name)
    axes.set(xlabel=name, ylabel=metric)
    axes.yaxis.set_major_formatter(EngFormatter())
    axes.grid(alpha=0.3)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="small")
    save(made, path)


def _check_metric(metric: str) -> None:
    if metric not in AMOUNTS:
        raise ValueError(f"unknown metric `{metric}`: it is one of {', '.join(AMOUNTS)}")
