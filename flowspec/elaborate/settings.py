"""Settings of a run: `data`, `train`, `evaluate` and `sample` as values."""

from __future__ import annotations

from flowspec.elaborate.arguments import speak
from flowspec.elaborate.values import Deferred, Scope, evaluate, fail, number
from flowspec.syntax import tree
from flowspec.vocabulary.settings.runs import Phase, Setting

PHASE_NUMBERS = ("epochs", "lr")


def setting(statement: tree.Settings, scope: Scope, parts: set[str]) -> tuple[Setting, tuple[Phase, ...]]:
    """A setting with its phases. Raises SpecError."""
    name = statement.name
    call = tree.Call(statement.span, name.name, name.span, statement.arguments)
    spoken = speak(Setting, Deferred(call, scope), scope, statement.span)
    if statement.body is not None and name.name != "train":
        raise fail("FS209", f"`{name.name}` takes no body", statement.body.span)
    phases = [_phase(inner, scope, parts) for inner in statement.body.statements] if statement.body else []
    return spoken.word, tuple(phases)


def _phase(statement: tree.Statement, scope: Scope, parts: set[str]) -> Phase:
    if not isinstance(statement, tree.Phase):
        raise fail("FS210", "the body of `train` holds phases: `phase name { … }`", statement.span)
    values = {}
    for argument in statement.arguments:
        if argument.name not in PHASE_NUMBERS:
            raise fail("FS203", f"a phase takes {' and '.join(PHASE_NUMBERS)}", argument.span)
        values[argument.name] = number(evaluate(argument.value, scope), argument.value.span)
    named = {tree.Freeze: [], tree.Bypass: []}
    for inner in statement.body.statements:
        if type(inner) not in named:
            raise fail("FS210", "a phase holds `freeze` and `bypass`", inner.span)
        named[type(inner)] += [_part(name, parts) for name in inner.parts]
    return Phase(name=statement.name.name, frozen=tuple(named[tree.Freeze]), bypassed=tuple(named[tree.Bypass]), **values)


def _part(name: tree.Name, parts: set[str]) -> str:
    if name.name not in parts:
        help = ("parts here: " + ", ".join(sorted(parts)),) if parts else ("name a section with `part name { … }`",)
        raise fail("FS201", f"unknown part `{name.name}`", name.span, help=help)
    return name.name
