"""The command line. A command's module is imported when the command is run, so that `check` never waits for torch."""

from flowspec.cli.group import main

__all__ = ["main"]
