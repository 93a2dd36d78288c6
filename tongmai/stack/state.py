"""Files of the state folder: private ones, ones that are made once, and the lock that keeps two starts apart."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tongmai.core.errors import StateError
from tongmai.core.settings import home

PRIVATE = 0o600


def folder(*parts: str) -> Path:
    """A folder below the state folder, made if need be. As root, other accounts may pass through new ones but not list
    them: the account that runs PostgreSQL has to reach its data."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    path = home()
    for part in ("", *parts):
        path = path / part
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``, readable by its owner only, at one stroke: a reader sees the old or the new whole."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def made_once(path: Path, make: Callable[[], str]) -> str:
    """The text of ``path``; made and kept on first use. Call it under the lock."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        text = make()
        write_private(path, text + "\n")
    if not text:
        raise StateError(
            str(path), "the file is empty", "put the lost value back, or delete the file to have a new one made"
        )
    return text


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Wait for, and hold, the state folder's lock ``name``; the system frees it when this process ends in any way."""
    with (folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
