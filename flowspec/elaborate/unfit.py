"""Networks and flows that do not fit: what is said of one, and what could stand in its place."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError
from flowspec.elaborate.mending import changed_call
from flowspec.elaborate.plans import Plan
from flowspec.elaborate.trails import shortened
from flowspec.graph import Graph, Network
from flowspec.source import Span
from flowspec.vocabulary.networks.dense_layers import STEEPEST
from flowspec.vocabulary.rules import Demand, NestedDemand, Shape, last_layer, written


def wrong_output(plan: Plan, network: Network, demand: Demand, chain: str) -> SpecError:
    """The error of a network that gives another shape than is needed."""
    wanted, found = demand.output, network.ports.output
    last, frames = _giving(plan)
    width = next((name for name in ("channels", "features") if name in last.arguments), None)
    message = f"dimension mismatch: {chain} must give {written(wanted)}, it gives {written(found)}"
    place = last.arguments[width].span if width else last.span
    help, fixes = (_ending(wanted),), ()
    if len(found) == len(wanted) and found[1:] != wanted[1:]:
        place, help = last.span, (f"keep the height and width at {written(wanted[1:])}: a stride makes them smaller",)
        strided = next((piece for piece in _pieces(plan) if "stride" in piece.arguments), None)
        fixes = _fix(strided, "leave `stride` out", {"stride": None}) if strided else ()
    elif width:
        title = f"leave `{width}` out: it is then taken from what is needed"
        help, fixes = (), _fix(last, title, {width: None})
    return SpecError([
        Diagnostic(
            "FS301", message, Label(place, f"expected {written(wanted)}, found {written(found)}"),
            notes=(f"{written(wanted)}: {demand.reason}", *_path_note(network)),
            help=help, fixes=fixes, chain=frames,
        )
    ])  # fmt: skip


def _fix(piece: Plan, title: str, changes: dict[str, str | None]) -> tuple[Fix, ...]:
    return (Fix(title, piece.span, changed_call(piece.word.word, piece.arguments, changes)),)


def _pieces(plan: Plan) -> Iterator[Plan]:
    """The words of a plan, in order."""
    yield plan
    for child in plan.children:
        yield from _pieces(child)


def _ending(wanted: Shape) -> str:
    """What a network that gives another shape ends with, so that its width is taken from what is needed."""
    return f"end the network with a layer whose width is left out, so that it gives {written(wanted)}: `… >> {last_layer(wanted)}`"


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
    return shortened(steps)


def not_causal(plan: Plan, chain: str) -> SpecError:
    """The error of a network that lets a row depend on rows below it."""
    culprit = plan
    while culprit.children:
        culprit = next(child for child in culprit.children if not child.causal())
    return _not_triangular(
        f"{chain} is not autoregressive over rows: row r of its output may depend on rows up to r only",
        Label(culprit.span, f"`{culprit.name}` lets a row depend on rows below it"),
        (Fix("use a network that is causal over rows", plan.span, "wavenet(width=64) >> conv(1)"),),
    )


def no_contraction(plan: Plan, chain: str) -> SpecError:
    """The error of a network that may have a Lipschitz constant of 1 or more."""
    constant, culprit = plan.lipschitz_constant(), _sole(plan)
    while constant is None and (unbounded := [child for child in culprit.children if child.lipschitz_constant() is None]):
        culprit = unbounded[0]
    known = f"`{culprit.name}` has no known Lipschitz constant" if constant is None else f"its Lipschitz constant may be {constant:.3g}{_steepened(culprit)}"
    bounded = _contracting(culprit, constant)
    return SpecError([
        Diagnostic(
            "FS414", f"{chain} is not known to be a contraction, so that x + g(x) need not be a bijection", Label(culprit.span, known),
            notes=("constants of networks one after another are multiplied, those of branches added; theirs must come out below 1",),
            help=() if bounded else ("use a network whose constant is known: `mlp([64, 64], elu, lipschitz=0.9)`",), fixes=bounded,
        )
    ])  # fmt: skip


def _steepened(piece: Plan) -> str:
    steepest = STEEPEST.get(getattr(piece.word, "activation", ""), 1.0)
    return f", as `{piece.word.activation}` may multiply by {steepest:g}" if steepest > 1 else ""


def _contracting(piece: Plan, constant: float | None) -> tuple[Fix, ...]:
    """The network with a bound that keeps its constant below 1, if it can be given one."""
    if "lipschitz" not in type(piece.word).model_fields:
        return ()
    if constant is None:
        piece_alone = piece.word.model_copy(update={"lipschitz": 1.0})
        return _fix(piece, "bound it", {"lipschitz": _below(1 / piece_alone.lipschitz_constant(()))})
    return _fix(piece, "bound it", {"lipschitz": _below(piece.word.lipschitz / constant)})


def _below(bound: float) -> str:
    """A short number somewhat below a bound."""
    return f"{floor(9 * bound) / 10:g}" if bound > 0.2 else f"{0.9 * bound:.1g}"


def not_ordered(plan: Plan, chain: str) -> SpecError:
    """The error of a network that lets an output depend on inputs that do not come before it."""
    culprit = next((child for child in plan.children if child.ordered() is False), plan)
    name = culprit.name if culprit is not plan else _sole(plan).name
    reason = "keeps each output on its own input" if plan.ordered() is None else "lets an output depend on every input"
    return _not_triangular(
        f"{chain} is not autoregressive: output i may depend on inputs before i only",
        Label(culprit.span, f"`{name}` {reason}"), masked(plan),
    )  # fmt: skip


def masked(plan: Plan) -> tuple[Fix, ...]:
    """What could stand in the place of a network that is to be autoregressive: a masked one, as wide where that is known."""
    widths = next((piece.word.hidden for piece in _pieces(plan) if isinstance(getattr(piece.word, "hidden", None), tuple)), (64, 64))
    return (Fix("use a masked network alone", plan.span, f"made({list(widths)})"),)


def _sole(plan: Plan) -> Plan:
    """The word of a chain that holds one network."""
    while len(plan.children) == 1:
        plan = plan.children[0]
    return plan


def _not_triangular(message: str, culprit: Label, fixes: tuple[Fix, ...]) -> SpecError:
    note = "were it used, the Jacobian would not be triangular, and its determinant not the product of slopes"
    return SpecError([Diagnostic("FS403", message, culprit, notes=(note,), fixes=fixes)])


def wrong_flow(graph: Graph, demand: NestedDemand, span: Span) -> Diagnostic:
    """The fault of a flow within a step that has another input or other contexts than are needed."""
    contexts = ", ".join(str(context.word.state()) for context in graph.given_contexts) or "none"
    state = graph.input_state
    kind = "integers" if state.levels is not None else "real numbers"
    needed = f"it must have a real input of {written(demand.input)}; it may have one context, of {written(demand.context)}"
    return Diagnostic(
        "FS310", f"flow `{graph.name}` does not fit here: {needed}", Label(span),
        notes=(f"its input is {state} of {kind}; its contexts: {contexts}",),
        help=(f"let `{graph.name}` begin with `input {space(demand.input)}`"
              + (", and take its `dequantize` out" if state.levels is not None else "")
              + (f", and its context be `context {space(demand.context, levels='')} as NAME`" if graph.given_contexts else ""),),
    )  # fmt: skip


def space(shape: Shape, levels: str = ", levels=real") -> str:
    """How a real input of a shape is declared."""
    numbers = ", ".join(map(str, shape))
    return f"vector({numbers})" if len(shape) == 1 else f"image({numbers}{levels})"
