"""Autoregressive densities."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowspec.vocabulary.rules import Demand, Facts, Shape, State, vector
from flowspec.vocabulary.word import Net, Prior


class Autoregressive(Prior, word="autoregressive"):
    """p(z) = prod_i p(z_i | z_1 … z_i-1), each a mixture of Gaussians (MADE, Germain et al. 2015; MADE MoG, Papamakarios et al. 2017).

    The conditioner, which must be ordered, as `made` is, gives the means, the log-sds and, of more than one component, the logits
    of the weights: 2 numbers for each feature, or 3 for each component. The density takes one pass, sampling one step for each
    feature.
    """

    reparametrised = False

    conditioner: Net
    components: Annotated[int, Field(ge=1, le=100_000)] = 1

    @property
    def width(self) -> int:
        """Numbers for each feature."""
        return 2 if self.components == 1 else 3 * self.components

    def check(self, z: State) -> None:
        vector(self.word, z)

    def demands(self, z: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        of = "a mean and a log-sd" if self.components == 1 else f"means, log-sds and logits of {self.components} components"
        reason = f"{of} for each of {z.channels} features"
        return {"conditioner": Demand(input=z.shape, given=given, output=(self.width * z.channels,), reason=reason, ordered=True)}

    def facts(self, z: State) -> Facts:
        return Facts(volume="zero", sampling="sequential", passes=z.channels)
