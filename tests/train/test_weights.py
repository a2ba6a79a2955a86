"""Checkpoints: what they hold, and what is refused."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

import flowspec
from flowspec.files import replace
from flowspec.train import tensors, weights
from flowspec.train.errors import CheckpointError
from tests.train.conftest import PIXELS, TEXT

SHARED = """
flow shared {
    input vector(4)
    repeat 3 { coupling(affine(scale=tanh), share(dense, across=3, embed=concat, size=2) >> linear); reverse }
    prior gaussian
}
net dense { linear(8); relu }
"""


@pytest.mark.parametrize("text", [TEXT, PIXELS, SHARED], ids=["tiny", "pixels", "shared"])
def test_a_file_alone_gives_the_flow_back(text, tmp_path):
    flow = flowspec.load(text).build(seed=1)
    weights.save(flow, tmp_path / "flow.safetensors", text)
    again = weights.load(tmp_path / "flow.safetensors")
    assert again.checked == flow.checked
    ours, theirs = flow.state_dict(), again.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_shared_tensors_are_stored_once(tmp_path):
    flow = flowspec.load(SHARED).build(seed=1)
    weights.save(flow, tmp_path / "flow.safetensors")
    stored = load_file(tmp_path / "flow.safetensors")
    assert stored.keys() == flow.state_dict().keys()
    parameters = sum(parameter.numel() for parameter in flow.parameters())
    assert sum(tensor.numel() for tensor in stored.values() if tensor.is_floating_point()) == parameters


def test_a_checkpoint_says_what_it_is_of(tmp_path):
    spec = flowspec.load(TEXT, width=4)
    weights.save(spec.build(seed=0), tmp_path / "flow.safetensors", spec.canonical, spec.overrides)
    _, metadata = tensors.header(tmp_path / "flow.safetensors")
    assert metadata["spec"] == spec.canonical and json.loads(metadata["overrides"]) == {"width": 4}
    assert metadata["flowspec"] == flowspec.__version__


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"width": 4}, ["spec parameter `width`: 8 in the checkpoint, 4 in the flow", "8x1 in the checkpoint, 4x1 in the flow"]),
        ({"steps": 3}, ["spec parameter `steps`: 2 in the checkpoint, 3 in the flow", "step3.actnorm.bias` (2) is not in the checkpoint"]),
        ({"steps": 1}, ["step2.actnorm.bias` (2) is not in the flow", "and "]),
    ],
)
def test_another_architecture_is_refused_with_what_differs(tmp_path, changed, said):
    weights.save(flowspec.load(TEXT).build(seed=0), tmp_path / "flow.safetensors")
    other = flowspec.load(TEXT, **changed).build(seed=0)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(CheckpointError) as caught:
        weights.load_into(other, tmp_path / "flow.safetensors")
    assert all(part in str(caught.value) for part in said), str(caught.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())


def test_another_argument_is_another_architecture_though_every_tensor_fits(tmp_path):
    weights.save(flowspec.load(TEXT).build(seed=0), tmp_path / "flow.safetensors")
    other = flowspec.load(TEXT.replace("scale=tanh", "scale=sigmoid")).build(seed=0)
    with pytest.raises(CheckpointError, match="step `body.step1.coupling` has other arguments"):
        weights.load_into(other, tmp_path / "flow.safetensors")


def test_other_settings_and_places_are_the_same_architecture(tmp_path):
    weights.save(flowspec.load(TEXT).build(seed=0), tmp_path / "flow.safetensors")
    weights.load_into(flowspec.load("\n\n" + TEXT.replace("lr=1e-2", "lr=1e-3")).build(seed=1), tmp_path / "flow.safetensors")


@pytest.mark.parametrize("content", [b"", b"no tensors here", b"\xff" * 100, b'{"a": 1}'])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "flow.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
        weights.load(tmp_path / "flow.safetensors")


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_a_truncated_checkpoint_is_refused(tmp_path, kept):
    path = tmp_path / "flow.safetensors"
    weights.save(flowspec.load(TEXT).build(seed=0), path)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(CheckpointError, match="damaged"):
        weights.load(path)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        weights.load(tmp_path / "none.safetensors")


def forged(tmp_path, change) -> None:
    """A checkpoint of the tiny flow whose graph has been tampered with."""
    path = tmp_path / "flow.safetensors"
    weights.save(flowspec.load(TEXT).build(seed=0), path)
    values, metadata = tensors.read(path)
    save_file(values, path, metadata | {"graph": change(metadata["graph"])})
    weights.load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda graph: "{}",
        lambda graph: "not json",
        lambda graph: graph.replace('"word":"coupling"', '"word":"os.system"'),
        lambda graph: graph.replace('"times":2', '"times":1000000000'),
        lambda graph: graph.replace('"times":2', '"times":3'),
        lambda graph: graph.replace("[2]", "[1000000000]"),
        lambda graph: graph.replace('"features":2', '"features":-2'),
    ],
)
def test_a_graph_that_does_not_belong_to_its_tensors_is_refused(tmp_path, change):
    with pytest.raises(CheckpointError):
        forged(tmp_path, change)


def test_a_checkpoint_without_a_graph_is_refused(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "flow.safetensors")
    with pytest.raises(CheckpointError, match="holds no graph"):
        weights.load(tmp_path / "flow.safetensors")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    replace(path, b"old")
    monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        replace(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
