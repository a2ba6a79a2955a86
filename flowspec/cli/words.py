"""`flowspec words`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

import flowspec.vocabulary  # noqa: F401  (declares the words)
from flowspec.diagnostics import nearest
from flowspec.elaborate.signatures import signature
from flowspec.vocabulary.word import Word


@click.command("words")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the words of the language by role, or explain NAME."""
    if name is None:
        click.echo("\n\n".join(_listing(role) for role in roles()))
        return
    found = [role.words[name] for role in roles() if name in role.words]
    if not found:
        near = nearest(name, (word for role in roles() for word in role.words))
        raise click.UsageError(f"there is no word `{name}`" + (f"; did you mean `{near}`?" if near else ""))
    click.echo("\n\n".join(map(explained, found)))


def roles(base: type[Word] = Word) -> Iterator[type[Word]]:
    """The roles that words can have, in the order of their declaration."""
    for role in base.__subclasses__():
        if "words" in role.__dict__ and role.words:
            yield role


def explained(word: type[Word]) -> str:
    """A word's role, signature and meaning."""
    return f"{word.role} {signature(word)}\n\n{inspect.getdoc(word) or ''}"


def _listing(role: type[Word]) -> str:
    width = max(map(len, role.words))
    lines = (f"  {name:<{width}}  {(inspect.getdoc(word) or '').split(chr(10))[0]}" for name, word in sorted(role.words.items()))
    return f"{role.role}:\n" + "\n".join(lines)
