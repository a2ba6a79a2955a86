"""A folder of image files, cropped and resized to squares of one size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flowspec.data.dataset import DataError, Dataset, Labels, Parts
from flowspec.data.split import FRACTIONS
from flowspec.data.split import split as cut

_ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
_PART_NAMES = {*Parts._fields, "val"}


def folder(
    *, path: str | Path, size: int = 32, channels: int = 3, split: Sequence[float] = FRACTIONS, seed: int = 0
) -> Dataset:
    """The images of a folder, (N, C, size, size) in 256 levels: the largest centred square, resized bilinearly.

    Where the images lie in sub-folders, these in order of name are the classes 0, 1, …; of an animation the first frame
    is read.
    """
    path = Path(path)
    if channels not in (1, 3) or size < 1:
        given = f"channels={channels}, size={size} was given"
        raise DataError("images need 1 or 3 channels and a size of 1 or more", given, "choose such")
    files, labels = _found(path)
    indices = cut(len(files), split, seed)
    images = np.stack([_image(file, size, channels) for file in files])
    labels = None if labels is None else Labels(*(labels[index] for index in indices))
    return Dataset(path.resolve().name, *(images[index] for index in indices), labels=labels, levels=256)


def _found(path: Path) -> tuple[list[Path], np.ndarray | None]:
    """The files in order of name and, where they lie in sub-folders, the number of each one's sub-folder."""
    if not path.is_dir():
        raise DataError("a folder of images needs to be there", f"{path} is not a folder", "check the path")
    classes = {sub.name: _images(sub) for sub in sorted(path.iterdir()) if sub.is_dir() and _images(sub)}
    files = _images(path)
    _check(path, files, set(classes))
    if not classes:
        return files, None
    counts = [len(members) for members in classes.values()]
    return [file for members in classes.values() for file in members], np.repeat(np.arange(len(counts)), counts)


def _check(path: Path, files: list[Path], classes: set[str]) -> None:
    if not files and not classes:
        given = f"{path} and its sub-folders have no such file"
        raise DataError("a folder of images needs .png, .jpg, .webp or .bmp files", given, "check the path")
    if files and classes:
        given = f"{path} has both files and sub-folders of files"
        raise DataError("images need to lie all in one folder or all in sub-folders, one a class", given, "move some")
    if classes and classes <= _PART_NAMES:
        given = f"{path} has {', '.join(sorted(classes))}, which name parts of a set"
        raise DataError("sub-folders need to be classes", given, "join the parts, or store them in a .npz for `file`")


def _images(path: Path) -> list[Path]:
    return sorted(f for f in path.iterdir() if f.suffix.lower() in _ENDINGS and not f.name.startswith(".") and f.is_file())


def _image(path: Path, size: int, channels: int) -> np.ndarray:
    """One file as (C, size, size) in uint8, turned as its EXIF orientation says."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB" if channels == 3 else "L")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        given = f"{path} cannot be: {error}"
        raise DataError("every image of a folder needs to be read", given, "mend or remove the file") from error
    pixels = np.asarray(ImageOps.fit(upright, (size, size), Image.Resampling.BILINEAR))
    return pixels.reshape(size, size, channels).transpose(2, 0, 1)
