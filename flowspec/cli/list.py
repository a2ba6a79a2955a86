"""`flowspec list`."""

from __future__ import annotations

from pathlib import Path

import click

from flowspec.loading import shipped


@click.command("list")
def command() -> None:
    """List the specs that ship with flowspec: each name can stand for a FILE."""
    named = {name: path for name, path in shipped().items() if "/" in name and not name.startswith("lib/")}
    width = max(map(len, named), default=0)
    for name, path in sorted(named.items()):
        click.echo(f"{name:<{width}}  {_first_comment(path)}".rstrip())


def _first_comment(path: Path) -> str:
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""
