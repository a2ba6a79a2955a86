"""Specs as arguments: a path, a shipped name or `-`, with `--set` for the flow's parameters."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from flowspec.diagnostics import SpecError
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.sources import source as data_source
from flowspec.elaborate.values import Deferred, Known, Scope, Symbol, Symbols, Value, described
from flowspec.loading import SpecFaults, SpecNotFound, find
from flowspec.source import Source
from flowspec.spec import Plain, Spec, compile_source
from flowspec.syntax import tree
from flowspec.syntax.parse import parse

Command = Callable[..., Any]


def setting_option(function: Command) -> Command:
    """Adds `--set NAME=VALUE`."""
    help = "Set a parameter of the flow; VALUE as a spec writes it."
    return click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help=help)(function)


def read_source(file: str) -> tuple[Source, Path]:
    """The text of a FILE argument and the folder that its `use` statements look in."""
    if file == "-":
        return Source("<stdin>", sys.stdin.read()), Path.cwd()
    try:
        path = find(file)
        return Source(str(path), path.read_text(encoding="utf-8")), path.parent
    except (SpecNotFound, OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"`{file}` cannot be read: {error}" if not isinstance(error, SpecNotFound) else str(error)) from None


def compiled(file: str, settings: tuple[str, ...] = ()) -> Spec:
    """The spec of a FILE argument, which may hold parameters of its own: `naf(flows=10)`. Raises SpecError for its faults."""
    name, own = _with_parameters(file)
    source, folder = read_source(name)
    return compile_source(source, folder, overrides(settings) | own)


def _with_parameters(file: str) -> tuple[str, dict[str, Plain]]:
    name, sign, inside = file.partition("(")
    if not sign or not file.endswith(")") or Path(file).exists():
        return file, {}
    call = _expression(f"spec({inside}")
    if not isinstance(call, tree.Call) or any(argument.name is None for argument in call.arguments):
        raise click.UsageError(f"the parameters in `{file}` need their names: `{name}(NAME=VALUE)`")
    return name, {argument.name: _plain(_value(argument.value, file), file) for argument in call.arguments}


def overrides(settings: tuple[str, ...]) -> dict[str, Plain]:
    """The parameters that `--set` gives."""
    found = {}
    for text in settings:
        name, sign, value = text.partition("=")
        if not sign or not name.strip().isidentifier():
            raise click.UsageError(f"`--set {text}` is not of the form NAME=VALUE")
        found[name.strip()] = plain(value)
    return found


def plain(text: str) -> Plain:
    """The value of an expression's text. Raises UsageError where it has none."""
    return _plain(_value(_expression(text), text), text)


def _plain(value: Value, text: str) -> Plain:
    match value:
        case list():
            return [_plain(item, text) for item in value]
        case Symbol():
            return value.name
        case dict() | Deferred() | Known() | Symbols():
            raise click.UsageError(f"`{text}` is {described(value)}; a number, name, text or list is needed")
    return value


def named_data(text: str) -> Any:
    """The source of `--data`: a file or folder, or a name with its arguments as a spec writes them: `moons(size=1000)`."""
    from flowspec.vocabulary.settings.runs import Source as DataSource

    path = Path(text)
    if path.exists():
        return DataSource(name="folder" if path.is_dir() else "file", arguments={"path": str(path)})
    if path.suffix and "(" not in text:
        raise click.UsageError(f"there is no file `{text}`")
    expression = _expression(text)
    try:
        return data_source(_value(expression, text), expression.span)
    except SpecError as error:
        fault = error.diagnostics[0]
        raise click.UsageError("; ".join(filter(None, [f"`{text}`: {fault.message}", fault.primary.text, *fault.help]))) from None


def _value(expression: tree.Expression, text: str) -> Value:
    try:
        return evaluate(expression, Scope({}))
    except SpecError as error:
        raise click.UsageError(f"`{text}`: {error.diagnostics[0].message}") from None


def _expression(text: str) -> tree.Expression:
    """A value as the parser of specs reads it: in the one place of a spec that takes any value."""
    file, faults = parse(Source("value", f"flow f {{ let value = {text} }}"))
    statements = file.definitions[0].body.statements if file.definitions else ()
    if faults or len(file.definitions) != 1 or len(statements) != 1 or not isinstance(statements[0], tree.Let):
        raise click.UsageError(f"`{text}` is not a value")
    return statements[0].value


def with_sources(error: SpecError, source: Source) -> SpecFaults:
    """Faults of one text, with the text."""
    return SpecFaults(error.diagnostics, {source.name: source})
