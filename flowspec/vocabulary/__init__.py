"""The vocabulary: every word of the language, found by looking in the folders of this package."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

ROLES = ("inputs", "transforms", "maps", "networks", "priors", "settings")

for _role in ROLES:
    for _file in sorted((Path(__file__).parent / _role).glob("[!_]*.py")):
        import_module(f"{__name__}.{_role}.{_file.stem}")
