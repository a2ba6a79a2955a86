"""Fully connected networks."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.networks.starts import Start, check_direction
from flowspec.vocabulary.rules import LARGEST_SIZE, Fault, Ports, Shape, Tensor, written
from flowspec.vocabulary.word import NetworkWord

Width = Annotated[int, Field(ge=1, le=LARGEST_SIZE)]
Activation = Literal["relu", "tanh", "sigmoid", "elu", "gelu", "silu", "leaky_relu", "softplus"]
STEEPEST = {"gelu": 1.13, "silu": 1.1, "sigmoid": 0.25}
"""The largest slope of an activation, rounded up, where it is not 1."""


FOR_IMAGES = "for an image write `conv(3, 64) >> relu >> conv(3)` in place of the whole network"
FOR_VECTORS = "for a vector write `mlp([64])` in place of the whole network"


def vector_output(word: str, features: int | None, input: Shape, wanted: Shape | None) -> Shape:
    """The output of a word that gives a vector of `features`, or as many as are wanted."""
    if len(input) != 1:
        vector_wanted = wanted is not None and len(wanted) == 1
        raise Fault("FS302", f"`{word}` needs a vector; {written(input)} arrives", help=() if vector_wanted else (FOR_IMAGES,),
                    before="flatten" if vector_wanted else "")  # fmt: skip
    if features is not None:
        return (features,)
    if wanted is None:
        raise _no_width(word)
    if len(wanted) != 1:
        raise Fault("FS302", f"`{word}` gives a vector; {written(wanted)} is wanted", help=(FOR_IMAGES,))
    return wanted


def for_each_input(word: str, input: Shape, wanted: Shape | None) -> Shape:
    """The output of a word that gives as many numbers for each input as are wanted."""
    output = vector_output(word, None, input, wanted)
    if output[0] % input[0]:
        raise Fault("FS301", f"`{word}` gives the same number of outputs for each of its {input[0]} inputs; {output[0]} are wanted",
                    help=(f"let `{word}` stand last, where its width is what is needed",))  # fmt: skip
    return output


def _no_width(word: str) -> Fault:
    """The fault of a word whose output nothing determines; `made` and `recurrent` have no width that could be given."""
    message = f"nothing says how many features `{word}` gives"
    if word in ("made", "recurrent"):
        return Fault("FS309", message, help=(f"let `{word}` stand last, where its width is what is needed", "or write `mlp([64], features=64)` in its place"))
    return Fault("FS309", message, arguments={"features": "64"})


class Linear(NetworkWord, word="linear"):
    """y = W x + b. `start` is as in `conv`; `weight_norm` keeps each row of W as direction and length (Salimans & Kingma 2016)."""

    features: Width | None = None
    bias: bool = True
    start: Start = "default"
    weight_norm: bool = False

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        check_direction(self.start, self.weight_norm)
        return vector_output(self.word, self.features, input, wanted)

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        weight = Tensor(name="weight", shape=(ports.output[0], ports.input[0]))
        bias, gain = Tensor(name="bias", shape=ports.output), Tensor(name="gain", shape=ports.output, deployed_entries=0)
        return (weight, *((bias,) if self.bias else ()), *((gain,) if self.weight_norm else ()))

    def multiply_adds(self, ports: Ports) -> int:
        return ports.input[0] * ports.output[0]


class MLP(NetworkWord, word="mlp"):
    """Linear layers of widths `hidden`, the activation after each but the last. `start=zero` starts the last at zero.

    `lipschitz` bounds the Lipschitz constant of the layers together: the largest singular value of each weight is held below its
    n-th root, n being their number (spectral normalisation, Miyato et al. 2018, by the singular value itself).
    """

    hidden: tuple[Width, ...]
    activation: Activation = "relu"
    features: Width | None = None
    start: Literal["default", "zero"] = "default"
    lipschitz: Annotated[float, Field(gt=0)] | None = None

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        steepest = STEEPEST.get(self.activation, 1.0) ** len(self.hidden)
        return None if self.lipschitz is None else self.lipschitz * steepest

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        return vector_output(self.word, self.features, input, wanted)

    def widths(self, ports: Ports) -> tuple[int, ...]:
        """Features of each layer, from the input to the output."""
        return (ports.input[0], *self.hidden, ports.output[0])

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        widths = self.widths(ports)
        return tuple(
            tensor
            for i, (a, b) in enumerate(zip(widths, widths[1:]))
            for tensor in (Tensor(name=f"layers.{i}.weight", shape=(b, a)), Tensor(name=f"layers.{i}.bias", shape=(b,)))
        )

    def multiply_adds(self, ports: Ports) -> int:
        widths = self.widths(ports)
        return sum(a * b for a, b in zip(widths, widths[1:]))


class MADE(NetworkWord, word="made"):
    """A masked network whose output i depends on inputs before i only (Germain et al. 2015, eqs. 10-13).

    Inputs have degrees 1 … D in order, the units of a hidden layer degrees 1 … D-1 in equal shares; a unit
    sees units of no higher degree, an output of degree i only units below i. Conditions reach the first layer unmasked, and
    degrees then begin at 0, so that the first output too depends on them. The output is parameter-major: with D inputs and
    P*D outputs, output p*D + i has degree i.

    `conditions=added`: one condition, of as many features as the first hidden layer has units, is added to what leaves that
    layer (the context of IAF, Kingma et al. 2016), without weights of its own. `conditions=weights`: a layer is s(c) * (V x) + t(c),
    s and t linear in the conditions c and the rows of the last V of length 1 (the conditional weight norm of the code of NAF, Huang
    et al. 2018); conditions so reach the last layer too, and degrees begin at 1. `head=n`: the masked layers give n numbers for each input, of which one linear map, the same for every input, makes
    the outputs.
    """

    joins = False

    hidden: tuple[Width, ...]
    activation: Activation = "relu"
    conditions: Literal["projected", "added", "weights"] = "projected"
    head: Width | None = None

    def takes(self, given: tuple[Shape, ...]) -> None:
        if self.conditions == "added" and given != ((*self.hidden[:1],),):
            needed = f"one condition of {self.hidden[0]} features, those of its first hidden layer" if self.hidden else "a hidden layer"
            raise Fault("FS308", f"`made(conditions=added)` needs {needed}; it is given {', '.join(map(written, given)) or 'none'}",
                        argument="conditions",
                        help=("or compute it from another: `context h >> linear(64) as c`",), arguments={"conditions": None})  # fmt: skip
        if self.conditions == "weights" and not given:
            raise Fault(
                "FS402", "the conditional weights of `made` depend on nothing: it is given no condition", argument="conditions",
                help=("say what they depend on, as in `given=label`", "or declare a condition that is always zero: `context zeros(1) as nothing`"),
            )  # fmt: skip

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        return for_each_input(self.word, input, wanted)

    def ordered(self) -> bool | None:
        return True

    def each(self, ports: Ports) -> int:
        """Numbers for each input that the masked layers give."""
        return self.head or ports.output[0] // ports.input[0]

    def widths(self, ports: Ports) -> tuple[int, ...]:
        """Features of each masked layer, from the input to the last."""
        return (ports.input[0], *self.hidden, self.each(ports) * ports.input[0])

    def projected(self, ports: Ports) -> int:
        """Features of the conditions that are read through weights: by the first layer, or by all."""
        return 0 if self.conditions == "added" else sum(prod(shape) for shape in ports.given)

    def degrees(self, ports: Ports) -> tuple[tuple[int, ...], ...]:
        """Degrees of the units of each masked layer, from the input (1 … D) to the last."""
        inputs = tuple(range(1, ports.input[0] + 1))
        lowest, count = self._hidden_degrees(ports)
        inner = tuple(tuple(i % count + lowest for i in range(width)) for width in self.hidden)
        return (inputs, *inner, inputs * self.each(ports))

    def _hidden_degrees(self, ports: Ports) -> tuple[int, int]:
        """The lowest degree of hidden units, and how many degrees they share."""
        d = ports.input[0]
        return (0, d) if ports.given and self.conditions != "weights" else (1, max(1, d - 1))

    def live(self, ports: Ports) -> tuple[int, ...]:
        """Number of unmasked weights of each layer."""
        layers = self._units(ports)
        strict = len(layers) - 2
        return tuple(_pairs(lower, upper, int(i < strict)) for i, (lower, upper) in enumerate(zip(layers, layers[1:])))

    def _units(self, ports: Ports) -> list[list[int]]:
        """For each layer of `degrees`, how many of its units have degree 0 … D."""
        d, (lowest, count) = ports.input[0], self._hidden_degrees(ports)
        inner = ([width // count + (degree < width % count) for degree in range(count)] for width in self.hidden)
        hidden = [[0] * lowest + units + [0] * (d + 1 - lowest - count) for units in inner]
        return [[0] + [1] * d, *hidden, [0] + [self.each(ports)] * d]

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        widths, tensors, conditions = self.widths(ports), [], self.projected(ports)
        for i, live in enumerate(self.live(ports)):
            a, b = widths[i], widths[i + 1]
            tensors.append(Tensor(name=f"layers.{i}.weight", shape=(b, a), live_entries=live))
            if self.conditions == "weights":
                tensors += [*_affine(f"scales.{i}", b, conditions), *_affine(f"shifts.{i}", b, conditions)]
            else:
                tensors.append(Tensor(name=f"layers.{i}.bias", shape=(b,)))
        if conditions and self.conditions == "projected":
            tensors.append(Tensor(name="condition.weight", shape=(widths[1], conditions)))
        return (*tensors, *(_affine("head", ports.output[0] // ports.input[0], self.head) if self.head else ()))

    def multiply_adds(self, ports: Ports) -> int:
        widths, conditions = self.widths(ports), self.projected(ports)
        conditioned = 2 * sum(widths[1:]) if self.conditions == "weights" else widths[1]
        return sum(a * b for a, b in zip(widths, widths[1:])) + conditions * conditioned + (self.head or 0) * ports.output[0]


class Flatten(NetworkWord, word="flatten"):
    """Reads an image as a vector."""

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        return (prod(input),)


def _affine(name: str, outputs: int, inputs: int) -> tuple[Tensor, Tensor]:
    return Tensor(name=f"{name}.weight", shape=(outputs, inputs)), Tensor(name=f"{name}.bias", shape=(outputs,))


def _pairs(lower: list[int], upper: list[int], more: int) -> int:
    """Pairs of a lower and an upper unit, the lower's degree below the upper's (plus `more`); layers as units of each degree."""
    below = [0, *accumulate(lower)]
    return sum(units * below[min(degree + more, len(lower))] for degree, units in enumerate(upper))
