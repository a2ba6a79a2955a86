"""What a word takes, in an author's words: its roles, its arguments and their types."""

from __future__ import annotations

import types
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from flowspec.vocabulary.settings.runs import Source
from flowspec.vocabulary.word import Word


@lru_cache(maxsize=None)
def fields_of(word: type[Word]) -> dict[str, Any]:
    """The declared type of each argument."""
    hints = get_type_hints(word, include_extras=True)
    return {name: hints[name] for name in word.model_fields}


ROLES = {
    "transform": "a transform",
    "network": "a network",
    "map": "a map",
    "prior": "a prior",
    "input": "an input",
    "optimizer": "an optimizer",
    "schedule": "a schedule",
    "energy": "an energy",
    "setting": "a setting",
}
"""How messages call the words of each role."""


def signature(word: type[Word]) -> str:
    """A word's arguments as an author would declare them."""
    fields = fields_of(word)
    parts = [
        f"{name}: {meaning(hint)}" + ("" if word.model_fields[name].is_required() else f" = {shown(word.model_fields[name].default)}")
        for name, hint in fields.items()
    ]
    return f"{word.word}({', '.join(parts)})"


def shown(value: Any) -> str:
    """An argument's value as an author would write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Word):
        return value.word
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def alternatives(hint: Any) -> list[Any]:
    """The types that a declared type allows, networks last."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner = get_args(hint)
        held = next((name for name in ("network", "flow") if name in inner[1:]), None)
        if held:
            return [held]
        return alternatives(inner[0])
    if origin in (Union, types.UnionType):
        found = [choice for part in get_args(hint) for choice in alternatives(part)]
        return sorted(found, key=lambda choice: choice in ("network", "flow"))
    return [hint]


def is_role(choice: Any) -> bool:
    """Whether a type that is allowed is that of the words of a role."""
    return isinstance(choice, type) and issubclass(choice, Word)


def meaning(hint: Any) -> str:
    """A declared type in an author's words."""
    parts = []
    for choice in alternatives(hint):
        if choice in ("network", "flow"):
            parts.append(f"a {choice}")
        elif get_origin(choice) is Literal:
            parts += [str(name) for name in get_args(choice)]
        elif get_origin(choice) is tuple:
            parts.append(f"a list of {_plural(get_args(choice)[0])}")
        elif get_origin(choice) is dict:
            parts.append("a table")
        elif choice is Source:
            parts.append("a source of data")
        elif choice is type(None):
            parts.append("none")
        elif is_role(choice):
            parts.append(ROLES.get(choice.role, f"a {choice.role}"))
        else:
            parts.append(_PLAIN[choice])
    return " or ".join(", ".join(parts).rsplit(", ", 1))


def _plural(hint: Any) -> str:
    return {"a whole number": "whole numbers", "a number": "numbers"}.get(meaning(hint), meaning(hint))


_PLAIN = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
