"""Functions that the caller of a command declares: only these are imported, whatever a spec names."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flowspec.train.energies import Functions

Command = Callable[..., Any]


def energy_option(function: Command) -> Command:
    """Adds `--energy MODULE.NAME`."""
    help = "Import this function, which the target of the spec names (also from the working folder)."
    return click.option("--energy", "energies", multiple=True, metavar="MODULE.NAME", help=help)(function)


def declared(names: tuple[str, ...]) -> Functions:
    """The functions of these names. Raises TrainingError."""
    if not names:
        return {}
    from flowspec.train.energies import imported

    sys.path.insert(0, "")
    try:
        return {name: imported(name) for name in names}
    finally:
        sys.path.remove("")
