"""Diagrams: what they fold, show and draw once; that they are stable; the files they are written to."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import flowspec
from flowspec.checked import CheckedGraph
from flowspec.compiler import compile_text
from flowspec.diagram import FORMATS, dot, draw, outline
from flowspec.diagram.draw import render
from flowspec.diagram.layout import scene_of
from flowspec.diagram.palette import PALETTE
from flowspec.source import Source

GLOW = """
flow glow(levels=3, steps=32, width=512) {
    input image(3, 32, 32)
    dequantize(uniform, low=-0.5, high=0.5)
    for level in 1..levels {
        squeeze(2)
        repeat steps { actnorm; conv1x1(lu); coupling(affine(scale=sigmoid), estimator(width) >> zeroconv(3)) }
        if level < levels { split(half, prior=gaussian(zeroconv(3))) }
    }
    prior gaussian(zeroconv(3))
}
net estimator(width) { conv(3, width, bias=false); actnorm; relu; conv(1, width, bias=false); actnorm; relu }
"""

WIRES = """
flow wires {
    input image(4, 8, 8, levels=real)
    context classes(10) as label
    squeeze(2)
    split(half) as (a, b)
    on a { actnorm; tap middle; conv1x1 }
    on b { elementwise(affine, mover, given=[middle, label]) }
    merge(a, b)
    part tail { inverse { actnorm(identity); conv1x1 }; repeat 3 { module } }
    prior gaussian(learned)
}
def module { actnorm; swap }
net mover { conv(3, 8); residual { relu; conv(3, 8) }; parallel { conv(1, 4); conv(3, 4) }; conv(3) }
"""


NANO = """
flow nano {
    input image(2, 8, 8)
    dequantize
    for level in 1..2 {
        squeeze(2)
        repeat 4 { actnorm; conv1x1; coupling(affine, share(trunk, across=4, embed=concat+gate, size=level) >> zeroconv(1)) }
    }
    prior gaussian
}
net trunk { repeat 3 { conv(3, 16); modulate; relu } }
"""


SPECS = sorted(path for path in (Path(__file__).parents[2] / "specs").rglob("*.flow") if path.parent.name != "lib")


def compiled(text: str) -> CheckedGraph:
    return compile_text(Source("x.flow", text))


@pytest.fixture(scope="module")
def glow() -> CheckedGraph:
    return compiled(GLOW)


@pytest.fixture(scope="module")
def wires() -> CheckedGraph:
    return compiled(WIRES)


def nodes(text: str) -> set[str]:
    return {name.strip('"') for name in re.findall(r"^\t+(\S+) \[label=", text, re.MULTILINE)}


def test_repeats_are_folded_and_drawn_once(glow: CheckedGraph):
    text = dot(glow)
    assert text.count("step × 32") == 3
    assert text.count("<b>coupling</b>") == 1
    assert "step of level1, level2, level3" in text
    assert text.count("network estimator") == 2  # title and tooltip


def test_depth_opens_that_many_levels(glow: CheckedGraph):
    assert {name for name in nodes(dot(glow, 0)) if "." in name} == set()
    assert "level1.step1" in nodes(dot(glow, 1)) and "<b>coupling</b>" not in dot(glow, 1)
    assert "conv 3 512 bias=false → actnorm →" in dot(glow, 2) and "network estimator" not in dot(glow, 2)
    assert dot(glow, 9) == dot(glow)


def test_sections_of_one_name_drawn_apart_have_letters():
    text = dot(compiled(GLOW.replace("squeeze(2)", "squeeze(2); repeat 2 { actnorm; conv1x1; reverse }")))
    assert text.count("step a × 2") == 3 and text.count("step b × 32") == 3
    assert "step a of level1, level2, level3" in text


def test_shapes_stand_where_they_change_and_where_a_section_ends(glow: CheckedGraph):
    labels = re.findall(r"&#160;([0-9x]+)>", dot(glow))
    assert labels == ["12x16x16", "6x16x16", "6x16x16", "24x8x8", "12x8x8", "12x8x8", "48x4x4", "48x4x4"]


def test_conditions_are_dashed_from_where_they_come(wires: CheckedGraph):
    dashed = {line.strip() for line in dot(wires).splitlines() if "->" in line and "dashed" in line}
    assert any(line.startswith('"a.actnorm" -> "b.elementwise"') and "middle" in line for line in dashed)
    assert any(line.startswith('label -> "b.elementwise"') for line in dashed)
    assert len(dashed) == 2


def test_both_wires_of_a_split_reach_the_merge(wires: CheckedGraph):
    assert {'"a.conv1x1" -> merge', '"b.elementwise" -> merge'} <= {
        line.split(" [")[0].strip() for line in dot(wires).splitlines()
    }


def test_closing_a_section_keeps_its_edges(wires: CheckedGraph):
    edges = {line.split(" [")[0].strip() for line in dot(wires, 0).splitlines() if "->" in line}
    assert edges == {"input -> squeeze", "squeeze -> split", "split -> a", "split -> b", "a -> b", "label -> b", "a -> merge", "b -> merge",
                     "merge -> tail", "tail -> prior"}  # fmt: skip


def test_labels_are_escaped(glow: CheckedGraph):
    odd = glow.model_copy(update={"graph": glow.graph.model_copy(update={"name": 'a<b>&"c'})})
    assert "a&lt;b&gt;&amp;&quot;c · 44,235,312" in dot(odd)
    assert render(dot(odd), "svg")


def test_a_shared_network_is_drawn_once_with_its_uses():
    text = dot(compiled(NANO))
    assert text.count("<b>modulate</b>") == 1 and "step × 3" in text
    assert text.count("trunk shared by 4") == text.count("<b>trunk</b> shared by 4") == 2
    links = re.findall(r'"level(.)\.shared" -> "level(.)\.step1\.coupling"', text)
    assert links == [("1", "1"), ("2", "2")]
    assert ".shared" not in dot(compiled(NANO), depth=0)
    assert outline(compiled(NANO)).count("shared by 4: (conv 3 16 → modulate → relu) × 3") == 2


def test_branches_are_joined_as_their_combinator_joins_them():
    body = "flow f {{ input vector(4); coupling(affine, n); prior gaussian }}\nnet n {{ {} {{ linear(6); chain {{ linear(6); relu; linear(6) }} }}; linear }}"
    for word, sign in (("sum", "+"), ("parallel", "concat")):
        assert re.findall(r"\.join\"? \[label=<([^>]*)>", dot(compiled(body.format(word)))) == [sign]


def test_text_is_the_same_in_another_process(glow: CheckedGraph, tmp_path: Path):
    script = (
        "from flowspec.compiler import compile_text; from flowspec.source import Source; from flowspec.diagram import dot;"
        f"print(dot(compile_text(Source('x.flow', {GLOW!r}))), end='')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.decode() == dot(glow)


def test_a_diagram_needs_no_torch():
    script = "import sys, flowspec.diagram, flowspec.report; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_spec_is_drawn(path: Path):
    checked = compile_text(Source(path.name, path.read_text()), path.parent)
    for depth in (None, 0, 1):
        text = dot(checked, depth)
        assert len(render(text, "svg")) > 1000
        known = nodes(text)
        used = {
            end.strip().strip('"')
            for edge in re.findall(r"^\t+(\S+ -> \S+)", text, re.MULTILINE)
            for end in edge.split("->")
        }
        assert used <= known


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("depth", [None, 0, 1])
def test_every_format_is_written_whole(glow: CheckedGraph, tmp_path: Path, format: str, depth: int | None):
    path = tmp_path / f"glow.{format}"
    draw(glow, path, depth)
    content = path.read_bytes()
    starts = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph", "html": b"<!DOCTYPE html>"}
    assert content.startswith(starts[format])
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_picture_has_ink(wires: CheckedGraph):
    image = Image.open(io.BytesIO(render(dot(wires), "png")))
    assert min(image.size) > 300 and len(image.convert("RGB").getcolors(1 << 24)) > 10


def test_an_unknown_suffix_is_refused(glow: CheckedGraph, tmp_path: Path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot, \.html"):
        draw(glow, tmp_path / "glow.jpeg")


def test_a_failed_write_leaves_the_old_file(glow: CheckedGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "glow.svg"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        draw(glow, path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_the_page_stands_alone(glow: CheckedGraph, tmp_path: Path):
    draw(glow, tmp_path / "glow.html")
    page = (tmp_path / "glow.html").read_text()
    assert "http" not in page and "<svg" in page and "<details" in page
    assert page.count("<details") == page.count("</details>")


def test_outline_folds_and_aligns(glow: CheckedGraph):
    tree = outline(glow)
    assert tree.count("step × 32") == 3
    assert "44,235,312" in tree.splitlines()[0]
    assert "coupling" not in outline(glow, 1)


def test_colours_have_six_digits():
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for paint in PALETTE.values() for colour in paint)


def test_a_flow_within_a_step_is_drawn_apart() -> None:
    scene = scene_of(flowspec.load("vae_posteriors", posterior="iaf").checked)
    (section,) = (inset for inset in scene.insets if inset.id.startswith("flow."))
    assert section.title == "latent_posterior, the posterior of encode"
    assert [member.title for member in section.members if hasattr(member, "title")][:3] == ["vector", "h", "c"]
    assert any(edge.role == "condition" and edge.tail.endswith(".h") and edge.head.endswith(".c") for edge in scene.edges)
