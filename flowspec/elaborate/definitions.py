"""The definitions that a spec can call: its own and those of the files it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError, nearest
from flowspec.elaborate.effort import Effort
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.values import Scope, Value, fail
from flowspec.source import Span
from flowspec.syntax import tree

DEEPEST = 32
"""No chain of definitions that call one another may be longer."""


class Definitions:
    """Definitions by name, and the stack of those being elaborated."""

    def __init__(self, definitions: Mapping[str, tree.Definition]):
        self._definitions = definitions
        self._stack: list[tree.Definition] = []
        self._frames: list[Label] = []
        self.effort = Effort()
        self.reached: set[Span] = set()
        """The bodies that have been elaborated, whatever they were reached with."""

    def find(self, kind: Literal["flow", "def", "net"], name: str) -> tree.Definition | None:
        """The definition of a kind and name."""
        found = self._definitions.get(name)
        return found if found and found.kind == kind else None

    def kind(self, name: str) -> str | None:
        """What a name is defined as."""
        return self._definitions[name].kind if name in self._definitions else None

    def names(self, kind: str) -> tuple[str, ...]:
        """The names defined as a kind."""
        return tuple(name for name, definition in self._definitions.items() if definition.kind == kind)

    def chain(self) -> tuple[Label, ...]:
        """The calls and later iterations that led here from the flow that is compiled, outermost first."""
        return tuple(self._frames)

    @contextmanager
    def inside(self, definition: tree.Definition, span: Span) -> Iterator[None]:
        """Elaborates a definition; raises SpecError when it calls itself, and adds the call to errors from within."""
        if any(outer is definition for outer in self._stack):
            name = definition.name.name
            help = (
                "name another flow here, or leave it out" if definition.kind == "flow"
                else "take this call out; what is to be done several times is repeated: `repeat 4 { … }`"
            )  # fmt: skip
            raise fail("FS803", f"`{name}` calls itself", span, help=(help,))
        if len(self._stack) >= DEEPEST:
            raise fail("FS803", f"definitions call one another more than {DEEPEST} deep", span)
        outermost = not self._stack
        self._stack.append(definition)
        try:
            if outermost:
                yield
            else:
                with self.frame(Label(span, f"{definition.kind} `{definition.name.name}`")):
                    yield
        finally:
            self._stack.pop()

    @contextmanager
    def frame(self, frame: Label) -> Iterator[None]:
        """Elaborates what a call or an iteration leads to, and adds it to errors from within."""
        self._frames.append(frame)
        try:
            yield
        except Told:
            raise
        except SpecError as error:
            raise framed(error, frame) from None
        finally:
            self._frames.pop()

    def bind(self, definition: tree.Definition, arguments: tuple[tree.Argument, ...], scope: Scope, span: Span) -> Scope:
        """The scope of a definition's body: its parameters with the values of a call. Raises SpecError."""
        names = [parameter.name for parameter in definition.parameters]
        given: dict[str, tree.Argument] = {}
        free = iter(names)
        faults = Gathered()
        for argument in arguments:
            name = argument.name or next((name for name in free if name not in given), None)
            if name not in names or name in given:
                faults.add(_bad_argument(definition, name, argument, names).diagnostics)
            else:
                given[name] = argument
        values = {name: faults.tried(lambda: evaluate(argument.value, scope)) for name, argument in given.items()}
        faults.end()
        places = {name: _written(argument.value, scope) for name, argument in given.items()}
        return with_defaults(definition, values, span, places)


class Told(SpecError):
    """Faults whose chain is complete: of another flow, or of a limit that ends everything."""


def framed(error: SpecError, frame: Label) -> SpecError:
    """The faults of an error, reached through a frame. Those of another file are shown where it is called, too."""
    return type(error)(_framed(diagnostic, frame) for diagnostic in error.diagnostics)


def _framed(diagnostic: Diagnostic, frame: Label) -> Diagnostic:
    shown = {label.span.file for label in (diagnostic.primary, *diagnostic.secondary)}
    call = () if frame.span.file in shown else (Label(frame.span, "called here"),)
    return replace(diagnostic, secondary=(*diagnostic.secondary, *call), chain=(frame, *diagnostic.chain))


def _written(expression: tree.Expression, scope: Scope) -> Span:
    """Where a value was written: a parameter that is passed on, where it was given."""
    return (scope.place(expression.name) if isinstance(expression, tree.Name) else None) or expression.span


def with_defaults(definition: tree.Definition, values: Mapping[str, Value], span: Span, places: Mapping[str, Span] | None = None) -> Scope:
    """The scope of a definition's body; a default may use the parameters before it. Raises SpecError."""
    name = definition.name.name
    missing = [parameter.name for parameter in definition.parameters if parameter.default is None and parameter.name not in values]
    if missing:
        needed = ", ".join(f"`{parameter}`" for parameter in missing)
        numbers = ", ".join(f"{parameter}=32" for parameter in missing)
        label = Label(definition.name.span, f"declared without {'a default' if len(missing) == 1 else 'defaults'}")
        raise fail("FS205", f"`{name}` needs {needed}", span, label="not given", secondary=(label,),
                   help=(f"give it in the call, as in `{name}({numbers})`, or where it is declared: `{definition.kind} {name}({numbers})`",))  # fmt: skip
    owner = (definition.kind, name, "…, " if definition.parameters else "")
    inner = Scope({}, owner=owner)
    for parameter in definition.parameters:
        value = values[parameter.name] if parameter.name in values else evaluate(parameter.default, inner)
        place = (places or {}).get(parameter.name) or (parameter.default and _written(parameter.default, inner))
        inner = Scope({**inner.values, parameter.name: value}, owner=owner, written={**inner.written, parameter.name: place})
    return inner


def _bad_argument(definition: tree.Definition, name: str | None, argument: tree.Argument, names: list[str]) -> SpecError:
    called = definition.name.name
    place = argument.name_span or argument.span
    declared = (Label(definition.name.span, "declared here"),)
    if name is None:
        takes = f"{len(names)} argument{'s' if len(names) > 1 else ''}: {', '.join(names)}" if names else "no arguments"
        return fail("FS205", f"`{called}` takes {takes}", place, label="one too many", secondary=declared, help=("leave it out",))
    if name in names:
        return fail("FS205", f"`{name}` is given twice", place, help=("keep one of the two",))
    near = nearest(name, names)
    fixes = (Fix(f"write `{near}`", place, near, safe=True),) if near else ()
    label = f"did you mean `{near}`?" if near else ""
    help = () if near else (f"`{called}` takes {', '.join(names) or 'no arguments'}",)
    return SpecError([Diagnostic("FS203", f"unknown argument `{name}` for `{called}`", Label(place, label), declared, fixes=fixes, help=help)])
