"""The parts of a flow that a caller names."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flowspec.graph import part_paths
from flowspec.modules.flow import Flow
from flowspec.modules.operations import Temperature
from flowspec.train.errors import TrainingError


def check_parts(flow: Flow, names: Collection[str]) -> None:
    """Raises TrainingError for a name that is none of a part."""
    unknown = [name for name in names if not any(part_paths(flow.checked.graph.body, name))]
    if unknown:
        parts = sorted({block.name for node in flow.checked.nodes for block in node.blocks if block.kind == "part"})
        raise TrainingError(f"the flow has no part `{unknown[0]}`; its parts: {', '.join(parts) or 'none'}")


def check_temperature(flow: Flow, temperature: Temperature | None) -> None:
    """Raises TrainingError for a temperature of a part that is none."""
    check_parts(flow, temperature if isinstance(temperature, Mapping) else ())
