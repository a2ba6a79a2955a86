"""Random networks, as texts: for vectors and for images, as expressions and as definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Shape = tuple[int, ...]
ACTIVATIONS = ("relu", "tanh", "sigmoid", "elu", "gelu", "silu", "leaky_relu", "softplus")
PASSING = ("dropout(0.3)", "batchnorm", "layernorm", "actnorm", "actnorm(start=identity)", "leaky_relu(0.2)")
EMBEDDINGS = ("", "concat", "bias", "gate", "concat+gate", "concat+bias+gate")


class Networks:
    """Writes networks, and keeps the definitions that they call."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]):
        self.draw = draw
        self.definitions: list[str] = []
        self.alone = False
        """Whether the network reads a single example, which a `batchnorm` cannot normalise."""

    def one_of(self, *items: Any) -> Any:
        """One of some items."""
        return self.draw(st.sampled_from(items))

    def width(self) -> str:
        """A number of features or channels."""
        return self.one_of("2", "3", "4", "1 + 2", "2^2", "max(2, 3)", "[3, 4][-1]", "8 // 2")

    def network(self, read: Shape, positions: Shape = ()) -> str:
        """A network that reads `read` and gives what is wanted: a vector, or channels at `positions`."""
        if not positions:
            return ("flatten >> " if len(read) > 1 else "") + self._of(_VECTOR)
        return self._of(_IMAGE)

    def made(self) -> str:
        """A network that keeps the order of features."""
        return self.one_of(
            "made([6])",
            "made([5, 4], tanh)",
            "made(hidden=[3])",
            "made([4]) >> tanh",
            "made([6], silu) >> actnorm(start=identity)",
        )

    def share(self, positions: Shape, uses: int) -> str:
        """A shared network for `uses` uses."""
        kind, embed, width = _IMAGE if positions else _VECTOR, self.one_of(*EMBEDDINGS), self.one_of("2", "3")
        site = "; modulate" if {"bias", "gate"} & set(embed.split("+")) else ""
        layer = kind.layer(self, width)
        inner = self.one_of(
            f"residual {{ {kind.layer(self, width)}{site}; tanh }}",
            f"repeat 2 {{ {kind.layer(self, width)}{site}; tanh }}",
            "silu",
        )
        name = self._defined(f"{layer}{site}\n    {inner}", fixed=True)
        options = f", embed={embed}" if embed else ""
        if {"concat", "bias"} & set(embed.split("+")):
            options += f", size={self.one_of('1', '2')}"
        if "concat" in embed:
            options += self.one_of("", ", normalise=true")
        if "gate" in embed:
            options += self.one_of("", ", gates=plain", ", rows=3")
        return f"share({name}, across={uses}{options}) >> {kind.last(self)}"

    def _of(self, kind: _Kind) -> str:
        form = self.one_of("short", "chain", "net", "net")
        if form == "short":
            return kind.short(self)
        pieces = (
            [self._piece(kind) for _ in range(self.one_of(1, 2, 3))]
            if form == "net"
            else [kind.layer(self, "4"), self.one_of(*ACTIVATIONS)]
        )
        pieces.append(kind.last(self))
        pieces += self.one_of([], [], ["tanh"])
        return " >> ".join(pieces) if form == "chain" else self._defined("\n    ".join(pieces))

    def _defined(self, body: str, fixed: bool = False) -> str:
        name = f"net{len(self.definitions) + 1}"
        takes, gives = ("", "") if fixed else self.one_of(("", ""), ("(h)", "(3)"), ("(h=2)", ""), ("(h=2)", "(h=4)"))
        body = body.replace("(3)", "(h)") if takes and "linear(3)" in body else body
        self.definitions.append(f"net {name}{takes} {{\n    {body}\n}}")
        return name + gives

    def _piece(self, kind: _Kind) -> str:
        return self.one_of(*_PIECES)(self, kind)


class _Kind:
    """How the networks of vectors, or of images, are written."""

    def __init__(self, layers: tuple[str, ...], lasts: tuple[str, ...], shorts: tuple[str, ...]):
        self.layers, self.lasts, self.shorts = layers, lasts, shorts

    def layer(self, networks: Networks, width: str) -> str:
        """A layer of a given width."""
        return networks.one_of(*self.layers).format(width)

    def last(self, networks: Networks) -> str:
        """A layer whose width is left out."""
        return networks.one_of(*self.lasts)

    def short(self, networks: Networks) -> str:
        """A network in one call."""
        return networks.one_of(*self.shorts).format(networks.width())


_VECTOR = _Kind(
    ("linear({})", "linear({}, bias=false)", "linear(features={})"),
    ("linear", "linear()", "linear(start=zero)", "mlp([3])", "linear(bias=false)"),
    ("mlp([{}])", "mlp([4, {}], tanh)", "mlp(hidden=[{}], activation=elu, start=zero)", "linear", "mlp([])"),
)
_IMAGE = _Kind(
    ("conv(3, {})", "conv(1, {}, bias=false)", "conv(3, {}, dilation=2)", "conv(3, {}, start=normal)", "zeroconv(1, {})"),
    ("conv(1)", "conv(3)", "zeroconv(3)", "zeroconv", "conv(kernel=3, start=zero)"),
    ("conv(3, {}) >> relu >> conv(1)", "zeroconv(3)", "conv(1, {}) >> tanh >> zeroconv"),
)


def _layer(networks: Networks, kind: _Kind) -> str:
    return kind.layer(networks, networks.width())


def _pointwise(networks: Networks, kind: _Kind) -> str:
    return networks.one_of(*ACTIVATIONS, *(piece for piece in PASSING if not (networks.alone and piece == "batchnorm")))


def _residual(networks: Networks, kind: _Kind) -> str:
    return f"residual {{ {_layer(networks, kind)}; {_pointwise(networks, kind)}; {networks.one_of(*kind.lasts)} }}"


def _dense(networks: Networks, kind: _Kind) -> str:
    return f"dense {{ {_layer(networks, kind)}; {networks.one_of(*ACTIVATIONS)} }}"


def _parallel(networks: Networks, kind: _Kind) -> str:
    return f"parallel {{\n{_layer(networks, kind)}\nchain {{ {_pointwise(networks, kind)}; {_layer(networks, kind)} }}\n{_residual(networks, kind)}\n}}"


def _repeat(networks: Networks, kind: _Kind) -> str:
    return f"repeat 2 {{ {_layer(networks, kind)}; {_pointwise(networks, kind)} }}"


def _for(networks: Networks, kind: _Kind) -> str:
    inner = networks.one_of("", "; residual { tanh }", "; if w > 2 { tanh } else { dense { sigmoid } }")
    return f"for w in {networks.one_of('[3, 2]', '2..3', '[4]')} {{ {kind.layer(networks, 'w')}{inner} }}"


def _if(networks: Networks, kind: _Kind) -> str:
    return f"let wide = {networks.width()}\n    if wide >= 3 {{ {kind.layer(networks, 'wide')} }} else {{ {_pointwise(networks, kind)} }}"


def _nested(networks: Networks, kind: _Kind) -> str:
    return (
        f"chain {{ residual {{ {_dense(networks, kind)}; {networks.one_of(*kind.lasts)} }}; {_pointwise(networks, kind)} }}"
    )


_PIECES = (_layer, _pointwise, _residual, _dense, _parallel, _repeat, _for, _if, _nested)
