"""What a verification found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

TOLERANCE = 1e-6
SOLVED = 1e-3
"""For what a solver approximates in both directions; an inverse that is searched for is as exact as its map."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `error` against `tolerance`, where it is a number; `passed` is None where nothing could be done."""

    name: str
    passed: bool | None
    error: float | None = None
    tolerance: float | None = None
    note: str = ""

    @classmethod
    def within(cls, name: str, error: float, tolerance: float, note: str = "") -> Check:
        """A check that passes when the error is small (and a number)."""
        return cls(name, error <= tolerance, error, tolerance, note)


@dataclass(frozen=True)
class StepCheck:
    """One step, with the copies that a repetition makes of it; each check shows the worst copy."""

    path: str
    word: str
    copies: int
    dims: int
    round_trip: Check
    both_ways: Check
    log_det: Check

    @property
    def checks(self) -> tuple[Check, ...]:
        """The three checks."""
        return self.round_trip, self.both_ways, self.log_det


@dataclass(frozen=True)
class Verification:
    """All checks of a flow."""

    name: str
    steps: tuple[StepCheck, ...]
    whole: tuple[Check, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check, step by step, then those of the whole."""
        return (*(check for step in self.steps for check in step.checks), *self.whole)

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(check.passed is not False for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return {"name": self.name, "passed": self.passed, "steps": [asdict(s) for s in self.steps], "whole": [asdict(c) for c in self.whole]}

    def text(self) -> str:
        """A table of the steps, a list of the rest, and what failed."""
        failed = sum(check.passed is False for check in self.checks)
        done = sum(check.passed is not None for check in self.checks)
        verdict = f"{failed} of {done} checks failed" if failed else f"{done} checks passed"
        return "\n".join([*_table(self.steps), "", *_list(self.whole), "", f"{self.name}: {verdict}"])

    __str__ = text


HEAD = ("step", "word", "dims", "round trip", "both ways", "log-det")


def _table(steps: tuple[StepCheck, ...]) -> list[str]:
    rows = [HEAD, *(_row(step) for step in steps)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    lines = ["  ".join(f"{cell:<{width}}" if i < 2 else f"{cell:>{width}}" for i, (cell, width) in enumerate(zip(row, widths))) for row in rows]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]


def _row(step: StepCheck) -> tuple[str, ...]:
    copies = f" x {step.copies}" if step.copies > 1 else ""
    return f"{step.path}{copies}", step.word, str(step.dims), *map(_cell, step.checks)


def _cell(check: Check) -> str:
    if check.error is None:
        return check.note or "-"
    return f"{check.error:.0e}" + (" FAILED" if check.passed is False else "")


def _list(checks: tuple[Check, ...]) -> list[str]:
    width = max((len(check.name) for check in checks), default=0)
    return [f"{_MARKS[check.passed]:<6}  {check.name:<{width}}  {_said(check)}".rstrip() for check in checks]


_MARKS = {True: "ok", False: "FAILED", None: "-"}


def _said(check: Check) -> str:
    error = "" if check.error is None else f"error {check.error:.1e} (tolerance {check.tolerance:g})"
    return "; ".join(part for part in (error, check.note) if part)
