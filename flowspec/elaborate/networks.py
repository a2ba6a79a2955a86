"""Networks: from a plan of words to the network with its shapes.

An output that the author left open is inferred: what is wanted of the whole is wanted of its last piece, and, through
pieces that keep their shape, of those before it.
"""

from __future__ import annotations

from math import prod

from flowspec.diagnostics import Diagnostic, Label, SpecError
from flowspec.elaborate.arguments import from_fault
from flowspec.elaborate.definitions import framed
from flowspec.elaborate.effort import LARGEST_STATE, too_large
from flowspec.elaborate.frames import LONGEST_PATH
from flowspec.elaborate.plans import Plan
from flowspec.elaborate.values import fail
from flowspec.graph import Network
from flowspec.vocabulary.networks.sharing import Modulate, Share
from flowspec.vocabulary.networks.structure import with_conditions
from flowspec.vocabulary.rules import Demand, Entering, Fault, Ports, Shape, Site, written


def build(plan: Plan, demand: Demand, field: str, chain: str) -> Network:
    """The network of a plan, checked against what is demanded. `chain` says whose network it is, for messages."""
    if demand.ordered and plan.ordered() is not True:
        raise _not_ordered(plan, chain)
    if demand.ordered and demand.given and not plan.takes_conditions():
        raise fail("FS403", f"{chain} joins its conditions to the features, and its masks would count them as features", plan.span,
                   help=("let the masked network come first: `made(…) >> …`",))  # fmt: skip
    if demand.causal and not plan.causal():
        raise _not_causal(plan, chain)
    if demand.contracts and not (plan.lipschitz_constant() or 1) < 1:
        raise _no_contraction(plan, chain)
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
        raise from_fault(fault, plan.spans, plan.span) from None
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
    return _not_triangular(
        f"{chain} is not autoregressive over rows: row r of its output may depend on rows up to r only",
        Label(culprit.span, f"`{culprit.name}` lets a row depend on rows below it"),
        "use a network that is causal over rows, as `wavenet(width=64)` and 1x1 convolutions are",
    )


def _no_contraction(plan: Plan, chain: str) -> SpecError:
    constant, culprit = plan.lipschitz_constant(), plan
    while constant is None and culprit.children:
        culprit = next(child for child in culprit.children if child.lipschitz_constant() is None)
    known = f"`{culprit.name}` has no known Lipschitz constant" if constant is None else f"its Lipschitz constant may be {constant:.3g}"
    return SpecError([
        Diagnostic(
            "FS414", f"{chain} is not known to be a contraction, so that x + g(x) need not be a bijection", Label(culprit.span, known),
            notes=("constants of networks one after another are multiplied, those of branches added; theirs must come out below 1",),
            help=("bound it: `mlp([64, 64], elu, lipschitz=0.9)`",),
        )
    ])  # fmt: skip


def _not_ordered(plan: Plan, chain: str) -> SpecError:
    culprit = next((child for child in plan.children if child.ordered() is False), plan)
    name = culprit.name if culprit is not plan else "it"
    reason = "keeps each output on its own input" if plan.ordered() is None else "lets an output depend on every input"
    return _not_triangular(
        f"{chain} is not autoregressive: output i may depend on inputs before i only",
        Label(culprit.span, f"`{name}` {reason}"), "use a masked network: `made(hidden=[64, 64])`",
    )  # fmt: skip


def _not_triangular(message: str, culprit: Label, help: str) -> SpecError:
    note = "were it used, the Jacobian would not be triangular, and its determinant not the product of slopes"
    return SpecError([Diagnostic("FS403", message, culprit, notes=(note,), help=(help,))])
