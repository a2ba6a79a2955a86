"""Continuous flows (FFJORD, Grathwohl et al. 2019)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.rules import Demand, Facts, Shape, State, Tensor
from flowspec.vocabulary.word import Net, Transform


class Continuous(Transform, word="continuous"):
    """z = x(T), where dx/dt = f(x, t) and x(0) = x (FFJORD, Grathwohl et al. 2019, eqs. 3-5); the log-det is the integral of tr(df/dx).

    `dynamics` is given the time, a vector of one number, before any other condition. `trace=exact` takes one product with the
    Jacobian for each dimension; `trace=hutchinson` one in all, with one draw of noise for each example, and the likelihood is an
    estimate. `learn_time` learns T, which starts at `time`. The solver keeps its error below `tolerance` (relative and absolute), in
    both directions; gradients come from the adjoint equation, or directly through the solver's steps. Reports count one evaluation
    of the network: how many a solver needs depends on the data.
    """

    dynamics: Net
    trace: Literal["exact", "hutchinson"] = "exact"
    time: Annotated[float, Field(gt=0)] = 1.0
    learn_time: bool = False
    solver: Literal["dopri5", "dopri8", "bosh3"] = "dopri5"
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 1e-5
    gradient: Literal["adjoint", "direct"] = "adjoint"

    def demands(self, x: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        reason = "the direction in which each dimension moves"
        return {"dynamics": Demand(input=x.shape, given=((1,), *given), output=x.shape, reason=reason)}

    def facts(self, x: State) -> Facts:
        return Facts(density="iterative", sampling="iterative", log_det="exact" if self.trace == "exact" else "estimate")

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        return (Tensor(name="root_time", shape=()),) if self.learn_time else ()
