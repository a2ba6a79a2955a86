"""The codes of diagnostics: what each means, with a spec that has the fault and one that is mended.

The registry is the text of this folder: a file for each hundred of codes, a section for each code.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import NamedTuple

from flowspec.diagnostics import nearest

_SECTION = re.compile(r"^## (?P<code>FS\d{3}): (?P<title>.+)\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_EXAMPLE = re.compile(r"^(?P<which>Wrong|Right):\n+```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A text that shows a fault, or its cure; only one that is a spec can be compiled."""

    text: str
    is_spec: bool


class Code(NamedTuple):
    """A kind of fault."""

    code: str
    title: str
    explanation: str
    wrong: Example
    right: Example


class UnknownCode(KeyError):
    """No fault has this code; `near` is the code most like it."""

    def __init__(self, code: str):
        super().__init__(code)
        self.near = nearest(code.upper(), codes())


@cache
def codes() -> dict[str, Code]:
    """Every code, in order."""
    files = sorted((file for file in resources.files(__package__).iterdir() if file.name.endswith(".md")), key=lambda file: file.name)
    sections = [_code(section) for file in files for section in _SECTION.finditer(file.read_text(encoding="utf-8"))]
    found = {section.code: section for section in sections}
    assert len(found) == len(sections), "a code is registered twice"
    return found


def find(code: str) -> Code:
    """A code by its name, in capitals or not, with or without its `FS`. Raises UnknownCode."""
    name = code.strip().upper()
    name = f"FS{name}" if name.isdigit() else name
    if name not in codes():
        raise UnknownCode(name)
    return codes()[name]


def _code(section: re.Match[str]) -> Code:
    examples = {found["which"]: Example(found["text"], found["language"] == "flow") for found in _EXAMPLE.finditer(section["body"])}
    explanation = " ".join(section["body"].split("Wrong:")[0].split())
    return Code(section["code"], section["title"], explanation, examples["Wrong"], examples["Right"])
