"""Beside a fault: the networks that a faulty call is given, in which there may be faults of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from flowspec.diagnostics import SpecError
from flowspec.elaborate.calls import bind, call_of, called
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.signatures import alternatives, fields_of, is_role
from flowspec.elaborate.values import Deferred, Scope, Symbol, Value
from flowspec.source import Span
from flowspec.vocabulary.word import NetworkWord, Word


def networks_of(role: type[Word], value: Value, scope: Scope, span: Span) -> Iterator[tuple[Value, Span]]:
    """The networks of a call, and of the calls that are its arguments, as far as they can be told."""
    if not isinstance(value, Symbol | Deferred):
        return
    try:
        name, _, arguments, scope = call_of(role.role, value, scope, span)
    except SpecError:
        return
    word = role.words.get(name)
    for field, argument in bind(word, arguments, span)[0].items() if word else ():
        choices = alternatives(fields_of(word)[field]) if field in fields_of(word) else []
        inner = _value(argument.value, scope)
        if "network" in choices and isinstance(inner, Symbol | Deferred) and not _of_other_role(inner) and not _named(inner, choices):
            yield inner, argument.value.span
        for choice in filter(is_role, choices):
            yield from networks_of(choice, inner, scope, argument.value.span)


def _named(value: Symbol | Deferred, choices: list[Any]) -> bool:
    """Whether a value is one of the names that an argument may be in place of a network: `learned`."""
    return any(called(value) in get_args(choice) for choice in choices if get_origin(choice) is Literal)


def _of_other_role(value: Symbol | Deferred) -> bool:
    """Whether a value is a word, and no network: of arguments in the wrong order one is told."""
    name = called(value)
    return name not in NetworkWord.words and any(name in role.words for role in Word.__subclasses__())


def _value(expression: object, scope: Scope) -> Value | None:
    try:
        return evaluate(expression, scope)
    except SpecError:
        return None
