"""Settings of a run: `data`, `train`, `evaluate` and `sample` as values."""

from __future__ import annotations

from collections.abc import Iterator

from flowspec.diagnostics import Fix
from flowspec.elaborate.arguments import Spoken, speak
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.values import Deferred, Scope, fail, truth, unknown
from flowspec.graph import Phase
from flowspec.syntax import tree
from flowspec.vocabulary.settings.runs import PhaseOptions, Sample, Setting


def setting(statement: tree.Settings, scope: Scope, parts: set[str]) -> tuple[Spoken, tuple[Phase, ...]]:
    """A setting with its phases. Raises SpecError."""
    name = statement.name
    call = tree.Call(statement.span, name.name, name.span, statement.arguments)
    spoken = speak(Setting, Deferred(call, scope), scope, statement.span)
    if statement.body is not None and name.name != "train":
        raise fail("FS209", f"`{name.name}` takes no body", statement.body.span, fixes=(Fix("leave it out", statement.body.span, ""),))
    check_temperatures(spoken.word, statement, parts)
    phases = [_phase(inner, scope, parts) for inner in _chosen(statement.body, scope)]
    return spoken, tuple(phases)


def _chosen(body: tree.Body | None, scope: Scope) -> Iterator[tree.Statement]:
    """The statements of a body, with those of its `if`s that the conditions choose."""
    for statement in body.statements if body else ():
        if isinstance(statement, tree.If):
            holds = truth(evaluate(statement.condition, scope), statement.condition.span)
            yield from _chosen(statement.body if holds else statement.otherwise, scope)
        else:
            yield statement


def _phase(statement: tree.Statement, scope: Scope, parts: set[str]) -> Phase:
    if not isinstance(statement, tree.Phase):
        raise fail("FS210", "the body of `train` holds phases", statement.span, label="no phase",
                   help=("leave it out, or write a phase: `phase first(lr=1e-4) {}`; transforms stand in the flow's body, above the prior",))  # fmt: skip
    call = tree.Call(statement.span, "phase", statement.name.span, statement.arguments)
    options = speak(PhaseOptions, Deferred(call, scope), scope, statement.span).word
    named = {tree.Freeze: [], tree.Bypass: []}
    for inner in _chosen(statement.body, scope):
        if type(inner) not in named:
            raise fail("FS210", "a phase holds `freeze` and `bypass`", inner.span,
                       help=("take it out: transforms stand in the flow's body, above the prior; a phase names its parts",))  # fmt: skip
        named[type(inner)] += [_part(name, parts) for name in inner.parts]
    frozen, bypassed = (tuple(names) for names in named.values())
    return Phase(name=statement.name.name, options=options, frozen=frozen, bypassed=bypassed, span=statement.span)


def check_temperatures(word: Setting, statement: tree.Settings, parts: set[str]) -> None:
    """Raises SpecError when a table of temperatures names a part that is none."""
    table = next((argument.value for argument in statement.arguments if isinstance(argument.value, tree.Table)), None)
    if isinstance(word, Sample) and table is not None:
        for name, _ in table.items:
            _part(name, parts)


def _part(name: tree.Name, parts: set[str]) -> str:
    if name.name not in parts:
        help = ("parts here: " + ", ".join(sorted(parts)) if parts else "name a section with `part name { … }`",)
        raise unknown(f"unknown part `{name.name}`", name.name, name.span, parts, help)
    return name.name
