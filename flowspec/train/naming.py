"""The parts of a flow that a caller names."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flowspec.graph import End, Mark, Step, part_paths
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
    """Raises TrainingError for a temperature of what draws nothing: only priors and decoders do, alone or in their parts."""
    drawing = [node for node in flow.checked.nodes if _draws(node.item)]
    names = {name for node in drawing for name in node.path.split(".")}
    unknown = [name for name in temperature if name not in names] if isinstance(temperature, Mapping) else []
    if unknown:
        parts = {block.name for node in drawing for block in node.blocks if block.kind == "part"}
        known = ", ".join(sorted(parts | {node.item.name for node in drawing}))
        raise TrainingError(f"nothing of the name `{unknown[0]}` draws when the flow is sampled, and has a temperature; what does: {known}")


def _draws(item: Step | End | Mark) -> bool:
    return isinstance(item, End) or (isinstance(item, Step) and item.word.facts(item.domain).sampling_draws)
