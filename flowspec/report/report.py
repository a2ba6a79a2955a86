"""The report of a checked flow: its numbers and facts as data, which `model_dump_json` writes out."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from flowspec.checked import CheckedGraph
from flowspec.graph import ContextNode, Contract, End, Graph, Item, Mark
from flowspec.report.numbers import Numbers, of_context, of_graph, of_group, of_item
from flowspec.sharing import Uses, all_groups, groups, loose
from flowspec.vocabulary.rules import Frozen, Likelihood, Mode, Shape, Volume

SCHEMA = 1
"""Raised when a field changes its meaning or goes away."""
DEEPEST = 3
"""Levels of nesting that the parts of a report show."""
FLOAT_BYTES = 4


class Part(Frozen):
    """An item of a flow with all its copies: an iteration of `repeat` that stands 32 times is one part.

    Numbers count every copy, those of the parts around it included: parts add up to what they are parts of.
    """

    path: str
    """The first copy's path."""
    kind: Literal["part", "def", "repeat", "for", "inverse", "on", "step", "prior", "context", "shared"]
    word: str | None = None
    times: int = 1
    """Copies in each copy of the part around it; of a shared network, its uses."""
    total: int
    trainable: int
    live: int
    deployed: int
    share_percent: float
    """Of the flow's total."""
    shape: Shape
    """What leaves the part (of a prior: what it ends)."""
    parts: tuple[Part, ...] = ()


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
    inverse: Mode
    density: Mode
    passes: int
    volume: Volume
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
        parameters=Parameters(**_counts(numbers), shared=_shared_total(graph), parts=_parts(graph, numbers.parameters)),
        likelihood=facts.likelihood, inverse=facts.inverse, density=facts.density, passes=facts.passes, volume=facts.volume,
        latent_dims=facts.latent_dims, input=graph.input_state.shape,
        latents=tuple(Latent(path=end.path, prior=end.item.word.word, shape=end.item.before[0].shape) for end in ends),
        multiply_adds=MultiplyAdds(density=numbers.density, sampling=numbers.sampling),
        parameter_bytes=FLOAT_BYTES * numbers.parameters, activation_bytes=FLOAT_BYTES * numbers.activations,
        modules=_modules(checked), contracts=tuple(_met(contract) for contract in graph.contracts), causes=facts.causes,
    )  # fmt: skip


def _counts(numbers: Numbers) -> dict[str, int]:
    return {"total": numbers.parameters, "trainable": numbers.trainable, "live": numbers.live, "deployed": numbers.deployed}


def _met(contract: Contract) -> Met:
    return Met(text=contract.text)


def _modules(checked: CheckedGraph) -> dict[str, int]:
    words = Counter(node.item.word.word for node in checked.nodes if not isinstance(node.item, Mark))
    return dict(sorted(words.items()))


def _shared_total(graph: Graph) -> int:
    return sum(of_group(uses).parameters for _, uses in all_groups(graph))


def _parts(graph: Graph, whole: int) -> tuple[Part, ...]:
    contexts = tuple(_context(context, whole) for context in graph.contexts if context.network is not None)
    owned = loose(graph.body.items)
    return contexts + _shared(owned, "", 1, whole) + _items(graph.body.items, "", 1, whole, 1, len(owned))


def _shared(found: tuple[Uses, ...], path: str, copies: int, whole: int, before: int = 0) -> tuple[Part, ...]:
    """The sharing groups that belong to a section, named as its module names them."""
    return tuple(_group(uses, f"{path}{shared_name(i)}", copies, whole) for i, uses in enumerate(found, before))


def shared_name(index: int) -> str:
    """The name of a section's sharing group: `shared`, `shared2`, …"""
    return "shared" if index == 0 else f"shared{index + 1}"


def _group(uses: Uses, path: str, copies: int, whole: int) -> Part:
    numbers = of_group(uses).times(copies)
    return Part(
        path=path, kind="shared", word=uses.network.word.word, times=uses.count, **_counts(numbers),
        share_percent=_percent(numbers, whole), shape=uses.network.ports.output,
    )  # fmt: skip


def _context(context: ContextNode, whole: int) -> Part:
    numbers = of_context(context)
    return Part(
        path=context.name, kind="context", word=context.word.word, **_counts(numbers),
        share_percent=_percent(numbers, whole), shape=context.state.shape,
    )  # fmt: skip


def _items(items: tuple[Item, ...], path: str, copies: int, whole: int, level: int, owned: int = 0) -> tuple[Part, ...]:
    shared = _shared(groups(items), path, copies, whole, owned)
    shown = (item for item in items if item.node != "mark" and ends_in(item) is not None)
    return shared + tuple(_part(item, path, copies, whole, level) for item in shown)


def _part(item: Item, path: str, copies: int, whole: int, level: int) -> Part:
    is_block = item.node == "block"
    times = item.times if is_block else 1
    place = path + (item.names()[0] if is_block else item.name)
    numbers = of_item(item).times(copies * times)
    inner = _items(item.items, f"{place}.", copies * times, whole, level + 1) if is_block and level < DEEPEST else ()
    return Part(
        path=place, kind=_kind(item), word=None if is_block else item.word.word, times=times, **_counts(numbers),
        share_percent=_percent(numbers, whole), shape=ends_in(item), parts=inner,
    )  # fmt: skip


def _kind(item: Item) -> str:
    return item.kind if item.node == "block" else {"step": "step", "end": "prior"}[item.node]


def _percent(numbers: Numbers, whole: int) -> float:
    return round(100 * numbers.parameters / whole, 4) if whole else 0.0


def ends_in(item: Item) -> Shape | None:
    """The shape that leaves an item, on the wire that goes on; None for a block that holds nothing."""
    match item.node:
        case "block":
            shapes = [shape for inner in item.items if inner.node != "end" and (shape := ends_in(inner)) is not None]
            last = [shape for inner in item.items if (shape := ends_in(inner)) is not None]
            return shapes[-1] if shapes else last[-1] if last else None
        case "step":
            return item.after[0].shape
    return item.before[0].shape
