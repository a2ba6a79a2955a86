"""The terms of log p(x): what each step and prior adds to it, and whether one draw of noise is enough to know it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from flowspec.checked import CheckedGraph
from flowspec.graph import End, Mark, Node

Kind = Literal["closed form", "Monte Carlo"]


class Term(NamedTuple):
    """A term of log p(x) in nats: a Monte Carlo term is a single draw's value of an expectation, and may have either sign."""

    name: str
    kind: Kind


def term_names(node: Node) -> tuple[str, ...]:
    """The terms that a node adds to, each in its part: `vae.reconstruction`; `log_prior` outside any part."""
    place = "".join(f"{block.name}." for block in node.blocks if block.kind == "part")
    labels = ("log_prior",) if isinstance(node.item, End) else () if isinstance(node.item, Mark) else node.item.word.terms
    return tuple(place + label for label in labels)


def adds_nothing(node: Node) -> bool:
    """Whether a node adds zero whatever its values are."""
    return not isinstance(node.item, End | Mark) and node.item.word.facts(node.item.domain).volume == "zero"


def terms(checked: CheckedGraph) -> tuple[Term, ...]:
    """The terms of a flow in the order of the text; those of one name are one sum."""
    kinds: dict[str, Kind] = {}
    random: set[int] = set()
    for node in checked.nodes:
        drawn = _draws(node) or bool(random & {*node.inputs, *node.given})
        if drawn and not isinstance(node.item, Mark):
            random |= set(node.outputs)
        if not adds_nothing(node):
            kind = "Monte Carlo" if drawn and not _constant(node) else "closed form"
            kinds |= {name: max(kinds.get(name, kind), kind, key=("closed form", "Monte Carlo").index) for name in term_names(node)}
    return tuple(Term(name, kind) for name, kind in kinds.items())


def _draws(node: Node) -> bool:
    return not isinstance(node.item, End | Mark) and node.item.word.facts(node.item.domain).log_det == "bound"


def _constant(node: Node) -> bool:
    return not isinstance(node.item, End | Mark) and node.item.word.facts(node.item.domain).volume == "constant"


def weight(name: str, weights: dict[str, float]) -> float:
    """A term's weight in an objective: that of its own name, else of the innermost part around it that has one, else 1."""
    return next((weights[piece] for piece in reversed(name.split(".")) if piece in weights), 1.0)
