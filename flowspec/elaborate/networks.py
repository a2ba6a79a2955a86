"""Networks: from a plan of words to the network with its shapes.

An output that the author left open is inferred: what is wanted of the whole is wanted of its last piece, and, through
pieces that keep their shape, of those before it.
"""

from __future__ import annotations

from math import prod

from flowspec.diagnostics import Label, SpecError
from flowspec.elaborate.definitions import framed
from flowspec.elaborate.effort import LARGEST_STATE, too_large
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.mending import from_fault
from flowspec.elaborate.plans import Plan
from flowspec.elaborate.unfit import masked, no_contraction, not_causal, not_ordered, wrong_output
from flowspec.elaborate.values import fail
from flowspec.graph import Network
from flowspec.vocabulary.networks.sharing import Modulate, Share
from flowspec.vocabulary.networks.structure import with_conditions
from flowspec.vocabulary.rules import Demand, Entering, Fault, Ports, Shape, Site, written


def build(plan: Plan, demand: Demand, field: str, chain: str) -> Network:
    """The network of a plan, checked against what is demanded. `chain` says whose network it is, for messages."""
    if demand.ordered and plan.ordered() is not True:
        raise not_ordered(plan, chain)
    if demand.ordered and demand.given and not plan.takes_conditions():
        raise fail("FS403", f"{chain} joins its conditions to the features, and its masks would count them as features", plan.span,
                   fixes=masked(plan))  # fmt: skip
    if demand.causal and not plan.causal():
        raise not_causal(plan, chain)
    if demand.contracts and not _contracts(plan.lipschitz_constant()):
        raise no_contraction(plan, chain)
    network = shaped(plan, demand.input, demand.given, demand.output)
    if network.ports.output != demand.output:
        raise wrong_output(plan, network, demand, chain)
    return network.model_copy(update={"name": field})


def _contracts(lipschitz_constant: float | None) -> bool:
    return lipschitz_constant is not None and lipschitz_constant < 1


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
        joined = with_conditions(input, given) if given else input
        if plan.word.joins:
            input, given = joined, ()
        if isinstance(plan.word, Share):
            entering = plan.word.entering(input)
        if isinstance(plan.word, Modulate):
            _stands_in_shared(entering)
        plan.word.takes(given)
        children = _children(plan, input, given, wanted, entering)
        sites = tuple(site for child in children for site in _sites(child)) if isinstance(plan.word, Share) else ()
        if isinstance(plan.word, Share):
            plan.word.check(sites)
        if plan.word.body is None:
            output = plan.word.output(input, wanted)
        else:
            output = plan.word.gather(input, tuple(child.ports.output for child in children))
        ports = Ports(input=input, given=given, output=output, sites=sites, entering=None if isinstance(plan.word, Share) else entering)
    except Fault as fault:
        raise from_fault(fault, plan.word.word, plan.arguments, plan.span, joint=" >> ") from None
    return Network(name=plan.name, word=plan.word, ports=ports, children=_folded(children), first=plan.first, span=plan.span)


def _stands_in_shared(entering: Entering | None) -> None:
    if entering is None:
        raise Fault("FS604", "`modulate` stands outside any shared network: there is no embedding that could enter",
                    help=("take it out, or share the network that holds it: `share(NET, across=K, embed=gate)`",))  # fmt: skip


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
        faults = Gathered()
        branches = [faults.tried(lambda: shaped(child, input, given, wanted, entering)) for child in plan.children]
        faults.end()
        return branches
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
