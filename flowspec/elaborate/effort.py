"""Effort: what a spec may cost to elaborate, however its repetitions are nested."""

from __future__ import annotations

from flowspec.diagnostics import Diagnostic, Label, SpecError
from flowspec.source import Span

MOST_STATEMENTS = 10_000
"""Statements of flows that may be elaborated, counted with their repetitions; equal iterations in a row count once."""
MOST_PIECES = 10_000
"""Pieces of networks that may be planned, counted with their repetitions."""
LARGEST_STATE = 10**9
"""Dimensions that a state, or what a network gives, may have."""
MOST_FAULTS = 100
"""Faults after which a flow is not looked at any further."""


class OutOfBounds(SpecError):
    """A limit is reached: elaboration ends here, whatever encloses it."""


def too_large(shape: str, span: Span) -> SpecError:
    """The error of a state that no machine would hold."""
    return SpecError([Diagnostic("FS807", f"{shape} is out of bounds: a state has at most {LARGEST_STATE:_} dimensions", Label(span, "too large"), help=("write smaller numbers, as in `image(3, 32, 32)`",))])


class Effort:
    """Counts what has been elaborated."""

    def __init__(self) -> None:
        self.statements = self.pieces = 0

    @property
    def is_spent(self) -> bool:
        """Whether a limit is reached."""
        return self.statements > MOST_STATEMENTS or self.pieces > MOST_PIECES

    def spend(self, span: Span, cost: int = 1) -> None:
        """Counts a statement. Raises OutOfBounds."""
        self.statements += cost
        if self.statements > MOST_STATEMENTS:
            raise _beyond("FS805", f"the flow takes more than {MOST_STATEMENTS:_} statements to write out", span)

    def spend_piece(self, span: Span, cost: int = 1) -> None:
        """Counts a piece of a network. Raises OutOfBounds."""
        self.pieces += cost
        if self.pieces > MOST_PIECES:
            raise _beyond("FS809", f"the networks of this flow take more than {MOST_PIECES:_} pieces to write out", span)


def _beyond(code: str, message: str, span: Span) -> SpecError:
    help = "write smaller numbers where it is repeated, as `repeat 10`: what stands within one another multiplies"
    return OutOfBounds([Diagnostic(code, message, Label(span, "beyond the limit here"), help=(help,))])
