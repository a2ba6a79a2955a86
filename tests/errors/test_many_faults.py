"""Fifty faults that do not depend on one another, in one file: each is told, once, and soon."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from os import times
from pathlib import Path

import pytest

import flowspec.vocabulary  # noqa: F401  the words register themselves
from flowspec.compiler import compile_text
from flowspec.diagnostics import SpecError
from flowspec.source import Source

SECONDS, SLACK = 1.0, 2.0
"""On a busy machine the same work takes longer."""
TEXT = """use "missing.flow"
flow f(n=4, n=5) {
    input image(3, 8, 8)
    context clases(10) as label
    context vector(3) >> liner(8) as theta
    dequantize(unifrom)
    let a = 1 / 0
    let b = [2 % 0, len(3)]
    part head { actnrom }
    actnorm(strat=identity)
    squeeze(fctor=2)
    coupling(affin, conv(3, 8) >> rleu >> conv(3), given=label)
    coupling(affine(scal=tanh), conv(3, 8) >> conv(3, chanels=4), given=nosuch)
    repeat 2.5 { conv1x1(lux) }
    for i in 3 { revrse }
    if wdth > 3 { sqeeze(2) } else { swap(x=1) }
    on c { swp }
    tap 3
    coupling(affine conv(3))
    @
    prior gausian(conv(3, -1))
    expect likelhood == exact
    expect count(actnrm) == 2
    train(epocs=3) { phase one(lr=0) { freeze nothing } phase two(schedul=cosine) { bypass none } }
    sample(n=0, temperature=[heda: 0.5])
    evaluate(smples=3)
}
flow dims {
    input vector(8)
    coupling(affine, linear(3))
    coupling(spline(bins=4), mlp([8]) >> linear(5))
    elementwise(affine, linear(9), given=dims_tap)
    permute([0, 1])
}
flow wires {
    input vector(6)
    context vector(2) as theta
    split(half) as (a, b)
    on a { coupling(affine, linear(2)) }
    on d { reverse }
    merge(a, b)
    squeeze(2)
}
flow forgotten { input vector(3); actnorm }
flow turned { input vector(4); inverse { tap x; reverse }; prior gaussian }
def unused(width, width) { cuopling(affine, mlp([width])); linear(true) }
def step(steps) { repeat steps { permute(ordr=[0, 1]) } }
def step { reverse }
net estimator { convv(3); mlp([8], hiden=3); residual { linear(0) } }
net choice(deep) { if deep { glu(axs=1) } else { tnah } }
net empty { }
"""


FAULTS = {
    "FS101": ["3", "conv", "phase"],
    "FS105": ["@"],
    "FS201": ["wdth", "c", "actnrm", "nothing", "none", "heda", "dims_tap", "d"],
    "FS202": ["clases", "liner", "unifrom", "actnrom", "affin", "rleu", "revrse", "sqeeze", "swp", "gausian", "cuopling", "convv", "tnah"],
    "FS203": ["strat", "fctor", "scal", "chanels", "x", "epocs", "schedul", "smples", "ordr", "hiden", "axs"],
    "FS206": ["1 / 0", "2 % 0", "len(3)"],
    "FS207": ["lux", "3", "true"],
    "FS208": ["2.5", "lr=0", "n=0", "0"],
    "FS209": ["{ }"],
    "FS211": ["n", "width", "step"],
    "FS213": ['"missing.flow"'],
    "FS301": ["3"],
    "FS304": ["[0, 1]"],
    "FS309": ["mlp([8])"],
    "FS404": ["tap x"],
    "FS508": ["forgotten"],
    "FS701": ["likelhood"],
}
"""What each code marks."""


def test_each_of_many_faults_is_told_once() -> None:
    with pytest.raises(SpecError) as caught:
        compile_text(Source("many.flow", TEXT))
    found = Counter((fault.code, TEXT[fault.primary.span.start : fault.primary.span.end]) for fault in caught.value.diagnostics)
    assert found == Counter((code, marked) for code, places in FAULTS.items() for marked in places)
    assert found.total() >= 50


def test_the_command_tells_them_within_a_second(tmp_path: Path) -> None:
    path = tmp_path / "many.flow"
    path.write_text(TEXT, encoding="utf-8")
    before = times().children_user
    done = subprocess.run([sys.executable, "-m", "flowspec.cli", "check", str(path), "--format", "json"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and len(done.stdout.splitlines()) == sum(map(len, FAULTS.values()))
    assert times().children_user - before < SECONDS * SLACK
