"""Export: a checked flow as one file of Python that needs torch alone.

The file holds the modules that the flow uses in flowspec's own words, cut down to what is called (`shaking`, `editing`), with
declarations as plain values (`values`), and the flow as nested calls (`tree`). So there is no second form of any layer to keep
in step. Nothing is run, and torch is not imported, to write it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flowspec.checked import CheckedGraph
from flowspec.export.file import file_text


def export(checked: CheckedGraph, text: str = "", overrides: Mapping[str, object] = MappingProxyType({})) -> str:
    """The source of a module whose class, named after the flow, has the flow's `log_prob`, `sample`, `forward` and `inverse`.

    Its `state_dict` has the keys of the built flow's. `text` is what the spec says, and `overrides` its parameters that were set,
    for the file's docstring.
    """
    return file_text(checked, text, overrides)
