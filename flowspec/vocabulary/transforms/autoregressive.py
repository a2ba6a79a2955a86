"""Autoregressive transforms."""

from __future__ import annotations

from typing import Literal

from flowspec.vocabulary.rules import Demand, Facts, Fault, Shape, State, vector
from flowspec.vocabulary.transforms.coupling import Mapping, parameters_for
from flowspec.vocabulary.word import AnyMap, Net


class Autoregressive(Mapping, word="autoregressive"):
    """Maps feature i elementwise, with parameters that depend on the features before it (MAF, Papamakarios et al. 2017, eq. 3).

    The density takes one pass of the conditioner; sampling goes feature by feature, D steps, each by the map's own inverse.
    `inverse { }` turns it round (IAF, Kingma et al. 2016). The conditioner must be ordered, as `made` is; its output is laid out
    as in `coupling`.

    `over=rows` takes the rows of an image or a folded series for features: the elements of row r have parameters that depend
    on the rows before r, all columns at once (WaveFlow, Ping et al. 2020, eq. 6). The conditioner reads the state a row lower,
    zeros above it, and must be causal over rows, as `wavenet` is. `backward` goes from the last row to the first; conditions
    with rows are then read in that order too.
    """

    map: AnyMap
    conditioner: Net
    over: Literal["features", "rows"] = "features"
    backward: bool = False

    def outputs(self, x: State) -> tuple[State, ...]:
        if self.over == "rows":
            return self._over_rows(x)
        if self.backward:
            raise Fault("FS208", "`backward` is for `over=rows`", argument="backward", help=("put `reverse` before it",), arguments={"backward": None})
        return (vector(self.word, x),)

    def inputs(self, z: State) -> State:
        return self.outputs(z)[0]

    def _over_rows(self, x: State) -> tuple[State, ...]:
        if len(x.shape) != 3:
            raise Fault("FS302", f"`autoregressive` over rows needs rows and columns; {x} arrives", help=("a series is folded into rows by `fold(16)` before it",), arguments={} if len(x.shape) == 2 else {"over": None})
        return (x,)

    def demands(self, x: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        order = {"causal": True} if self.over == "rows" else {"ordered": True}
        return {"conditioner": Demand(input=x.shape, given=given, **order, **parameters_for(self.map, x.shape))}

    def facts(self, x: State) -> Facts:
        passes = x.shape[1] if self.over == "rows" else x.channels
        facts = self.map.facts()
        sampling = "sequential" if facts.sampling == "analytic" else facts.sampling
        return facts.model_copy(update={"sampling": sampling, "passes": passes})
