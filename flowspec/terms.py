"""The terms of log p(x): what each step and prior adds to it, and whether one draw of a latent is enough to know it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal, get_args

from flowspec.checked import CheckedGraph
from flowspec.expansion import Node
from flowspec.graph import End, Mark, Step
from flowspec.vocabulary.rules import Facts, Frozen

Kind = Literal["exact", "closed form", "Monte Carlo"]


class Term(Frozen):
    """A term of log p(x): exact where nothing is drawn for it, a closed form where it is the expectation over what is drawn.

    A Monte Carlo term is a single draw's value of an expectation, and may have either sign; so is a log-det that is estimated.
    Uniform noise of dequantization belongs to the data: a term is of the values with it.
    """

    name: str
    kind: Kind
    unit: Literal["nats"] = "nats"


def term_names(node: Node) -> tuple[str, ...]:
    """The terms that a node adds to, each in its part: `vae.reconstruction`; `log_prior` outside any part."""
    place = "".join(f"{block.name}." for block in node.blocks if block.kind == "part")
    labels = ("log_prior",) if isinstance(node.item, End) else () if isinstance(node.item, Mark) else node.item.word.terms
    return tuple(place + label for label in labels)


def adds_nothing(node: Node) -> bool:
    """Whether a node adds zero whatever its values are."""
    return isinstance(node.item, Step) and _facts(node).volume == "zero"


def divergences(nodes: Collection[Node]) -> dict[str, str]:
    """The steps whose latent has a divergence from posterior to prior in closed form, by path, with the path of the prior.

    Both are normal, the prior stands straight behind the step, and no condition of the prior is computed from the latent.
    """
    priors = {node.inputs[0]: node for node in nodes if isinstance(node.item, End) and node.item.word.normal}
    found = {}
    for node in nodes:
        prior = priors.get(node.outputs[0]) if _is_normal(node) else None
        if prior and not (prior.given and _computed_from(node.outputs[0], nodes) & {*prior.given}):
            found[node.path] = prior.path
    return found


def _computed_from(wire: int, nodes: Collection[Node]) -> set[int]:
    """The wires that depend on a wire, without it."""
    found = {wire}
    while more := {out for node in nodes if found & {*node.inputs, *node.given} for out in node.outputs} - found:
        found |= more
    return found - {wire}


def _posterior(node: Node) -> str | None:
    """The argument of a step that its latent is drawn from."""
    return node.item.word.draws_from if isinstance(node.item, Step) else None


def _is_normal(node: Node) -> bool:
    posterior = _posterior(node)
    return posterior is not None and getattr(getattr(node.item.word, posterior), "normal", False)


def terms(checked: CheckedGraph) -> tuple[Term, ...]:
    """The terms of a flow in the order of the text; those of one name are one sum, of the kind of its least exact one."""
    kinds: dict[str, set[Kind]] = {name: set() for node in checked.nodes if not adds_nothing(node) for name in term_names(node)}
    for name, kind in _kinds([checked.nodes[i] for i in checked.density]):
        kinds[name].add(kind)
    return tuple(Term(name=name, kind=max(found, key=get_args(Kind).index)) for name, found in kinds.items())


def _kinds(nodes: Collection[Node]) -> Iterator[tuple[str, Kind]]:
    """The terms of nodes in the order of computation, each with its kind by the draws that its value depends on."""
    integrated = {path: step for step, prior in divergences(nodes).items() for path in (step, prior)}
    drawn: dict[int, set[str]] = {}
    for node in nodes:
        found = set().union(*(drawn.get(wire, ()) for wire in (*node.inputs, *node.given)))
        found |= {node.path} if _draws(node) else set()
        drawn |= {wire: drawn.get(wire, set()) | found for wire in node.outputs if not isinstance(node.item, Mark)}
        for name in () if adds_nothing(node) else term_names(node):
            known = {integrated.get(node.path)} if name.rpartition(".")[2] in ("log_prior", _posterior(node)) else set()
            yield name, _kind(node, found, known)


def _kind(node: Node, drawn: set[str], known: set[str | None]) -> Kind:
    """The kind of a term that depends on draws, over some of which its expectation is known."""
    facts = _facts(node) if isinstance(node.item, Step) else None
    if facts and facts.log_det == "estimate":
        return "Monte Carlo"
    if not drawn or (facts and facts.volume == "constant"):
        return "exact"
    return "Monte Carlo" if drawn - known else "closed form"


def _draws(node: Node) -> bool:
    return isinstance(node.item, Step) and _facts(node).log_det == "bound" and _facts(node).volume != "constant"


def _facts(node: Node) -> Facts:
    return node.item.word.facts(node.item.domain)


def weight(name: str, weights: Mapping[str, float]) -> float:
    """A term's weight in an objective: that of its own name, else of the innermost part around it that has one, else 1."""
    return next((weights[piece] for piece in reversed(name.split(".")) if piece in weights), 1.0)
