"""Loading: a spec's text with the files it uses, as definitions by name.

`use` reads files of the spec's own folder (and those below it) and of the library that ships with flowspec, and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from flowspec.diagnostics import Diagnostic, Label, SpecError, nearest
from flowspec.source import Source, Span
from flowspec.syntax import tree
from flowspec.syntax.parse import parse

MOST_FILES = 64


class SpecNotFound(FileNotFoundError):
    """No file and no shipped spec has this name."""


@dataclass(frozen=True)
class Program:
    """All definitions that a spec can see, and the flow it describes."""

    flow: tree.Definition
    definitions: Mapping[str, tree.Definition]
    sources: Mapping[str, Source]
    faults: tuple[Diagnostic, ...] = ()


def shipped() -> dict[str, Path]:
    """The specs that ship with flowspec, by name: `glow` and `image/glow` both name `specs/image/glow.flow`."""
    root = Path(str(resources.files("flowspec.specs")))
    files = sorted(root.glob("**/*.flow"))
    names = {path.stem: path for path in reversed(files) if path.parent.name != "lib"}
    return names | {path.relative_to(root).with_suffix("").as_posix(): path for path in files}


def find(name: str) -> Path:
    """The file of a path or of a shipped spec's name. Raises SpecNotFound."""
    if Path(name).is_file():
        return Path(name)
    known = shipped()
    if name.removesuffix(".flow") in known:
        return known[name.removesuffix(".flow")]
    near = nearest(name, known)
    hint = f"; did you mean `{near}`?" if near else ""
    raise SpecNotFound(f"no file and no shipped spec is named `{name}`{hint}")


def load(source: Source, folder: Path | None = None) -> Program:
    """A spec's definitions, its own and those of the files it uses. Raises SpecError when there is no flow to compile.

    `folder` is where `use` looks first; without it only the shipped library can be used. The first flow of the text is the
    one that is described; faults of single statements are carried along, so that the rest can still be checked.
    """
    reader = _Reader()
    file = reader.read(source, folder)
    flow = next((definition for definition in file.definitions if definition.kind == "flow"), None)
    if flow is None:
        if not reader.faults:
            reader.faults.append(Diagnostic("FS107", "there is no flow in this file", Label(Span(source.name, 0, 0)),
                                            help=("a spec holds `flow name { input …  …  prior … }`",)))  # fmt: skip
        raise SpecFaults(reader.faults, reader.sources)
    return Program(flow, reader.definitions, reader.sources, tuple(reader.faults))


class SpecFaults(SpecError):
    """Faults of a spec with the sources they point into."""

    def __init__(self, diagnostics: list[Diagnostic] | tuple[Diagnostic, ...], sources: Mapping[str, Source]):
        super().__init__(diagnostics)
        self.sources = sources


class _Reader:
    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.definitions: dict[str, tree.Definition] = {}
        self.faults: list[Diagnostic] = []
        self.reading: list[str] = []

    def read(self, source: Source, folder: Path | None) -> tree.File:
        self.sources[source.name] = source
        self.reading.append(source.name)
        file, faults = parse(source)
        self.faults += faults
        for use in file.uses:
            self._use(use, folder)
        for definition in file.definitions:
            self._define(definition)
        self.reading.pop()
        return file

    def _define(self, definition: tree.Definition) -> None:
        name = definition.name
        other = self.definitions.get(name.name)
        if other is None:
            self.definitions[name.name] = definition
            return
        self.faults.append(Diagnostic("FS211", f"`{name.name}` is defined twice", Label(name.span), (Label(other.name.span, "first defined here"),)))

    def _use(self, use: tree.Use, folder: Path | None) -> None:
        path = _resolved(use.path.value, folder)
        if path is None:
            self._fault("FS213", f"there is no file `{use.path.value}` in the spec's folder or in the library", use)
        elif str(path) in self.reading:
            self._fault("FS214", f"`{use.path.value}` uses itself, by way of {' -> '.join(self.reading)}", use)
        elif len(self.sources) >= MOST_FILES:
            self._fault("FS806", f"a spec may use at most {MOST_FILES} files", use)
        elif str(path) not in self.sources:
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                self._fault("FS213", f"`{use.path.value}` cannot be read as text", use)
                return
            self.read(Source(str(path), text), path.parent)

    def _fault(self, code: str, message: str, use: tree.Use) -> None:
        self.faults.append(Diagnostic(code, message, Label(use.path.span)))


def _resolved(name: str, folder: Path | None) -> Path | None:
    library = Path(str(resources.files("flowspec.specs")))
    roots = [root.resolve() for root in (folder, library) if root is not None]
    for root in roots:
        path = (root / name).resolve()
        if path.is_file() and any(path.is_relative_to(allowed) for allowed in roots):
            return path
    return None
