"""Folders of images, made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowspec.data import DataError, load


def paint(path: Path, colour: tuple[int, int, int], width: int = 20, height: int = 12) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), colour).save(path)


def test_plain_folder(tmp_path: Path) -> None:
    for i in range(6):
        paint(tmp_path / f"{i}.png", (i, 100, 200))
    paint(tmp_path / "6.BMP", (6, 100, 200))
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".7.png").write_text("hidden")
    data = load("folder", path=tmp_path, size=8)
    images = np.concatenate([data.train, data.validation, data.test])
    assert images.shape == (7, 3, 8, 8) and images.dtype == np.uint8 and data.labels is None and data.levels == 256
    assert set(images[:, 0].ravel()) == set(range(7)) and (images[:, 1] == 100).all() and (images[:, 2] == 200).all()


def test_subfolders_are_labels(tmp_path: Path) -> None:
    for i in range(10):
        paint(tmp_path / ("cat" if i % 2 else "dog") / f"{i}.png", (i % 2, 0, 0))
    (tmp_path / "empty").mkdir()
    data = load("folder", path=str(tmp_path), size=4)
    assert np.array_equal(data.train[:, 0, 0, 0] == 1, data.labels.train == 0) and data.labels.train.dtype == np.int64
    assert set(np.concatenate(data.labels)) == {0, 1}


def test_the_centre_is_kept(tmp_path: Path) -> None:
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 4:8], pixels[:, 8:12, 1], pixels[:, :4], pixels[:, 12:] = 50, 90, 255, 255
    for i in range(3):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    data = load("folder", path=tmp_path, size=8)
    assert np.array_equal(data.train[0], pixels[:, 4:12].transpose(2, 0, 1))


def test_grey_and_palettes(tmp_path: Path) -> None:
    for i, mode in enumerate(("L", "P", "RGBA", "1")):
        Image.new("RGB", (9, 9), (255, 255, 255)).convert(mode).save(tmp_path / f"{i}.png")
    assert (load("folder", path=tmp_path, size=4, channels=1).train == 255).all()
    assert load("folder", path=tmp_path, size=4).train.shape[1:] == (3, 4, 4)


def test_exif_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    pixels = np.repeat(np.arange(8, dtype=np.uint8)[:, None, None] * 30, 8, 1).repeat(3, 2)
    for i in range(3):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png", exif=exif)
    assert np.array_equal(load("folder", path=tmp_path, size=8).train[0, 0, :, 0], pixels[::-1, 0, 0])


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes) -> None:
    for i in range(3):
        paint(tmp_path / f"{i}.png", (i, 0, 0))
    (tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises(DataError, match="broken.jpg cannot be"):
        load("folder", path=tmp_path)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    for i in range(3):
        Image.fromarray(noise).save(tmp_path / f"{i}.png")
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:2000])
    with pytest.raises(DataError, match="2.png cannot be"):
        load("folder", path=tmp_path)


def test_folders_that_are_no_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        load("folder", path=tmp_path / "nothing")
    with pytest.raises(DataError, match="no such file"):
        load("folder", path=tmp_path)
    paint(tmp_path / "train" / "0.png", (0, 0, 0))
    with pytest.raises(DataError, match="name parts of a set"):
        load("folder", path=tmp_path)
    paint(tmp_path / "1.png", (0, 0, 0))
    with pytest.raises(DataError, match="both files and sub-folders"):
        load("folder", path=tmp_path)
    with pytest.raises(DataError, match="channels=2"):
        load("folder", path=tmp_path, channels=2)
