"""What a run says while it goes: a file of JSON lines, and lines or a bar for the one who waits."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Protocol, TextIO

from flowspec.files import replace

Entry = dict[str, float | int | str | dict[str, float] | None]


class Log:
    """`log.jsonl`: an object on each line. When a run goes on, what comes after its checkpoint is dropped.

    `writes` is off for all processes of a run but one.
    """

    def __init__(self, path: Path, step: int, writes: bool = True):
        if writes:
            kept = [entry for entry in read(path) if entry["step"] <= step] if path.is_file() else []
            replace(path, "".join(f"{json.dumps(entry)}\n" for entry in kept).encode())
        self._file = (path if writes else Path(os.devnull)).open("a", encoding="utf-8")

    def write(self, kind: str, **values: float | str | dict[str, float] | None) -> None:
        """Adds a line."""
        self._file.write(json.dumps({"kind": kind, **values}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


def read(path: Path) -> list[Entry]:
    """The lines of a log; one that a crash cut short is left out."""
    *lines, _ = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines]


class Display(Protocol):
    """Shows how far a run is."""

    def start(self, step: int, steps: int) -> None:
        """The run begins at a step of so many."""

    def step(self, step: int, loss: float) -> None:
        """A step is done; its loss is in nats for each example."""

    def epoch(self, text: str) -> None:
        """An epoch is done."""

    def close(self) -> None:
        """The run ends."""


class Silent:
    """Shows nothing."""

    def start(self, step: int, steps: int) -> None: ...

    def step(self, step: int, loss: float) -> None: ...

    def epoch(self, text: str) -> None: ...

    def close(self) -> None: ...


class Lines(Silent):
    """A line for each epoch."""

    def __init__(self, stream: TextIO):
        self.stream = stream

    def epoch(self, text: str) -> None:
        print(text, file=self.stream, flush=True)


class Bar:
    """A bar with the time that is left, and the epochs above it."""

    def __init__(self, stream: TextIO):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        self.progress = Progress(*columns, console=Console(file=stream), transient=True)

    def start(self, step: int, steps: int) -> None:
        self.task = self.progress.add_task("", total=steps, completed=step)
        self.progress.start()

    def step(self, step: int, loss: float) -> None:
        self.progress.update(self.task, completed=step, description=f"{loss:.4f} nats")

    def epoch(self, text: str) -> None:
        self.progress.console.print(text, highlight=False, markup=False)

    def close(self) -> None:
        self.progress.stop()


def display(stream: TextIO | None = None) -> Display:
    """A bar on a terminal, else lines; on standard error unless told otherwise."""
    stream = stream or sys.stderr
    return Bar(stream) if stream.isatty() else Lines(stream)
