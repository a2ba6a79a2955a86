"""The package as it is installed: every folder of code, the grammar and the specs."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_every_package_is_listed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "flowspec").rglob("__init__.py")}
    assert set(listed) == found | {"flowspec.grammar", "flowspec.specs"} and len(set(listed)) == len(listed)


@pytest.mark.parametrize(("package", "pattern"), [("flowspec.grammar", "*.lark"), ("flowspec.specs", "**/*.flow")])
def test_data_files_are_found(package: str, pattern: str) -> None:
    assert list(Path(str(resources.files(package))).glob(pattern))
