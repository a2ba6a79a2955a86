"""The corpus: specs with faults, each marked in a comment with its code and the text that the message must point at.

`# error: FS301 "features=3"` says so of its own line, `# error above: …` of the line before, `# error above 3: …` of the third
line before; several are joined by commas. `# error in used/steps.flow: …` is for a fault that lies in another file, and
`# warning: …` for what leaves the spec sound.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.source import Source
from flowspec.spec import compile_source

FOLDER = Path(__file__).parent / "cases"
CASES = sorted(FOLDER.glob("*.flow"))

_COMMENT = re.compile(r"# (?:error|warning)(?: above(?: (?P<above>\d+))?)?(?: in (?P<file>\S+))?: (?P<list>.*)")
_FAULT = re.compile(r'(FS\d{3}) ("(?:[^"\\]|\\.)*")')


class Expected(NamedTuple):
    """A fault: the file and the line (0 where that does not matter), the code, the marked text."""

    file: str
    line: int
    code: str
    marked: str


def expected(path: Path) -> list[Expected]:
    """The faults that a case announces."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        comment = _COMMENT.search(line)
        if comment is None:
            continue
        above = int(comment["above"] or 1) if " above" in comment[0].split(":")[0] else 0
        place = (comment["file"], 0) if comment["file"] else (path.name, number - above)
        found += [Expected(*place, code, json.loads(marked)) for code, marked in _FAULT.findall(comment["list"])]
    return sorted(found)


def faults(path: Path) -> tuple[tuple[Diagnostic, ...], dict[str, Source]]:
    """The faults of a case, and the texts they lie in, named as from the folder of the cases."""
    try:
        spec = compile_source(Source(path.name, path.read_text(encoding="utf-8")), path.parent, {})
    except SpecError as error:
        return error.diagnostics, dict(getattr(error, "sources", {}))
    return spec.warnings, dict(spec.sources)


def found(path: Path) -> list[Expected]:
    """The faults of a case as it should have announced them."""
    diagnostics, sources = faults(path)
    return sorted(_found(diagnostic, path, sources) for diagnostic in diagnostics)


def _found(diagnostic: Diagnostic, path: Path, sources: dict[str, Source]) -> Expected:
    span = diagnostic.primary.span
    source = sources[span.file]
    marked = source.excerpt(span).split("\n")[0]
    if span.file == path.name:
        return Expected(path.name, source.position(span.start)[0], diagnostic.code, marked)
    return Expected(Path(span.file).relative_to(FOLDER).as_posix(), 0, diagnostic.code, marked)
