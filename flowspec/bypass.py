"""Bypassing: a graph with parts left out, as a phase of training may want it."""

from __future__ import annotations

from collections.abc import Collection

from flowspec.graph import Block, End, Graph, Item, Mark, Step, part_paths, walk
from flowspec.vocabulary.rules import State


def without(graph: Graph, parts: Collection[str]) -> Graph:
    """The graph with the named parts left out, and without contracts and phases, which speak of the whole."""
    return graph.model_copy(update={"body": _cut(graph.body, parts), "contracts": (), "phases": ()})


def _cut(block: Block, parts: Collection[str]) -> Block:
    kept = tuple(item for item in block.items if not (isinstance(item, Block) and item.kind == "part" and item.name in parts))
    return block.model_copy(update={"items": tuple(_cut(item, parts) if isinstance(item, Block) else item for item in kept)})


def obstacle(graph: Graph, part: str) -> str | None:
    """Why a part cannot be left out: what leaves it is not what enters it, or a state within it is read outside."""
    for path in part_paths(graph.body, part):
        items = [(place, item) for place, item, _ in walk(graph.body)]
        inside = [item for place, item in items if place.startswith(f"{path}.")]
        outside = [item for place, item in items if not place.startswith(f"{path}.")]
        found = _changes(inside) or _read_outside(inside, outside)
        if found:
            return found
    return None


def _changes(items: list[Item]) -> str | None:
    entering, now = _ends(items)
    if entering == now and len(now) <= 1:
        return None
    before, after = (" and ".join(map(_told, states.values())) or "nothing" for states in (entering, now))
    return f"{before} enters it, {after} leaves it"


def _ends(items: list[Item]) -> tuple[dict[str, State], dict[str, State]]:
    """The states on the wires that enter a run of steps, and on those that leave it."""
    entering: dict[str, State] = {}
    now: dict[str, State] = {}
    for item in items:
        if isinstance(item, Mark):
            continue
        for slot, state in zip(item.reads, item.before):
            if now.pop(slot, None) is None:
                entering.setdefault(slot, state)
        if isinstance(item, Step):
            now |= dict(zip(item.writes, item.after))
    return entering, now


def _told(state: State) -> str:
    return str(state) if state.levels is None else f"{state} of integers"


def _read_outside(inside: list[Item], outside: list[Item]) -> str | None:
    taps = {slot: item.name for item in inside if isinstance(item, Mark) for slot in item.writes}
    read = {slot for item in outside if isinstance(item, Step | End) for slot in item.given}
    slot = next((slot for slot in taps if slot in read), None)
    return None if slot is None else f"`{taps[slot]}` is tapped in it and read outside"
