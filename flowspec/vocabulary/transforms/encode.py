"""Variational layers: a state becomes a latent drawn from a posterior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from flowspec.vocabulary.rules import Demand, Facts, Fault, NestedDemand, Shape, State, Tensor
from flowspec.vocabulary.word import AnyPrior, NestedFlow, Prior, Transform

Count = Annotated[int, Field(ge=1)]


class Encode(Transform, word="encode"):
    """A state x becomes a latent z ~ q(z | x) of its own shape (Kingma & Welling 2014; as a layer: Nielsen et al. 2020, SurVAE).

    Contributes log p(x | z), the reconstruction, and -log q(z | x), the posterior: a lower bound on log p(x). Sampling draws
    x ~ p(x | z); temperature 0 gives its mean.

    The posterior may be a flow of z with one context (Rezende & Mohamed 2015): drawn from in its sampling direction, which steps
    inside `inverse { }` compute in one pass.

    The posterior's network, or the flow's context, reads x, or what the step is `given` instead: a state tapped before x was
    changed (Morrow & Chiu 2020, sec. 3.4). The decoder's network reads z, and what the decoder is `given` beside: sampling must
    know that by then.

    Of a Gaussian posterior with a Gaussian prior straight behind it, the divergence from one to the other has a closed form:
    training and the terms of the bound have it in place of the draw's (Kingma & Welling 2014, app. B).
    """

    reads = "any"
    holds = ("posterior", "decoder")
    draws_from = "posterior"
    terms = ("reconstruction", "posterior")
    keeps_shape = False

    latent: Count | tuple[Count, ...]
    posterior: AnyPrior | NestedFlow
    decoder: AnyPrior

    @model_validator(mode="after")
    def _differentiable(self) -> Self:
        if not self.is_flow and not self.posterior.reparametrised:
            raise Fault("FS410", f"`{self.posterior.word}` cannot be a posterior: no gradient passes through its draws", argument="posterior",
                        arguments={"posterior": f"gaussian({getattr(self.posterior, 'form', 'linear')})"})  # fmt: skip
        return self

    @property
    def is_flow(self) -> bool:
        """Whether the posterior is a flow."""
        return isinstance(self.posterior, str)

    def z(self) -> State:
        """The latent."""
        return State(shape=self.latent if isinstance(self.latent, tuple) else (self.latent,))

    def held(self, x: State) -> dict[str, State]:
        return ({} if self.is_flow else {"posterior": self.z()}) | {"decoder": x}

    def outputs(self, x: State) -> tuple[State, ...]:
        if x.levels is not None and self.decoder.reads == "real":
            raise Fault("FS307", f"`{self.decoder.word}` is a density of real numbers; integers 0 … {x.levels - 1} arrive", argument="decoder",
                        before="dequantize(uniform)")  # fmt: skip
        self.decoder.check(x)
        if not self.is_flow:
            self.posterior.check(self.z())
        return (self.z(),)

    def asks(self, x: State, given: Mapping[str, tuple[Shape, ...]]) -> dict[str, Demand]:
        if given.get("posterior"):
            raise Fault("FS212", "the posterior reads what `encode` is given", argument="posterior", help=("write `encode(…, given=x)`",))
        asked = {"decoder": self.decoder.demands(x, (self.z().shape, *given.get("decoder", ())))}
        if not self.is_flow:
            asked = {"posterior": self.posterior.demands(self.z(), given.get("") or (x.shape,))} | asked
        return {f"{argument}.{name}": demand for argument, demands in asked.items() for name, demand in demands.items()}

    def nested(self, x: State, given: tuple[Shape, ...]) -> dict[str, NestedDemand]:
        if not self.is_flow:
            return {}
        if len(given) > 1:
            raise Fault("FS212", f"the posterior is a flow, which has one context; `encode` is given {len(given)} states", argument="given",
                        help=("give it one, from which the others can be computed",))  # fmt: skip
        return {"posterior": NestedDemand(input=self.z().shape, context=given[0] if given else x.shape, instead=tuple(Prior.words))}

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        own = {argument: getattr(self, argument).parameters(state) for argument, state in self.held(x).items()}
        return tuple(t.model_copy(update={"name": f"{argument}.{t.name}"}) for argument, tensors in own.items() for t in tensors)

    def facts(self, x: State) -> Facts:
        return Facts(kind="stochastic", log_det="bound", sampling_needs_given=False, sampling_readers=("decoder",), sampling_draws=True)

    def uses(self, x: State, network: str) -> tuple[int, int]:
        return (1, 0) if network.startswith("posterior.") else (1, 1)
