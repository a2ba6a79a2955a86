"""What is never used is told as a warning: the spec is sound, and its exit code says so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from flowspec.cli.check import FORMATS, command
from flowspec.loading import load, shipped
from flowspec.source import Source
from flowspec.unused import unused
from tests.errors.corpus import FOLDER

CASE = str(FOLDER / "unused_parameter.flow")
SPECS = sorted({path for path in shipped().values() if path.parent.name != "lib"})


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_shipped_specs_use_all_that_they_name(path: Path) -> None:
    assert not unused(load(Source(str(path), path.read_text(encoding="utf-8")), path.parent))


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_shows_a_warning_and_the_check_passes(form: str) -> None:
    result = CliRunner().invoke(command, [CASE, "--format", form], standalone_mode=False)
    assert result.return_value == 0 and "FS215" in result.output and not re.search(r"error\W", result.output)


def test_programs_are_told_the_severity() -> None:
    shown = {form: CliRunner().invoke(command, [CASE, "--format", form], standalone_mode=False).output for form in FORMATS}
    assert json.loads(shown["json"])["severity"] == "warning"
    assert json.loads(shown["sarif"])["runs"][0]["results"][0]["level"] == "warning"
    assert shown["github"].startswith("::warning file=") and shown["text"].startswith("warning[FS215]: parameter `width` of `f` is never used")


def test_a_library_need_not_be_used_whole(tmp_path: Path) -> None:
    (tmp_path / "inner.flow").write_text("def turn(unread) { reverse }\ndef other { reverse }\n")
    (tmp_path / "outer.flow").write_text('use "inner.flow"\ndef spare { reverse }\n')
    text = 'use "outer.flow"\nflow f { input vector(4); turn(1); prior gaussian }'
    assert unused(load(Source("a.flow", text), tmp_path)) == ()
    (warning,) = unused(load(Source("a.flow", text.replace("turn(1)", "reverse")), tmp_path))
    assert warning.message == "nothing of `outer.flow` is used"
