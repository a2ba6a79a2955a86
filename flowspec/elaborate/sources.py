"""Sources of data as values: their names and arguments are those that `flowspec.data` knows."""

from __future__ import annotations

import types
from collections.abc import Sequence
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError, nearest
from flowspec.elaborate.examples import example
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.values import Deferred, Known, Symbol, Value, described, fail, unknown_or
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.settings.runs import Source


def source(value: Value, span: Span) -> Source:
    """A source of data from its call. Raises SpecError."""
    if isinstance(value, Symbol):
        _check_given(value.name, _parameters(value.name, value.span), {}, value.span)
        return Source(name=value.name)
    if not isinstance(value, Deferred) or not isinstance(value.expression, tree.Call):
        raise fail("FS207", f"a source of data is needed here, found {described(value)}", span)
    call = value.expression
    parameters = _parameters(call.name, call.name_span)
    _check_names(call, parameters)
    values = {argument.name: (evaluate(argument.value, value.scope), argument.value.span) for argument in call.arguments}
    _check_given(call.name, parameters, values, call.span)
    arguments = {name: _plain(*found) for name, found in values.items()}
    for name, argument in arguments.items():
        _check_type(call.name, name, argument, parameters[name].annotation, values[name])
    return Source(name=call.name, arguments=arguments)


def _parameters(name: str, span: Span) -> dict[str, Parameter]:
    from flowspec.data import SOURCES  # needs numpy, which a spec without `data` never waits for

    if name in SOURCES:
        return dict(signature(SOURCES[name], eval_str=True).parameters)
    near = nearest(name, SOURCES)
    if near:
        raise fail("FS202", f"unknown source of data `{name}`", span, label=f"did you mean `{near}`?", fixes=(Fix(f"write `{near}`", span, near),))
    raise fail("FS202", f"unknown source of data `{name}`", span, help=("known are: " + ", ".join(sorted(SOURCES)),))


def _check_names(call: tree.Call, parameters: dict[str, Parameter]) -> None:
    faults, known, seen = [], ", ".join(parameters), {}
    for argument in call.arguments:
        name, place = argument.name, argument.name_span or argument.span
        if name is None:
            free = next((name for name in parameters if name not in {argument.name for argument in call.arguments}), "")
            fixes = (Fix("if that is what it is, write", Span(place.file, place.start, place.start), f"{free}="),) if free else ()
            faults.append(Diagnostic("FS205", f"arguments of `{call.name}` need their names", Label(place), notes=(f"`{call.name}` knows {known}",), fixes=fixes))
        elif name not in parameters:
            near = nearest(name, parameters)
            fixes = (Fix(f"write `{near}`", place, near, safe=True),) if near else ()
            label = f"did you mean `{near}`?" if near else ""
            faults.append(Diagnostic("FS203", f"unknown argument `{name}` for `{call.name}`", Label(place, label), notes=(f"`{call.name}` knows {known}",), fixes=fixes,
                                     help=() if near else ("leave it out, or write one of these names",)))  # fmt: skip
        elif name in seen:
            faults.append(Diagnostic("FS205", f"`{name}` is given twice", Label(place), (Label(seen[name], "first given here"),), help=("keep one of the two",)))
        else:
            seen[name] = argument.span
    if faults:
        raise SpecError(faults)


def _check_given(name: str, parameters: dict[str, Parameter], given: dict[str, Any], span: Span) -> None:
    missing = [parameter.name for parameter in parameters.values() if parameter.default is parameter.empty and parameter.name not in given]
    if missing:
        needed = ", ".join(f"`{parameter}`" for parameter in missing)
        raise fail("FS205", f"`{name}` needs {needed}", span, label="not given", help=(f'for example `{name}({missing[0]}="data.npy")`',))


def _check_type(source: str, name: str, value: object, annotation: Any, place: tuple[Value, Span]) -> None:
    choices = get_args(annotation) if isinstance(annotation, types.UnionType) or get_origin(annotation) is Union else (annotation,)
    if not any(_fits(value, choice) for choice in choices):
        given, span = place
        needed = " or ".join(dict.fromkeys(_meaning(choice) for choice in choices))
        if isinstance(given, Symbol):
            raise unknown_or(needed, given, span)
        raise fail("FS207", f"`{name}` of `{source}` is {needed}, found {described(given)}", span, label=f"{needed} is needed", help=example("a whole number" if "whole number" in needed else needed, given))


def _fits(value: object, choice: Any) -> bool:
    if choice is int:
        return type(value) is int and value >= 0
    if choice is Path:
        return isinstance(value, str)
    if get_origin(choice) is Sequence:
        return isinstance(value, list) and all(type(item) in (int, float) for item in value)
    return type(value) is (type(None) if choice is None else choice)


def _meaning(choice: Any) -> str:
    return "a list of numbers" if get_origin(choice) is Sequence else _WORDS.get(choice, "none")


_WORDS = {int: "a whole number, 0 or more", bool: "true or false", str: "a text", Path: "a text", float: "a number"}


def _plain(value: Value, span: Span) -> object:
    if isinstance(value, Symbol):
        return None if value.name == "none" else value.name
    if isinstance(value, list):
        return [_plain(item, span) for item in value]
    if isinstance(value, Deferred | Known | dict):
        raise fail("FS207", f"a plain value is needed here, found {described(value)}", span)
    return value
