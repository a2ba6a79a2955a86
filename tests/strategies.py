"""Hypothesis strategies that write valid specs of small flows, as texts.

Every choice is made with the shape of the current wire in hand, so that the text compiles and the flow can be sampled. The
writer walks as the elaborator does: from the input down, and backwards through the body of an `inverse`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.laws.random_networks import Networks, Shape

PROFILES = {
    "ci": settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)),
    "thorough": settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck)),
}
PROFILE = PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "ci")]
"""How many random flows are tried; HYPOTHESIS_PROFILE=thorough is for long runs."""

IMAGES = ((1, 2, 2), (1, 3, 3), (2, 2, 2), (3, 2, 2), (1, 4, 4), (4, 1, 2), (2, 4, 2), (2, 4, 4))
MAPS = (
    "additive", "affine", "affine(exp)", "affine(scale=tanh)", "affine(scale=tanh, bound=1)", "affine(scale=sigmoid, shift_first=true)",
    "affine(softplus)", "spline", "spline(bins=3)", "spline(bins=5, bound=2, min_slope=0.01)",
)  # fmt: skip
CONTEXTS = {
    "classes(3)": (3,), "classes(4) >> linear(2)": (2,), "vector(2)": (2,), "vector(3) >> mlp([4], tanh, features=2) >> tanh": (2,),
    "image(1, 2, 2, levels=real)": (1, 2, 2), "image(2, 2, 2, levels=real) >> conv(3, 2) >> relu >> flatten": (8,), "image(2, 3, 3, levels=4) >> conv(1, 1)": (1, 3, 3),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a statement is to stand: the state it meets, and what it may do there."""

    shape: Shape
    contexts: tuple[str, ...]
    turned: bool = False
    keeps: bool = False
    """Whether the shape must stay as it is."""
    called: bool = False
    """Whether it stands in a `def`, whose taps are known below them only."""
    depth: int = 0

    @property
    def channels(self) -> int:
        """Length of the channel axis."""
        return self.shape[0]


Statement = tuple[str, Shape]


class Flows:
    """Writes the text of one flow."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]):
        self.draw, self.networks = draw, Networks(draw)
        self.one_of = self.networks.one_of
        self.contexts: dict[str, Shape] = {}
        self.read: set[str] = set()
        self.definitions: list[str] = []
        self.names = 0

    def maybe(self) -> bool:
        """One of two ways."""
        return self.one_of(False, True)

    # ----------------------------------------------------------------------------------------------------- whole flows

    def text(self) -> str:
        """A whole spec."""
        lines, shape, likelihood = self._head()
        size = prod(shape)
        for i in range(self.one_of(0, 0, 1, 2)):
            word = self.one_of(*CONTEXTS)
            lines.insert(1, f"context {word} as given{i}")
            self.contexts[f"given{i}"] = CONTEXTS[word]
        body, shape = self.body(Place(shape, tuple(self.contexts)), self.one_of(1, 2, 3, 4))
        lines += [*body, *self._tail(shape), f"expect likelihood == {likelihood}", f"expect latent_dims == {size}"]
        lines += self.one_of(
            [],
            [
                "train(optimizer=sgd(lr=0.1, momentum=0.9), steps=3, schedule=cosine(warmup=1))",
                "sample(n=3, temperature=0.7)",
            ],
        )
        return "\n".join([f"flow random {{\n{_joined(lines)}\n}}", *self.definitions, *self.networks.definitions])

    def _head(self) -> tuple[list[str], Shape, str]:
        kind = self.one_of("vector", "vector", "real", "integers")
        if kind == "vector":
            size = self.one_of(1, 2, 3, 4, 5, 6)
            return [f"input vector({size})"], (size,), "exact"
        shape = self.one_of(*IMAGES)
        sides = ", ".join(map(str, shape))
        if kind == "real":
            return [f"input image({sides}, levels=real)"], shape, "exact"
        levels = self.one_of("", ", levels=2", ", levels=17")
        first = self.one_of([], ["reverse"], ["permute(seed=1)"], ["inverse { swap }"])
        noise = self.one_of(["dequantize"], ["dequantize(uniform)", "logit(0.05)"], ["dequantize(low=-0.5, high=2)"])
        return [f"input image({sides}{levels})", *first, *noise], shape, "bound"

    def _tail(self, shape: Shape) -> list[str]:
        unread = [name for name in self.contexts if name not in self.read]
        if unread:
            flat = ["flatten"] if len(shape) > 1 else []
            if all(len(self.contexts[name]) == 1 for name in unread[1:]):
                return [*flat, f"prior gaussian({self.networks.network(self.contexts[unread[0]])}, given={_listed(unread)})"]
            ends = [
                f"elementwise(affine(scale=tanh), {self.networks.network(self.contexts[name])}, given={name})"
                for name in unread
            ]
            return [*flat, *ends, "prior gaussian"]
        if shape[0] > 1 and len(shape) != 2 and self.maybe():
            return self._two_ends(shape)
        return [f"prior {self.prior(shape)}"] if self.maybe() else ["actnorm", "inverse { logit(0) }", "prior uniform"]

    def _two_ends(self, shape: Shape) -> list[str]:
        keep, kept, rest = self._cut(shape)
        deep, down = self.body(Place(kept, tuple(self.contexts), keeps=True, depth=1), 2)
        fine, _ = self.body(Place(rest, tuple(self.contexts), keeps=True, depth=1), 1)
        given = self.one_of("coarse", "deep")
        prior = f"gaussian({self.networks.network(down, rest[1:])}, given={given})" if self.maybe() else self.prior(rest)
        lines = [
            f"on fine {{\n{_joined([*fine, f'prior {prior}'])}\n}}",
            f"on coarse {{\n{_joined([*deep, 'tap deep', f'prior {self.prior(kept)}'])}\n}}",
        ]
        return [f"split({keep}) as (coarse, fine)", *lines]

    def prior(self, shape: Shape) -> str:
        """A prior of a state of this shape, conditioned on nothing."""
        if self.maybe():
            self.networks.alone = True
            network = self.networks.network(shape, shape[1:]) if len(shape) != 2 else "tanh"
            self.networks.alone = False
            return f"gaussian({network})"
        return self.one_of("gaussian", "gaussian(learned)", "gaussian(learned, per=element)", "mixture(2)", "logistic")

    # ---------------------------------------------------------------------------------------------------------- bodies

    def body(self, place: Place, count: int) -> tuple[list[str], Shape]:
        """The statements of a body, in the order of the text, and the shape of the state when all are done."""
        lines = []
        for _ in range(count):
            line, shape = self.statement(place)
            place = replace(place, shape=shape)
            lines.append(line)
        return lines[::-1] if place.turned else lines, place.shape

    def statement(self, place: Place) -> Statement:
        """One statement and the shape it leaves."""
        kinds: list[Callable[[Place], Statement]] = [self._plain]
        if len(place.shape) != 2:
            kinds += [self._mapping] * 3
        if not place.keeps:
            kinds += [self._reshaping]
        if place.depth < 3:
            kinds += [self._repeat, self._for, self._inverse, self._section, self._call, self._if]
        if place.channels > 1 and not place.turned and len(place.shape) != 2:
            kinds += [self._wires, self._wires]
            if not place.keeps:
                kinds += [self._factored, self._factored, *([] if place.called else [self._factored_later])]
        return self.one_of(*kinds)(place)

    def _block(self, place: Place, head: str, keeps: bool = True, **changes: Any) -> Statement:
        inner = replace(place, depth=place.depth + 1, keeps=keeps or place.keeps, **changes)
        lines, shape = self.body(inner, self.one_of(1, 2))
        return f"{head} {{\n{_joined(lines, self.one_of(False, True))}\n}}", shape

    def _repeat(self, place: Place) -> Statement:
        times = self.one_of(0, 1, 2, 3)
        if times > 1 and place.channels > 1 and len(place.shape) != 2 and self.maybe():
            head = self.one_of(f"repeat {times}", f"for i in 1..{times}")
            return (
                f"{head} {{ {self._coupling(place, self.networks.share(place.shape[1:], times))}; swap; {self._swapped_back(place)} }}",
                place.shape,
            )
        return self._block(place, f"repeat {times}", keeps=times != 1) if times else ("repeat 0 { squeeze(3) }", place.shape)

    def _swapped_back(self, place: Place) -> str:
        return "inverse { swap }" if place.channels % 2 else "reverse"

    def _for(self, place: Place) -> Statement:
        values = self.one_of("1..2", "[2, 1]", "[5]")
        text, shape = self._block(place, f"for i in {values}")
        extra = self.one_of(
            "",
            "permute(seed=i)\n",
            "if i == 2 { reverse } else { scale(factor=1 / i) }\n",
            "let factor = 1 / i\nscale(factor)\n",
        )
        return text.replace("{\n", "{\n" + extra, 1), shape

    def _if(self, place: Place) -> Statement:
        text, shape = self._block(
            place, f"if {self.one_of('1 < 2', 'true and not false', '2^2 == 4 or false')}", keeps=False
        )
        return text + self.one_of("", " else { reverse }", " else if false { swap } else { scale(2) }"), shape

    def _section(self, place: Place) -> Statement:
        return self._block(place, f"part {self._name('part')}", keeps=False)

    def _inverse(self, place: Place) -> Statement:
        return self._block(place, "inverse", keeps=False, turned=not place.turned)

    def _call(self, place: Place) -> Statement:
        name = self._name("def")
        text, shape = self._block(place, f"def {name}(factor=2)", keeps=False, called=True)
        self.definitions.append(text)
        return self.one_of(name, f"{name}()", f"{name}(3)"), shape

    # ------------------------------------------------------------------------------------------------------ transforms

    def _plain(self, place: Place) -> Statement:
        start = "(start=identity)" if place.turned else self.one_of("", "(start=identity)")
        order = list(range(place.channels))[::-1]
        lines = [
            "reverse", "swap", "permute", "permute(random, seed=7)", f"permute({order})", f"actnorm{start}", "scale(-1.5, shift=0.5)", "scale(0.7)",
            *(f"elementwise({name})" for name in MAPS[:5]),
        ]  # fmt: skip
        if not place.turned:
            lines.append("actnorm\ninverse { logit(0.02) }")
        if len(place.shape) > 1:
            lines += [f"conv1x1{form}" for form in ("", "(lu)", "(orthogonal)", "(full, start=identity)")] * 2
        else:
            lines += [f"linear{form}" for form in ("", "(lu)", "(orthogonal)", "(form=lu, start=identity)")] * 2
        return self.one_of(*lines), place.shape

    def _mapping(self, place: Place) -> Statement:
        kinds = []
        if place.channels > 1:
            kinds += [lambda: self._coupling(place)] * 3
        if len(place.shape) == 1:
            kinds += [lambda: f"autoregressive({self._map()}, {self.networks.made()}{self._given(place)})"] * 2
        elif prod(place.shape[1:]) > 1:
            kinds += [lambda: self._coupling(place, split="checkerboard")]
        if place.contexts and len(place.shape) == 1:
            kinds += [lambda: self._given_elementwise(place)] * 2
        return (self.one_of(*kinds)() if kinds else "reverse"), place.shape

    def _coupling(self, place: Place, network: str | None = None, split: str | None = None) -> str:
        network = network or self.networks.network(place.shape, place.shape[1:])
        split = split or self.one_of("", "half", "alternating", str(place.channels - 1))
        moves = self.one_of("", ", moves=first", ", moves=second")
        return f"coupling({self._map()}, {network}{f', split={split}' if split else ''}{moves}{self._given(place)})"

    def _given_elementwise(self, place: Place) -> str:
        name = self.one_of(*place.contexts)
        self.read.add(name)
        return f"elementwise({self._map()}, {self.networks.network(self.contexts[name])}, given={name})"

    def _given(self, place: Place) -> str:
        fitting = [
            name
            for name in place.contexts
            if len(place.shape) == 1 or len(self.contexts[name]) == 1 or self.contexts[name][1:] == place.shape[1:]
        ]
        if not fitting or self.maybe():
            return ""
        chosen = self.one_of(fitting, fitting[:1])
        self.read.update(chosen)
        return f", given={_listed(chosen)}"

    def _map(self) -> str:
        return self.one_of(*MAPS)

    def _reshaping(self, place: Place) -> Statement:
        shape, found = place.shape, [("reverse", place.shape)]
        if len(shape) == 3:
            c, h, w = shape
            down, up = (4 * c, h // 2, w // 2), (c // 4, 2 * h, 2 * w)
            if h % 2 == w % 2 == 0:
                order = self.one_of("", "(2)", "(order=offsets_first)")
                found += [(f"squeeze{order}", down)] * 2 if not place.turned else [("inverse { squeeze }", down)]
            if c % 4 == 0:
                found += [("squeeze(factor=2)", up)] if place.turned else [("inverse { squeeze }", up)]
        if not place.turned:
            c, rest = shape[0], prod(shape[1:])
            found += [
                ("flatten", (prod(shape),)),
                (f"reshape([{rest}, {c}, 1])", (rest, c, 1)),
                (f"reshape([{c}, {rest}])", (c, rest)),
            ]
        return self.one_of(*found)

    # ----------------------------------------------------------------------------------------------------------- wires

    def _wires(self, place: Place) -> Statement:
        """A coupling by hand: the first part may move too, by contexts before and by the second part afterwards."""
        keep, kept, rest = self._cut(place.shape)
        a, b, tap = self._name("a"), self._name("b"), self._name("tap")
        inner = replace(place, keeps=True, depth=place.depth + 2)
        lines, given = [f"split({keep}) as ({a}, {b})"], a
        if self.maybe():
            before, after = (self.body(replace(inner, shape=kept), 1)[0] for _ in range(2))
            tapping, names = self.one_of(
                (f"tap {tap}", (a, tap, f"[{a}, {tap}]")), (f"tap {tap}[]", (a, f"{tap}[-1]", f"{tap}[-1:]"))
            )
            lines.append(f"on {a} {{\n{_joined([*before, tapping, *after])}\n}}")
            given = self.one_of(*names)
        moved = f"on {b} {{ elementwise({self._map()}, {self.networks.network(kept, kept[1:])}, given={given}){self.one_of('', '; reverse')} }}"
        lines += [self.one_of(moved, f"inverse {{ {moved} }}", f"inverse {{ inverse {{ {moved} }} }}")]
        if self.maybe():
            lines.append(f"on {a} {{ elementwise({self._map()}, {self.networks.network(rest, rest[1:])}, given={b}) }}")
        lines.append(self.one_of(f"merge({a}, {b})", f"merge({b}, {a})"))
        return "\n".join(lines), place.shape

    def _factored(self, place: Place) -> Statement:
        keep, kept, rest = self._cut(place.shape)
        network = self.networks.network(kept, kept[1:]) if self.maybe() else None
        if self.maybe():
            return f"split({keep}, prior={f'gaussian({network})' if network else self.prior(rest)})", kept
        a, b = self._name("a"), self._name("b")
        prior = f"gaussian({network}, given={a})" if network else self.prior(rest)
        inner, _ = self.body(replace(place, shape=rest, keeps=True, depth=place.depth + 2), 1)
        return "\n".join(
            [f"split({keep}) as ({a}, {b})", f"on {b} {{\n{_joined([*inner, f'prior {prior}'])}\n}}", f"merge({a})"]
        ), kept

    def _factored_later(self, place: Place) -> Statement:
        """A prior that is conditioned on a state tapped further down."""
        keep, kept, _ = self._cut(place.shape)
        tap = self._name("tap")
        lines, shape = self.body(replace(place, shape=kept, keeps=True, depth=place.depth + 2), 2)
        prior = f"gaussian({self.networks.network(kept, kept[1:])}, given={tap})"
        return "\n".join([f"split({keep}, prior={prior})", *lines, f"tap {tap}"]), shape

    def _cut(self, shape: Shape) -> tuple[str, Shape, Shape]:
        c = shape[0]
        keep, first = self.one_of(("half", (c + 1) // 2), (str(c - 1), c - 1), ("1", 1))
        return keep, (first, *shape[1:]), (c - first, *shape[1:])

    def _name(self, what: str) -> str:
        self.names += 1
        return f"{what}{self.names}"


def _joined(lines: list[str], short: bool = False) -> str:
    return ("; " if short else "\n").join(lines)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


@st.composite
def specs(draw: Callable[[st.SearchStrategy[Any]], Any]) -> str:
    """The text of a random flow."""
    return Flows(draw).text()
