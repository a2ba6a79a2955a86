"""Flows whose density integrates to less than 1, as a warning: the spec is sound, but not every draw of its prior is a sample."""

from __future__ import annotations

from flowspec.checked import CheckedGraph
from flowspec.diagnostics import Diagnostic, Label


def bounded(checked: CheckedGraph) -> tuple[Diagnostic, ...]:
    """A warning for each place whose transform does not reach all that its prior could draw."""
    causes = checked.facts.causes["mass"]
    steps = {node.item.span: node.item for node in checked.nodes if node.path in causes}
    return tuple(
        Diagnostic(
            "FS413", f"the density integrates to less than 1: `{step.word.word}` does not reach every draw of the prior", Label(span),
            notes=("likelihoods stay valid, as mass is lost and none gained; but some draws have no x, and cannot be samples",),
            help=tuple(filter(None, [step.word.facts(step.domain).remedy])), severity="warning",
        )
        for span, step in steps.items()
    )  # fmt: skip
