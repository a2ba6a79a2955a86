"""The report of a checked flow: its numbers and facts as data, which `model_dump_json` writes out."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from flowspec.checked import CheckedGraph
from flowspec.facts import occurring, of_item
from flowspec.graph import Contract, End, Graph, Mark
from flowspec.numbers import of_graph, of_group
from flowspec.report.parts import Part, counts, parts_of
from flowspec.sharing import all_groups
from flowspec.terms import Term, terms
from flowspec.vocabulary.rules import Facts, Frozen, Likelihood, Mass, Mode, Shape, Volume

SCHEMA = 1
"""Raised when a field changes its meaning or goes away."""
FLOAT_BYTES = 4


class Parameters(Frozen):
    """Parameter counts.

    `total` as torch stores them, `live` without masked entries, `deployed` after folding and caching, `shared` those of networks
    that several steps use (in `total` once).
    """

    total: int
    trainable: int
    live: int
    deployed: int
    shared: int
    parts: tuple[Part, ...]


class MultiplyAdds(Frozen):
    """Multiply-adds of each direction for one example."""

    density: int
    sampling: int


class Latent(Frozen):
    """A prior, and the shape that it ends."""

    path: str
    prior: str
    shape: Shape


class Kinds(Frozen):
    """How the steps of a word, or its priors, are computed: each kind that occurs, the worst first."""

    density: tuple[Mode, ...]
    inverse: tuple[Mode, ...]
    likelihood: tuple[Likelihood, ...]
    """Of its log-det, or of what it adds to log p(x)."""


class Met(Frozen):
    """A contract of the spec; a checked flow meets all of them."""

    text: str
    met: bool = True


class Report(Frozen):
    """What is known of a flow before anything is built."""

    name: str
    spec_parameters: dict[str, int | float | str | bool | tuple]
    parameters: Parameters
    likelihood: Likelihood
    terms: tuple[Term, ...]
    """What log p(x), or its bound, is the sum of, as training and evaluation tell it."""
    inverse: Mode
    density: Mode
    passes: int
    volume: Volume
    mass: Mass
    latent_dims: int
    input: Shape
    latents: tuple[Latent, ...]
    multiply_adds: MultiplyAdds
    parameter_bytes: int
    """In float32."""
    activation_bytes: int
    """What training keeps of one example for its backward pass, in float32."""
    modules: dict[str, int]
    """How often each transform and prior occurs."""
    kinds: dict[str, Kinds]
    """How each of them is computed."""
    contracts: tuple[Met, ...]
    causes: dict[str, tuple[str, ...]]
    """For each fact, the steps that make it what it is."""

    @model_serializer(mode="wrap")
    def _with_schema(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"schema": SCHEMA, **handler(self)}


def report(checked: CheckedGraph) -> Report:
    """The report of a checked flow."""
    graph, facts, numbers = checked.graph, checked.facts, of_graph(checked.graph)
    ends = [node for node in checked.nodes if isinstance(node.item, End)]
    return Report(
        name=graph.name, spec_parameters=graph.parameters,
        parameters=Parameters(**counts(numbers), shared=_shared_total(graph), parts=parts_of(graph, numbers.parameters)),
        likelihood=facts.likelihood, terms=terms(checked), inverse=facts.inverse, density=facts.density, passes=facts.passes, volume=facts.volume, mass=facts.mass,
        latent_dims=facts.latent_dims, input=graph.input_state.shape,
        latents=tuple(Latent(path=end.path, prior=end.item.word.word, shape=end.item.before[0].shape) for end in ends),
        multiply_adds=MultiplyAdds(density=numbers.density, sampling=numbers.sampling),
        parameter_bytes=FLOAT_BYTES * numbers.parameters, activation_bytes=FLOAT_BYTES * numbers.activations,
        modules=_modules(checked), kinds=_kinds(checked), contracts=tuple(_met(contract) for contract in graph.contracts), causes=facts.causes,
    )  # fmt: skip


def _met(contract: Contract) -> Met:
    return Met(text=contract.text)


def _modules(checked: CheckedGraph) -> dict[str, int]:
    words = Counter(node.item.word.word for node in checked.nodes if not isinstance(node.item, Mark))
    return dict(sorted(words.items()))


def _kinds(checked: CheckedGraph) -> dict[str, Kinds]:
    items = {id(node.item): node.item for node in checked.nodes if not isinstance(node.item, Mark)}
    found: dict[str, list[Facts]] = {}
    for item in items.values():
        found.setdefault(item.word.word, []).append(of_item(item))
    return {
        word: Kinds(density=occurring(facts, "density", "mode"), inverse=occurring(facts, "sampling", "mode"), likelihood=occurring(facts, "log_det", "log_det"))
        for word, facts in sorted(found.items())
    }  # fmt: skip


def _shared_total(graph: Graph) -> int:
    return sum(of_group(uses).parameters for _, uses in all_groups(graph))
