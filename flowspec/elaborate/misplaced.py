"""What stands where a transform is needed and is none: what it is, and the transform that it could stand in."""

from __future__ import annotations

from flowspec.diagnostics import Fix, SpecError
from flowspec.elaborate.calls import called, unknown_word
from flowspec.elaborate.definitions import Definitions
from flowspec.elaborate.examples import example
from flowspec.elaborate.networks import build
from flowspec.elaborate.plans import Planner
from flowspec.elaborate.values import Symbol, Value, described, fail
from flowspec.source import Span
from flowspec.syntax.format import write
from flowspec.vocabulary.maps.shifts import Affine
from flowspec.vocabulary.rules import State, last_layer
from flowspec.vocabulary.transforms.coupling import Coupling
from flowspec.vocabulary.word import Map, NetworkWord, Transform


def not_a_transform(value: Value, span: Span, definitions: Definitions, state: State | None) -> SpecError:
    """The error for a value that is no transform, `state` being what it would act on, where that is known."""
    name = called(value)
    if not name:
        return fail("FS207", f"a transform is needed here, found {described(value)}", span, help=example("a transform", value))
    kind = definitions.kind(name)
    if kind == "flow":
        return fail("FS204", f"`{name}` is a `flow`; a transform is needed here", span, notes=("a flow has an input and a prior of its own",),
                    help=(f"make it a `def` without them, `def {name} {{ actnorm }}`: that can be called here",))  # fmt: skip
    if kind == "net" or name in NetworkWord.words:
        what = "`net`" if kind else "network"
        fix = Fix("let it stand in a transform", span, f"coupling(affine, {_ended(value, span, Planner(definitions), state)})")
        return fail("FS204", f"`{name}` is a {what}; a transform is needed here", span, fixes=(fix,),
                    notes=("a network has no inverse and no log-det, whatever its shapes",))  # fmt: skip
    if name in Map.words:
        network = "conv(3, 64) >> relu >> conv(3)" if _is_image(state) else "mlp([64])"
        fix = Fix("let it stand in a transform", span, f"coupling({_text(value)}, {network})")
        return fail("FS204", f"`{name}` is a map; a transform is needed here", span, fixes=(fix,),
                    help=(f"or learn its numbers, the same for every state: `elementwise({_text(value)})`",))  # fmt: skip
    place = value.span if isinstance(value, Symbol) else value.expression.name_span
    return unknown_word(Transform, name, place, definitions.names("def"))


def _ended(value: Value, span: Span, planner: Planner, state: State | None) -> str:
    """A network as the conditioner of a coupling: with a last layer where it would not give the width that is needed."""
    text = _text(value)
    with_last = f"{text} >> {last_layer(state.shape if state else ())}"
    if state is None:
        return with_last
    try:
        demand = Coupling(map=Affine(), conditioner=text).demands(state, ())["conditioner"]
        build(planner.plan(value, span), demand, "conditioner", "")
    except SpecError:
        return with_last
    return text


def _is_image(state: State | None) -> bool:
    return state is not None and len(state.shape) == 3


def _text(value: Value) -> str:
    """A name or a call as its author wrote it."""
    return value.name if isinstance(value, Symbol) else write(value.expression)
