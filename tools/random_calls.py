"""Specs made of random calls of every word: their arguments are of the declared types, a few of them out of all bounds."""

from __future__ import annotations

from random import Random
from typing import Any, Literal, get_args, get_origin

import flowspec.vocabulary  # noqa: F401  the words register themselves
from flowspec.elaborate.signatures import alternatives, fields_of
from flowspec.vocabulary.settings.runs import Source
from flowspec.vocabulary.word import Input, NetworkWord, Prior, Transform, Word

INPUTS = ("vector(6)", "image(3, 8, 8, levels=real)", "image(3, 8, 8)", "image(1, 1, 1)", "vector(1)", "audio(1600)", "vector(1_000_000)", "image(3, 1000, 1000)")
NETWORKS = ("linear", "conv(3)", "mlp([8])", "relu", "made([8])", "body")
STRANGE = {
    int: ("0", "-1", "1000", "10_000", "999_999", "1_000_000", "1_000_001", "1e15"),
    float: ("0", "1", "-1", "1e-300", "1e308", "-1e308"),
    tuple: ("[]", "0..9999", "1..500", "[[1]]"),
}
USUAL = {int: ("1", "2", "4", "8"), float: ("0.5", "0.1")}
DEFINITIONS = """
net body { repeat 3 { conv(3, 8); modulate; relu } }
flow inner {
    input image(3, 8, 8, levels=real)
    context image(3, 8, 8, levels=real) as c
    coupling(affine, conv(3))
    prior gaussian
}
"""
DEEPEST = 4


def random_spec(random: Random) -> str:
    """The text of a flow of a few random steps."""
    caller = _Caller(random)
    lines = [f"input {random.choice(INPUTS) if random.random() < 0.9 else caller.call(Input)}"]
    lines += caller.sometimes(f"context {random.choice(('vector(3)', 'classes(10)', caller.call(Input)))} as theta", "dequantize(uniform)", "tap x")
    lines += [caller.step() for _ in range(random.choice((1, 2, 3)))]
    lines.append(f"prior {caller.call(Prior)}")
    return "flow f {\n" + "".join(f"    {line}\n" for line in lines) + "}" + DEFINITIONS


class _Caller:
    def __init__(self, random: Random):
        self.random = random

    def sometimes(self, *texts: str) -> list[str]:
        return [text for text in texts if self.random.random() < 0.5]

    def step(self) -> str:
        """A transform, sometimes in a structure."""
        text = self.call(Transform)
        if text.startswith("split") and "prior=" not in text:
            text += " as (a, b)"
        around = self.random.choice(("{}",) * 8 + ("inverse {{ {} }}", "repeat 10000 {{ {} }}"))
        return around.format(text)

    def call(self, role: type[Word], depth: int = 0) -> str:
        word = role.words[self.random.choice(list(role.words))]
        given = {name: hint for name, hint in fields_of(word).items() if word.model_fields[name].is_required() or self.random.random() < 0.15}
        arguments = [f"{name}={self.value(hint, depth)}" for name, hint in given.items()]
        arguments += self.sometimes("given=theta", "given=[theta, x]")[: self.random.random() < 0.1]
        return f"{word.word}({', '.join(arguments)})" if arguments else word.word

    def network(self, depth: int) -> str:
        pieces = [self.call(NetworkWord, depth) if self.random.random() < 0.7 else self.random.choice(NETWORKS) for _ in range(self.random.choice((1, 1, 2, 3)))]
        return " >> ".join(pieces)

    def value(self, hint: Any, depth: int) -> str:
        choice = self.random.choice(alternatives(hint))
        if depth > DEEPEST:
            return self.random.choice(("affine", "linear", "gaussian", "1"))
        if choice == "network":
            return self.network(depth + 1)
        if isinstance(choice, type) and issubclass(choice, Word):
            return self.call(choice, depth + 1)
        if get_origin(choice) is tuple and self.random.random() < 0.9:
            return f"[{', '.join(self.value(get_args(choice)[0], depth + 1) for _ in range(self.random.choice((1, 2, 3))))}]"
        return self.plain(choice)

    def plain(self, choice: Any) -> str:
        kind = get_origin(choice) or choice
        if kind is Literal:
            return str(self.random.choice(get_args(choice))).lower()
        if kind in USUAL and self.random.random() < 0.8:
            return self.random.choice(USUAL[kind])
        return self.random.choice(STRANGE.get(kind) or _OTHERS.get(kind, ("none",)))


_OTHERS = {"flow": ("inner",), bool: ("true", "false"), str: ('"a"',), dict: ("[p: 0.5]",), Source: ("moons", "digits")}
