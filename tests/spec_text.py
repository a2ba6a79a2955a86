"""Specs as texts, for tests."""

from __future__ import annotations

import pytest

from flowspec.checked import CheckedGraph
from flowspec.compiler import compile_text
from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.source import Source


def compiled(text: str, **overrides: object) -> CheckedGraph:
    """The checked graph of a text."""
    return compile_text(Source("test.flow", text), None, overrides)


def flow(body: str, head: str = "input vector(4)", rest: str = "") -> CheckedGraph:
    """The checked graph of a flow with this body, a vector of 4 features in front and a Gaussian prior behind."""
    return compiled(f"flow test {{\n{head}\n{body}\nprior gaussian\n}}\n{rest}")


def faults(text: str) -> list[tuple[str, str]]:
    """Code and marked text of every fault of a text that must not compile."""
    return [(found.code, Source("test.flow", text).excerpt(found.primary.span)) for found in diagnostics(text)]


def diagnostics(text: str) -> tuple[Diagnostic, ...]:
    """Every fault of a text that must not compile."""
    with pytest.raises(SpecError) as caught:
        compiled(text)
    return caught.value.diagnostics
