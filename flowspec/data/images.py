"""Arrays of images: which axis holds the channels."""

from __future__ import annotations

import numpy as np

from flowspec.data.dataset import DataError

_CHANNELS = (1, 2, 3, 4)
_LAYOUTS = ("HWC", "CHW")


def is_images(array: np.ndarray) -> bool:
    """Whether an array is a stack of images, rather than a table: uint8 of three or four axes."""
    return array.dtype == np.uint8 and array.ndim in (3, 4)


def channels_first(array: np.ndarray, layout: str | None = None) -> np.ndarray:
    """(N, H, W), (N, H, W, C) or (N, C, H, W) -> (N, C, H, W), C being the only axis of 1 to 4 unless `layout` says."""
    if layout not in (None, *_LAYOUTS):
        raise DataError("a layout needs to be 'HWC' or 'CHW'", f"layout={layout!r} was given", "choose one of the two")
    if array.ndim == 3:
        return array[:, None]
    last = (layout or _guess(array.shape)) == "HWC"
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2)) if last else array


def _guess(shape: tuple[int, ...]) -> str:
    fits = [name for name, axis in zip(_LAYOUTS, (3, 1), strict=True) if shape[axis] in _CHANNELS]
    if len(fits) != 1:
        needed = "images need one axis of 1 to 4 channels, the second or the last"
        raise DataError(needed, f"the shape {shape} leaves it open", "pass layout='HWC' or layout='CHW'")
    return fits[0]
