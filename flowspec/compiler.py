"""The compiler: its passes in order. The map of the program.

text --load--> definitions --elaborate--> Graph --check--> CheckedGraph --> report, diagram, module
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowspec.check import check
from flowspec.checked import CheckedGraph
from flowspec.diagnostics import SpecError
from flowspec.elaborate import elaborate
from flowspec.elaborate.values import Value
from flowspec.loading import SpecFaults, load
from flowspec.source import Source


def compile_text(source: Source, folder: Path | None = None, overrides: Mapping[str, Value] | None = None) -> CheckedGraph:
    """The checked graph of a spec's text. Raises SpecFaults: every fault with the sources it points into."""
    program = load(source, folder)
    try:
        return check(elaborate(program, overrides))
    except SpecError as error:
        raise SpecFaults(error.diagnostics, program.sources) from None
