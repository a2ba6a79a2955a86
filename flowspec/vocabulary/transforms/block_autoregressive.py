"""Block autoregressive networks as bijections (B-NAF, De Cao et al. 2019)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.amortised import Amortised
from flowspec.vocabulary.rules import Facts, Fault, State, Tensor, vector
from flowspec.vocabulary.word import Net

Activation = Literal["tanh", "sigmoid", "softplus", "elu", "leaky_relu", "asinh", "relu"]
BOUNDED = ("tanh", "sigmoid")
HALF_BOUNDED = ("softplus", "elu")


class BlockAutoregressive(Amortised, word="block_autoregressive"):
    """z_i increases with x_i and depends on x_1 … x_i: a network of block-triangular weights with positive diagonal blocks.

    `layers` hidden layers of `hidden` units, the same number for each feature. A weight is W = diag(exp(s) / |row|) (exp(V) on
    the diagonal blocks, V below them, 0 above) (De Cao et al. 2019, eqs. 5-8); the log of the Jacobian's diagonal is carried
    beside the activations in log space (eq. 9). `residual=gated`: z = a f(x) + (1 - a) x with a = sigmoid(gate), one learned
    number; `residual=plain`: z = x + f(x).

    The activation must increase strictly. `slope` adds slope * u to it. A bounded activation without slope and without
    residual maps onto a bounded set: as a density the flow then integrates to less than 1.

    A `conditioner` gives, for each layer, logs of factors of the rows and of the columns of W and numbers that are added to its
    bias (sec. 4.3): three vectors for each example, the weights themselves being learned. As factors are positive, so are the
    diagonal blocks.
    """

    hidden: Annotated[int, Field(ge=0, le=1_000_000)]
    layers: Annotated[int, Field(ge=1, le=1_000)] = 1
    activation: Activation = "tanh"
    residual: Literal["none", "plain", "gated"] = "none"
    slope: Annotated[float, Field(ge=0)] = 0.0
    conditioner: Net | None = None

    def outputs(self, x: State) -> tuple[State, ...]:
        x = vector(self.word, x)
        if self.activation == "relu" and self.slope == 0:
            raise Fault(
                "FS408", "with `relu` the map is not a bijection: its slope is zero below 0, so that many x go to one z",
                argument="activation",
                help=("or use an activation that increases strictly: tanh, asinh, leaky_relu, softplus",), arguments={"slope": "0.1"},
            )  # fmt: skip
        if self.hidden < x.channels:
            first = self.hidden + 1
            raise Fault(
                "FS409", f"the map is not a bijection: with `hidden={self.hidden}` no unit is left for feature {first} of {x.channels}",
                argument="hidden", notes=(f"a block of width zero lets nothing of x_{first} into z_{first}: many x would go to one z",),
                help=("10 units for each feature are usual",), arguments={"hidden": str(10 * x.channels)},
            )  # fmt: skip
        if self.hidden % x.channels:
            raise Fault(
                "FS409", f"`hidden` must be a multiple of the {x.channels} features, so that each has a block of its own; found {self.hidden}",
                argument="hidden", arguments={"hidden": str(max(1, round(self.hidden / x.channels)) * x.channels)},
            )  # fmt: skip
        return (x,)

    def blocks(self, x: State) -> tuple[tuple[int, int], ...]:
        """(outputs, inputs) for each feature of each layer."""
        h = self.hidden // x.channels
        return ((h, 1), *(((h, h),) * (self.layers - 1)), (1, h))

    def facts(self, x: State) -> Facts:
        bounded = self.residual == "none" and self.slope == 0 and self.activation in BOUNDED + HALF_BOUNDED
        remedy = "`slope=0.01` lets every activation grow without bound; so does a `residual` for the whole map"
        return Facts(sampling="iterative", passes=x.channels, onto=not bounded, remedy=remedy)

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        d, tensors = x.channels, []
        for i, (a, b) in enumerate(self.blocks(x)):
            tensors += [
                Tensor(name=f"layers.{i}.weight", shape=(d * a, d * b), live_entries=d * (d + 1) // 2 * a * b),
                Tensor(name=f"layers.{i}.log_scale", shape=(d * a,)),
                Tensor(name=f"layers.{i}.bias", shape=(d * a,)),
            ]
        return (*tensors, Tensor(name="gate", shape=())) if self.residual == "gated" else tuple(tensors)

    def predicted(self, x: State) -> tuple[Tensor, ...]:
        if self.conditioner is None:
            return ()
        d = x.channels
        return tuple(
            Tensor(name=f"layers.{i}.{name}", shape=(d * size,))
            for i, (a, b) in enumerate(self.blocks(x)) for name, size in (("log_rows", a), ("log_columns", b), ("offset", a))
        )  # fmt: skip

    def multiply_adds(self, x: State) -> tuple[int, int]:
        d = x.channels
        cost = sum(d * d * a * b + d * a * b for a, b in self.blocks(x))
        return (cost, cost)
