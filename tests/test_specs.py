"""Every spec that ships: it compiles, is written canonically, stores what its rules say, and runs when made small."""

from __future__ import annotations

import re
from functools import cache
from itertools import accumulate
from pathlib import Path

import pytest
import torch
from torch import Tensor

from flowspec.diagnostics import SpecError
from flowspec.export import export
from flowspec.graph import Graph
from flowspec.loading import shipped
from flowspec.modules.build import build
from flowspec.numbers import of_graph
from flowspec.sharing import all_groups
from flowspec.spec import Spec, load
from flowspec.vocabulary.inputs.spaces import Classes
from flowspec.vocabulary.rules import State

torch.set_num_threads(1)
FILES = sorted(
    path for path in set(shipped().values()) if re.search(r"^flow ", path.read_text(encoding="utf-8"), re.MULTILINE)
)
"""Files that describe a flow; others hold definitions only, which specs use."""
SMALL = {
    "levels": 2,
    "steps": 2,
    "K": 2,
    "width": 8,
    "scales": 1,
    "blocks": 1,
    "side": 16,
    "transforms": 2,
    "flows": 2,
    "features": 6,
    "bins": 4,
    "samples": 512,
    "layers": 2,
    "base": 2,
    "latent": 4,
    "couplings": 2,
    "prior_width": 8,
    "depth": 2,
    "slope": 0.01,
}
"""Values of parameters, wherever a flow has one of the name, that keep it quick to run."""
LARGEST = 500_000
"""Parameters of a flow that is run."""
PUBLISHED = {"glow": 15_972_912, "glow_512": 44_235_312, "glow_large": 287_488_560, "nanoflow": 10_113_264}
"""Printed in the papers, in millions to three digits; these are the integers."""


def name_of(path: Path) -> str:
    """Folder and name of a spec."""
    return f"{path.parent.name}/{path.stem}"


each = pytest.mark.parametrize("path", FILES, ids=name_of)


@cache
def spec(path: Path) -> Spec:
    """The spec as written."""
    return load(path)


@cache
def small(path: Path) -> Spec:
    """The spec with its parameters set down; skips the test where that is not enough."""
    parameters = spec(path).checked.graph.parameters
    found = load(path, **{name: value for name, value in SMALL.items() if name in parameters})
    if of_graph(found.checked.graph).parameters > LARGEST:
        pytest.skip("too large to run, even with its parameters set down")
    return found


def paths(graph: Graph, nodes: tuple) -> set[str]:
    """Every path that a parameter may begin with: those of nodes, sharing groups and contexts."""
    shared = {f"{path}shared" for path, _ in all_groups(graph)}
    return {node.path for node in nodes} | shared | {f"context_{context.name}" for context in graph.contexts}


def examples(state: State, n: int) -> Tensor:
    """Random examples of a state."""
    return torch.randn(n, *state.shape) if state.levels is None else torch.randint(state.levels, (n, *state.shape))


def conditions(graph: Graph, n: int) -> dict[str, Tensor] | None:
    """Random conditions for n examples."""
    words = {context.name: context.word for context in graph.given_contexts}
    found = {
        name: torch.randint(word.count, (n,)) if isinstance(word, Classes) else examples(word.state(), n).float()
        for name, word in words.items()
    }
    return found or None


@each
def test_it_compiles(path: Path) -> None:
    try:
        spec(path)
    except SpecError as error:
        pytest.fail(str(error))


@each
def test_it_is_written_canonically(path: Path) -> None:
    assert spec(path).canonical == path.read_text(encoding="utf-8")


@each
def test_it_stores_what_its_rules_say(path: Path) -> None:
    checked = spec(path).checked
    with torch.device("meta"):
        flow = build(checked)
    assert sum(parameter.numel() for parameter in flow.parameters()) == of_graph(checked.graph).parameters
    known = paths(checked.graph, checked.nodes)
    strangers = [name for name, _ in flow.named_parameters() if not known & set(accumulate(name.split("."), "{}.{}".format))]
    assert not strangers


@each
def test_it_runs_when_made_small(path: Path) -> None:
    flow = small(path).build(seed=0)
    x, context = examples(flow.input_state, 8), conditions(flow.checked.graph, 8)
    x = x.sigmoid() if x.is_floating_point() else x  # where a logit is defined
    flow.initialise(x, context)
    assert flow.log_prob(x, context).isfinite().all()
    if flow.checked.sampling is not None:
        assert flow.sample(8, context).shape == x.shape


@each
def test_it_is_one_graph_for_torch(path: Path) -> None:
    flow = small(path).build(seed=0).eval()
    if flow.checked.facts.density == "iterative":
        pytest.skip("a loop until convergence is no graph")
    x, context = examples(flow.input_state, 4), conditions(flow.checked.graph, 4)
    flow.initialise(x, context)
    torch._dynamo.reset()
    as_one_graph = torch.compile(flow.log_prob, fullgraph=True, backend="eager")
    torch.manual_seed(1)
    expected = flow.log_prob(x, context)
    torch.manual_seed(1)
    torch.testing.assert_close(as_one_graph(x, context), expected)


@each
def test_its_export_is_the_flow(path: Path) -> None:
    flow, space = small(path).build(seed=0).eval(), {"__name__": "exported"}
    exec(compile(export(small(path).checked), "exported.py", "exec"), space)  # noqa: S102  what is under test
    alone = space.get(f"{small(path).name}_flow", space[small(path).name])().eval()
    x, context = examples(flow.input_state, 2), conditions(flow.checked.graph, 2)
    flow.initialise(x, context)
    alone.load_state_dict(flow.state_dict())
    torch.manual_seed(1)
    expected = flow.log_prob(x, context)
    torch.manual_seed(1)
    assert torch.equal(alone.log_prob(x, context), expected)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_counts(name: str) -> None:
    assert of_graph(load(name).checked.graph).parameters == PUBLISHED[name]


def test_the_published_counts_stand_in_the_specs() -> None:
    for name, count in PUBLISHED.items():
        contracts = spec(shipped()[name]).checked.graph.contracts
        assert any(contract.fact == "parameters" and contract.value == count for contract in contracts), name
