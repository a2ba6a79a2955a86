"""The registry of codes: its examples do what they say, and it holds the codes that are used, all of them and no others."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import flowspec
from flowspec.cli import explain
from flowspec.codes import Code, UnknownCode, codes, find
from flowspec.diagnostics import SpecError
from flowspec.source import Source
from flowspec.spec import compile_source
from tests.errors.corpus import CASES, expected
from tests.errors.elsewhere import ELSEWHERE

ALL = list(codes().values())
SHOWN = [code for code in ALL if code.wrong.is_spec]


def used() -> Iterator[str]:
    """Every code that the source names in a text of its own."""
    for path in Path(flowspec.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) == 5 and node.value[:2] == "FS":
                yield node.value


def faults(text: str, folder: Path) -> list[str]:
    """The codes of a spec's faults, or of its warnings; the spec is a file, so that it can use itself."""
    path = folder / "spec.flow"
    path.write_text(text, encoding="utf-8")
    try:
        spec = compile_source(Source("spec.flow", text), folder, {})
    except SpecError as error:
        return [diagnostic.code for diagnostic in error.diagnostics]
    return [warning.code for warning in spec.warnings]


@pytest.mark.parametrize("code", SHOWN, ids=lambda code: code.code)
def test_the_wrong_example_has_this_fault_alone_and_the_right_one_none(code: Code, tmp_path: Path) -> None:
    assert faults(code.wrong.text, tmp_path) == [code.code]
    assert faults(code.right.text, tmp_path) == []


def test_every_code_that_is_used_is_registered_and_the_other_way_round() -> None:
    assert set(used()) == set(codes())


def test_every_code_has_a_case() -> None:
    assert {fault.code for path in CASES for fault in expected(path)} | set(ELSEWHERE) == set(codes())


@pytest.mark.parametrize("code", ALL, ids=lambda code: code.code)
def test_titles_and_explanations_are_sentences(code: Code) -> None:
    assert code.title[0].islower() and not code.title.endswith(".")
    assert code.explanation.endswith(".") and len(code.explanation) > 40


def test_codes_are_found_by_number_and_the_nearest_is_named() -> None:
    assert find("fs301") == find("301") == codes()["FS301"]
    with pytest.raises(UnknownCode) as caught:
        find("FS311")
    assert caught.value.near in ("FS310", "FS301", "FS411")


def test_the_command_explains() -> None:
    shown = CliRunner().invoke(explain.command, ["FS301"]).output
    assert shown.startswith("FS301: dimension mismatch") and "    coupling(affine, mlp([32]))" in shown
    as_json = json.loads(CliRunner().invoke(explain.command, ["FS301", "--json"]).output)
    assert as_json["code"] == "FS301" and set(as_json) == {"code", "title", "explanation", "wrong", "right"}
    refused = CliRunner().invoke(explain.command, ["FS311"])
    assert refused.exit_code == 2 and "did you mean `FS" in refused.output
    assert len(CliRunner().invoke(explain.command, []).output.splitlines()) == len(ALL)
