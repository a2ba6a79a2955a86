"""Terms of the bound, parts that are left out, and phases of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import flowspec
from flowspec.checked import CheckedGraph
from flowspec.data import Dataset
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.spec import Spec
from flowspec.terms import terms
from flowspec.train import state, weights
from flowspec.train.batches import Batch
from flowspec.train.errors import CheckpointError
from flowspec.train.evaluate import evaluate
from flowspec.train.log import read
from flowspec.train.objective import Objective
from flowspec.train.plan import plan
from flowspec.train.run import train
from flowspec.vocabulary.settings.runs import Source
from tests.spec_text import compiled, diagnostics, faults

SMALL = {"side": 8, "scales": 2, "base": 2, "latent": 4, "couplings": 2, "prior_width": 8, "depth": 2, "width": 4}


def small(**changed: object) -> Spec:
    """The model of Morrow & Chiu on 8x8 images."""
    return flowspec.load("vae_glow", **SMALL | changed)


def images(n: int = 6, seed: int = 0) -> Tensor:
    return torch.randint(0, 256, (n, 3, 8, 8), generator=torch.Generator().manual_seed(seed))


def moved(model: Flow) -> Flow:
    """The flow in float64, away from where it starts."""
    torch.manual_seed(1)
    for parameter in model.double().parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return model.eval()


def seeded(run, *arguments: object) -> object:  # noqa: ANN001
    torch.manual_seed(7)
    return run(*arguments)


# ------------------------------------------------------------------------------------------------------------------ terms

HIERARCHY = """
flow two_layers {
    input image(2, 4, 4)
    dequantize(uniform)
    squeeze(2)
    part low { augment(1); split(4, prior=gaussian(conv(3))); encode(3, gaussian(flatten >> linear), gaussian(mlp([4], features=32) >> reshape)) }
    part high { inverse { linear }; encode(2, gaussian(linear), gaussian(linear, scale=channel)); swap }
    prior mixture(2)
}
"""


@pytest.mark.parametrize("checked", [small().checked, compiled(HIERARCHY), flowspec.load("glow", levels=2, steps=1, width=4).checked])
def test_the_terms_add_up_to_the_bound(checked) -> None:  # noqa: ANN001
    model = moved(build(checked, seed=0))
    x = torch.randint(0, 256, (4, *model.input_state.shape))
    found = seeded(model.terms, x)
    assert set(found) == {term.name for term in terms(checked)}
    torch.testing.assert_close(sum(found.values()), seeded(model.log_prob, x))


def told(checked: CheckedGraph) -> list[tuple[str, str]]:
    return [(term.name, term.kind) for term in terms(checked)]


def test_terms_are_named_by_their_parts_and_say_what_kind_they_are() -> None:
    assert told(small().checked) == [
        ("dequantization", "exact"), ("pixel_flow.log_det", "exact"), ("vae.reconstruction", "Monte Carlo"),
        ("vae.posterior", "Monte Carlo"), ("prior_flow.log_det", "Monte Carlo"), ("log_prior", "Monte Carlo"),
    ]  # fmt: skip
    exact = compiled("flow f { input vector(3); actnorm; part a { coupling(affine, mlp([4])) }; prior gaussian }")
    assert told(exact) == [("log_det", "exact"), ("a.log_det", "exact"), ("log_prior", "exact")]


@pytest.mark.parametrize("step", ["residual(mlp([4], elu, lipschitz=0.9), log_det=series)", "continuous(concat_squash([4]), trace=hutchinson)"])
def test_a_log_det_that_is_estimated_is_monte_carlo_and_what_follows_is_not(step: str) -> None:
    assert told(compiled(f"flow f {{ input vector(3); part a {{ {step} }}; actnorm; prior gaussian }}")) == [
        ("a.log_det", "Monte Carlo"), ("log_det", "exact"), ("log_prior", "exact"),
    ]  # fmt: skip


def test_what_follows_a_drawn_order_is_monte_carlo() -> None:
    assert told(compiled("flow f { input vector(3); shuffle; actnorm; prior gaussian }")) == [("log_det", "exact"), ("log_prior", "Monte Carlo")]


# --------------------------------------------------------------------------------------------------------------- left out


def test_a_flow_without_a_part_is_the_flow_that_never_had_it() -> None:
    model = moved(build(small().checked, seed=0))
    rest = model.bypassing(["pixel_flow"])
    text = small().canonical.replace("    part pixel_flow { pixel_glow(depth, width) }\n", "")
    text = text.replace("    expect parameters(pixel_flow) == 643_616\n", "").replace("bypass pixel_flow", "")
    other = build(compiled(text, **{name: value for name, value in SMALL.items()}), seed=0).double().eval()
    other.load_state_dict({name: value for name, value in model.state_dict().items() if not name.startswith("pixel_flow")})
    x = images()
    torch.testing.assert_close(seeded(rest.log_prob, x), seeded(other.log_prob, x), rtol=0, atol=0)
    torch.testing.assert_close(seeded(rest.sample, 3), seeded(other.sample, 3), rtol=0, atol=0)
    assert not torch.equal(seeded(rest.log_prob, x), seeded(model.log_prob, x))


def test_what_is_left_out_is_not_run_and_does_not_start() -> None:
    checked = compiled("flow f { input vector(2); part a { actnorm; linear }; part b { actnorm }; prior gaussian }")
    model, names = build(checked), []
    for name, module in model.named_modules():
        module.register_forward_hook(lambda module, inputs, output, name=name: names.append(name))
    model.bypassing(["a"]).initialise(torch.randn(9, 2))
    assert "b.actnorm" in names and not [name for name in names if name.startswith("a.")]
    assert model.at("a.actnorm").needs_start and not model.at("b.actnorm").needs_start
    model.initialise(torch.randn(9, 2), frozen=["a"])
    assert model.at("a.actnorm").needs_start
    model.initialise(torch.randn(9, 2))
    assert not model.at("a.actnorm").needs_start


def phase(body: str, options: str = "", flow: str = "part a { squeeze(2) }; part b { actnorm; tap t }; augment(1, conv(3), given=t)") -> str:
    return f"flow f {{ input image(2, 4, 4); dequantize(uniform); {flow}; part c {{ actnorm }}; prior gaussian; train() {{ phase p{options} {{ {body} }} }} }}"


def test_what_cannot_be_left_out_is_a_fault() -> None:
    (found,) = diagnostics(phase("bypass a"))
    assert found.code == "FS510" and "2x4x4 enters it, 8x2x2 leaves it" in found.message
    (found,) = diagnostics(phase("bypass b"))
    assert found.code == "FS510" and "`t` is tapped in it and read outside" in found.message
    assert compiled(phase("bypass c; freeze b", "(weights=[log_det: 2, log_prior: 0.5, c: 0])")).graph.phases[0].bypassed == ("c",)
    assert [code for code, _ in faults(phase("bypass c", "(weights=[posterior: 2])"))] == ["FS201"]
    assert compiled(phase("bypass c", "(weights=[d: 2])", "part d { repeat 0 { actnorm } }")).graph.phases[0].options.weights == {"d": 2}
    assert [code for code, _ in faults(phase("bypass c", "(epoch=2)"))] == ["FS203"]
    assert [code for code, _ in faults(phase("bypass c", "(epochs=0)"))] == ["FS208"]
    assert [code for code, _ in faults(phase("bypass d"))] == ["FS201"]


# --------------------------------------------------------------------------------------------------------------- training


@pytest.fixture
def data() -> Dataset:
    """A few images of blobs."""
    parts = (images(n, seed).numpy().astype(np.uint8) // 2 + 64 for seed, n in enumerate((48, 12, 12)))
    return Dataset("noise", *parts, levels=256)


def run(spec: Spec, data: Dataset, out: Path, **options: object) -> tuple[Flow, list[dict]]:
    """The last flow of a run, and its log."""
    train(spec, out, data, device="cpu", batch=12, **options)
    return weights.load(out / "last.safetensors"), read(out / "log.jsonl")


def test_phases_freeze_and_leave_out(data: Dataset, tmp_path: Path) -> None:
    spec = small()
    begin = spec.build(seed=0).state_dict()
    first, _ = run(spec, data, tmp_path / "run", epochs=2, max_steps=8)
    assert all(torch.equal(value, begin[name]) for name, value in first.state_dict().items() if name.startswith("pixel_flow."))
    assert not torch.equal(first.state_dict()["vae.encode.posterior.form.resnet_encoder.conv.weight"], begin["vae.encode.posterior.form.resnet_encoder.conv.weight"])
    second, log = run(spec, data, tmp_path / "run", epochs=2, resume=True)
    for name, value in second.state_dict().items():
        assert torch.equal(value, first.state_dict()[name]) != name.startswith("pixel_flow.") or "started" in name, name
    assert any("running_mean" in name for name in second.state_dict())
    assert {entry["stage"] for entry in log} == {"base", "decoder"}
    of_base = next(entry for entry in log if entry["stage"] == "base" and entry["kind"] == "train")
    assert "pixel_flow.log_det" not in of_base["terms"]
    assert all(sum(entry["terms"].values()) == pytest.approx(-entry["loss"], rel=1e-4) for entry in log if entry["kind"] == "train")


def test_what_is_evaluated_of_a_frozen_part_stands_still_too(data: Dataset, tmp_path: Path) -> None:
    """A phase goes on from what the one before was evaluated with: the average where a run keeps one. What it freezes is that average."""
    spec = flowspec.load(small().canonical.replace("batch=64,", "batch=64, average=0.99,"), **SMALL)
    averages = []
    for options in ({"max_steps": 8}, {"resume": True}):
        run(spec, data, tmp_path / "run", epochs=2, **options)
        kept, _ = state.read(tmp_path / "run" / "state.safetensors")
        averages.append({name.partition("/")[2]: value for name, value in kept.items() if name.startswith("average/")})
    moved = {name for name, value in averages[1].items() if not torch.equal(value, averages[0][name])}
    assert moved and all(name.startswith("pixel_flow.") for name in moved)
    last = weights.load(tmp_path / "run" / "last.safetensors")
    frozen = {name: value for name, value in last.named_parameters() if not name.startswith("pixel_flow.")}
    assert frozen and all(torch.equal(value, averages[1][name]) for name, value in frozen.items())


def test_a_phase_may_end_within_an_epoch(data: Dataset, tmp_path: Path) -> None:
    """What is said of a step is of its own phase: the terms of one are not those of the other."""
    _, log = run(small(), data, tmp_path / "run", steps=7)
    said = {entry["step"]: entry for entry in log if entry["kind"] == "train"}
    assert [said[step]["stage"] for step in (4, 8, 10, 12)] == ["base", "decoder", "decoder", "decoder"]
    assert "pixel_flow.log_det" not in said[4]["terms"] and "pixel_flow.log_det" in said[8]["terms"]
    assert all(sum(entry["terms"].values()) == pytest.approx(-entry["loss"], rel=1e-4) for entry in said.values() if entry["step"] != 10)


def test_with_an_identity_start_the_second_phase_begins_where_the_first_ended(data: Dataset, tmp_path: Path) -> None:
    flow, _ = run(small(), data, tmp_path / "run", epochs=1, max_steps=4)
    x = images()
    flow.double().eval()
    torch.testing.assert_close(seeded(flow.log_prob, x), seeded(flow.bypassing(["pixel_flow"]).log_prob, x), rtol=0, atol=1e-9)


def test_a_phase_takes_over_the_weights_of_another_run(data: Dataset, tmp_path: Path) -> None:
    text = small().canonical.replace("phase base { bypass pixel_flow }", "")
    run(flowspec.load("vae_glow", **SMALL), data, tmp_path / "base", epochs=1, max_steps=4)
    text = text.replace("phase decoder", f'phase decoder(start="{tmp_path / "base"}", lr=1e-3)')
    spec = flowspec.load(text, **SMALL)
    found, _ = run(spec, data, tmp_path / "decoder", epochs=1)
    base = weights.load(tmp_path / "base" / "best.safetensors").state_dict()
    assert all(torch.equal(value, base[name]) for name, value in found.state_dict().items() if not name.startswith("pixel_flow."))
    other = flowspec.load(text, **SMALL | {"latent": 6})
    with pytest.raises(CheckpointError, match="does not fit"):
        run(other, data, tmp_path / "other", epochs=1)


def test_weights_multiply_terms() -> None:
    flow = build(small().checked, seed=0)
    x = images()
    terms = {name: value.mean() for name, value in seeded(flow.terms, x).items()}
    loss, told = seeded(Objective(flow), x, None, {"log_prior": 0.5, "prior_flow": 0.0, "vae": 2.0, "posterior": 0.0})
    torch.testing.assert_close(told, {name: value.detach() for name, value in terms.items()})
    by_hand = terms["dequantization"] + terms["pixel_flow.log_det"] + 2 * terms["vae.reconstruction"] + 0.5 * terms["log_prior"]
    torch.testing.assert_close(loss, -by_hand)


def test_the_second_stage_is_trained_on_the_first_ones_latents(data: Dataset, tmp_path: Path) -> None:
    sizes = {name: SMALL[name] for name in ("side", "scales", "base", "latent", "prior_width")}
    text = flowspec.load("vae_priors", latents="second_stage", **sizes).canonical.replace("epochs=400", "epochs=1").replace("epochs=800", "epochs=2")
    spec = flowspec.load(text, latents="second_stage", **sizes)
    first, _ = run(spec, data, tmp_path / "run", max_steps=4)
    second, log = run(spec, data, tmp_path / "run", resume=True)
    moved = {name for name, value in second.state_dict().items() if not torch.equal(value, first.state_dict()[name])}
    assert moved and all(name.startswith("latent_model.") for name in moved)
    of_second = [entry for entry in log if entry["stage"] == "second" and entry["kind"] == "train"]
    assert "latent_model.reconstruction" in of_second[0]["terms"]
    assert second.sample(2, temperature={"vae": 0.0}).shape == (2, 3, 8, 8)


def test_more_draws_never_loosen_the_bound() -> None:
    model = moved(build(small().checked, seed=0))
    batch = Batch(images(64))
    one, many = (evaluate(model, batch, samples=samples) for samples in (1, 16))
    assert one.nats < many.nats + 3 * (one.error**2 + many.error**2) ** 0.5 and one.kind == "bound"
    assert sum(term["nats"] for term in one.terms.values()) == pytest.approx(one.nats)
    assert str(one.terms["vae.posterior"]["kind"]) == "Monte Carlo"


def test_weights_may_rise_with_the_epochs() -> None:
    checked = compiled("""
        flow f { input vector(2); encode(1, posterior=gaussian(linear), decoder=gaussian(linear)); prior gaussian
            train(epochs=6, batch=10) { phase all(weights=[log_prior: warmup(epochs=4), posterior: warmup(steps=8), reconstruction: 2]) { } } }
    """)  # fmt: skip
    agenda = plan(checked.graph, examples=30)
    assert [agenda.weights(step)["log_prior"] for step in (0, 2, 3, 6, 9, 17)] == [0.25, 0.25, 0.5, 0.75, 1, 1]
    assert [agenda.weights(step)["posterior"] for step in (0, 7, 17)] == [0.125, 1, 1]
    assert agenda.weights(5)["reconstruction"] == 2
    assert faults("flow f { input vector(2); prior gaussian; train(schedule=warmup(steps=2, epochs=3)) }")[0][0] == "FS205"


def test_training_uses_the_weights_of_the_step(tmp_path: Path) -> None:
    """With every weight rising from a quarter, the loss is a quarter of what the terms add up to in the first epoch."""
    text = """
        flow f { input vector(2); actnorm(start=identity); prior gaussian
            train(epochs=2, batch=50) { phase all(weights=[log_det: warmup(epochs=4), log_prior: warmup(epochs=4)]) { } } }
    """
    train(flowspec.load(text), tmp_path / "run", Source(name="moons", arguments={"size": 200, "validation": 50, "test": 50}))
    logged = [line for line in read(tmp_path / "run" / "log.jsonl") if line["kind"] == "train"]
    first = logged[0]
    assert first["loss"] == pytest.approx(-0.25 * sum(first["terms"].values()), rel=1e-5)
