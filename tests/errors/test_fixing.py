"""`check --fix` applies what is safe, all of it at once, and says so; `--unsafe-fixes` the rest."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner, Result

from flowspec.cli.group import main
from flowspec.diagnostics import Diagnostic, Fix, Label
from flowspec.fixing import apply, chosen
from flowspec.source import Source, Span
from tests.errors.corpus import CASES, FOLDER, faults

FAULTY = "flow f {\n    input vector(4)\n    coupling(spline(bin=4, bond=2), mlp(hiden=[8]))\n    prior gausian\n}\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main.get_command(None, arguments[0]), arguments[1:], standalone_mode=False)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "a.flow"
    path.write_text(FAULTY, encoding="utf-8")
    return path


def test_safe_fixes_are_applied_and_told(spec: Path) -> None:
    result = run("check", str(spec), "--fix")
    assert spec.read_text(encoding="utf-8") == FAULTY.replace("bin=", "bins=").replace("bond", "bound").replace("hiden", "hidden")
    assert result.output.count("fixed: write") == 3 and "FS202" in result.output and "FS203" not in result.output
    assert list(spec.parent.iterdir()) == [spec]


def test_unsafe_fixes_are_applied_where_asked_for(spec: Path) -> None:
    result = run("check", str(spec), "--fix", "--unsafe-fixes")
    assert "gaussian" in spec.read_text(encoding="utf-8") and "is sound" in result.output and result.return_value == 0


def test_nothing_is_written_without_being_asked(spec: Path) -> None:
    assert run("check", str(spec)).return_value == 1
    assert spec.read_text(encoding="utf-8") == FAULTY


def test_unicode_signs_are_mended(tmp_path: Path) -> None:
    path = tmp_path / "a.flow"
    path.write_text("flow f {\u00a0\n    input vector(4)\n    prior uniform(low=−1)\n    data(file(path=“a.csv”))\n}\n", encoding="utf-8")
    assert "is sound" in run("check", str(path), "--fix").output
    assert path.read_text(encoding="utf-8") == 'flow f { \n    input vector(4)\n    prior uniform(low=-1)\n    data(file(path="a.csv"))\n}\n'


def test_fixes_within_one_another_are_not_both_applied() -> None:
    source = Source("a", "abcdef")
    inner, outer = (Fix("", Span("a", *place), text, safe=True) for place, text in (((2, 3), "x"), ((1, 4), "y")))
    found = chosen([Diagnostic("FS101", "", Label(fix.span), fixes=(fix,)) for fix in (inner, outer)])
    assert [fixed.source.text for fixed in apply(found, {"a": source})] == ["ayef"]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_fix_mends_its_own_fault_and_brings_no_other(path: Path, tmp_path: Path) -> None:
    """Safe or not, what a message offers to paste is accepted: of the faults that there were, one is gone, and none has come."""
    diagnostics, sources = faults(path)
    copytree(FOLDER / "used", tmp_path / "used")
    before = Counter(d.code for d in diagnostics if d.severity == "error")
    for diagnostic in diagnostics:
        for fix in diagnostic.fixes:
            (fixed,) = apply([fix], sources)
            mended = tmp_path / path.name
            mended.write_text(sources[path.name].text, encoding="utf-8")
            (tmp_path / fixed.source.name.removeprefix(f"{FOLDER}/")).write_text(fixed.source.text, encoding="utf-8")
            after = [d for d in faults(mended)[0] if d.severity == "error"]
            assert Counter(d.code for d in after) <= before - Counter([diagnostic.code]), f"{fix}\n{[d.message for d in after]}"
