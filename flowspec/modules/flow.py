"""A flow as a torch module."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from itertools import chain

import torch
from torch import Tensor, nn

from flowspec.bypass import without
from flowspec.check import check
from flowspec.checked import CheckedGraph
from flowspec.expansion import needed_to_sample
from flowspec.graph import ContextNode, part_paths
from flowspec.modules.halves import in_halves
from flowspec.modules.layout import laid_out
from flowspec.modules.memory import Memory, saving
from flowspec.modules.operations import Operation, Temperature, applied, operations, packed, temperature_of, unpack
from flowspec.modules.priors.gaussian import Moments
from flowspec.modules.section import Section
from flowspec.vocabulary.rules import State

Condition = Tensor | Mapping[str, Tensor] | None


class Flow(Section):
    """A normalizing flow: log p(x) = sum over priors of log p(z) + log|det dz/dx| (and the terms of its stochastic steps).

    Where the checker says *bound*, every likelihood here is a lower bound, computed with one draw of the noise.
    """

    input_state: State
    """The shape of one example, and its number of levels where it is made of integers."""

    def __init__(self, checked: CheckedGraph, body: Section, contexts: Mapping[str, Section]):
        super().__init__()
        self.checked = checked
        uninvertible = checked.facts.causes["inverse"][:3] if checked.sampling is None else ()
        self._assemble(body, contexts, checked.graph.contexts, checked.graph.input_state, checked.facts.likelihood == "bound", uninvertible)
        density = [checked.nodes[i] for i in checked.density]
        sampling = [checked.nodes[i] for i in checked.sampling or ()]
        self._density = operations(self.at, density, lambda node: node.inputs, lambda node: node.given)
        self._sampling = in_halves(operations(self.at, sampling, lambda node: node.outputs, needed_to_sample))
        self.use_memory("plain")

    def _assemble(
        self, body: Section, contexts: Mapping[str, Section], conditions: tuple[ContextNode, ...], input_state: State, bound: bool,
        uninvertible: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Takes the modules of a body and of contexts for its own, with what its methods ask of the graph."""
        for name, child in body.named_children():
            self.put(name, child)
        for name, child in contexts.items():
            self.put(f"context_{name}", child)
        self._contexts = dict(contexts)
        self.conditions, self.input_state, self.bound, self.uninvertible = conditions, input_state, bound, uninvertible

    def use_memory(self, memory: Memory) -> None:
        """What the normalising direction keeps for gradients from now on; they and all results stay the same."""
        self.memory = memory
        self._kept = saving(self._density, memory)

    # --------------------------------------------------------------------------------------------- normalising direction

    def log_prob(self, x: Tensor, context: Condition = None) -> Tensor:
        """Log-likelihood in nats of each example (a lower bound where the checker says so): x (B, *shape) -> (B,)."""
        latents, log_det = self._normalise(x, context)
        total = log_det
        for operation, z, given in latents:
            total = total + operation.module.log_prob(z, given)
        return total

    def terms(self, x: Tensor, context: Condition = None) -> dict[str, Tensor]:
        """The terms of log p(x) or its bound in nats, each (B,), by the names that `flowspec.terms` gives.

        Their sum is `log_prob`, of the same draws, but for divergences in closed form, which stand in place of those draws' values.
        """
        wires, moments, found = self._start(self._checked_input(x), context, len(x)), {}, {}
        for operation in self._kept:
            given = tuple(wires[wire] for wire in operation.given)
            for name, value in zip(operation.terms, self._terms(operation, wires, given, moments)):
                found[name] = found[name] + value if name in found else value
            for wire in operation.drops:
                del wires[wire]
        return found

    def _terms(self, operation: Operation, wires: dict[int, Tensor], given: tuple[Tensor, ...], moments: dict[int, Moments]) -> tuple[Tensor, ...]:
        """Runs an operation; what it adds, with expectations where they are known."""
        module, wire = operation.module, operation.inputs[0]
        if operation.ends:
            return (module.expected_log_prob(moments[wire], given) if wire in moments else module.log_prob(wires[wire], given),)
        if operation.closed:
            outputs, values, moments[operation.outputs[0]] = applied(operation, module.with_expectations, wires[wire], given)
        else:
            run = module.inverse if operation.inverted else module.with_terms
            outputs, values = applied(operation, run, packed(wires, operation.inputs), given)
        unpack(wires, operation.outputs, outputs)
        return (values,) if isinstance(values, Tensor) else values

    def forward(self, x: Tensor, context: Condition = None) -> tuple[Tensor | tuple[Tensor, ...], Tensor]:
        """x (B, *shape) -> z, log_det (B,): a tensor, or one for each prior in the order of the text."""
        latents, log_det = self._normalise(x, context)
        zs = tuple(z for _, z, _ in latents)
        return zs[0] if len(zs) == 1 else zs, log_det

    def _normalise(self, x: Tensor, context: Condition) -> tuple[list[tuple[Operation, Tensor, tuple[Tensor, ...]]], Tensor]:
        wires = self._start(self._checked_input(x), context, len(x))
        log_det = x.new_zeros(len(x), dtype=torch.promote_types(_real(x), torch.float32))
        latents = []
        for operation in self._kept:
            given = tuple(wires[wire] for wire in operation.given)
            if operation.ends:
                latents.append((operation, wires[operation.inputs[0]], given))
            else:
                run = operation.module.inverse if operation.inverted else operation.module
                outputs, change = applied(operation, run, packed(wires, operation.inputs), given)
                unpack(wires, operation.outputs, outputs)
                log_det = log_det + change
            for wire in operation.drops:
                del wires[wire]
        return latents, log_det

    # ------------------------------------------------------------------------------------------------ sampling direction

    @torch.no_grad()
    def sample(self, n: int, context: Condition = None, temperature: Temperature = 1.0) -> Tensor:
        """Draws n examples, (n, *shape). A context of batch n gives one example for each row, one of batch 1 is repeated.

        `temperature` multiplies the standard deviation of every prior and decoder; a mapping does so for the parts it names.
        Raises ValueError where the flow cannot be sampled.
        """
        self._can_sample()
        wires = self._start(None, _repeated(context, n), n)
        draw = lambda op, given: op.module.sample(n, given, temperature_of(op.path, temperature))  # noqa: E731
        return self._generate(wires, draw, temperature)[0]

    def sample_with_log_prob(self, n: int, context: Condition = None) -> tuple[Tensor, Tensor]:
        """Draws n examples with their log-likelihoods in one pass, (n, *shape) and (n,); gradients reach the parameters.

        Raises ValueError where the flow cannot be sampled, or where its likelihood is a bound.
        """
        self._can_sample()
        if self.bound:
            raise ValueError("the likelihood of this flow is a bound: that of its own samples is not known from the draw")
        log_probs = []

        def draw(operation: Operation, given: tuple[Tensor, ...]) -> Tensor:
            z, log_prob = operation.module.draw(n, given)
            log_probs.append(log_prob)
            return z

        x, log_det = self._generate(self._start(None, _repeated(context, n), n), draw)
        return x, sum(log_probs) - log_det

    def draw(self, n: int, given: tuple[Tensor, ...] = ()) -> tuple[Tensor, Tensor]:
        """`sample_with_log_prob` in the form of a prior's, for a flow that stands within a step and may read one condition."""
        return self.sample_with_log_prob(n, given[0] if self.has_context else None)

    @property
    def device(self) -> torch.device:
        """Where its tensors are."""
        return next(chain(self.parameters(), self.buffers()), torch.empty(0)).device

    @property
    def has_context(self) -> bool:
        """Whether the flow is conditioned on anything that is given."""
        return any(condition.asked for condition in self.conditions)

    def inverse(self, z: Tensor | tuple[Tensor, ...], context: Condition = None, temperature: Temperature = 1.0) -> Tensor:
        """The example that goes to the latents z, as `forward` gives them: -> (B, *shape).

        What a decoder draws has the `temperature`; at 0 it is the decoder's mean.
        """
        self._can_sample()
        latents = (z,) if isinstance(z, Tensor) else tuple(z)
        ends = [operation.path for operation in self._density if operation.ends]
        if len(latents) != len(ends):
            raise ValueError(f"{len(ends)} latents are needed, one for each prior ({', '.join(ends)}); found {len(latents)}")
        by_path = dict(zip(ends, latents))
        return self._generate(self._start(None, context, len(latents[0])), lambda op, given: by_path[op.path], temperature)[0]

    def _generate(self, wires: dict[int, Tensor], draw, temperature: Temperature = 1.0) -> tuple[Tensor, Tensor | float]:  # noqa: ANN001
        log_det: Tensor | float = 0.0
        for operation in self._sampling:
            given = tuple(wires[wire] for wire in operation.given)
            if operation.ends:
                wires[operation.inputs[0]] = laid_out(draw(operation, given))
            else:
                run = operation.module if operation.inverted else operation.module.inverse
                if getattr(operation.module, "draws", False):
                    run = partial(run, temperature=temperature_of(operation.path, temperature))
                inputs, change = applied(operation, run, packed(wires, operation.outputs), given)
                log_det = log_det + change
                unpack(wires, operation.inputs, inputs)
            for wire in operation.drops:
                wires.pop(wire, None)
        return wires[0], log_det

    def _can_sample(self) -> None:
        if self.uninvertible:
            raise ValueError(f"this flow cannot be sampled: {', '.join(self.uninvertible)} has no inverse")

    # ------------------------------------------------------------------------------------------------------------- parts

    def bypassing(self, parts: Collection[str]) -> Flow:
        """The flow without the named parts, made of the same modules: what is left out is neither run nor started.

        Raises SpecError where a part cannot be left out.
        """
        if not parts:
            return self
        rest = Flow(check(without(self.checked.graph, parts), whole=False), self, self._contexts)
        rest.training = self.training
        rest.use_memory(self.memory)
        return rest

    def parts(self, names: Collection[str]) -> list[nn.Module]:
        """The modules of the parts of these names, copy by copy."""
        return [self.at(path) for name in names for path in part_paths(self.checked.graph.body, name)]

    # ------------------------------------------------------------------------------------------------------------ starts

    @torch.no_grad()
    def initialise(self, x: Tensor, context: Condition = None, frozen: Collection[str] = ()) -> None:
        """Starts the layers that take their first values from data (`actnorm`), in order, from one batch x (B, *shape).

        A layer that has started, in training or by loading a checkpoint, is left alone, as are those of `frozen` parts.
        """
        still = {module for part in self.parts(frozen) for module in part.modules()}
        waiting = [module for module in self.modules() if getattr(module, "needs_start", False) and module not in still]
        hooks = [module.register_forward_pre_hook(lambda module, inputs: module.start(inputs[0])) for module in waiting]
        try:
            self.log_prob(x, context)
        finally:
            for hook in hooks:
                hook.remove()

    def _checked_input(self, x: Tensor) -> Tensor:
        if tuple(x.shape[1:]) != self.input_state.shape:
            needed, found = ("x".join(map(str, shape)) or "single numbers" for shape in (self.input_state.shape, x.shape[1:]))
            raise ValueError(f"the flow reads examples of shape {needed}; found {found}")
        return laid_out(x)

    def _start(self, x: Tensor | None, context: Condition, batch: int) -> dict[int, Tensor]:
        wires = {} if x is None else {0: x}
        names = [condition.name for condition in self.conditions if condition.asked]
        given = context if isinstance(context, Mapping) else {} if context is None else dict.fromkeys(names[:1], context)
        if set(given) != set(names) or (isinstance(context, Tensor) and len(names) != 1):
            raise ValueError(f"the flow's contexts are: {', '.join(names) or 'none'}; given: {', '.join(given) or 'none'}")
        values: dict[str, Tensor] = {}
        for i, condition in enumerate(self.conditions):
            modules = self._contexts[condition.name]
            value = modules.at("input")(given.get(condition.name, batch)) if condition.origin is None else values[condition.origin]
            wires[i + 1] = values[condition.name] = modules.at("network")(value) if condition.network else value
        return wires


def _real(x: Tensor) -> torch.dtype:
    return x.dtype if x.is_floating_point() else torch.get_default_dtype()


def _repeated(context: Condition, n: int) -> Condition:
    if context is None:
        return None
    items = context if isinstance(context, Mapping) else {"": context}
    repeated = {name: value.expand(n, *value.shape[1:]) for name, value in items.items()}
    return repeated if isinstance(context, Mapping) else repeated[""]
