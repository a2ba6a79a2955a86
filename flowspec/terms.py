"""The terms of log p(x): what each step and prior adds to it, and whether one draw of a latent is enough to know it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal, NamedTuple

import networkx as nx

from flowspec.checked import CheckedGraph
from flowspec.graph import End, Mark, Node, Step
from flowspec.vocabulary.rules import Volume

Kind = Literal["closed form", "Monte Carlo"]


class Term(NamedTuple):
    """A term of log p(x) in nats: a Monte Carlo term is a single draw's value of an expectation, and may have either sign.

    The draws are those of latents. Uniform noise of dequantization belongs to the data: a term is of the values with it.
    """

    name: str
    kind: Kind


def term_names(node: Node) -> tuple[str, ...]:
    """The terms that a node adds to, each in its part: `vae.reconstruction`; `log_prior` outside any part."""
    place = "".join(f"{block.name}." for block in node.blocks if block.kind == "part")
    labels = ("log_prior",) if isinstance(node.item, End) else () if isinstance(node.item, Mark) else node.item.word.terms
    return tuple(place + label for label in labels)


def adds_nothing(node: Node) -> bool:
    """Whether a node adds zero whatever its values are."""
    return _volume(node) == "zero"


def divergences(nodes: Collection[Node]) -> dict[str, str]:
    """The steps whose latent has a divergence from posterior to prior in closed form, by path, with the path of the prior.

    Both are normal, the prior stands straight behind the step, and no condition of the prior is computed from the latent.
    """
    priors = {node.inputs[0]: node for node in nodes if isinstance(node.item, End) and node.item.word.normal}
    reached = nx.DiGraph()
    reached.add_edges_from((a, b) for node in nodes for a in (*node.inputs, *node.given) for b in node.outputs if a != b)
    found = {}
    for node in nodes:
        prior = priors.get(node.outputs[0]) if _is_normal(node) else None
        if prior and not (prior.given and nx.descendants(reached, node.outputs[0]) & {*prior.given}):
            found[node.path] = prior.path
    return found


def _posterior(node: Node) -> str | None:
    """The argument of a step that its latent is drawn from."""
    return node.item.word.draws_from if isinstance(node.item, Step) else None


def _is_normal(node: Node) -> bool:
    posterior = _posterior(node)
    return posterior is not None and getattr(getattr(node.item.word, posterior), "normal", False)


def terms(checked: CheckedGraph) -> tuple[Term, ...]:
    """The terms of a flow in the order of the text; those of one name are one sum."""
    kinds: dict[str, Kind] = {name: "closed form" for node in checked.nodes if not adds_nothing(node) for name in term_names(node)}
    kinds |= {name: "Monte Carlo" for name, draws in _draws_of_terms([checked.nodes[i] for i in checked.density]) if draws}
    return tuple(Term(name, kind) for name, kind in kinds.items())


def _draws_of_terms(nodes: Collection[Node]) -> Iterator[tuple[str, set[str]]]:
    """Each term of nodes in the order of computation, with the steps whose draws its value depends on."""
    integrated = {path: step for step, prior in divergences(nodes).items() for path in (step, prior)}
    drawn: dict[int, set[str]] = {}
    for node in nodes:
        found = set().union(*(drawn.get(wire, ()) for wire in (*node.inputs, *node.given)))
        found |= {node.path} if _draws(node) else set()
        drawn |= {wire: drawn.get(wire, set()) | found for wire in node.outputs if not isinstance(node.item, Mark)}
        for name in () if adds_nothing(node) else term_names(node):
            done = {integrated.get(node.path)} if name.rpartition(".")[2] in ("log_prior", _posterior(node)) else set()
            yield name, set() if _volume(node) == "constant" else found - done


def _draws(node: Node) -> bool:
    return isinstance(node.item, Step) and node.item.word.facts(node.item.domain).log_det == "bound" and _volume(node) == "varies"


def _volume(node: Node) -> Volume:
    return node.item.word.facts(node.item.domain).volume if isinstance(node.item, Step) else "varies"


def weight(name: str, weights: Mapping[str, float]) -> float:
    """A term's weight in an objective: that of its own name, else of the innermost part around it that has one, else 1."""
    return next((weights[piece] for piece in reversed(name.split(".")) if piece in weights), 1.0)
