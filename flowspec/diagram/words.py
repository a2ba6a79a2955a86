"""Words, networks and blocks as short text for labels."""

from __future__ import annotations

from collections.abc import Collection
from textwrap import wrap

from flowspec.graph import Block, End, Step
from flowspec.vocabulary.word import Word

LINE = 34
"""Characters on a line of a label."""


def arguments(word: Word, hidden: Collection[str] = ()) -> list[str]:
    """A word's arguments that are not as declared, without those `hidden`; as in a call, names stand after the first gap."""
    shown, gap = [], False
    for name, field in type(word).model_fields.items():
        value = getattr(word, name)
        if name not in hidden and (field.is_required() or value != field.get_default(call_default_factory=True)):
            shown.append(f"{name}={value_text(value)}" if gap else value_text(value))
        else:
            gap = True
    return shown


def value_text(value: object) -> str:
    """An argument's value as a spec writes it."""
    match value:
        case Word():
            inner = arguments(value, value.network_fields())
            return f"{value.word}({', '.join(inner)})" if inner else value.word
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return "[" + ", ".join(map(value_text, value)) + "]"
    return str(value)


def item_arguments(item: Step | End) -> str:
    """What the label of a step or prior says after its word."""
    closes = getattr(item.word, "closes", None)
    flows = {} if isinstance(item, End) else item.flows
    return " · ".join([*arguments(item.word, {*item.networks, *flows, closes}), *(f"{name} {flow.name}" for name, flow in flows.items())])


def copies(times: int) -> str:
    """How a label says that something stands several times: ` × 32`."""
    return f" × {times}" if times > 1 else ""


def lettered(index: int) -> str:
    """A letter for each of several things of one name; after the last, numbers."""
    return chr(ord("a") + index) if index < 26 else str(index + 1)


def core(item: Block) -> Block:
    """What a block is there for: of a `repeat` whose iteration is one block, that block with the repetitions of both."""
    if item.kind == "repeat" and len(item.items) == 1 and isinstance(item.items[0], Block) and item.items[0].times == 1:
        inner = core(item.items[0])
        return inner.model_copy(update={"times": inner.times * item.times, "first": inner.first or item.first})
    return item


def block_title(block: Block) -> str:
    """A block's name: one of several numbered iterations by its number, folded ones by how many there are."""
    block = core(block)
    return block.names()[0] if block.times == 1 and block.kind != "def" else f"{block.name}{copies(block.times)}"


def wrapped(text: str, most: int = 3) -> list[str]:
    """Text on lines that fit a label; what exceeds `most` lines is cut."""
    return wrap(text, LINE, max_lines=most, placeholder=" …", break_long_words=True)
