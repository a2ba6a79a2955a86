"""Reports: numbers, their parts, the stable keys of the JSON, and the tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import flowspec
from flowspec.compiler import compile_text
from flowspec.report import Report, compare, curve, over, report, text, text_over, text_side_by_side
from flowspec.report.parts import Part
from flowspec.report.sizes import grouped, in_bytes, scaled
from flowspec.source import Source

GLOW = """
flow glow(levels=3, steps=32, width=256) {
    input image(3, 32, 32)
    dequantize(uniform)
    for level in 1..levels {
        squeeze(2)
        repeat steps { actnorm; conv1x1(lu); coupling(affine, estimator(width) >> zeroconv(3)) }
        if level < levels { split(half, prior=gaussian(zeroconv(3))) }
    }
    prior gaussian(zeroconv(3))
    expect likelihood == bound
}
net estimator(width) { conv(3, width, bias=false); actnorm; relu; conv(1, width, bias=false); actnorm; relu }
"""

CONDITIONAL = """
flow conditional {
    input vector(4)
    context vector(7) >> linear(5) as label
    coupling(affine, mlp([8]), given=label)
    prior gaussian
}
"""

SPECS = sorted(path for path in (Path(__file__).parents[2] / "specs").rglob("*.flow") if path.parent.name != "lib")

NANO = """
flow nano {
    input image(2, 8, 8)
    dequantize
    for level in 1..2 {
        squeeze(2)
        repeat 4 { conv1x1; coupling(affine, share(net1, across=4, embed=concat+gate, size=level) >> zeroconv(1)) }
    }
    prior gaussian
}
net net1 { repeat 3 { conv(3, 16); modulate; relu } }
"""

KEYS = {
    "schema", "name", "spec_parameters", "parameters", "likelihood", "terms", "inverse", "density", "passes", "volume", "mass", "latent_dims", "input",
    "latents", "multiply_adds", "parameter_bytes", "activation_bytes", "modules", "kinds", "contracts", "causes",
}  # fmt: skip


def made(text: str = GLOW, **overrides: object) -> Report:
    return report(compile_text(Source("x.flow", text), overrides=overrides))


@pytest.fixture(scope="module")
def glow() -> Report:
    return made()


def everywhere(parts: tuple[Part, ...]) -> list[Part]:
    return [found for part in parts for found in (part, *everywhere(part.parts))]


def test_the_printed_total_of_glow(glow: Report):
    assert glow.parameters.total == 15_972_912
    assert glow.parameters.total - glow.parameters.live == 99_456


def test_the_terms_are_those_that_training_and_evaluation_tell():
    found = flowspec.load("vae_priors", latents="standard", side=8, base=2)
    report = found.report()
    told = found.build(seed=0).terms(torch.zeros(2, 3, 8, 8))
    assert [term.name for term in report.terms] == list(told)
    assert "vae.posterior       closed form  nats" in text(report) and "log p >= sum of" in text(report)
    assert report.model_dump(mode="json")["terms"][0] == {"name": "dequantization", "kind": "exact", "unit": "nats"}


def test_parts_add_up_to_what_they_are_parts_of(glow: Report):
    assert sum(part.total for part in glow.parameters.parts) == glow.parameters.total
    for part in everywhere(glow.parameters.parts):
        assert not part.parts or sum(inner.total for inner in part.parts) == part.total


def test_parts_of_a_flow_with_a_network_on_its_context():
    conditional = made(CONDITIONAL)
    assert [part.kind for part in conditional.parameters.parts] == ["context", "step", "prior"]
    assert conditional.parameters.parts[0].total == 7 * 5 + 5
    assert sum(part.total for part in conditional.parameters.parts) == conditional.parameters.total


def test_a_shared_network_counts_once():
    nano = made(NANO)
    shared = [part for part in everywhere(nano.parameters.parts) if part.kind == "shared"]
    assert [(part.path, part.times) for part in shared] == [("level1.shared", 4), ("level2.shared", 4)]
    assert nano.parameters.shared == sum(part.total for part in shared) > 0
    for part in (nano.parameters, *everywhere(nano.parameters.parts)):
        assert not part.parts or sum(inner.total for inner in part.parts) == part.total
    assert "4 uses" in text(nano)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_parts_of_every_spec_add_up(path: Path):
    found = report(compile_text(Source(path.name, path.read_text()), path.parent))
    for part in (found.parameters, *everywhere(found.parameters.parts)):
        assert not part.parts or sum(inner.total for inner in part.parts) == part.total
    assert text(found)


def test_repeats_are_folded(glow: Report):
    step = next(part for part in everywhere(glow.parameters.parts) if part.path == "level2.step1")
    assert (step.kind, step.times, step.shape) == ("repeat", 32, (24, 8, 8))


def test_facts_of_glow(glow: Report):
    assert (glow.likelihood, glow.inverse, glow.volume, glow.latent_dims) == ("bound", "analytic", "varies", 3072)
    assert [latent.shape for latent in glow.latents] == [(6, 16, 16), (12, 8, 8), (48, 4, 4)]
    assert glow.modules["coupling"] == 96
    assert [contract.text for contract in glow.contracts] == ["likelihood == bound"]
    assert glow.causes["likelihood"] == ("dequantize",)


def test_the_kinds_of_each_word_are_told():
    found = made("""flow f {
        input vector(4)
        planar; radial; continuous(concat_squash([8]), trace=hutchinson); residual(mlp([8], lipschitz=0.9), log_det=series)
        autoregressive(affine, made([8])); autoregressive(dsf, made([8])); inverse { block_autoregressive(8, residual=gated) }
        prior autoregressive(made([8])) }""")
    kinds = {word: tuple(map(" or ".join, kind.model_dump().values())) for word, kind in found.kinds.items()}
    assert kinds == {
        "planar": ("analytic", "iterative", "exact"),
        "radial": ("analytic", "analytic", "exact"),
        "continuous": ("iterative", "iterative", "estimate"),
        "residual": ("iterative", "iterative", "estimate"),
        "autoregressive": ("analytic", "iterative or sequential", "exact"),
        "block_autoregressive": ("iterative", "analytic", "exact"),
    }
    assert "for one example; what is iterated counts once" in text(found)
    assert any(line.split() == ["continuous", "1", "iterative", "iterative", "estimate"] for line in text(found).splitlines())


def test_json_keeps_its_keys(glow: Report):
    data = json.loads(glow.model_dump_json())
    assert set(data) == KEYS
    assert data["schema"] == 1
    assert set(data["parameters"]) == {"total", "trainable", "live", "deployed", "shared", "parts"}
    assert set(data["parameters"]["parts"][0]) == {
        "path", "kind", "word", "times", "total", "trainable", "live", "deployed", "share_percent", "shape", "parts",
    }  # fmt: skip
    assert data["multiply_adds"].keys() == {"density", "sampling"}


def test_text_tells_the_numbers_and_folds(glow: Report):
    page = text(glow)
    assert "15,972,912" in page and "× 32" in page and "step1…32" in page
    assert page == text(made())
    assert all(line == line.rstrip() for line in page.splitlines())


def test_comparison_has_ratios_and_tells_namesakes_apart(glow: Report):
    table = compare([glow, made(width=512)])
    assert "glow(width=256)" in table and "glow(width=512)" in table
    assert "44,235,312  2.77x" in table


def test_comparison_of_nothing_is_refused():
    with pytest.raises(ValueError, match="one report or more"):
        compare([])


def test_a_family_over_a_parameter(tmp_path):
    def make(overrides: dict):
        return compile_text(Source("x.flow", GLOW), overrides=overrides)

    reports = over(make, "steps", [1, 2, 4])
    assert [one.spec_parameters["steps"] for one in reports] == [1, 2, 4]
    assert len(text_over(reports, "steps").splitlines()) == 5
    assert text_side_by_side([reports, reports], "steps", "parameters").splitlines()[2].split()[1:] == [f"{reports[0].parameters.total:,}"] * 2
    curve([reports, reports], "steps", "parameters", tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="it is one of parameters"):
        curve([reports], "steps", "size", tmp_path / "curve.png")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (grouped(15_972_912), "15,972,912"), (scaled(999), "999"), (scaled(999_900), "1.00 M"), (scaled(1_234), "1.23 k"),
        (scaled(15_972_912), "16.0 M"), (in_bytes(1023), "1023 B"), (in_bytes(1024), "1.00 KiB"), (in_bytes(63_891_648), "60.9 MiB"),
    ],
)  # fmt: skip
def test_sizes(shown: str, expected: str):
    assert shown == expected
