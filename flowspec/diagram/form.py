"""Which sections and networks of a flow are the same but for their shapes, so that a diagram need draw them only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from flowspec.diagram.pieces import Form, form_of_network
from flowspec.diagram.words import arguments, core
from flowspec.graph import Block, Item, Mark, Network

FEWEST = 3
"""Boxes that a section or a network must hold to be drawn apart."""


def form_of(item: Item) -> Form:
    """The form of an item; of a block, that of one copy."""
    match item:
        case Block():
            block = core(item)
            inner = ((form_of(child), child.times if isinstance(child, Block) else 1) for child in block.items)
            return (block.kind, _without_number(block), *inner)
        case Mark():
            return ("mark",)
    networks = tuple((name, form_of_network(network)) for name, network in item.networks.items())
    return (
        item.word.word,
        *arguments(item.word, item.networks),
        networks,
        len(item.given),
        getattr(item, "inverted", False),
    )


def _without_number(block: Block) -> str:
    return block.name.rstrip("0123456789") if block.kind == "def" else block.name


def size(piece: Block | Network) -> int:
    """How many boxes a section or network would take."""
    inner = piece.items if isinstance(piece, Block) else piece.children
    return sum(size(child) if isinstance(child, Block) or getattr(child, "children", ()) else 1 for child in inner)


def repeated(body: Block, open_levels: float) -> set[Form]:
    """Forms of sections that stand at two places or more and are worth drawing apart."""
    counts: Counter[Form] = Counter()
    for form in _forms(body, counts, open_levels):
        counts[form] += 1
    return {form for form, count in counts.items() if count > 1}


def _forms(block: Block, seen: Counter[Form], levels: float) -> Iterator[Form]:
    for item in block.items if levels > 0 else ():
        if not isinstance(item, Block):
            continue
        form = form_of(item) if core(item).kind in ("repeat", "def") and size(core(item)) >= FEWEST else None
        if form is None or form not in seen:
            yield from _forms(core(item), seen, levels - 1)
        if form is not None:
            yield form
