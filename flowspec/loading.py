"""Loading: a spec's text with the files it uses, as definitions by name.

`use` reads files of the spec's own folder (and those below it) and of the library that ships with flowspec, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import islice
from pathlib import Path

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError, nearest
from flowspec.source import Source, Span
from flowspec.syntax import tree
from flowspec.syntax.limits import LARGEST_FILE
from flowspec.syntax.parse import parse

MOST_FILES = 64
_NAME = re.compile(r"[A-Za-z_]\w*")


class SpecNotFound(FileNotFoundError):
    """No file and no shipped spec has this name."""


@dataclass(frozen=True)
class Program:
    """All definitions that a spec can see, and the flow it describes."""

    flow: tree.Definition
    definitions: Mapping[str, tree.Definition]
    sources: Mapping[str, Source]
    uses: Mapping[tree.Use, str]
    """The file that each `use` names, in whichever of the texts it stands."""
    faults: tuple[Diagnostic, ...] = ()
    hidden: frozenset[str] = frozenset()
    """Names in what could not be read: to call them unknown would be to tell the same fault again."""


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
    reader = _Reader(source, folder)
    file = reader.read(source, folder)
    flow = next((definition for definition in file.definitions if definition.kind == "flow"), None)
    if flow is None:
        if not reader.faults:
            reader.faults.append(Diagnostic("FS107", "there is no flow in this file", Label(Span(source.name, 0, 0)),
                                            help=(_calling(file.definitions),)))  # fmt: skip
        raise SpecFaults(reader.faults, reader.sources)
    return Program(flow, reader.definitions, reader.sources, reader.uses, tuple(reader.faults), frozenset(reader.hidden))


def _calling(definitions: Iterable[tree.Definition]) -> str:
    """How a flow is written that calls what a file defines."""
    free = [definition for definition in definitions if all(parameter.default for parameter in definition.parameters)]
    steps = [definition.name.name for definition in free if definition.kind == "def"]
    nets = [f"coupling(affine, {definition.name.name})" for definition in free if definition.kind == "net"]
    body = "; ".join((*steps[:1], *nets[:1])) or "actnorm"
    return f"what is defined is called from a flow, for example `flow name {{ input vector(4); {body}; prior gaussian }}`"


class SpecFaults(SpecError):
    """Faults of a spec with the sources they point into."""

    def __init__(self, diagnostics: list[Diagnostic] | tuple[Diagnostic, ...], sources: Mapping[str, Source]):
        super().__init__(diagnostics)
        self.sources = sources

    def __reduce__(self) -> tuple[type[SpecFaults], tuple[object, ...]]:
        # Without it an error of another process cannot be brought back from there.
        return SpecFaults, (self.diagnostics, dict(self.sources))


class _Reader:
    def __init__(self, source: Source, folder: Path | None) -> None:
        self.root = str((folder / Path(source.name).name).resolve()) if folder else source.name
        self.hidden: set[str] = set()
        self.sources: dict[str, Source] = {}
        self.definitions: dict[str, tree.Definition] = {}
        self.uses: dict[tree.Use, str] = {}
        self.faults: list[Diagnostic] = []
        self.reading: list[str] = []

    def read(self, source: Source, folder: Path | None) -> tree.File:
        self.sources[source.name] = source
        self.reading.append(source.name if self.reading else self.root)
        file, faults = parse(source)
        self.faults += faults
        for span in file.skipped if faults else ():
            self.hidden |= set(_NAME.findall(source.excerpt(span)))
        for use in file.uses:
            self._use(use, folder)
        for definition in file.definitions:
            self._define(definition)
        self.reading.pop()
        return file

    def _define(self, definition: tree.Definition) -> None:
        name = definition.name
        self._distinct(definition)
        other = self.definitions.get(name.name)
        if other is None:
            self.definitions[name.name] = definition
            return
        self.faults.append(Diagnostic("FS211", f"`{name.name}` is defined twice", Label(name.span), (Label(other.name.span, "first defined here"),),
                                      help=("give one of them another name",)))  # fmt: skip

    def _distinct(self, definition: tree.Definition) -> None:
        seen: dict[str, tree.Parameter] = {}
        for parameter in definition.parameters:
            first = seen.setdefault(parameter.name, parameter)
            if first is not parameter:
                place = Span(parameter.span.file, parameter.span.start, parameter.span.start + len(parameter.name))
                self.faults.append(Diagnostic("FS211", f"`{definition.name.name}` has two parameters `{parameter.name}`", Label(place),
                                              (Label(first.span, "first declared here"),), help=("give one of them another name",)))  # fmt: skip

    def _use(self, use: tree.Use, folder: Path | None) -> None:
        path = _resolved(use.path.value, folder)
        if path is None:
            self._missing(use, folder)
        elif str(path) in self.reading:
            way = " -> ".join(Path(name).name for name in (*self.reading[self.reading.index(str(path)) :], str(path)))
            self._fault("FS214", f"`{use.path.value}` uses itself: {way}", use, help=("take this `use` out; what two files need from one another belongs in a third",))
        elif len(self.sources) >= MOST_FILES:
            self._fault("FS806", f"a spec may use at most {MOST_FILES} files", use, help=("put several into one file",))
        else:
            self.uses[use] = str(path)
            if str(path) not in self.sources:
                self._read_used(use, path)

    def _read_used(self, use: tree.Use, path: Path) -> None:
        try:
            if path.stat().st_size > 4 * LARGEST_FILE:  # no text of so many bytes has few enough characters
                self._fault("FS802", f"`{use.path.value}` is too large to be a spec", use, help=("take it out, or cut the file into several",))
                return
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            self._fault("FS213", f"`{use.path.value}` cannot be read as text", use, help=("save it as UTF-8, or take this `use` out",))
            return
        self.read(Source(str(path), text), path.parent)

    def _missing(self, use: tree.Use, folder: Path | None) -> None:
        name, known = use.path.value, _usable(folder)
        stem = nearest(Path(name).stem, [Path(file).stem for file in known])
        near = next((file for file in known if Path(file).stem == stem), None)
        label = f"did you mean `{near}`?" if near else ""
        fixes = (Fix(f'write `"{near}"`', use.path.span, f'"{near}"'),) if near else ()
        help = () if near else ("take it out, or use a file of the spec's folder, of one below it, or of the library: " + ", ".join(_usable(None)),)
        self._fault("FS213", f"there is no file `{name}` in the spec's folder or in the library", use, label, fixes, help)

    def _fault(self, code: str, message: str, use: tree.Use, label: str = "", fixes: tuple[Fix, ...] = (), help: tuple[str, ...] = ()) -> None:
        self.faults.append(Diagnostic(code, message, Label(use.path.span, label), fixes=fixes, help=help))


def _usable(folder: Path | None) -> list[str]:
    """What `use` could name, as far as it is looked for: files of the folder, of those in it, and of the library."""
    near = [path.relative_to(folder).as_posix() for pattern in ("*.flow", "*/*.flow") for path in islice(folder.glob(pattern), 100)] if folder else []
    library = Path(str(resources.files("flowspec.specs")))
    return sorted(near) + sorted(path.relative_to(library).as_posix() for path in library.glob("lib/*.flow"))


def _resolved(name: str, folder: Path | None) -> Path | None:
    library = Path(str(resources.files("flowspec.specs")))
    roots = [root.resolve() for root in (folder, library) if root is not None]
    for root in roots:
        try:
            path = (root / name).resolve()
            found = path.is_file()
        except (OSError, ValueError):  # no name that a file could have
            continue
        if found and any(path.is_relative_to(allowed) for allowed in roots):
            return path
    return None
