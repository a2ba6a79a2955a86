"""Sources of data as values."""

from __future__ import annotations

from flowspec.elaborate.values import Deferred, Known, Symbol, Value, described, evaluate, fail
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.settings.runs import Source


def source(value: Value, span: Span) -> Source:
    """A source of data from its call. Raises SpecError."""
    if isinstance(value, Symbol):
        return Source(name=value.name)
    if isinstance(value, Deferred) and isinstance(value.expression, tree.Call):
        call = value.expression
        unnamed = next((argument for argument in call.arguments if argument.name is None), None)
        if unnamed is not None:
            raise fail("FS205", f"arguments of `{call.name}` need their names", unnamed.span)
        arguments = {argument.name: _plain(evaluate(argument.value, value.scope), argument.value.span) for argument in call.arguments}
        return Source(name=call.name, arguments=arguments)
    raise fail("FS207", f"a source of data is needed here, found {described(value)}", span)


def _plain(value: Value, span: Span) -> object:
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, list):
        return [_plain(item, span) for item in value]
    if isinstance(value, Deferred | Known):
        raise fail("FS207", f"a plain value is needed here, found {described(value)}", span)
    return value
