"""Residual flows (Behrmann et al. 2019, Chen et al. 2019)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.rules import Demand, Facts, Shape, State
from flowspec.vocabulary.word import Net, Transform


class Residual(Transform, word="residual"):
    """z = x + g(x), g a contraction (i-ResNet, Behrmann et al. 2019, theorem 1); back by its fixed point.

    g must have a Lipschitz constant below 1, which the checker composes from that of its pieces: `mlp([64, 64], lipschitz=0.9)`.
    `log_det=exact` takes the determinant of the Jacobian, a product with it for each dimension. `log_det=series` takes the power
    series log det(1 + J) = sum_k (-1)^(k+1) tr(J^k) / k, each trace by one draw of noise: the `least` number of terms, and as
    many more as a coin falls heads in a row, weighted so that the mean is right (residual flows, Chen et al. 2019, eq. 6). The
    likelihood is then an estimate.
    """

    network: Net
    log_det: Literal["exact", "series"] = "exact"
    least: Annotated[int, Field(ge=1, le=1_000)] = 4

    def demands(self, x: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        reason = "what is added to each dimension"
        return {"network": Demand(input=x.shape, given=given, output=x.shape, reason=reason, contracts=True)}

    def facts(self, x: State) -> Facts:
        if self.log_det == "exact":
            return Facts(sampling="iterative")
        return Facts(density="iterative", sampling="iterative", log_det="estimate")
