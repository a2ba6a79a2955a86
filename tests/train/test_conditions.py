"""What a flow is conditioned on, from data to runs and samples: spectrograms, vectors, classes."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
import torch

import flowspec
from flowspec.data import Dataset, Labels, Parts
from flowspec.train.errors import TrainingError
from flowspec.train.evaluate import evaluate
from flowspec.train.fit import fitted
from flowspec.train.log import read
from flowspec.train.run import open_run, train
from flowspec.train.sampling import sample_run
from flowspec.vocabulary.settings.runs import Source
from tests.audio.test_data import write
from tests.train.conftest import CONDITIONAL
from tests.train.test_run import same_tensors

SOUND = """
flow sound(rate=8_000) {
    input audio(600, rate=rate)
    context mel(bands=4, frames=3) >> upsample(16) >> upsample(16) >> crop(600) >> fold(4) as mel
    fold(4)
    for step in 1..2 {
        autoregressive(affine, wavenet(4, layers=2) >> zeroconv(1, start=small), over=rows, backward=step % 2 == 1, given=mel)
    }
    prior gaussian
    train(batch=4, epochs=2)
    sample(n=3)
}
"""


@pytest.fixture
def speech(tmp_path: Path) -> Source:
    pytest.importorskip("soundfile")
    generator = np.random.default_rng(0)
    (tmp_path / "speech").mkdir()
    for i in range(6):
        write(tmp_path / "speech" / f"{i}.wav", generator.uniform(-0.5, 0.5, 1800), rate=8_000)
    return Source(name="audio", arguments={"path": str(tmp_path / "speech"), "samples": 600, "rate": 8_000, "bands": 4, "noise": True})


def seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def test_sound_is_trained_resumed_measured_and_heard(speech: Source, tmp_path: Path) -> None:
    spec = flowspec.load(SOUND)
    whole = train(spec, tmp_path / "whole", speech, device="cpu")
    train(spec, tmp_path / "parts", speech, device="cpu", max_steps=2)
    assert train(spec, tmp_path / "parts", speech, device="cpu", resume=True).test == whole.test
    assert same_tensors(tmp_path / "whole" / "last.safetensors", tmp_path / "parts" / "last.safetensors")
    assert whole.test.nats_per_sample == pytest.approx(whole.test.nats / 600) and "nats/sample (exact" in str(whole.test)
    flow, splits, seed = open_run(tmp_path / "whole")
    assert evaluate(flow, splits.test, seed=seed).nats == pytest.approx(whole.test.nats)
    other = {"mel": splits.test.context["mel"] + 1}
    with torch.no_grad():
        assert not torch.equal(flow.log_prob(splits.test.x, other), flow.log_prob(splits.test.x, splits.test.context))
    assert all(entry["nats_per_sample"] == pytest.approx(-entry["loss"] / 600) for entry in read(tmp_path / "whole" / "log.jsonl"))
    assert seconds(tmp_path / "whole" / "samples.wav") == pytest.approx(3 * 600 / 8_000)
    sample_run(tmp_path / "whole", tmp_path / "two.wav", number=2)
    sample_run(tmp_path / "whole", tmp_path / "again.wav", sound=tmp_path / "speech" / "1.wav")
    assert seconds(tmp_path / "two.wav") == pytest.approx(1200 / 8_000) and seconds(tmp_path / "again.wav") == pytest.approx(1800 / 8_000)
    with pytest.raises(TrainingError, match="it takes no label"):
        sample_run(tmp_path / "whole", tmp_path / "two.wav", label=1)


def test_sound_that_does_not_fit(speech: Source) -> None:
    data = flowspec.data.load("audio", **speech.arguments | {"bands": 5})
    with pytest.raises(TrainingError, match="context `mel` reads 4x3, data `speech` give it 5x3"):
        fitted(flowspec.load(SOUND).checked.graph, data)
    with pytest.raises(TrainingError, match="sound of 9000 samples a second, the data are sound of 8000"):
        fitted(flowspec.load(SOUND, rate=9_000).checked.graph, data)


def test_several_conditions_reach_the_contexts_of_their_names(tmp_path: Path) -> None:
    contexts = ("vector(2) as shift", "vector(1) as size", "size >> linear(2) as wide")
    text = CONDITIONAL.replace("as label", "".join(["as label", *(f"\n    context {context}" for context in contexts)]))
    text = text.replace("given=label", "given=[label, shift, wide]")
    generator = np.random.default_rng(0)
    arrays = {f"{part}{name}": values for part in ("train", "validation", "test") for name, values in (
        ("", generator.standard_normal((20, 2))), ("_labels", generator.integers(3, size=20)),
        ("_size", generator.standard_normal((20, 1))), ("_shift", generator.standard_normal((20, 2))))}  # fmt: skip
    np.savez(tmp_path / "set.npz", **arrays)
    train(flowspec.load(text), tmp_path / "run", Source(name="file", arguments={"path": str(tmp_path / "set.npz")}), device="cpu")
    context = open_run(tmp_path / "run")[1].test.context
    for name, array in (("label", "test_labels"), ("size", "test_size"), ("shift", "test_shift")):
        np.testing.assert_allclose(context[name].numpy(), arrays[array], rtol=1e-6)
    sample_run(tmp_path / "run", tmp_path / "samples.npy", number=30, label=2)
    assert np.load(tmp_path / "samples.npy").shape == (30, 2)


def test_conditions_that_do_not_fit() -> None:
    spec, one = flowspec.load(CONDITIONAL.replace("classes(3)", "vector(3)")), np.zeros((4, 2), np.float32)
    three = Parts(*(np.zeros((4, 3)) for _ in range(3)))
    labels = Labels(*(np.zeros(4, np.int64) for _ in range(3)))
    assert fitted(spec.checked.graph, Dataset("set", one, one, one, conditions={"pose": three})).train.context["label"].dtype == torch.float32
    for conditions, message in (
        ({}, "the flow is given `label`; the conditions that data `set` have: none"),
        ({"pose": three, "light": three}, "have: `pose`, `light`"),
        ({"pose": Parts(*(part[:, :2] for part in three))}, "reads 3, data `set` give it 2"),
        ({"pose": Parts(three[0] + np.inf, *three[1:])}, "`label` of data `set` holds values that are not finite: 4 examples"),
    ):
        with pytest.raises(TrainingError, match=message):
            fitted(spec.checked.graph, Dataset("set", one, one, one, labels=labels, conditions=conditions))
