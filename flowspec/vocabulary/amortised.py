"""Transforms whose parameters are learned or, wholly or in part, predicted from a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowspec.vocabulary.rules import Demand, Fault, Shape, State, Tensor
from flowspec.vocabulary.word import Net, Transform


class Amortised(Transform):
    """A transform with an argument `conditioner`, left out where every parameter is learned.

    The conditioner reads what the step is `given` and gives one vector for each example, cut into the `predicted` tensors in
    their order (Rezende & Mohamed 2015, sec. 4.2; van den Berg et al. 2018, sec. 3.2).
    """

    if TYPE_CHECKING:
        conditioner: Net | None

    def tensors(self, x: State) -> tuple[Tensor, ...]:
        """The parameters of the map."""
        return ()

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        return self.tensors(x) if self.conditioner is None else ()

    def predicted(self, x: State) -> tuple[Tensor, ...]:
        """The tensors that the conditioner gives: all of the map, unless a word says which."""
        return () if self.conditioner is None else self.tensors(x)

    def demands(self, x: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        if self.conditioner is None:
            return {}
        input, *rest = read_by_conditioner(self.word, given, "its parameters are learned")
        output = (sum(tensor.numel for tensor in self.predicted(x)),)
        names = ", ".join(f"{tensor.numel} of `{tensor.name}`" for tensor in self.predicted(x))
        return {"conditioner": Demand(input=input, given=tuple(rest), output=output, reason=names)}


def read_by_conditioner(word: str, given: tuple[Shape, ...], otherwise: str) -> tuple[Shape, ...]:
    """What the conditioner of a step reads, all of which it is `given`. Raises Fault where that is nothing."""
    if not given:
        raise Fault(
            "FS402", f"the conditioner of `{word}` reads nothing: without `given` there is no state that it could read",
            argument="conditioner", notes=(f"without a network {otherwise}",), help=("or say what it reads: `given=NAME`, the name of a context, a tap or a wire",),
            arguments={"conditioner": None},
        )  # fmt: skip
    return given
