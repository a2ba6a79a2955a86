"""What a flow keeps for its gradients: the same operations, computed again instead of kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from flowspec.modules.halves import in_halves
from flowspec.modules.operations import Operation
from flowspec.modules.recomputing import Checkpointed
from flowspec.modules.reversal import reversing

Memory = Literal["plain", "checkpoint", "reversible"]
"""`plain` keeps every activation. `checkpoint` keeps, of steps and priors that have networks, what enters them. `reversible`
keeps, of bijections one after another, what leaves the last; of other steps that have networks, what enters them."""


def saving(operations: Sequence[Operation], memory: Memory) -> tuple[Operation, ...]:
    """The operations as they run with this use of memory: results, gradients and running statistics are the same."""
    if memory == "plain":
        return in_halves(operations)
    found = reversing(operations) if memory == "reversible" else operations
    return tuple(replace(operation, module=Checkpointed(operation.module)) if operation.networks else operation for operation in found)
