"""Runs: what they leave behind, and that they go on exactly where they stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import flowspec
from flowspec.data import Dataset
from flowspec.train.errors import TrainingError
from flowspec.train.evaluate import evaluate
from flowspec.train.fit import fitted
from flowspec.train.log import read
from flowspec.train.run import open_run, train
from flowspec.train.sampling import sample_run
from tests.spec_text import diagnostics
from tests.train.conftest import CONDITIONAL, TEXT


def same_tensors(a: Path, b: Path) -> bool:
    """Whether two files hold the same tensors, bit for bit."""
    first, second = load_file(a), load_file(b)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_leaves_everything_in_its_folder(tiny, tmp_path):
    result = train(tiny, tmp_path / "run", device="cpu")
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files == {"spec.flow", "graph.json", "lock.json", "log.jsonl", "best.safetensors", "last.safetensors",
                     "state.safetensors", "result.json", "samples.png", "curve.png", "density.png"}  # fmt: skip
    assert result.finished and result.epochs == 2 and result.steps == 12
    assert result.test.kind == "exact" and result.test.bits_per_dim is None
    stored = json.loads((tmp_path / "run" / "result.json").read_text())
    assert stored["test"]["nats"] == result.test.nats
    validations = [entry for entry in read(tmp_path / "run" / "log.jsonl") if entry["kind"] == "validation"]
    assert [entry["epoch"] for entry in validations] == [1, 2]
    assert min(entry["loss"] for entry in validations) == result.best_validation


@pytest.mark.parametrize("stop", [6, 7])
def test_a_resumed_run_is_the_same_run_bit_for_bit(tiny, tmp_path, stop):
    whole = train(tiny, tmp_path / "whole", device="cpu")
    train(tiny, tmp_path / "parts", device="cpu", max_steps=stop)
    torch.rand(7)
    resumed = train(tiny, tmp_path / "parts", device="cpu", resume=True)
    assert resumed.test == whole.test
    for name in ("best", "last", "state"):
        assert same_tensors(tmp_path / "whole" / f"{name}.safetensors", tmp_path / "parts" / f"{name}.safetensors")


def test_a_compiled_step_is_the_same_step(tiny, tmp_path, monkeypatch):
    compiled = []
    plain = torch.nn.Module.compile
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module, **options: compiled.append(module) or plain(module, backend="aot_eager", **options))
    losses = [train(tiny, tmp_path / str(choice), device="cpu", compile=choice).test.nats for choice in (False, True)]
    assert len(compiled) == 1 and losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_noise_is_resumed_too(pixels, tmp_path):
    spec, data = pixels
    whole = train(spec, tmp_path / "whole", data, device="cpu")
    train(spec, tmp_path / "parts", data, device="cpu", max_steps=4)
    resumed = train(spec, tmp_path / "parts", data, device="cpu", resume=True)
    assert resumed.test == whole.test
    assert same_tensors(tmp_path / "whole" / "last.safetensors", tmp_path / "parts" / "last.safetensors")
    assert whole.test.kind == "bound" and whole.test.samples == 2
    assert whole.test.bits_per_dim == pytest.approx(-whole.test.nats / (16 * np.log(2)))


def test_a_finished_run_can_be_extended(tiny, tmp_path):
    train(tiny, tmp_path / "run", device="cpu", epochs=1)
    assert train(tiny, tmp_path / "run", device="cpu", epochs=3, resume=True).epochs == 3


def test_a_folder_with_a_run_is_not_overwritten(tiny, tmp_path):
    train(tiny, tmp_path / "run", device="cpu", max_steps=1)
    with pytest.raises(TrainingError, match="holds a run already"):
        train(tiny, tmp_path / "run", device="cpu")


def test_another_seed_cannot_resume(tiny, tmp_path):
    train(tiny, tmp_path / "run", device="cpu", max_steps=1)
    with pytest.raises(TrainingError, match="made with seed 0"):
        train(tiny, tmp_path / "run", device="cpu", resume=True, seed=1)


def test_training_lowers_the_loss(tiny, tmp_path):
    train(tiny, tmp_path / "run", device="cpu", epochs=20)
    losses = [entry["loss"] for entry in read(tmp_path / "run" / "log.jsonl") if entry["kind"] == "train"]
    assert losses[-1] < losses[0] - 0.1


def test_labels_are_given_to_the_flow(conditional, tmp_path):
    spec, data = conditional
    result = train(spec, tmp_path / "run", data, device="cpu")
    assert result.test.original == pytest.approx(result.test.nats - 0.5)
    sample_run(tmp_path / "run", tmp_path / "samples.npy", number=5, label=2)
    assert np.load(tmp_path / "samples.npy").shape == (5, 2)
    with pytest.raises(TrainingError, match="classes 0 to 2"):
        sample_run(tmp_path / "run", tmp_path / "samples.npy", label=3)


def test_data_that_do_not_fit_are_refused_before_training(tiny, conditional, pixels, tmp_path):
    spec, data = conditional
    with pytest.raises(TrainingError, match="reads 2, each example is 1x4x4"):
        train(tiny, tmp_path / "run", pixels[1])
    with pytest.raises(TrainingError, match="integers 0 to 7, the data are integers 0 to 3"):
        train(flowspec.load(pixels[0].source.text, levels=8), tmp_path / "run", pixels[1])
    with pytest.raises(TrainingError, match="have no labels"):
        train(spec, tmp_path / "run", Dataset("plain", data.train, data.validation, data.test))
    with pytest.raises(TrainingError, match="has 2 classes, data `blobs` have a label 2"):
        train(flowspec.load(CONDITIONAL.replace("classes(3)", "classes(2)")), tmp_path / "run", data)
    with pytest.raises(TrainingError, match="a label -1"):
        labels = data.labels._replace(test=data.labels.test - 1)
        train(spec, tmp_path / "run", replace(data, labels=labels))
    with pytest.raises(TrainingError, match="not finite: 1 examples, the first is number 3"):
        bad = data.train.copy()
        bad[3, 0] = np.nan
        train(tiny, tmp_path / "run", Dataset("bad", bad, data.validation, data.test))
    assert not (tmp_path / "run").exists()


def test_a_spec_without_data_says_so(conditional, tmp_path):
    with pytest.raises(TrainingError, match="names no data"):
        train(conditional[0], tmp_path / "run")


def test_a_loss_that_is_not_finite_names_the_layer(tmp_path):
    text = TEXT.replace("part tail { linear }", "part tail { scale(1e30); scale(1e30) }")
    with pytest.raises(TrainingError, match=r"at step 0: the (output|log-det) of `tail\.scale2` is not finite"):
        train(flowspec.load(text), tmp_path / "run", device="cpu")


def test_a_failure_leaves_the_last_checkpoint(tiny, tmp_path, monkeypatch):
    train(tiny, tmp_path / "run", device="cpu", max_steps=6)
    before = (tmp_path / "run" / "last.safetensors").read_bytes()
    monkeypatch.setattr("flowspec.train.plan.Plan.lr", lambda self, step, losses: float("inf"))
    with pytest.raises(TrainingError, match=r"at step 7: .*the last checkpoint is `.*last.safetensors`"):
        train(tiny, tmp_path / "run", device="cpu", resume=True)
    assert (tmp_path / "run" / "last.safetensors").read_bytes() == before


def test_frozen_parts_stand_still(tmp_path):
    phases = "train(optimizer=adam(lr=1e-2), batch=50) { phase first(epochs=1) { freeze tail }; phase second(epochs=1, lr=1e-3) { freeze body } }"
    text = TEXT[: TEXT.index("    train(")] + phases + "\n}"
    spec = flowspec.load(text)
    start = spec.build(seed=0).state_dict()
    train(spec, tmp_path / "first", device="cpu", max_steps=4)
    train(spec, tmp_path / "both", device="cpu")
    first, both = (load_file(tmp_path / name / "last.safetensors") for name in ("first", "both"))
    tail, body = ([name for name in first if name.startswith(part)] for part in ("tail.", "body."))
    assert all(torch.equal(first[name], start[name]) for name in tail)
    assert all(torch.equal(first[name], both[name]) for name in body)
    assert not all(torch.equal(first[name], both[name]) for name in tail)
    assert [entry["stage"] for entry in read(tmp_path / "both" / "log.jsonl")] == ["first"] * 2 + ["second"] * 2


def test_phases_resume_exactly_across_their_border(tmp_path):
    phases = "train(batch=50) { phase first(epochs=1) { freeze tail }; phase second(epochs=1) { freeze body } }"
    spec = flowspec.load(TEXT[: TEXT.index("    train(")] + phases + "\n}")
    train(spec, tmp_path / "whole", device="cpu")
    for stop in (3, 4, 5, 8):
        train(spec, tmp_path / "parts", device="cpu", max_steps=stop, resume=True)
    assert same_tensors(tmp_path / "whole" / "state.safetensors", tmp_path / "parts" / "state.safetensors")


def test_an_average_begins_with_the_tensors_that_are_taken_over(tiny, tmp_path):
    train(tiny, tmp_path / "first", device="cpu", max_steps=4)
    settings = f'train(batch=50, steps=2, seed=3, average=0.9) {{ phase second(start="{tmp_path / "first" / "last.safetensors"}") {{ freeze body }} }}'
    train(flowspec.load(TEXT[: TEXT.index("    train(")] + settings + "\n}"), tmp_path / "second", device="cpu")
    first, second = (load_file(tmp_path / name) for name in ("first/last.safetensors", "second/best.safetensors"))
    assert all(torch.equal(first[name], second[name]) for name in first if name.startswith("body."))


@pytest.mark.parametrize(("wanted", "message"), [({"device": "nowhere"}, "`nowhere` is not available"), ({"precision": "bf16"}, "precision `bf16`")])
def test_what_a_process_cannot_do_is_refused(tiny, tmp_path, wanted, message):
    train(tiny, tmp_path / "first", device="cpu", max_steps=1)
    with pytest.raises(TrainingError, match=message):
        train(tiny, tmp_path / "second", **{"device": "cpu"} | wanted)


def test_images_alone_are_mirrored():
    flow = "flow f {{ input vector(2); prior gaussian; train(flip=true{}) }}"
    assert [(fault.code, fault.message) for fault in diagnostics(flow.format(""))] == [("FS208", "`flip` mirrors images; the flow reads 2")]
    assert "a run towards a target sees none" in diagnostics(flow.format(", target=u1"))[0].message


def test_a_log_that_a_crash_cut_short_is_read_up_to_there(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"step": 1, "terms": {"a": 1}}\n{"step": 2, "terms": {"a": 1}')
    assert [entry["step"] for entry in read(tmp_path / "log.jsonl")] == [1]


@pytest.mark.parametrize("weights, epochs", [("", 3), ("weights=[log_prior: warmup(epochs=4)]", 5)])
def test_patience_ends_a_run_and_counts_once_weights_stay(tmp_path, monkeypatch, weights, epochs):
    monkeypatch.setattr("flowspec.train.plan.Plan.lr", lambda self, step, losses: 0.0)
    training = f"train(batch=50, patience=2) {{ phase all({weights}) {{ }} }}"
    text = TEXT[: TEXT.index("    train(")] + training + "\n}"
    assert train(flowspec.load(text), tmp_path / "run", device="cpu", epochs=50).epochs == epochs


def test_more_draws_tighten_a_bound(pixels):
    spec, data = pixels
    flow = spec.build(seed=0)
    test = fitted(spec.checked.graph, data).test
    one, many = (evaluate(flow, test, samples=k) for k in (1, 50))
    assert many.nats > one.nats and many.samples == 50


def test_evaluation_leaves_modes_and_chance_alone(pixels):
    spec, data = pixels
    flow = spec.build(seed=0)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    evaluate(flow, fitted(spec.checked.graph, data).test)
    assert flow.training and torch.equal(before, torch.get_rng_state())


def test_an_opened_run_gives_its_flow_and_data(tiny, tmp_path):
    result = train(tiny, tmp_path / "run", device="cpu")
    flow, splits, seed = open_run(tmp_path / "run")
    assert evaluate(flow, splits.test, seed=seed).nats == pytest.approx(result.test.nats)


def test_an_interrupt_stops_cleanly_and_the_run_goes_on(tmp_path):
    spec = tmp_path / "tiny.flow"
    spec.write_text(TEXT.replace("epochs=2", "epochs=100000"))
    command = [sys.executable, "-m", "flowspec.cli", "train", str(spec), "--out", str(tmp_path / "run"), "--device", "cpu"]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    log = tmp_path / "run" / "log.jsonl"
    end = time.monotonic() + 60
    while not (log.exists() and log.read_text().count("\n") > 2) and time.monotonic() < end:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "stopped after step" in said and "--resume" in said and "Traceback" not in said
    assert (tmp_path / "run" / "state.safetensors").exists()
    steps = int(said.rsplit("stopped after step ", 1)[1].split(";")[0])
    result = train(flowspec.load(spec), tmp_path / "run", device="cpu", resume=True, max_steps=steps + 1)
    assert result.steps == steps + 1


@pytest.mark.parametrize("memory", ["checkpoint", "reversible"])
def test_a_run_that_saves_memory_is_the_same_run(tiny, tmp_path, memory):
    train(tiny, tmp_path / "plain", device="cpu", max_steps=3)
    train(tiny, tmp_path / memory, device="cpu", max_steps=3, memory=memory)
    plain, saving = (load_file(tmp_path / name / "last.safetensors") for name in ("plain", memory))
    for name, tensor in plain.items():
        torch.testing.assert_close(saving[name], tensor, rtol=1e-4, atol=1e-5)


def test_memory_that_cannot_be_saved_is_refused(tiny, tmp_path):
    for options in ({"precision": "bf16", "memory": "reversible"}, {"compile": True, "memory": "checkpoint"}):
        with pytest.raises(TrainingError, match=f"memory `{options['memory']}`"):
            train(tiny, tmp_path / "run", device="cpu", **options)
    towards = flowspec.load("flow f { input vector(2); inverse { autoregressive(affine, made([4])) }; prior gaussian; train(target=u1, steps=2) }")
    with pytest.raises(TrainingError, match="towards a target"):
        train(towards, tmp_path / "run", device="cpu", memory="reversible")
    assert not (tmp_path / "run").exists()


def test_a_run_ends_where_some_draws_have_no_x(tmp_path):
    text = TEXT[: TEXT.index("    part body")] + "    block_autoregressive(hidden=4)\n    prior gaussian\n" + TEXT[TEXT.index("    data(") :]
    result = train(flowspec.load(text), tmp_path / "run", device="cpu", epochs=1)
    assert result.finished and not (tmp_path / "run" / "samples.png").exists() and (tmp_path / "run" / "density.png").exists()
