"""Whole processes: what is imported, what is piped, what a shell sees."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "accelerate", "matplotlib", "sklearn")


def python(code: str) -> subprocess.CompletedProcess[str]:
    """A Python process that runs a text."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "arguments", [["check", "image/glow"], ["report", "image/glow"], ["draw", "image/glow", "-o", "OUT"], ["list"], ["words"], ["--help"]]
)
def test_commands_on_texts_never_import_torch(arguments, tmp_path):
    given = [str(tmp_path / "glow.svg") if argument == "OUT" else argument for argument in arguments]
    code = f"""
import sys
from flowspec.cli import main
try:
    main({given})
except SystemExit as exit:
    assert exit.code == 0, exit.code
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    done = python(code)
    assert done.returncode == 0 and done.stderr.splitlines()[-1] == "[]", done.stderr


def test_reports_and_diagrams_from_python_never_import_torch(tmp_path):
    code = f"""
import sys, flowspec
spec = flowspec.load("image/glow", steps=2)
spec.report(); spec.draw({str(tmp_path / "glow.dot")!r}); spec.canonical; spec.sources; flowspec.SpecError
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = python(code)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_shell_sees_the_exit_codes():
    command = [sys.executable, "-m", "flowspec.cli"]
    codes = [
        subprocess.run([*command, *arguments], input=text, text=True, capture_output=True, timeout=60).returncode
        for arguments, text in ((["check", "-"], "flow f { input vector(2); prior gaussian }"), (["check", "-"], "flow f {"), (["check"], ""))
    ]
    assert codes == [0, 1, 2]


def test_a_closed_pipe_is_quiet():
    command = f"{sys.executable} -m flowspec.cli words | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
