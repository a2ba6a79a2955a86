"""What can go wrong with a run."""

from __future__ import annotations


class RunError(Exception):
    """A run that cannot start or go on; its message is for the user."""


class TrainingError(RunError):
    """Training that cannot start or go on."""


class CheckpointError(RunError):
    """A checkpoint that is damaged, or of another architecture."""
