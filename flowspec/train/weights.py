"""Checkpoints of flows: the weights with the graph they belong to, so that a file alone gives the flow. No pickle."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor

from flowspec import __version__
from flowspec.check import check
from flowspec.checked import CheckedGraph
from flowspec.diagnostics import SpecError
from flowspec.expansion import expand
from flowspec.graph import Block, Graph, Item, Mark, Network, Step
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.numbers import of_graph
from flowspec.train import tensors
from flowspec.train.errors import CheckpointError
from flowspec.vocabulary.rules import Fault, Frozen, Shape, written

SHOWN = 5
MOST_PIECES = 1_000_000
"""No checkpoint may describe more steps and network pieces."""


def save(flow: Flow, path: Path | str, text: str = "", overrides: Mapping[str, object] | None = None,
         values: Mapping[str, Tensor] | None = None) -> None:  # fmt: skip
    """Writes a flow's weights and graph, beside the text of its spec. `values` stand in for its own tensors."""
    metadata = {
        "flowspec": __version__,
        "spec": text,
        "overrides": json.dumps(dict(overrides or {})),
        "graph": flow.checked.graph.model_dump_json(),
    }
    tensors.write(Path(path), tensors.of_module(flow) | dict(values or {}), metadata)


def load(path: Path | str) -> Flow:
    """The flow of a checkpoint, with its weights. Raises CheckpointError."""
    shapes, metadata = tensors.header(Path(path))
    checked = _checked(Path(path), metadata, sum(map(prod, shapes.values())))
    flow = build(checked, seed=0)
    _fill(flow, Path(path))
    return flow


def load_into(flow: Flow, path: Path | str) -> None:
    """Puts a checkpoint's weights into a flow of the same architecture. Raises CheckpointError that says what differs."""
    shapes, metadata = tensors.header(Path(path))
    found = _differences(flow, shapes, _graph(Path(path), metadata))
    if found:
        more = f"\n  and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise CheckpointError(f"`{path}` is of another architecture:" + "".join(f"\n  {line}" for line in found[:SHOWN]) + more)
    _fill(flow, Path(path))


def take_over(flow: Flow, path: Path | str) -> None:
    """Puts the tensors of a run or checkpoint into those of the same name; others stay. Raises CheckpointError if one does not fit."""
    file = Path(path)
    if file.is_dir():
        file = next((file / name for name in ("best.safetensors", "last.safetensors") if (file / name).exists()), file / "last.safetensors")
    values, _ = tensors.read(file)
    mine = tensors.of_module(flow)
    strange = next((name for name, value in values.items() if name not in mine or mine[name].shape != value.shape), None)
    if strange is not None:
        here = _size(tuple(mine[strange].shape)) if strange in mine else "nothing"
        raise CheckpointError(f"`{file}` does not fit: it holds `{strange}` ({_size(tuple(values[strange].shape))}), the flow has {here} there")
    with torch.no_grad():
        for name, value in values.items():
            mine[name].copy_(value)


def _fill(flow: Flow, path: Path) -> None:
    values, _ = tensors.read(path)
    mine = tensors.of_module(flow)
    wrong = list(_other_shapes(_shapes(mine), _shapes(values)))
    if wrong:
        raise CheckpointError(f"`{path}` does not hold the tensors of its own graph: {wrong[0]}")
    with torch.no_grad():
        for name, tensor in mine.items():
            tensor.copy_(values[name])


def _shapes(values: Mapping[str, Tensor]) -> dict[str, Shape]:
    return {name: tuple(value.shape) for name, value in values.items()}


# --------------------------------------------------------------------------------------------------------------- the graph


def _graph(path: Path, metadata: Mapping[str, str]) -> Graph:
    if "graph" not in metadata:
        raise CheckpointError(f"`{path}` is no flowspec checkpoint: it holds no graph")
    try:
        return Graph.model_validate_json(metadata["graph"])
    except (ValidationError, Fault, KeyError, TypeError) as error:
        written_by = metadata.get("flowspec", "unknown")
        raise CheckpointError(
            f"the graph in `{path}` cannot be read (written by flowspec {written_by}, this is {__version__}): {_first_line(error)}"
        ) from None


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, problem['loc'])) or 'it'}: {problem['msg']}"
    return str(error)


def _checked(path: Path, metadata: Mapping[str, str], entries: int) -> CheckedGraph:
    """The graph of a file with so many tensor entries: what would be built must not be larger than what is stored."""
    graph = _graph(path, metadata)
    if _pieces(graph.body) > MOST_PIECES or of_graph(graph).parameters > entries:
        raise CheckpointError(f"`{path}` holds {entries:_} numbers, its graph states more: one of them has been changed")
    try:
        return check(graph)
    except SpecError as error:
        raise CheckpointError(f"the graph in `{path}` is not sound: {error}") from None


def _pieces(block: Block) -> int:
    return sum(_item_pieces(item) for item in block.items)


def _item_pieces(item: Item) -> int:
    match item:
        case Block():
            return item.times * (1 + _pieces(item))
        case Mark():
            return 1
    networks = sum(map(_network_pieces, item.networks.values()))
    return 1 + networks + (sum(_pieces(flow.body) for flow in item.flows.values()) if isinstance(item, Step) else 0)


def _network_pieces(network: Network) -> int:
    return network.times * (1 + sum(map(_network_pieces, network.children)))


# --------------------------------------------------------------------------------------------------------- what differs


def _differences(flow: Flow, shapes: Mapping[str, Shape], theirs: Graph) -> list[str]:
    mine = flow.checked.graph
    found = list(_other_shapes(_shapes(tensors.of_module(flow)), shapes)) or list(_other_steps(mine, theirs))
    return [*_other_parameters(mine, theirs), *found] if found else []


def _other_parameters(mine: Graph, theirs: Graph) -> Iterator[str]:
    for name in sorted(mine.parameters.keys() | theirs.parameters.keys()):
        here, there = (graph.parameters.get(name, "not known") for graph in (mine, theirs))
        if here != there:
            yield f"spec parameter `{name}`: {there} in the checkpoint, {here} in the flow"


def _other_shapes(expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> Iterator[str]:
    for name, shape in expected.items():
        if name not in found:
            yield f"`{name}` ({_size(shape)}) is not in the checkpoint"
        elif found[name] != shape:
            yield f"`{name}`: {_size(found[name])} in the checkpoint, {_size(shape)} in the flow"
    yield from (f"`{name}` ({_size(shape)}) is not in the flow" for name, shape in found.items() if name not in expected)


def _other_steps(mine: Graph, theirs: Graph) -> Iterator[str]:
    if _without_places(mine.input) != _without_places(theirs.input):
        yield "the input: the checkpoint was made for other data"
    here, there = ({node.path: _without_places(node.item) for node in expand(graph)} for graph in (mine, theirs))
    yield from (f"step `{path}` has other arguments or another place" for path in here if here[path] != there.get(path))
    yield from (f"step `{path}` is not in the flow" for path in there if path not in here)


def _without_places(value: Frozen) -> object:
    def stripped(plain: object) -> object:
        if isinstance(plain, dict):
            return {key: stripped(item) for key, item in plain.items() if key != "span"}
        return [stripped(item) for item in plain] if isinstance(plain, list) else plain

    return stripped(value.model_dump(mode="json"))


def _size(shape: Shape) -> str:
    return written(shape) or "a single number"
