"""Files that are replaced as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile


def replace(path: Path, content: bytes) -> None:
    """Writes a file so that a reader, or a crash, finds the old content or the new and nothing between.

    A file that is there keeps its rights, and a link to it leads to the new one. Raises OSError where it cannot be written.
    """
    path = path.resolve()
    rights = path.stat().st_mode if path.exists() else 0o644
    try:
        draft = NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    with draft as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, rights)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
