"""What an exported file holds in place of the compiler: plain values for its declarations, and the flow's constructor."""

from __future__ import annotations

from flowspec.export.sources import Name

OPERATIONS, FLOW = Name("flowspec.modules.operations", "Operation"), Name("flowspec.modules.flow", "Flow")
MODULE_OF = Name("flowspec.modules", "module_of")
PROVIDED = {
    OPERATIONS: '''class Operation(NamedTuple):
    """A step or prior as the flow runs it: its module, the wires it reads and makes, and those nobody reads after it."""

    path: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...] = ()
    given: tuple[int, ...] = ()
    drops: tuple[int, ...] = ()
    ends: bool = False
    inverted: bool = False
    module: nn.Module | None = None
''',
    MODULE_OF: '''def module_of(word: Plain) -> type[nn.Module]:
    """The module of a map or distribution that is an argument."""
    return word.module
''',
}
"""Definitions in another form than flowspec's own."""
PLAIN = '''class Plain(SimpleNamespace):
    """Arguments and shapes as the spec gives them, and what follows from them."""
'''
SKIPPED = {FLOW: ("__init__", "use_memory", "bypassing", "parts", "terms", "_terms")}
"""Methods that the constructor below, or nothing, stands for."""
CONSTRUCTOR = '''    def __init__(
        self, body: Section, contexts: Mapping[str, Section], conditions: tuple[Plain, ...], density: tuple[Operation, ...],
        sampling: tuple[Operation, ...], input_state: Plain, bound: bool, uninvertible: tuple[str, ...],
    ):
        super().__init__()
        self._assemble(body, contexts, conditions, input_state, bound, uninvertible)
        self._density = self._kept = tuple(operation._replace(module=self.at(operation.path)) for operation in density)
        self._sampling = tuple(operation._replace(module=self.at(operation.path)) for operation in sampling)
        if len(input_state.shape) == 3:
            self.to(memory_format=torch.channels_last)

    def parts(self, names: Collection[str]) -> list[nn.Module]:
        """The modules at these paths."""
        return [self.at(name) for name in names]
'''
IMPORTS = (
    "from types import SimpleNamespace", "from typing import NamedTuple", "from collections.abc import Collection, Mapping", "import torch",
    "from torch import nn",
)  # fmt: skip
"""Of these templates."""
