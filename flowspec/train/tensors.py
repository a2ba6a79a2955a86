"""Files of named tensors: safetensors, replaced as a whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from flowspec.files import replace
from flowspec.train.errors import CheckpointError


def write(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Saves tensors with texts beside them."""
    plain = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, save(plain, dict(metadata)))


def header(path: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """The shapes of a file's tensors and its texts, without reading the tensors. Raises CheckpointError."""
    with _opened(path) as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        return shapes, file.metadata() or {}


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A file's tensors and texts. Raises CheckpointError."""
    with _opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def _opened(path: Path) -> safe_open:
    try:
        return safe_open(str(path), framework="pt")
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint `{path}`") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"`{path}` is damaged or not a checkpoint: {error}") from None


def of_module(module: nn.Module) -> dict[str, Tensor]:
    """A module's parameters and buffers by path, one that several paths lead to under the first of them."""
    seen: set[int] = set()
    state = module.state_dict(keep_vars=True)
    return {name: tensor for name, tensor in state.items() if not (id(tensor) in seen or seen.add(id(tensor)))}
