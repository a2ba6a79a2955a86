"""The compiler: its passes in order. The map of the program.

text --load--> definitions --elaborate--> Graph --check--> CheckedGraph --> report, diagram, module
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowspec.check import check
from flowspec.checked import CheckedGraph
from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.elaborate import elaborate
from flowspec.elaborate.values import Value
from flowspec.loading import SpecFaults, load
from flowspec.source import Source


def compile_text(source: Source, folder: Path | None = None, overrides: Mapping[str, Value] | None = None) -> CheckedGraph:
    """The checked graph of a spec's text. Raises SpecFaults: every fault with the sources it points into."""
    program = load(source, folder)
    faults: tuple[Diagnostic, ...] = ()
    try:
        graph, faults = elaborate(program, overrides)
        checked = check(graph) if graph else None
    except SpecError as error:
        raise SpecFaults((*faults, *error.diagnostics), program.sources) from None
    if checked is None or faults:
        raise SpecFaults(faults, program.sources)
    return checked
