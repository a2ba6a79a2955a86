"""Hostile specs: each limit has its message, and none is reached late or at the price of much memory."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest

import flowspec.vocabulary  # noqa: F401  the words register themselves
from flowspec.compiler import compile_text
from flowspec.diagnostics import SpecError
from flowspec.loading import MOST_FILES
from flowspec.rendering.jsonl import render
from flowspec.source import Source
from flowspec.syntax.limits import LARGEST_FILE

SECONDS, MEGABYTES = 2.0, 500
LONGEST = 20_000
"""Characters of a message, apart from what it quotes of the text, which may be a name as long as the whole."""
SLACK = 2.0
"""On a busy machine the same work takes longer."""


def flow(body: str, rest: str = "") -> str:
    return f"flow f {{\n input vector(4)\n {body}\n prior gaussian\n}}\n{rest}"


def doubling(kind: str, last: str) -> str:
    return "".join(f"{kind} a{i} {{ a{i + 1}; a{i + 1} }}\n" for i in range(30)) + f"{kind} a30 {{ {last} }}"


HOSTILE = {
    "repeats within repeats": (flow("repeat 10000 { " * 5 + "actnorm" + " }" * 5), ["FS805"]),
    "repeats of nothing": (flow("repeat 10000 { repeat 10000 { } }"), ["FS805"]),
    "loops of nothing": (flow("for a in 1..10000 { for b in 1..10000 { for c in 1..10000 { } } }"), ["FS805"]),
    "defs that double": (flow("a0", doubling("def", "reverse")), ["FS805"]),
    "defs that double nothing": (flow("a0", doubling("def", "")), ["FS805"]),
    "nets that double": (flow("coupling(affine, a0 >> linear)", doubling("net", "relu")), ["FS809"]),
    "nets of repeats": (flow("coupling(affine, n >> linear)", "net n { " + "repeat 10 { " * 20 + "relu" + " }" * 21), ["FS809"]),
    "a deep net": (flow("coupling(affine, n >> linear)", "net n { " + "chain { " * 90 + "relu" + " }" * 91), []),
    "a loop of different steps": (flow("for i in 1..10000 { coupling(affine, mlp([i])); reverse }"), ["FS805"]),
    "a long list of widths": (flow("let h = 1..9999\nfor i in 1..9999 { coupling(affine, mlp(h)); reverse }"), ["FS809"]),
    "long permutations": ("flow f { input vector(9999)\nlet o = 0..9998\nfor i in 1..9999 { permute(o); reverse }\nprior gaussian }", ["FS805"]),
    "one long permutation": ("flow f { input vector(10000)\npermute(order=0..9999)\nprior gaussian }", []),
    "an order that lacks nearly a million": ("flow f { input vector(1_000_000)\npermute(order=[1_000_001, 2, -1])\nprior gaussian }", ["FS304"]),
    "an order that is long and doubled": ("flow f { input vector(40)\nlet o = 0..9998\npermute(order=o)\nprior gaussian }", ["FS304"]),
    "definitions that nothing calls": (flow("reverse", "\n".join(f"def u{i} {{ repeat 9999 {{ squeeze(2); actnrom }} }}" for i in range(1500))), ["FS202"] * 100),
    "unused definitions that double": (flow("reverse", doubling("def", "reverse")), []),
    "a long chain of faults": (flow(f"coupling(affine, {' >> '.join(['rleu'] * 5000)})"), ["FS202"] * 100),
    "lists that nest": (flow("let a0 = [1]\n" + "\n".join(f"let a{i + 1} = [a{i}]" for i in range(3000)) + "\npermute(a3000)"), ["FS808"]),
    "tables that nest": (flow("let a0 = [x: 1]\n" + "\n".join(f"let a{i + 1} = [x: a{i}]" for i in range(3000))), ["FS207"]),
    "networks that nest": (flow("let a0 = linear\n" + "\n".join(f"let a{i + 1} = a{i} >> relu" for i in range(3000)) + "\ncoupling(affine, a3000)"), ["FS801"]),
    "lists of lists": (flow("let a = 1..9999\nlet b = [a, a, a]\nlet c = [b, b]"), ["FS808"]),
    "lists that double": (flow("let a = 1..5000\nlet b = a + a\nlet c = b + b"), ["FS808"]),
    "a huge image": ("flow f { input image(1_000_000, 1_000_000, 1_000_000)\nprior gaussian }", ["FS807"]),
    "a huge hidden layer": (flow("autoregressive(affine, made([1_000_000_000]))"), ["FS807"]),
    "masks of a million": ("flow f { input vector(1_000_000)\nautoregressive(affine, made([1_000_000, 1_000_000]))\nprior gaussian }", []),
    "a huge power": (flow("let a = 10^64"), ["FS804"]),
    "a power out of the floats": (flow("let a = 1e300^64"), ["FS804"]),
    "a product out of the floats": (flow("let a = 1e300 * 1e300"), ["FS804"]),
    "a root of a negative number": (flow("let a = (0 - 8)^0.5"), ["FS804"]),
    "conditions on ever more taps": (flow("for i in 1..3000 { tap x[]; actnorm; augment(1, linear, given=x) }"), ["FS805"]),
    "contracts without end": (flow("for i in 1..3000 { expect parameters == 0 }"), []),
    "faults without end": (flow("for i in 1..3000 { actnrom(i) }"), ["FS202"]),
    "thousands of names": (flow("\n".join(f"actnrom{i}" for i in range(500)), "\n".join(f"def ac{i}norm {{ }}" for i in range(2000))), ["FS202"] * 100),
    "a long name": (flow("a" * 100_000), ["FS202"]),
    "a long text": (flow("actnorm\n" * 10_001), ["FS805"]),
    "brackets never closed": (flow("actnorm(\n" * 10_000), ["FS801"]),
    "a file too large": ("#" * (LARGEST_FILE + 1), ["FS802"]),
    "a definition that calls itself": (flow("a", "def a { b }\ndef b { a }"), ["FS803"]),
}


def measured(text: str) -> tuple[list[str], float, float]:
    """The codes of a text's faults, the seconds and the megabytes that they took."""
    before, memory = process_time(), peak()
    try:
        compile_text(Source("hostile.flow", text))
        found = []
    except SpecError as error:
        found = [diagnostic.code for diagnostic in error.diagnostics]
        assert all(len(render([diagnostic], error.sources)) < LONGEST + 2 * len(text) for diagnostic in error.diagnostics)
    return found, process_time() - before, peak() - memory


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(function: Callable, argument: str) -> object:
    """What a function gives in a process of its own, whose memory is its own too."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply_async(function, (argument,)).get(timeout=60)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_spec_is_refused_soon_and_cheaply(name: str) -> None:
    text, codes = HOSTILE[name]
    found, seconds, megabytes = apart(measured, text)
    assert found == codes
    assert seconds < SECONDS * SLACK and megabytes < MEGABYTES


def test_a_spec_uses_so_many_files_and_no_more(tmp_path: Path) -> None:
    for i in range(MOST_FILES + 1):
        (tmp_path / f"d{i}.flow").write_text(f"def d{i} {{ reverse }}\n")
    uses = [f'use "d{i}.flow"\n' for i in range(MOST_FILES + 1)]
    compile_text(Source("a.flow", "".join(uses[: MOST_FILES - 1]) + flow("d0")), tmp_path)
    with pytest.raises(SpecError) as caught:
        compile_text(Source("a.flow", "".join(uses[:MOST_FILES]) + flow("d0")), tmp_path)
    assert [fault.code for fault in caught.value.diagnostics] == ["FS806"]


@pytest.mark.parametrize("path", ["../secret.flow", "link.flow", "inner/../../secret.flow", "{absolute}", "folder", "a\\u0000b", "x" * 5000, "", ".", "~/secret.flow"])
def test_use_cannot_leave_the_folder(path: str, tmp_path: Path) -> None:
    folder = tmp_path / "specs"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "secret.flow").write_text("def secret { reverse }\n")
    (folder / "link.flow").symlink_to(tmp_path / "secret.flow")
    path = path.format(absolute=tmp_path / "secret.flow").encode().decode("unicode_escape")
    with pytest.raises(SpecError) as caught:
        compile_text(Source("a.flow", f'use "{path}"\n' + flow("secret")), folder)
    assert caught.value.diagnostics[0].code in ("FS213", "FS105", "FS106")


def test_a_used_file_is_bounded_too(tmp_path: Path) -> None:
    (tmp_path / "big.flow").write_text("#" * (4 * LARGEST_FILE + 1))
    with pytest.raises(SpecError) as caught:
        compile_text(Source("a.flow", 'use "big.flow"\n' + flow("reverse")), tmp_path)
    assert caught.value.diagnostics[0].code == "FS802"
