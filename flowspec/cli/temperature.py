"""The temperatures that a command draws at."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import click

Command = Callable[..., Any]


def temperature_option(function: Command) -> Command:
    """Adds `--temperature T`, or `--temperature NAME=T` for each part or prior: one number, a number by name, or None."""
    help = "Factor on the spread of every prior and decoder, or of those of a name: a part's, or its own (may be repeated)."
    return click.option("--temperature", multiple=True, metavar="T|NAME=T", callback=_read, help=help)(function)


def _read(context: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> float | dict[str, float] | None:
    found = {}
    for text in texts:
        part, _, number = text.rpartition("=")
        try:
            found[part] = float(number)
        except ValueError:
            raise click.UsageError(f"`--temperature {text}` is neither a number nor of the form NAME=NUMBER") from None
        if not 0 <= found[part] < inf:
            raise click.UsageError(f"`--temperature {text}` must be 0 or more")
    if "" in found and len(texts) > 1:
        raise click.UsageError("`--temperature` is one number for all, or NAME=NUMBER for each name")
    return found.get("", found) if found else None
