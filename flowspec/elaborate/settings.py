"""Settings of a run: `data`, `train`, `evaluate` and `sample` as values."""

from __future__ import annotations

from flowspec.diagnostics import Fix, nearest
from flowspec.elaborate.arguments import speak
from flowspec.elaborate.values import Deferred, Scope, evaluate, fail, number, unknown
from flowspec.syntax import tree
from flowspec.vocabulary.settings.runs import Phase, Sample, Setting

PHASE_NUMBERS = ("epochs", "lr")


def setting(statement: tree.Settings, scope: Scope, parts: set[str]) -> tuple[Setting, tuple[Phase, ...]]:
    """A setting with its phases. Raises SpecError."""
    name = statement.name
    call = tree.Call(statement.span, name.name, name.span, statement.arguments)
    spoken = speak(Setting, Deferred(call, scope), scope, statement.span)
    if statement.body is not None and name.name != "train":
        raise fail("FS209", f"`{name.name}` takes no body", statement.body.span)
    check_temperatures(spoken.word, statement, parts)
    phases = [_phase(inner, scope, parts) for inner in statement.body.statements] if statement.body else []
    return spoken.word, tuple(phases)


def _phase(statement: tree.Statement, scope: Scope, parts: set[str]) -> Phase:
    if not isinstance(statement, tree.Phase):
        raise fail("FS210", "the body of `train` holds phases: `phase name { … }`", statement.span)
    values = {argument.name: _phase_number(argument, scope) for argument in statement.arguments}
    named = {tree.Freeze: [], tree.Bypass: []}
    for inner in statement.body.statements:
        if type(inner) not in named:
            raise fail("FS210", "a phase holds `freeze` and `bypass`", inner.span,
                       help=("transforms stand in the flow's body; a phase names its parts",))  # fmt: skip
        named[type(inner)] += [_part(name, parts) for name in inner.parts]
    return Phase(name=statement.name.name, frozen=tuple(named[tree.Freeze]), bypassed=tuple(named[tree.Bypass]), **values)


def _phase_number(argument: tree.Argument, scope: Scope) -> int | float:
    if argument.name is None:
        raise fail("FS205", "arguments of a phase need their names", argument.span, help=(f"`{PHASE_NUMBERS[0]}=…` or `{PHASE_NUMBERS[1]}=…`",))
    if argument.name not in PHASE_NUMBERS:
        near = nearest(argument.name, PHASE_NUMBERS)
        fixes = (Fix(f"write `{near}`", argument.name_span, near, safe=True),) if near else ()
        raise fail("FS203", f"unknown argument `{argument.name}` for a phase", argument.name_span, fixes=fixes,
                   label=f"did you mean `{near}`?" if near else "", notes=(f"a phase takes {' and '.join(PHASE_NUMBERS)}",))  # fmt: skip
    value = number(evaluate(argument.value, scope), argument.value.span)
    if value <= 0 or (argument.name == "epochs" and value != int(value)):
        needed = "a whole number, at least 1" if argument.name == "epochs" else "more than 0"
        raise fail("FS208", f"`{argument.name}` of a phase must be {needed}", argument.span, label=f"found {value}")
    return int(value) if argument.name == "epochs" else value


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
