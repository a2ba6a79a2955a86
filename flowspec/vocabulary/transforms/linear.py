"""Linear maps of the channels."""

from __future__ import annotations

from typing import Literal

from flowspec.vocabulary.rules import Facts, Fault, State, Tensor
from flowspec.vocabulary.word import Transform


class _Mixing(Transform):
    """y = W x on the channel axis; log|det| = positions * log|det W|.

    `full` stores W. `lu` stores W = P (L + I) (U + diag(sign * exp(log_scale))) with L strictly lower and U strictly upper
    (Glow, Kingma & Dhariwal 2018, eq. 10), both as full matrices held at zero by a mask, so that of 2C²+C entries C² are live.
    `orthogonal` keeps W orthogonal (matrix exponential of a skew matrix): volume zero.
    """

    form: Literal["full", "lu", "orthogonal"] = "full"
    start: Literal["rotation", "identity"] = "rotation"

    def facts(self, x: State) -> Facts:
        return Facts(volume="zero" if self.form == "orthogonal" else "constant")

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        c = x.channels
        if self.form != "lu":
            half = c * (c - 1) // 2
            return (Tensor(name="weight", shape=(c, c), live_entries=half if self.form == "orthogonal" else None),)
        half = c * (c - 1) // 2
        return (
            Tensor(name="lower", shape=(c, c), live_entries=half),
            Tensor(name="upper", shape=(c, c), live_entries=half),
            Tensor(name="log_scale", shape=(c,)),
        )

    def multiply_adds(self, x: State) -> tuple[int, int]:
        cost = x.channels * x.size
        return (cost, cost)


class Conv1x1(_Mixing, word="conv1x1"):
    """The invertible 1x1 convolution of an image (Glow, Kingma & Dhariwal 2018, sec. 3.2)."""

    def outputs(self, x: State) -> tuple[State, ...]:
        if len(x.shape) < 2:
            raise Fault(
                "FS302",
                f"`conv1x1` needs channels at positions; a vector of {x.channels} features arrives",
                instead="linear",
            )
        return (x,)


class Linear(_Mixing, word="linear"):
    """An invertible linear map of a vector's features."""

    def outputs(self, x: State) -> tuple[State, ...]:
        if len(x.shape) != 1:
            raise Fault(
                "FS302", f"`linear` needs a vector; {x} arrives", help=("or read the image as a vector first: `flatten; linear`",), instead="conv1x1"
            )
        return (x,)
