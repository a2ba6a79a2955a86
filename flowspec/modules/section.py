"""Modules under names that an author gave."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn


class Section(nn.Module):
    """Modules under the names of a block; it computes nothing itself."""

    @classmethod
    def of(cls, modules: Mapping[str, nn.Module]) -> Section:
        """A section of modules by name."""
        section = cls()
        for name, module in modules.items():
            section.put(name, module)
        return section

    def put(self, name: str, module: nn.Module) -> None:
        """Adds a module under a name of the author's, which may be that of a method (`half`, `type`)."""
        self._modules[name] = module

    def at(self, path: str) -> nn.Module:
        """The module at a path below this one."""
        found: nn.Module = self
        for name in path.split("."):
            found = found._modules[name]
        return found
