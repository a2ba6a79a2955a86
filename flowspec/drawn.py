"""Flows within a step, which are drawn from and never see data."""

from __future__ import annotations

from flowspec.diagnostics import Diagnostic, Fix, Label
from flowspec.expansion import expand
from flowspec.graph import Graph, Step


def never_started(flow: Graph) -> list[Diagnostic]:
    """The faults of steps that would take their first values from data, each at its place."""
    steps = [node.item for node in expand(flow) if isinstance(node.item, Step) and node.item.word.starts_from_data and not node.item.inverted]
    return [
        Diagnostic("FS407", f"`{step.word.word}` starts from data, which it never sees in a flow within a step", Label(step.span),
                   notes=("the flow within a step is only drawn from",),
                   fixes=(Fix("start it as the identity", step.span, f"{step.word.word}(start=identity)"),))
        for step in {step.span: step for step in steps}.values()
    ]  # fmt: skip
