"""The checker: proves of an elaborated graph that its density can be computed, how it is sampled, and that its contracts are met."""

from __future__ import annotations

from collections.abc import Iterator

from flowspec.bypass import obstacle, without
from flowspec.checked import CheckedGraph, FlowFacts
from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError, nearest
from flowspec.drawn import never_started
from flowspec.expansion import Node, expand
from flowspec.facts import of_flow
from flowspec.graph import Contract, Graph, Phase, Step, part_paths
from flowspec.numbers import count, of_graph, of_part
from flowspec.orders import density_order, sampling_order
from flowspec.sharing import all_groups, difference
from flowspec.source import Span
from flowspec.target import unmatched
from flowspec.terms import terms
from flowspec.vocabulary.rules import written
from flowspec.vocabulary.settings.runs import Train


def check(graph: Graph, whole: bool = True) -> CheckedGraph:
    """The checked graph. Raises SpecError with every fault found. Of a graph that is not `whole`, no context need be read."""
    nodes = expand(graph)
    unread = _unread_contexts(graph, nodes) if whole else []
    faults = [*_first_of_each_place(_sharing(graph)), *_nested(nodes)]
    contexts = tuple(context.name for context in graph.given_contexts)
    density, sampling = density_order(nodes, faults, contexts), sampling_order(nodes, faults, contexts)
    if faults:
        raise SpecError((*unread, *faults))
    facts = of_flow(nodes)
    checked = CheckedGraph(graph=graph, facts=facts, density=density, sampling=None if facts.inverse == "none" else sampling)
    faults = [*unread, *_broken_contracts(graph, facts), *(fault for phase in graph.phases for fault in _phase(checked, phase))]
    faults += (*unmatched(checked), *_mirrored(graph)) if whole else ()
    if faults:
        raise SpecError(faults)
    return checked


# --------------------------------------------------------------------------------------- contexts, nested flows, sharing


def _unread_contexts(graph: Graph, nodes: tuple[Node, ...]) -> list[Diagnostic]:
    names = [context.name for context in graph.contexts]
    read = {wire for node in nodes for wire in node.given} | {names.index(c.origin) + 1 for c in graph.contexts if c.origin}
    reader = next((node.item.word.word for node in nodes if isinstance(node.item, Step) and node.item.networks), "coupling")
    return [
        Diagnostic("FS509", f"context `{context.name}` is read by nothing", Label(context.span),
                   help=(f"give it to a step that has a network, beside the network: `{reader}(…, given={context.name})`", "or take it out"))
        for i, context in enumerate(graph.contexts) if i + 1 not in read
    ]  # fmt: skip


def _nested(nodes: tuple[Node, ...]) -> list[Diagnostic]:
    """A flow within the flow is drawn from, and its density is taken of what was drawn."""
    found = {}
    for flow in (flow for node in nodes if isinstance(node.item, Step) for flow in node.item.flows.values()):
        try:
            facts = check(flow).facts
        except SpecError as error:
            found |= {diagnostic.primary.span: diagnostic for diagnostic in error.diagnostics}
            continue
        found |= _cannot_stand_within(flow, facts) | {diagnostic.primary.span: diagnostic for diagnostic in never_started(flow)}
    return list(found.values())


def _cannot_stand_within(flow: Graph, facts: FlowFacts) -> dict[Span, Diagnostic]:
    fact = "inverse" if facts.inverse in ("none", "iterative") else "likelihood"
    if fact == "likelihood" and facts.likelihood != "bound":
        return {}
    causes = ", ".join(f"`{path}`" for path in facts.causes[fact][:3])
    step = facts.causes[fact][0].split(".")[-1]
    turned = f"turn it round, so that it is drawn from in one pass: `inverse {{ {step}(…) }}`"
    why, help = {
        "none": (f"it cannot be sampled, because of {causes}", f"leave {causes} out of it"),
        "iterative": (f"every draw would invert {causes} by iteration", turned),
    }.get(facts.inverse, (f"its likelihood is a bound, because of {causes}", f"leave {causes} out of it"))
    return {flow.input_span: Diagnostic("FS407", f"flow `{flow.name}` cannot stand within a step: {why}", Label(flow.input_span),
                                        notes=("it is drawn from, and the density of the draw must be known",), help=(help,))}  # fmt: skip


def _sharing(graph: Graph) -> list[Diagnostic]:
    found = []
    for _, uses in all_groups(graph):
        first = uses.network
        odd = next(((path, network) for path, network, _ in uses.kinds if network.ports != first.ports), None)
        other = next(((path, why) for path, network, _ in uses.kinds if (why := difference(first, network))), None)
        across = first.word.across
        if odd is not None:
            here, there = written(odd[1].ports.input), written(first.ports.input)
            found.append(Diagnostic("FS602", f"the uses of a shared network differ in shape: {there} enters the first, {here} enters `{odd[0]}`",
                                    Label(uses.span),
                                    notes=("one set of parameters belongs to what is around the `repeat` (or `for`) of its uses, and fits one shape",),
                                    help=("take `share(…)` off the network, or repeat its uses where the shape stays: `for level in 1..2 { repeat 3 { coupling(affine, share(NET, across=3)) }; squeeze(2) }`",)))  # fmt: skip
        elif other is not None:
            found.append(Diagnostic("FS602", f"the uses of a shared network differ: `{other[0]}` is another network than the first", Label(uses.span, other[1]),
                                    notes=("one set of parameters belongs to one network",),
                                    help=(f"let nothing inside `share` depend on the iteration: what differs stands outside, as in `share(linear(8) >> relu, across={across}) >> linear`",)))  # fmt: skip
        elif uses.count != across:
            plural = "s" if across > 1 else ""
            found.append(Diagnostic("FS601", f"`share` is declared across {across} use{plural}, and has {uses.count}", Label(uses.span, f"{uses.count} use{'s' if uses.count > 1 else ''}"),
                                    notes=tuple(f"{count} at `{path}`" for path, _, count in uses.kinds[:3]),
                                    help=(f"write `across={uses.count}`, or repeat it {across} times",)))  # fmt: skip
    return found


def _first_of_each_place(found: list[Diagnostic]) -> list[Diagnostic]:
    return list({diagnostic.primary.span: diagnostic for diagnostic in reversed(found)}.values())


# ----------------------------------------------------------------------------------------------------------------- phases


def _phase(checked: CheckedGraph, phase: Phase) -> Iterator[Diagnostic]:
    for part in phase.bypassed:
        found = obstacle(checked.graph, part)
        if found:
            yield Diagnostic("FS510", f"part `{part}` cannot be bypassed: {found}", Label(phase.span, "left out here"),
                             help=(f"let it change no shape, or keep it as it is in this phase: `freeze {part}`",))  # fmt: skip
            return
    known = {piece for term in terms(checked) for piece in term.name.split(".")}
    for name in phase.options.weights:
        if name not in known and not any(part_paths(checked.graph.body, name)):
            near = nearest(name, known)
            yield Diagnostic("FS201", f"unknown term `{name}`", Label(phase.span, f"did you mean `{near}`?" if near else ""),
                             help=("terms of this flow: " + ", ".join(term.name for term in terms(checked)),))  # fmt: skip
    try:
        check(without(checked.graph, phase.bypassed), whole=False)
    except SpecError as error:
        yield from error.diagnostics


def _mirrored(graph: Graph) -> Iterator[Diagnostic]:
    """A run that mirrors what it sees needs images."""
    train = graph.settings.get("train")
    if isinstance(train, Train) and train.flip and (len(graph.input_state.shape) != 3 or train.target is not None):
        seen = f"the flow reads {graph.input_state}" if train.target is None else "a run towards a target sees none"
        yield Diagnostic("FS208", f"`flip` mirrors images; {seen}", Label(graph.setting_spans["train.flip"]), help=("leave it out",))


# -------------------------------------------------------------------------------------------------------------- contracts


def _broken_contracts(graph: Graph, facts: FlowFacts) -> list[Diagnostic]:
    known = {(contract.fact, contract.subject): contract for contract in graph.contracts}
    values = {fact: fact_value(graph, facts, contract) for fact, contract in known.items()}
    found = ((contract, values[contract.fact, contract.subject]) for contract in graph.contracts)
    return [_broken(contract, value, facts) for contract, value in found if not contract.holds(value)]


def fact_value(graph: Graph, facts: FlowFacts, contract: Contract) -> int | str:
    """What a contract's fact really is."""
    if contract.fact == "count":
        return count(graph, contract.subject or "")
    if contract.fact == "parameters" and contract.subject:
        return of_part(graph, contract.subject).parameters
    if contract.fact in ("latent_dims", "likelihood", "inverse", "volume", "mass"):
        return getattr(facts, contract.fact)
    return getattr(of_graph(graph), contract.fact)


def _broken(contract: Contract, value: int | str, facts: FlowFacts) -> Diagnostic:
    shown = f"{value:_}" if isinstance(value, int) else value
    notes, subject = (), f"({contract.subject})" if contract.subject else ""
    fixes = (Fix("write what it is, or change the flow", contract.span, f"{contract.fact}{subject} == {shown}"),) if contract.operator == "==" else ()
    help = () if fixes else (f"compare it with what it is, {shown}, or change the flow",)
    if isinstance(value, int) and isinstance(contract.value, int):
        notes = (f"off by {value - contract.value:+_}",)
    elif causes := facts.causes.get(contract.fact):
        notes = ("because of " + ", ".join(f"`{path}`" for path in causes[:3]) + (" …" if len(causes) > 3 else ""),)
    return Diagnostic("FS702", f"contract not met: {contract.text}", Label(contract.span, f"found {shown}"), notes=notes, help=help, fixes=fixes)
