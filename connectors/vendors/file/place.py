"""The folder of a connection, wherever it lies: list, fetch, move, put; every failure in our words."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from uuid import uuid4

from connectors.sdk.gate import pass_gate
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    RetryableError,
    TongmaiError,
)

_CHUNK = 1024 * 1024
_SPOOL = 8 * _CHUNK


@dataclass(frozen=True, order=True)
class Entry:
    """A file as listed: when it was changed, its name in the folder, its size."""

    modified: float
    name: str
    size: int


class Place:
    """A folder of any of fsspec's file systems. Names are relative to it."""

    def __init__(self, what: str, files: Any, root: str, *, local: bool, limit: int) -> None:
        self.what = what
        self.root = root.rstrip("/")
        self.local = local
        self._files = files
        self._limit = limit

    def full(self, name: str) -> str:
        """The whole path of a name."""
        return f"{self.root}/{name}"

    def list(self, pattern: str = "*") -> list[Entry] | None:
        """The files whose name fits, oldest first; None when there is no such folder."""
        folder, _, last = pattern.rpartition("/")
        where = self.full(folder) if folder else self.root or "/"
        try:
            with self._told(f"folder {where}"):
                found = self._files.ls(where, detail=True)
        except FileNotFoundError:
            return [] if "s3" in self._protocols() else None  # S3 has names only, no folders that could be empty
        names = [
            (f"{folder}/" if folder else "") + PurePosixPath(str(one["name"])).name
            for one in found
            if one["type"] == "file" and fnmatchcase(PurePosixPath(str(one["name"])).name, last)
        ]
        return sorted(entry for name in names if (entry := self.entry(name)) is not None)

    def entry(self, name: str) -> Entry | None:
        """A file's size and time now; None when it is not there."""
        try:
            with self._told(f"file {self.full(name)}"):
                info = self._files.info(self.full(name))
        except FileNotFoundError:
            return None
        return Entry(_moment(info), name, int(info["size"] or 0)) if info["type"] == "file" else None

    @contextmanager
    def fetched(self, entry: Entry) -> Iterator[BinaryIO]:
        """The file to be read from its beginning; a remote one is brought here whole first."""
        if entry.size > self._limit:
            raise _too_large(self.full(entry.name), entry.size, self._limit)
        if self.local:
            with Path(self.full(entry.name)).open("rb") as file:
                yield file
            return
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
            self._bring(entry, spool)
            spool.seek(0)
            yield spool  # type: ignore[misc]

    def _bring(self, entry: Entry, spool: Any) -> None:
        size = 0
        try:
            with self._told(f"file {self.full(entry.name)}"), self._files.open(self.full(entry.name), "rb") as source:
                while block := source.read(_CHUNK):
                    size += len(block)
                    if size > self._limit:
                        raise _too_large(self.full(entry.name), size, self._limit)
                    spool.write(block)
        except FileNotFoundError:
            raise RetryableError(
                f"file {self.full(entry.name)}", "it went away after it had been listed", code="file-gone"
            ) from None
        if size != entry.size:
            raise RetryableError(
                f"file {self.full(entry.name)}",
                f"{size} bytes came, {entry.size} were listed",
                "it is read again; it may still be growing",
                code="interrupted",
            )

    def move(self, name: str, folder: str, new_name: str) -> None:
        """Move a file into a folder below this one, which is made if need be. A file that is not there was moved before."""
        with self._told(f"file {self.full(name)}"):
            self._files.makedirs(self.full(folder), exist_ok=True)
            try:
                self._files.mv(self.full(name), self.full(f"{folder}/{new_name}"))
            except FileNotFoundError:
                if self.entry(f"{folder}/{new_name}") is None:
                    raise RetryableError(f"file {self.full(name)}", "it went away", code="file-gone") from None

    def put(self, name: str, data: bytes, *, gated: bool = False) -> None:
        """Write a whole file: it is there with all its bytes under its name, or not at all."""
        folder = PurePosixPath(name).parent.as_posix()
        what = f"file {self.full(name)}"
        if gated:
            pass_gate()
        with self._told(what):
            self._files.makedirs(self.full(folder) if folder != "." else self.root or "/", exist_ok=True)
        if self.local:
            self._put_here(Path(self.full(name)), data)
            return
        if "s3" in self._protocols():  # an object appears whole or not at all
            with self._told(what, sent=True):
                self._files.pipe_file(self.full(name), data)
            return
        temporary = f"{self.full(name)}.{uuid4().hex[:8]}.part"
        with self._told(what), self._files.open(temporary, "wb") as file:
            file.write(data)
        if gated:
            pass_gate()
        with self._told(what, sent=True):
            self._replace(temporary, self.full(name))

    def remove(self, name: str) -> None:
        """Take a file away; one that is not there is no error."""
        try:
            with self._told(f"file {self.full(name)}"):
                self._files.rm_file(self.full(name))
        except FileNotFoundError:
            return

    def close(self) -> None:
        """End the session, where there is one."""
        client = getattr(self._files, "client", None)
        if "sftp" in self._protocols() and client is not None:
            client.close()

    def _replace(self, temporary: str, name: str) -> None:
        ftp = getattr(self._files, "ftp", None)
        if "sftp" in self._protocols() and ftp is not None:
            try:
                ftp.posix_rename(temporary, name)
            except OSError:  # a server without that extension renames only where nothing is
                if self._files.exists(name):
                    self._files.rm_file(name)
                ftp.rename(temporary, name)
            return
        if "webdav" in self._protocols():
            self._files.client.move(temporary, name, overwrite=True)
            return
        self._files.mv(temporary, name)

    @staticmethod
    def _put_here(path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _protocols(self) -> tuple[str, ...]:
        found = self._files.protocol
        return (found,) if isinstance(found, str) else tuple(found)

    @contextmanager
    def _told(self, what: str, *, sent: bool = False) -> Iterator[None]:
        """Failures of a file system in our words. ``sent``: the last step of a write, which may have been taken."""
        try:
            yield
        except (TongmaiError, FileNotFoundError):
            raise
        except PermissionError as error:
            raise AuthenticationError(f"{self.what}: {what}", _words(error), "check the rights of the user") from None
        except Exception as error:
            if not _of_a_file_system(error):
                raise
            if getattr(error, "status_code", None) in (401, 403):
                raise AuthenticationError(
                    f"{self.what}: {what}", _words(error), "check user, password and the user's rights"
                ) from None
            if sent:
                raise OutcomeUnknownError(
                    f"{self.what}: {what}", _words(error), "the next run looks it up", code="interrupted"
                ) from None
            raise RetryableError(
                f"{self.what}: {what}", _words(error), "it is tried again", code="unreachable"
            ) from None


def _of_a_file_system(error: Exception) -> bool:
    """Errors of the libraries behind fsspec share no class; their home tells."""
    home = type(error).__module__.partition(".")[0]
    return isinstance(error, (OSError, EOFError)) or home in (
        "paramiko",
        "botocore",
        "aiobotocore",
        "webdav4",
        "httpx",
        "aiohttp",
    )


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else '-'}"[:300]


def _moment(info: Any) -> float:
    for name in ("mtime", "LastModified", "modified", "last_modified"):
        value = info.get(name)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        if value is not None:
            return float(value)
    raise ConfigurationError(
        f"file {info.get('name')}",
        "the server does not say when it was changed",
        "name files, not a pattern",
        code="bad-file",
    )


def _too_large(path: str, size: int, limit: int) -> ConfigurationError:
    return ConfigurationError(
        f"file {path}", f"{size} bytes, allowed are {limit}", "split it, or raise `max_file_bytes`", code="bad-file"
    )
