"""The folder of a run and the files in it."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from flowspec import __version__
from flowspec.files import replace
from flowspec.modules.flow import Flow
from flowspec.spec import Spec
from flowspec.train import weights

PACKAGES = ("torch", "accelerate", "numpy", "safetensors", "scikit-learn")


@dataclass(frozen=True)
class Folder:
    """`writes` is off for all processes of a run but one."""

    path: Path
    spec: Spec | None = None
    writes: bool = True

    @property
    def best(self) -> Path:
        """The weights with the best validation loss (their average, where the run keeps one)."""
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        """The weights of the last checkpoint."""
        return self.path / "last.safetensors"

    @property
    def state(self) -> Path:
        """All that the run needs to go on."""
        return self.path / "state.safetensors"

    @property
    def log(self) -> Path:
        """The log, a JSON object on each line."""
        return self.path / "log.jsonl"

    @property
    def holds_a_run(self) -> bool:
        """Whether a run has been here."""
        return self.state.exists() or self.log.exists()

    def write_weights(self, path: Path, flow: Flow) -> None:
        """Saves the flow with the text of the spec."""
        if self.writes:
            weights.save(flow, path, self.spec.canonical if self.spec else "", self.spec.overrides if self.spec else {})

    def write_json(self, name: str, value: object) -> None:
        """Writes a JSON file."""
        if self.writes:
            replace(self.path / name, (json.dumps(value, indent=2) + "\n").encode())

    def read_json(self, name: str) -> dict[str, object]:
        """A JSON file's object; empty where there is none."""
        path = self.path / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def start(self, spec: Spec, **lock: object) -> None:
        """Writes what the run is made from: the spec, its graph, and `lock.json`."""
        if self.writes:
            self.path.mkdir(parents=True, exist_ok=True)
            replace(self.path / "spec.flow", spec.canonical.encode())
            replace(self.path / "graph.json", spec.checked.graph.model_dump_json(indent=1).encode())
            self.write_json("lock.json", locked(spec) | lock)


def locked(spec: Spec) -> dict[str, object]:
    """What a run can be repeated from: hashes of the spec and the files it uses, its overrides, versions, the git commit."""
    return {
        "flowspec": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "spec": _hash(spec.canonical),
        "graph": _hash(spec.checked.graph.model_dump_json()),
        "sources": {name: _hash(source.text) for name, source in spec.sources.items()},
        "overrides": dict(spec.overrides),
        "git": _git(spec.folder),
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(folder: Path | None) -> dict[str, object] | None:
    """The commit of the spec's folder, and whether tracked files differ from it."""
    try:
        commit = _run_git(folder, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_run_git(folder, "status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _run_git(folder: Path | None, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
