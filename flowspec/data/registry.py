"""The sources by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from inspect import formatannotation, signature
from types import MappingProxyType
from typing import Any, get_origin

from flowspec.data.audio import audio
from flowspec.data.benchmarks import bsds300, gas, hepmass, miniboone, power
from flowspec.data.bundled import binary_digits, bundled, digits
from flowspec.data.dataset import DataError, Dataset
from flowspec.data.files import file
from flowspec.data.folder import folder
from flowspec.data.photographs import crops, patches
from flowspec.data.toy2d import GENERATORS, toy
from flowspec.data.vision import torchvision
from flowspec.diagnostics import nearest

_TABLES = ("iris", "wine", "breast_cancer", "diabetes")
_OTHERS = (digits, binary_digits, patches, crops, file, folder, audio, torchvision, power, gas, hepmass, miniboone, bsds300)

SOURCES: Mapping[str, Callable[..., Dataset]] = MappingProxyType(
    {name: partial(toy, name) for name in GENERATORS}
    | {name: partial(bundled, name) for name in _TABLES}
    | {source.__name__: source for source in _OTHERS}
)
"""Each source by name: keyword arguments -> a set, the same for the same arguments (`seed` is 0 unless given)."""


def load(name: str, /, **arguments: Any) -> Dataset:
    """The set of a named source, its arguments checked for their names and types first."""
    if name not in SOURCES:
        raise DataError("a source of data needs a known name", f"{name!r} was given", _hint(name, SOURCES))
    parameters = signature(SOURCES[name], eval_str=True).parameters
    for argument, value in arguments.items():
        if argument not in parameters:
            needed = f"the source {name} needs arguments that it knows"
            raise DataError(needed, f"{argument!r} was given", _hint(argument, parameters))
        _check_value(argument, value, parameters[argument].annotation)
    for parameter in parameters.values():
        if parameter.default is parameter.empty and parameter.name not in arguments:
            raise DataError(f"the source {name} needs {parameter.name}", "it was left out", f"pass {parameter.name}=…")
    return SOURCES[name](**arguments)


def _hint(name: str, known: Collection[str]) -> str:
    near = nearest(name, known)
    return f"did you mean {near!r}?" if near else f"known are {', '.join(known)}"


def _check_value(argument: str, value: Any, kind: Any) -> None:
    if kind is int:
        fits, wanted = type(value) is int and value >= 0, "a whole number, 0 or more"
    else:
        # Of the generic types isinstance knows the unions only.
        fits, wanted = isinstance(value, Sequence if get_origin(kind) is Sequence else kind), formatannotation(kind)
    if not fits:
        raise DataError(f"the argument {argument} needs {wanted}", f"{value!r} was given", f"pass {wanted}")
