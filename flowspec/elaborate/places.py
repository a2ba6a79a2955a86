"""Places: the bodies of a definition that elaboration has not reached, with what is known where they stand."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import NamedTuple

from flowspec.elaborate.frames import bodies
from flowspec.elaborate.head import holds_contexts
from flowspec.source import Span
from flowspec.syntax import tree


class Place(NamedTuple):
    """A body that was not reached."""

    definition: tree.Definition
    owner: tree.Definition | tree.Settings | tree.Phase | tree.If
    """Whose statements it holds; an `if` where they are contexts that it would choose."""
    body: tree.Body
    names: frozenset[str]
    """Names that have values there."""
    turned: bool = False
    """Whether it stands inside `inverse { }`."""


def places(definition: tree.Definition, reached: Container[Span]) -> Iterator[Place]:
    """The bodies of a definition that are not among the `reached`, the outer ones first; it may grow while they are gone through."""
    yield from _within(Place(definition, definition, definition.body, frozenset(parameter.name for parameter in definition.parameters)), reached)


def _within(place: Place, reached: Container[Span]) -> Iterator[Place]:
    if place.body.span not in reached:
        yield place
    names = place.names | {statement.name.name for statement in place.body.statements if isinstance(statement, tree.Let)}
    for statement in place.body.statements:
        if isinstance(statement, tree.Skipped):
            continue
        inner = place._replace(
            owner=_owner(place, statement),
            names=names | ({statement.name.name} if isinstance(statement, tree.For) else set()),
            turned=place.turned != isinstance(statement, tree.Inverse),
        )
        for body in bodies(statement):
            yield from _within(inner._replace(body=body), reached)


def _owner(place: Place, statement: tree.Statement) -> tree.Definition | tree.Settings | tree.Phase | tree.If:
    in_head = place.owner is place.definition and place.definition.kind == "flow" and place.body is place.definition.body
    if isinstance(statement, tree.Settings | tree.Phase) or (in_head and holds_contexts(statement)):
        return statement
    return place.owner
