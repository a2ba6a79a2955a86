"""`flowspec explain`."""

from __future__ import annotations

import json
import textwrap

import click

from flowspec.codes import Code, UnknownCode, codes, find


@click.command("explain")
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(code: str | None, as_json: bool) -> None:
    """Explain a code of a message, with a wrong and a right example; without CODE, list all."""
    if code is None:
        _list(as_json)
        return
    try:
        found = find(code)
    except UnknownCode as error:
        hint = f"; did you mean `{error.near}`?" if error.near else ""
        raise click.UsageError(f"there is no code `{code}`{hint}") from None
    click.echo(json.dumps(as_object(found), indent=2, ensure_ascii=False) if as_json else text(found))


def _list(as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([as_object(code) for code in codes().values()], indent=2, ensure_ascii=False))
        return
    for code in codes().values():
        click.echo(f"{code.code}  {code.title}")


def text(code: Code) -> str:
    """A code, what it means, and its examples."""
    explanation = textwrap.fill(code.explanation, 100)
    return f"{code.code}: {code.title}\n\n{explanation}\n\nwrong:\n\n{_indented(code.wrong.text)}\nright:\n\n{_indented(code.right.text)}".rstrip()


def as_object(code: Code) -> dict[str, str]:
    """A code in values of JSON."""
    return {"code": code.code, "title": code.title, "explanation": code.explanation, "wrong": code.wrong.text, "right": code.right.text}


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")
