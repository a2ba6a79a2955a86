"""States handed on in halves: between couplings that cut them alike, nothing is joined only to be cut again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from flowspec.modules.operations import Operation
from flowspec.modules.transforms import Given
from flowspec.modules.transforms.coupling import Coupling, Direction, Halves


def in_halves(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """The operations, of either direction, with what goes from a coupling to its like, and is no condition, left in halves."""
    couplings = [operation for operation in operations if isinstance(operation.module, Coupling)]
    readers = {operation.inputs[0]: operation.module for operation in couplings}
    conditions = {wire for operation in operations for wire in operation.given}
    alike = {
        operation.outputs[0] for operation in couplings
        if (reader := readers.get(operation.outputs[0])) and operation.module.cuts_as(reader)
    } - conditions  # fmt: skip
    return tuple(_handing_on(operation, alike) if operation in couplings else operation for operation in operations)


def _handing_on(operation: Operation, alike: set[int]) -> Operation:
    before, after = operation.inputs[0] in alike, operation.outputs[0] in alike
    if not before and not after:
        return operation
    return replace(operation, module=Halved(operation.module, *((after, before) if operation.inverted else (before, after))))


@dataclass(frozen=True, eq=False)
class Halved:
    """A coupling whose x, or z, or both, are in halves: on one wire, and so in a tuple of one."""

    module: Coupling
    x_in_halves: bool
    z_in_halves: bool

    def __call__(self, x: Tensor | Halves, given: Given = ()) -> tuple[Tensor | tuple[Halves], Tensor]:
        return self._apply(x, given, self.module.map.forward, self.x_in_halves, self.z_in_halves)

    def inverse(self, z: Tensor | Halves, given: Given = ()) -> tuple[Tensor | tuple[Halves], Tensor]:
        """As the coupling's."""
        return self._apply(z, given, self.module.map.inverse, self.z_in_halves, self.x_in_halves)

    def with_terms(self, x: Tensor | Halves, given: Given = ()) -> tuple[Tensor | tuple[Halves], tuple[Tensor, ...]]:
        """As the coupling's."""
        z, log_det = self(x, given)
        return z, (log_det,)

    def _apply(self, state: Tensor | Halves, given: Given, apply: Direction, arrives: bool, leaves: bool) -> tuple[Tensor | tuple[Halves], Tensor]:
        halves, log_det = self.module.on_halves(state if arrives else self.module.cut(state), given, apply)
        return (halves,) if leaves else self.module.joined(halves), log_det
