"""flowspec: a compiler for declarative specifications of normalizing flows.

`load` compiles a spec; what it gives is checked, and can report, draw and build itself. Only building needs torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowspec.diagnostics import SpecError
    from flowspec.spec import Spec, load

__version__ = "0.1.0"
__all__ = ["Spec", "SpecError", "load"]

_HOMES = {"Spec": "flowspec.spec", "SpecError": "flowspec.diagnostics", "load": "flowspec.spec"}


def __getattr__(name: str) -> Any:
    """The public names, each imported when it is first asked for: the command line starts without the compiler."""
    if name not in _HOMES:
        raise AttributeError(f"module `flowspec` has no attribute `{name}`")
    return getattr(import_module(_HOMES[name]), name)
