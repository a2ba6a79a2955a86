"""Networks: first a plan of words without shapes, then the network with its shapes.

An output that the author left open is inferred: what is wanted of the whole is wanted of its last piece, and, through
pieces that keep their shape, of those before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod

from flowspec.diagnostics import Diagnostic, Label, SpecError
from flowspec.elaborate.arguments import Spoken, call_of, from_fault, items_of, speak, unknown_word
from flowspec.elaborate.definitions import Definitions, framed
from flowspec.elaborate.effort import LARGEST_STATE, too_large
from flowspec.elaborate.frames import LONGEST_PATH
from flowspec.elaborate.repeating import listed, repetitions
from flowspec.elaborate.values import Deferred, Scope, Symbol, Value, evaluate, fail, truth
from flowspec.graph import Network
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.networks.sharing import Modulate, Share
from flowspec.vocabulary.networks.structure import Chain, with_conditions
from flowspec.vocabulary.rules import Demand, Entering, Fault, Ports, Shape, Site, written
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


# ----------------------------------------------------------------------------------------------------------------- shapes


def build(plan: Plan, demand: Demand, field: str, chain: str) -> Network:
    """The network of a plan, checked against what is demanded. `chain` says whose network it is, for messages."""
    if demand.ordered and plan.ordered() is not True:
        raise _not_ordered(plan, chain)
    if demand.ordered and demand.given and not plan.takes_conditions():
        raise fail("FS403", f"{chain} joins its conditions to the features, and its masks would count them as features", plan.span,
                   help=("let the masked network come first: `made(…) >> …`",))  # fmt: skip
    if demand.causal and not plan.causal():
        raise _not_causal(plan, chain)
    network = shaped(plan, demand.input, demand.given, demand.output)
    if network.ports.output != demand.output:
        raise _wrong_output(plan, network, demand, chain)
    return network.model_copy(update={"name": field})


def shaped(plan: Plan, input: Shape, given: tuple[Shape, ...], wanted: Shape | None, entering: Entering | None = None) -> Network:
    """A plan's network on an input of this shape, inside a shared network at whose sites something enters, or outside any."""
    try:
        return _bounded(_shaped(plan, input, given, wanted, entering))
    except SpecError as error:
        raise framed(error, Label(plan.span, f"net `{plan.name}`")) if plan.net else error from None


def _bounded(network: Network) -> Network:
    if prod(network.ports.output) > LARGEST_STATE:
        raise too_large(written(network.ports.output), network.span)
    return network


def _shaped(plan: Plan, input: Shape, given: tuple[Shape, ...], wanted: Shape | None, entering: Entering | None) -> Network:
    try:
        if plan.word.joins and given:
            input, given = with_conditions(input, given), ()
        if isinstance(plan.word, Share):
            entering = plan.word.entering(input)
        if isinstance(plan.word, Modulate):
            _stands_in_shared(entering)
        children = _children(plan, input, given, wanted, entering)
        sites = tuple(site for child in children for site in _sites(child)) if isinstance(plan.word, Share) else ()
        if isinstance(plan.word, Share):
            plan.word.check(sites)
        if plan.word.body is None:
            output = plan.word.output(input, wanted)
        else:
            output = plan.word.gather(input, tuple(child.ports.output for child in children))
    except Fault as fault:
        raise from_fault(fault, plan.spans, plan.span) from None
    ports = Ports(input=input, given=given, output=output, sites=sites, entering=None if isinstance(plan.word, Share) else entering)
    return Network(name=plan.name, word=plan.word, ports=ports, children=_folded(children), first=plan.first, span=plan.span)


def _stands_in_shared(entering: Entering | None) -> None:
    if entering is None:
        raise Fault("FS604", "`modulate` stands outside any shared network: there is no embedding that could enter",
                    help=("share the network: `share(NET, across=K, embed=gate)`, or take `modulate` out",))  # fmt: skip


def _sites(network: Network) -> tuple[Site, ...]:
    if isinstance(network.word, Share):
        return ()
    inner = (site for child in network.children for site in _sites(child))
    return (*network.word.sites(network.ports), *inner) * network.times


def _children(plan: Plan, input: Shape, given: tuple[Shape, ...], wanted: Shape | None, entering: Entering | None) -> list[Network]:
    if plan.word.body is None:
        return []
    wanted, input = plan.word.inside(input, wanted), plan.word.entered(input)
    if plan.word.body == "branches":
        return [shaped(child, input, given, wanted, entering) for child in plan.children]
    children: list[Network] = []
    for child, want in zip(plan.children, _wants(plan.children, wanted)):
        children.append(shaped(child, input, given, want, entering))
        input, given = children[-1].ports.output, ()
    return children


def _wants(plans: tuple[Plan, ...], wanted: Shape | None) -> list[Shape | None]:
    wants: list[Shape | None] = []
    for plan in reversed(plans):
        wants.append(wanted)
        wanted = plan.wants(wanted)
    return wants[::-1]


def _folded(networks: list[Network]) -> tuple[Network, ...]:
    folded: list[Network] = []
    for network in networks:
        last = folded[-1] if folded else None
        if last and network.first == (last.first or 0) + last.times and _alike(last, network):
            folded[-1] = last.model_copy(update={"times": last.times + 1})
        else:
            folded.append(network)
    return tuple(folded)


def _alike(a: Network, b: Network) -> bool:
    return (a.name, a.word, a.ports) == (b.name, b.word, b.ports) and a.children == b.children


def _wrong_output(plan: Plan, network: Network, demand: Demand, chain: str) -> SpecError:
    wanted, found = demand.output, network.ports.output
    last, frames = _giving(plan)
    width = next((last.spans[name] for name in ("channels", "features") if name in last.spans), None)
    message = f"dimension mismatch: {chain} must give {written(wanted)}, it gives {written(found)}"
    help = "leave the last width out: it is then taken from what is needed" if width else f"end it with a layer that gives {written(wanted)}"
    if len(found) == len(wanted) and found[1:] != wanted[1:]:
        width, help = None, f"keep the height and width at {written(wanted[1:])}: a stride makes them smaller"
    return SpecError([
        Diagnostic(
            "FS301", message, Label(width or last.span, f"expected {written(wanted)}, found {written(found)}"),
            notes=(f"{written(wanted)}: {demand.reason}", *_path_note(network)),
            help=(help,), chain=frames,
        )
    ])  # fmt: skip


def _giving(plan: Plan) -> tuple[Plan, tuple[Label, ...]]:
    """The piece of a network that gives it its width, and the calls of `net` that lead to it."""
    frames: tuple[Label, ...] = ()
    while plan.children and plan.word.body == "sequence" and not plan.word.keeps_shape:
        frames += (Label(plan.span, f"net `{plan.name}`"),) if plan.net else ()
        plan = next((child for child in reversed(plan.children) if not child.word.keeps_shape), plan.children[-1])
    return plan, frames


def _path_note(network: Network) -> tuple[str, ...]:
    path = _path(network)
    return (f"within the network: {' -> '.join(path)}",) if len(path) > 1 else ()


def _path(network: Network) -> list[str]:
    """The shapes from a network's input to its output; pieces that keep the shape are left out."""
    steps, shape = [f"input {written(network.ports.input)}"], network.ports.input
    for child in network.children:
        if child.ports.output != shape:
            shape = child.ports.output
            steps.append(f"{child.name} {written(shape)}")
    return steps if len(steps) <= LONGEST_PATH else [*steps[:3], "…", *steps[4 - LONGEST_PATH :]]


def _not_causal(plan: Plan, chain: str) -> SpecError:
    culprit = plan
    while culprit.children:
        culprit = next(child for child in culprit.children if not child.causal())
    return SpecError([
        Diagnostic(
            "FS403", f"{chain} is not autoregressive over rows: row r of its output may depend on rows up to r only",
            Label(culprit.span, f"`{culprit.name}` lets a row depend on rows below it"),
            notes=("were it used, the Jacobian would not be triangular, and its determinant not the product of slopes",),
            help=("use a network that is causal over rows, as `wavenet(width=64)` and 1x1 convolutions are",),
        )
    ])  # fmt: skip


def _not_ordered(plan: Plan, chain: str) -> SpecError:
    culprit = next((child for child in plan.children if child.ordered() is False), plan)
    name = culprit.name if culprit is not plan else "it"
    reason = "keeps each output on its own input" if plan.ordered() is None else "lets an output depend on every input"
    return SpecError([
        Diagnostic(
            "FS403", f"{chain} is not autoregressive: output i may depend on inputs before i only",
            Label(culprit.span, f"`{name}` {reason}"),
            notes=("were it used, the Jacobian would not be triangular, and its determinant not the product of slopes",),
            help=("use a masked network: `made(hidden=[64, 64])`",),
        )
    ])  # fmt: skip
