"""Plans: networks as words one after another and within one another, before any shape is known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from flowspec.diagnostics import SpecError
from flowspec.elaborate.arguments import Spoken, items_of, speak
from flowspec.elaborate.calls import call_of, unknown_word
from flowspec.elaborate.definitions import Definitions
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.repeating import listed, repetitions
from flowspec.elaborate.values import Deferred, Scope, Symbol, Value, fail, truth
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.networks.structure import Chain
from flowspec.vocabulary.rules import Shape
from flowspec.vocabulary.word import NetworkWord


@dataclass(frozen=True)
class Plan:
    """A network before its shapes are known."""

    name: str
    word: NetworkWord
    span: Span
    spans: dict[str, Span] = field(default_factory=dict)
    children: tuple[Plan, ...] = ()
    first: int | None = None
    net: bool = False
    """Whether this is a call of a `net`, which messages from within it tell."""

    def wants(self, wanted: Shape | None) -> Shape | None:
        """The input that is wanted where this output is, as far as it follows."""
        if wanted is None or not isinstance(self.word, Chain):
            return self.word.wants(wanted) if wanted else None
        for child in reversed(self.children):
            wanted = child.wants(wanted)
        return wanted

    def ordered(self) -> bool | None:
        """What the word says of itself, or for a chain its pieces together."""
        if not isinstance(self.word, Chain):
            return self.word.ordered()
        found = [child.ordered() for child in self.children]
        return False if False in found else True if True in found else None

    def causal(self) -> bool:
        """Whether row r of the output depends on rows up to r only."""
        return all(child.causal() for child in self.children) if self.children else self.word.causal()

    def takes_conditions(self) -> bool:
        """Whether the first word reads its conditions beside its input, and does not take them for inputs."""
        return self.children[0].takes_conditions() if isinstance(self.word, Chain) else not self.word.joins


class Planner:
    """Makes plans of networks out of the text and the definitions."""

    def __init__(self, definitions: Definitions):
        self.definitions = definitions

    def plan(self, value: Value, span: Span) -> Plan:
        """A chain for the network that a value stands for."""
        pieces = self.pieces(value, span)
        return Plan("chain", Chain(), span, children=named(pieces))

    def pieces(self, value: Value, span: Span) -> list[Plan]:
        """The networks that stand one after another in a value."""
        if isinstance(value, Deferred) and isinstance(value.expression, tree.Compose):
            parts = [(evaluate(part, value.scope), part.span) for part in value.expression.parts]
            return [piece for part, place in parts for piece in self.pieces(part, place)]
        return [self._single(value, span, None)]

    def _single(self, value: Value, span: Span, body: tree.Body | None) -> Plan:
        self.definitions.effort.spend_piece(span)
        scope = value.scope if isinstance(value, Deferred) else Scope({})
        name, name_span, arguments, scope = call_of("a network", value, scope, span)
        definition = self.definitions.find("net", name)
        if definition is not None and body is None:
            return self._net(definition, arguments, scope, span)
        if name not in NetworkWord.words:
            other = self.definitions.kind(name)
            if other:
                help = ("write what it computes as a `net`; a `def` is a run of transforms, and stands on a line of its own",)
                raise fail("FS204", f"`{name}` is a `{other}`; a network is needed here", name_span, help=help if other == "def" else ())
            raise unknown_word(NetworkWord, name, name_span, self.definitions.names("net"))
        spoken = speak(NetworkWord, value, scope, span)
        self.definitions.effort.spend_piece(span, items_of(spoken))
        return self._combinator(spoken, name, span, scope, body)

    def _combinator(self, spoken: Spoken, name: str, span: Span, scope: Scope, body: tree.Body | None) -> Plan:
        takes_body = spoken.word.body is not None and not spoken.networks
        if takes_body and body is None:
            raise fail("FS209", f"`{name}` needs a body: `{name} {{ … }}`", span, notes=("a body stands in a `net`, not within the arguments of a call",),
                       help=(f"name the network, `net blocks {{ {name} {{ linear; relu }} }}`, and write `blocks` here",))  # fmt: skip
        if body is not None and not takes_body:
            raise fail("FS209", f"`{name}` takes no body", body.span, help=("what follows it is written on the next line, or after `;` or `>>`",))
        inner = [piece for field, value in spoken.networks.items() for piece in self.pieces(value, spoken.at(field))]
        children = self.body(body, scope) if body is not None else named(inner)
        return Plan(name, spoken.word, span, spoken.spans, children)

    def _net(self, definition: tree.Definition, arguments: tuple[tree.Argument, ...], scope: Scope, span: Span) -> Plan:
        with self.definitions.inside(definition, span):
            inner = self.definitions.bind(definition, arguments, scope, span)
            children = self.body(definition.body, inner)
        return Plan(definition.name.name, Chain(), span, children=children, net=True)

    def body(self, body: tree.Body, scope: Scope) -> tuple[Plan, ...]:
        """The networks of a body, named."""
        plans = self._statements(body, scope)
        if not plans:
            raise fail("FS209", "a network needs at least one piece", body.span, help=("for example `linear(8); relu; linear`: the width of the last piece is taken from what is needed",))
        return named(plans)

    def _statements(self, body: tree.Body, scope: Scope) -> list[Plan]:
        plans: list[Plan] = []
        for statement in body.statements:
            self.definitions.effort.spend_piece(statement.span)
            if isinstance(statement, tree.Let):
                scope = scope.inner(**{statement.name.name: evaluate(statement.value, scope)})
            else:
                plans += self._statement(statement, scope)
        return plans

    def _statement(self, statement: tree.Statement, scope: Scope) -> list[Plan]:
        match statement:
            case tree.Do(value=value, body=None):
                return self.pieces(evaluate(value, scope), value.span)
            case tree.Do(value=value, body=body):
                found = evaluate(value, scope)
                found = replace(found, scope=scope) if isinstance(found, Deferred) else found
                if isinstance(found, Symbol):
                    found = Deferred(tree.Call(value.span, found.name, value.span, ()), scope)
                return [self._single(found, value.span, body)]
            case tree.Repeat(count=count, body=body):
                times = repetitions(evaluate(count, scope), count.span)
                return [self._iteration("step", None, body, scope) for _ in range(times)]
            case tree.For(name=name, values=values, body=body):
                items = listed(evaluate(values, scope), values.span)
                return [self._iteration(name.name, i, body, scope.inner(**{name.name: item})) for i, item in enumerate(items)]
            case tree.If(condition=condition, body=body, otherwise=otherwise):
                chosen = body if truth(evaluate(condition, scope), condition.span) else otherwise
                return self._statements(chosen, scope) if chosen else []
            case tree.Skipped():
                raise SpecError(())
        raise fail("FS210", "this statement belongs in a flow, not in a network", statement.span,
                   help=("a `net` holds networks, `let`, `repeat`, `for` and `if`",))  # fmt: skip

    def _iteration(self, name: str, index: int | None, body: tree.Body, scope: Scope) -> Plan:
        return Plan(name, Chain(), body.span, children=self.body(body, scope), first=1)


def named(plans: list[Plan]) -> tuple[Plan, ...]:
    """Plans with names of their own: `conv`, `conv2`, …; iterations are counted from 1."""
    counts: dict[str, int] = {}
    taken: set[str] = set()
    result = []
    for plan in plans:
        count, iterates = counts.get(plan.name, 0) + 1, plan.first is not None
        while (name := plan.name if count == 1 and not iterates else f"{plan.name}{count}") in taken:
            count += 1
        counts[plan.name] = count
        taken.add(name)
        result.append(replace(plan, first=count) if iterates else replace(plan, name=name))
    return tuple(result)
