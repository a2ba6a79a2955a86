"""Reversible training: bijections one after another keep what leaves the last only (Gomez et al. 2017).

For the gradients the last is inverted, run again on what the inverse gave, and its activations are forgotten before the one
before it: memory does not grow with the number of steps. A conditioner reads the same values each time, up to rounding, so that
batch normalisation inside it has the same batch statistics; its running ones count a batch once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn.modules.dropout import _DropoutNd

from flowspec.modules.networks.sharing import reached
from flowspec.modules.operations import Operation, Wires, applied, packed, several, unpack
from flowspec.modules.recomputing import again
from flowspec.modules.transforms import Given


def reversing(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """The operations with bijections one after another as one; a state that is read as a condition is kept, and ends a run."""
    conditions = {wire for operation in operations for wire in operation.given}
    runs: list[list[Operation]] = [[]]
    for operation in operations:
        if not _reversible(operation):
            runs += [[operation], []]
        else:
            runs[-1].append(operation)
            if conditions & set(operation.outputs):
                runs.append([])
    return tuple(run[0] if len(run) == 1 else _joined(run) for run in runs if run)


def _reversible(operation: Operation) -> bool:
    """A network with dropout draws, and would not give the inverse what it gave before."""
    return operation.reversible and not any(isinstance(module, _DropoutNd) for module in reached(operation.module))


def _joined(run: Sequence[Operation]) -> Operation:
    module = Reversed(run)
    drops = {wire for operation in run for wire in operation.drops} & {*module.inputs, *module.given}
    return Operation(
        path=f"{run[0].path} … {run[-1].path}", module=module, inputs=module.inputs, outputs=module.outputs, given=module.given,
        ends=False, inverted=False, state=run[0].state, terms=module.terms, drops=tuple(drops),
    )  # fmt: skip


class Reversed:
    """Bijections one after another as one step, whose gradients are computed from what leaves it."""

    def __init__(self, operations: Sequence[Operation]):
        self.operations = tuple(operations)
        read = [wire for operation in operations for wire in operation.inputs]
        made = [wire for operation in operations for wire in operation.outputs]
        self.inputs = tuple(wire for wire in read if wire not in made)
        self.outputs = tuple(wire for wire in made if wire not in read)
        self.given = tuple(dict.fromkeys(wire for operation in operations for wire in operation.given))
        self.terms = tuple(dict.fromkeys(name for operation in operations for name in operation.terms))

    def __call__(self, x: Tensor | tuple[Tensor, ...], given: Given = ()) -> tuple:
        outputs, values = self.with_terms(x, given)
        return outputs, sum(values)

    def with_terms(self, x: Tensor | tuple[Tensor, ...], given: Given = ()) -> tuple:
        """What leaves, and for each of `terms` the sum of the log-dets."""
        trained = dict.fromkeys(parameter for operation in self.operations for parameter in _trained(operation))
        results = _Reversal.apply(self, *several(x), *given, *trained)
        outputs, values = results[: len(self.outputs)], results[len(self.outputs) :]
        return outputs[0] if len(outputs) == 1 else outputs, values

    def ahead(self, wires: Wires) -> tuple[Tensor, ...]:
        """Runs the steps, forgetting what no later one reads: -> for each of `terms` the sum of the log-dets."""
        found: dict[str, Tensor] = {}
        for operation in self.operations:
            outputs, change = _map(operation, packed(wires, operation.inputs), tuple(wires[wire] for wire in operation.given))
            for wire in set(operation.inputs) - set(self.given):
                del wires[wire]
            unpack(wires, operation.outputs, outputs)
            found |= {name: found[name] + change if name in found else change for name in operation.terms}
        return tuple(found[name] for name in self.terms)


class _Reversal(torch.autograd.Function):
    """Inputs, conditions, parameters -> outputs, sums of log-dets."""

    @staticmethod
    def forward(ctx: FunctionCtx, steps: Reversed, *tensors: Tensor) -> tuple[Tensor, ...]:
        wires = dict(zip((*steps.inputs, *steps.given), tensors))
        values = steps.ahead(wires)
        outputs = tuple(wires[wire] for wire in steps.outputs)
        given, ctx.trained = tensors[len(steps.inputs) :], tensors[len(steps.inputs) + len(steps.given) :]
        ctx.steps = steps
        ctx.save_for_backward(*outputs, *given)  # the parameters among them, so that a change of theirs is noticed
        return *outputs, *values

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        steps, count = ctx.steps, len(ctx.steps.outputs)
        way = _WayBack(
            wires=dict(zip(steps.outputs, ctx.saved_tensors)), given=dict(zip(steps.given, ctx.saved_tensors[count:])),
            of_wires=dict(zip(steps.outputs, gradients)), of_terms=dict(zip(steps.terms, gradients[count:])),
        )  # fmt: skip
        with again(*(operation.module for operation in steps.operations)):
            for operation in reversed(steps.operations):
                way.undo(operation)
        of_inputs, of_given = (way.of_wires[wire] for wire in steps.inputs), (way.of_given.get(wire) for wire in steps.given)
        return None, *of_inputs, *of_given, *(way.of_parameters.get(parameter) for parameter in ctx.trained)


@dataclass
class _WayBack:
    """Where the way back has come to: what the wires hold there, what is given, and gradients of the loss."""

    wires: Wires
    given: Wires
    of_wires: Wires
    of_terms: dict[str, Tensor]
    of_given: Wires = field(default_factory=dict)
    of_parameters: dict[Tensor, Tensor] = field(default_factory=dict)

    def undo(self, operation: Operation) -> None:
        """One step back: what entered the step, and the gradients in it, in the step's conditions and in its parameters."""
        given = tuple(_leaf(self.given[wire]) for wire in operation.given)
        with torch.no_grad():
            x, _ = _map(operation, packed(self.wires, operation.outputs), given, back=True)
        entered = tuple(_leaf(value) for value in several(x))
        with torch.enable_grad():
            z, change = _map(operation, entered[0] if len(entered) == 1 else entered, given)
        left = [(value, self.of_wires.pop(wire)) for wire, value in zip(operation.outputs, several(z))]
        left += [(change, self.of_terms[name]) for name in operation.terms]
        trained = tuple(_trained(operation))
        self._gather(left, [
            *((self.of_wires, wire, value) for wire, value in zip(operation.inputs, entered)),
            *((self.of_given, wire, value) for wire, value in zip(operation.given, given)),
            *((self.of_parameters, parameter, parameter) for parameter in trained),
        ])  # fmt: skip
        for wire in operation.outputs:
            del self.wires[wire]
        self.wires.update(zip(operation.inputs, (value.detach() for value in entered)))

    def _gather(self, left: list[tuple[Tensor, Tensor]], sources: list[tuple[dict, int | Tensor, Tensor]]) -> None:
        """Adds the gradients in the sources, each under its key, from what left the step and the gradients in that."""
        sources = [source for source in sources if source[2].requires_grad]
        values, weights = zip(*((value, weight) for value, weight in left if value.requires_grad))
        found = torch.autograd.grad(values, [tensor for _, _, tensor in sources], weights, allow_unused=True)
        for (gradients, key, _), gradient in zip(sources, found):
            if gradient is not None:
                gradients[key] = gradients[key] + gradient if key in gradients else gradient


def _map(operation: Operation, values: Tensor | tuple[Tensor, ...], given: Given, back: bool = False) -> tuple:
    """A step of the normalising direction, or that step back."""
    module = operation.module
    return applied(operation, module.inverse if operation.inverted != back else module, values, given)


def _leaf(value: Tensor) -> Tensor:
    return value.detach().requires_grad_(value.is_floating_point())


def _trained(operation: Operation) -> Iterator[nn.Parameter]:
    for module in reached(operation.module):
        yield from (parameter for parameter in module.parameters(recurse=False) if parameter.requires_grad)
