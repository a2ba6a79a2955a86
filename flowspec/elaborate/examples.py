"""Examples: what a value of a type looks like, for messages that ask for one."""

from __future__ import annotations

_EXAMPLES = {
    "a network": "for example `mlp([64, 64])` for a vector, `conv(3, 64) >> relu >> conv(3)` for an image",
    "a map": "for example `affine`, or `spline(bins=8)`",
    "a prior": "for example `gaussian`, or `logistic`",
    "a transform": "for example `actnorm`, or `coupling(affine, mlp([64]))`",
    "an input": "for example `vector(2)`, `image(3, 32, 32)`, or as a context `classes(10)`",
    "an energy": "for example `u1`, or `function(\"energies.ring\")`",
    "a whole number": "for example `8`",
    "a number": "for example `0.5`",
    "a text": 'for example `"data.csv"`',
    "true or false": "write `true` or `false`, or compare: `n > 0`",
    "a table": "for example `[vae: 0.5]`",
}


def example(needed: str, value: object) -> tuple[str, ...]:
    """What to write where a value of a type is needed and another was found, if there is something to say."""
    if needed.startswith("a list"):
        return (f"write a list: `[{value}]`" if type(value) in (int, float) else "a list is written `[64, 64]`",)
    if "number" in needed and isinstance(value, list):
        return ("an item of a list is written `widths[0]`, the number of its items `len(widths)`",)
    if "whole number" in needed and isinstance(value, float):
        return ("`//` divides whole numbers and rounds down",)
    if isinstance(value, str) and needed not in _EXAMPLES:
        return ("names are written without quotes",)
    return (_EXAMPLES[needed],) if needed in _EXAMPLES else ()


_SAMPLES = {"a list": "[64, 64]", "a whole number": "8", "a number": "0.5", "a map": "affine", "a prior": "gaussian", "a text": '"data.csv"'}


def sample(needed: str) -> str | None:
    """A value of a type, where one is as good as another."""
    return next((text for kind, text in _SAMPLES.items() if needed.startswith(kind)), None)
