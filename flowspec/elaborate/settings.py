"""Settings of a run: `data`, `train`, `evaluate` and `sample` as values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn

from flowspec.diagnostics import Fix
from flowspec.elaborate.arguments import Spoken, speak
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.frames import chosen
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.values import Deferred, Scope, fail, truth, unknown
from flowspec.graph import Phase
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.settings.runs import PhaseOptions, Setting


class SettingsElaborator:
    """Elaborates the settings of a flow whose parts are known; the bodies that it has been in are added to `reached`."""

    def __init__(self, parts: Iterable[str], reached: set[Span]):
        self.parts, self.reached = frozenset(parts), reached
        self.faults = Gathered()

    def setting(self, statement: tree.Settings, scope: Scope) -> tuple[Spoken | None, tuple[Phase, ...]]:
        """A setting, None if it is faulty, with its phases."""
        spoken = self.faults.tried(lambda: self._spoken(statement, scope))
        if statement.name.name == "sample":
            self._temperatures(statement)
        if statement.body is None:
            return spoken, ()
        if statement.name.name == "train":
            return spoken, self.phases(statement.body, scope)
        self.reached.add(statement.body.span)
        self.faults.tried(lambda: self._no_body(statement.name, statement.body))
        return spoken, ()

    def _spoken(self, statement: tree.Settings, scope: Scope) -> Spoken:
        name = statement.name
        call = tree.Call(statement.span, name.name, name.span, statement.arguments)
        return speak(Setting, Deferred(call, scope), scope, statement.span)

    def _no_body(self, name: tree.Name, body: tree.Body) -> NoReturn:
        raise fail("FS209", f"`{name.name}` takes no body", body.span, fixes=(Fix("leave it out", body.span, ""),))

    def phases(self, body: tree.Body, scope: Scope) -> tuple[Phase, ...]:
        """The phases of a body of `train`."""
        found = [self.faults.tried(lambda: self._phase(statement, scope)) for statement in self._statements(body, scope)]
        return tuple(filter(None, found))

    def _statements(self, body: tree.Body, scope: Scope) -> Iterator[tree.Statement]:
        """The statements of a body, with those of its `if`s that the conditions choose."""
        self.reached.add(body.span)
        for statement in body.statements:
            if isinstance(statement, tree.If):
                for inner in self._chosen(statement, scope):
                    yield from self._statements(inner, scope)
            else:
                yield statement

    def _chosen(self, statement: tree.If, scope: Scope) -> tuple[tree.Body, ...]:
        return chosen(statement, self.faults.tried(lambda: truth(evaluate(statement.condition, scope), statement.condition.span)))

    def _phase(self, statement: tree.Statement, scope: Scope) -> Phase | None:
        if isinstance(statement, tree.Skipped):
            return None
        if not isinstance(statement, tree.Phase):
            raise fail("FS210", "the body of `train` holds phases", statement.span, label="no phase",
                       help=("leave it out, or write a phase: `phase first(lr=1e-4) {}`; transforms stand in the flow's body, above the prior",))  # fmt: skip
        call = tree.Call(statement.span, "phase", statement.name.span, statement.arguments)
        spoken = self.faults.tried(lambda: speak(PhaseOptions, Deferred(call, scope), scope, statement.span))
        frozen, bypassed = self.parts_of_phase(statement.body, scope)
        return spoken and Phase(name=statement.name.name, options=spoken.word, frozen=frozen, bypassed=bypassed, span=statement.span)

    def parts_of_phase(self, body: tree.Body, scope: Scope) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The parts that the body of a phase freezes, and those that it bypasses."""
        named = {tree.Freeze: [], tree.Bypass: []}
        for statement in self._statements(body, scope):
            if type(statement) in named:
                named[type(statement)] += [self.faults.tried(lambda: self._part(name)) for name in statement.parts]
            elif not isinstance(statement, tree.Skipped):
                self.faults.tried(lambda: self._no_part(statement))
        return tuple(filter(None, named[tree.Freeze])), tuple(filter(None, named[tree.Bypass]))

    def _temperatures(self, statement: tree.Settings) -> None:
        """A table of temperatures names parts."""
        table = next((argument.value for argument in statement.arguments if isinstance(argument.value, tree.Table)), None)
        for name, _ in table.items if table else ():
            self.faults.tried(lambda: self._part(name))

    def _part(self, name: tree.Name) -> str:
        if name.name not in self.parts:
            help = ("parts here: " + ", ".join(sorted(self.parts)) if self.parts else "name a section with `part name { … }`",)
            raise unknown(f"unknown part `{name.name}`", name.name, name.span, self.parts, help)
        return name.name

    def _no_part(self, statement: tree.Statement) -> NoReturn:
        raise fail("FS210", "a phase holds `freeze` and `bypass`", statement.span,
                   help=("take it out: transforms stand in the flow's body, above the prior; a phase names its parts",))  # fmt: skip
