"""Autoregressive transforms."""

from __future__ import annotations

from flowspec.vocabulary.rules import Demand, Facts, Fault, Shape, State
from flowspec.vocabulary.transforms.coupling import parameters_for
from flowspec.vocabulary.word import AnyMap, Net, Transform


class Autoregressive(Transform, word="autoregressive"):
    """Maps feature i elementwise, with parameters that depend on the features before it (MAF, Papamakarios et al. 2017, eq. 3).

    The density takes one pass of the conditioner; sampling goes feature by feature, D steps. `inverse { }` turns it round
    (IAF, Kingma et al. 2016). The conditioner must be ordered, as `made` is; its output is laid out as in `coupling`.
    """

    map: AnyMap
    conditioner: Net

    def outputs(self, x: State) -> tuple[State, ...]:
        if len(x.shape) != 1:
            raise Fault("FS302", f"`autoregressive` needs a vector; {x} arrives", help=("`flatten` the image first",))
        return (x,)

    def demands(self, x: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        return {"conditioner": Demand(input=x.shape, given=given, ordered=True, **parameters_for(self.map, x.shape))}

    def facts(self, x: State) -> Facts:
        return self.map.facts().model_copy(update={"sampling": "sequential", "passes": x.channels})
