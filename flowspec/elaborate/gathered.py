"""Gathering faults: of actions that do not depend on one another each is tried, and what failed is told together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.elaborate.effort import MOST_FAULTS, OutOfBounds

Result = TypeVar("Result")


class Gathered:
    """The faults of the actions tried so far."""

    def __init__(self) -> None:
        self.faults: list[Diagnostic] = []
        self.failed = False
        """An action may fail without a fault of its own: because of one that is told already."""

    def tried(self, action: Callable[[], Result]) -> Result | None:
        """What an action gives, or None if it fails. A limit that is reached ends everything: it raises OutOfBounds."""
        try:
            return action()
        except OutOfBounds:
            raise
        except SpecError as error:
            self.failed = True
            self.add(error.diagnostics)
            return None

    def add(self, faults: Iterable[Diagnostic]) -> None:
        """Keeps faults. Raises OutOfBounds when there are too many."""
        found = tuple(faults)
        self.failed |= bool(found)
        self.faults += found
        if len(self.faults) >= MOST_FAULTS:
            raise OutOfBounds(self.faults)

    def end(self) -> None:
        """Raises SpecError if an action has failed."""
        if self.failed:
            raise SpecError(self.faults)
