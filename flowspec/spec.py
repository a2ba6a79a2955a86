"""A compiled spec, and what can be had of it: its report, diagram, module and numeric proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from flowspec.bounded import bounded
from flowspec.checked import CheckedGraph
from flowspec.compiler import compile_text
from flowspec.diagnostics import Diagnostic
from flowspec.elaborate.values import Symbol, Value
from flowspec.loading import Program, find
from flowspec.loading import load as load_program
from flowspec.source import Source, Span
from flowspec.unused import unused

if TYPE_CHECKING:
    from flowspec.modules.flow import Flow
    from flowspec.report import Report
    from flowspec.verify import Verification

Plain = int | float | bool | str | list | tuple
GIVEN = Span("given from outside", 0, 0)


@dataclass(frozen=True, eq=False)
class Spec:
    """A checked flow with the text it was compiled from and the parameters that were overridden."""

    checked: CheckedGraph
    source: Source
    folder: Path | None = None
    overrides: Mapping[str, Plain] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The flow's name."""
        return self.checked.graph.name

    @cached_property
    def program(self) -> Program:
        """The definitions that the text can see."""
        return load_program(self.source, self.folder)

    @property
    def sources(self) -> Mapping[str, Source]:
        """The text and those of the files it uses, by name."""
        return self.program.sources

    @cached_property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What the text names and never uses, and what keeps the density from integrating to 1."""
        return (*unused(self.program), *bounded(self.checked))

    @cached_property
    def canonical(self) -> str:
        """The text as the formatter writes it."""
        from flowspec.syntax.format import format_text

        return format_text(self.source)

    def report(self) -> Report:
        """Parameters, multiply-adds, memory and what is known of the likelihood and the inverse."""
        from flowspec.report import report

        return report(self.checked)

    def draw(self, path: str | Path, depth: int | None = None) -> None:
        """Draws the flow; the end of `path` says as what (svg, png, pdf, dot, html). `depth` folds what lies deeper."""
        from flowspec.diagram import draw

        draw(self.checked, Path(path), depth)

    def export(self, path: str | Path) -> None:
        """Writes the flow as one file of Python that needs torch alone; it appears whole or not at all."""
        from flowspec.export import export
        from flowspec.files import replace

        replace(Path(path), export(self.checked, self.source.text, self.overrides).encode())

    def build(self, seed: int | None = None, device: Any = None) -> Flow:
        """The flow as a torch module, initialised from `seed` or from torch's own generator."""
        from flowspec.modules.build import build

        return build(self.checked, seed).to(device)

    def deploy(self, flow: Flow) -> Flow:
        """The deployed form of a trained flow of this spec: the same outputs, as many parameters as the report's `deployed`."""
        from flowspec.modules.deploy import deploy

        return deploy(flow)

    def verify(self, batch: int = 4, seed: int = 0) -> Verification:
        """Builds the flow in float64 and holds it against its rules: round trips, log-dets, counts, contracts."""
        from flowspec.verify import verify

        return verify(self.checked, batch=batch, seed=seed)

    def _repr_svg_(self) -> str:
        with TemporaryDirectory() as folder:
            path = Path(folder, "flow.svg")
            self.draw(path)
            return path.read_text(encoding="utf-8")


def load(path_or_text: str | Path, **overrides: Plain) -> Spec:
    """The compiled spec of a file, of a shipped spec's name, or of a text (which has a `{` or a line end in it).

    `overrides` set the flow's parameters: `load("glow", steps=8)`. Raises SpecError with every fault found, and SpecNotFound.
    """
    if isinstance(path_or_text, str) and ("{" in path_or_text or "\n" in path_or_text):
        return compile_source(Source("<text>", path_or_text), None, overrides)
    path = find(str(path_or_text))
    return compile_source(Source(str(path), path.read_text(encoding="utf-8")), path.parent, overrides)


def compile_source(source: Source, folder: Path | None, overrides: Mapping[str, Plain]) -> Spec:
    """The compiled spec of a text; `folder` is where its `use` statements look first. Raises SpecError."""
    values = {name: as_value(value) for name, value in overrides.items()}
    return Spec(compile_text(source, folder, values), source, folder, dict(overrides))


def as_value(plain: Plain) -> Value:
    """A Python value as the language has it: a text that is a name stands for that name, as in `coupling(affine)`."""
    if isinstance(plain, list | tuple):
        return [as_value(item) for item in plain]
    return Symbol(plain, GIVEN) if isinstance(plain, str) and plain.isidentifier() else plain
