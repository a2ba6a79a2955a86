"""The parts of a flow: what its parameters are in, repeats folded."""

from __future__ import annotations

from typing import Literal

from flowspec.graph import ContextNode, Graph, Item
from flowspec.numbers import Numbers, of_context, of_group, of_item
from flowspec.sharing import Uses, groups, loose, shared_name
from flowspec.vocabulary.rules import Frozen, Shape

DEEPEST = 3
"""Levels of nesting that the parts of a report show."""


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


def counts(numbers: Numbers) -> dict[str, int]:
    """Parameter counts as reports call them."""
    return {"total": numbers.parameters, "trainable": numbers.trainable, "live": numbers.live, "deployed": numbers.deployed}


def parts_of(graph: Graph, whole: int) -> tuple[Part, ...]:
    """The parts of a flow of `whole` parameters."""
    contexts = tuple(_context(context, whole) for context in graph.contexts if context.network is not None)
    owned = loose(graph.body.items)
    return contexts + _shared(owned, "", 1, whole) + _items(graph.body.items, "", 1, whole, 1, len(owned))


def _shared(found: tuple[Uses, ...], path: str, copies: int, whole: int, before: int = 0) -> tuple[Part, ...]:
    """The sharing groups that belong to a section, named as its module names them."""
    return tuple(_group(uses, f"{path}{shared_name(i)}", copies, whole) for i, uses in enumerate(found, before))


def _group(uses: Uses, path: str, copies: int, whole: int) -> Part:
    numbers = of_group(uses).times(copies)
    return Part(
        path=path, kind="shared", word=uses.network.word.word, times=uses.count, **counts(numbers),
        share_percent=_percent(numbers, whole), shape=uses.network.ports.output,
    )  # fmt: skip


def _context(context: ContextNode, whole: int) -> Part:
    numbers = of_context(context)
    return Part(
        path=context.name, kind="context", word=context.word and context.word.word, **counts(numbers),
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
        path=place, kind=_kind(item), word=None if is_block else item.word.word, times=times, **counts(numbers),
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
