"""Faults without a case of the corpus: their texts are too long to print, or no text is known to have them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest

from flowspec.compiler import compile_text
from flowspec.diagnostics import SpecError
from flowspec.loading import MOST_FILES
from flowspec.source import Source
from flowspec.syntax.format import Printer, format_text
from flowspec.syntax.limits import LARGEST_FILE


def _refusing_formatter() -> None:
    with mock.patch.object(Printer, "print", lambda printer: "flow another { }\n"):
        format_text(Source("spec.flow", "flow f { input vector(2); prior gaussian }\n"))


def _large_file() -> None:
    compile_text(Source("spec.flow", "actnorm\n" * (LARGEST_FILE // 8 + 1)))


def _many_files() -> None:
    names = [f"part{i}.flow" for i in range(MOST_FILES)]
    with TemporaryDirectory() as folder:
        for i, name in enumerate(names):
            (Path(folder) / name).write_text(f"def part{i} {{ reverse }}\n")
        flow = "flow f { input vector(2); part0; prior gaussian }\n"
        compile_text(Source("spec.flow", "".join(f'use "{name}"\n' for name in names) + flow), Path(folder))


ELSEWHERE: dict[str, Callable[[], None]] = {"FS190": _refusing_formatter, "FS802": _large_file, "FS806": _many_files}


def error_of(code: str) -> SpecError:
    """The error that holds the fault of a code."""
    with pytest.raises(SpecError) as caught:
        ELSEWHERE[code]()
    return caught.value
