"""Sharing groups: which uses of a shared network are one set of parameters, and what that set belongs to.

The uses of one `share` are the iterations of the `repeat` or `for` around it; the set belongs to the block around those.
"""

from __future__ import annotations

from typing import NamedTuple

from flowspec.graph import Block, End, Graph, Item, Mark, Network, Step
from flowspec.source import Span
from flowspec.vocabulary.networks.sharing import Share


class Uses(NamedTuple):
    """Uses of one `share`: the network of each kind of use with its path and count; `looped` once an iteration is around them."""

    span: Span
    kinds: tuple[tuple[str, Network, int], ...]
    looped: bool = False

    @property
    def count(self) -> int:
        """Number of uses."""
        return sum(count for _, _, count in self.kinds)

    @property
    def network(self) -> Network:
        """The `share` of the first use."""
        return self.kinds[0][1]


def shared_name(index: int) -> str:
    """The name of a section's sharing group in paths: `shared`, `shared2`, …"""
    return "shared" if index == 0 else f"shared{index + 1}"


def groups(items: tuple[Item, ...]) -> tuple[Uses, ...]:
    """The sharing groups that belong to a body."""
    return tuple(uses for uses in _merged([uses for item in items for uses in _open(item)]) if uses.looped)


def loose(items: tuple[Item, ...]) -> tuple[Uses, ...]:
    """The uses in a body that no iteration is around."""
    return tuple(uses for uses in _merged([uses for item in items for uses in _open(item)]) if not uses.looped)


def all_groups(graph: Graph) -> tuple[tuple[str, Uses], ...]:
    """Every sharing group of a flow with the path of what it belongs to ("" for the flow itself)."""
    found = [("", uses) for uses in loose(graph.body.items)]
    stack = [("", graph.body)]
    while stack:
        path, block = stack.pop()
        found += [(path, uses) for uses in groups(block.items)]
        for item in block.items:
            if isinstance(item, Block):
                stack += [(f"{path}{name}.", item) for name in item.names()]
    return tuple(found)


def _open(item: Item) -> list[Uses]:
    """The uses in an item whose group belongs to something around it."""
    match item:
        case Mark():
            return []
        case Step() | End():
            return [
                Uses(share.span, ((f"{item.name}.{field}", share, count),))
                for field, network in item.networks.items() for share, count in shares(network)
            ]  # fmt: skip
    around = item.kind in ("repeat", "for")
    name = item.names()[0]
    return [
        Uses(uses.span, tuple((f"{name}.{path}", network, count * item.times) for path, network, count in uses.kinds), around)
        for uses in loose(item.items)
    ]


def shares(network: Network, times: int = 1) -> list[tuple[Network, int]]:
    """The `share`s of a network, each with how often it stands in `times` copies of the network."""
    times *= network.times
    if isinstance(network.word, Share):
        return [(network, times)]
    return [found for child in network.children for found in shares(child, times)]


def _merged(found: list[Uses]) -> list[Uses]:
    merged: dict[tuple[Span, bool], Uses] = {}
    for uses in found:
        key = uses.span, uses.looped
        merged[key] = merged[key]._replace(kinds=merged[key].kinds + uses.kinds) if key in merged else uses
    return list(merged.values())


def difference(first: Network, other: Network) -> str | None:
    """In what two uses of a shared network differ, in words; None if they are one network."""
    if type(first.word) is not type(other.word):
        return f"`{first.name}` in the first is `{other.name}` in this one"
    if (len(first.children), first.times) != (len(other.children), other.times):
        return f"`{first.name}` has other pieces in the first than in this one"
    if first.word != other.word:
        field = next(name for name in type(first.word).model_fields if getattr(first.word, name) != getattr(other.word, name))
        here, there = (_plainly(getattr(network.word, field)) for network in (first, other))
        return f"`{field}` of `{first.name}` is {here} in the first, {there} in this one"
    return next(filter(None, (difference(a, b) for a, b in zip(first.children, other.children))), None)


def _plainly(value: object) -> str:
    return f"[{', '.join(map(_plainly, value))}]" if isinstance(value, tuple) else str(value).lower() if isinstance(value, bool) else str(value)
