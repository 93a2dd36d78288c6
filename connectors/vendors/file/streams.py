"""The ``streams`` and ``writes`` settings of a file connection, typed and checked."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from connectors.sdk import entries
from connectors.sdk.manifest import Label
from tongmai.core.errors import ConfigurationError

SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".xlsx": "excel", ".xls": "excel", ".parquet": "parquet"}


def _by_suffix(said: Any, others: Mapping[str, Any], known: Mapping[str, str]) -> Any:
    """The format as it is said, else the one that the file's suffix tells. ``others``: the settings before it."""
    if said != "":
        return said
    file = str(others.get("file", ""))
    suffix = PurePosixPath(file).suffix.lower()
    if suffix not in known:
        told = ", ".join(f"{one} ({kind})" for one, kind in known.items())
        raise ValueError(f"the suffix of `{file}` tells none (known: {told}); write `format:`")
    return known[suffix]


class Ready(BaseModel):
    """When a file is whole: unchanged for ``quiet`` seconds, a ``marker`` file beside it, or not under a ``temporary`` suffix."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quiet: int = Field(default=0, ge=0)
    marker: str = ""
    temporary: str = ""


class FileStream(BaseModel):
    """A file, or all files of a pattern, read as a stream. ``key``: the column (or columns, joined with ``|``) of a row's key.
    ``format`` follows from the file's suffix where it is left out.

    With ``archive`` it is a drop folder: files are taken oldest first and moved away once their records are stored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(min_length=1)
    format: Literal["csv", "jsonl", "excel", "parquet"] = Field(default="", validate_default=True)
    key: Annotated[tuple[str, ...], BeforeValidator(entries.one_or_list)] = Field(min_length=1)
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    sheet: str | int = 1
    header_row: int = Field(default=1, ge=1)
    archive: str = ""
    error: str = "error"
    ready: Ready = Ready(quiet=10)
    label: Label | None = None

    @field_validator("format", mode="before")
    @classmethod
    def _format(cls, said: Any, info: ValidationInfo) -> Any:
        return _by_suffix(said, info.data, SUFFIXES)

    @property
    def many(self) -> bool:
        """Whether it is a pattern."""
        return any(char in self.file for char in "*?[")


class FileWrite(BaseModel):
    """One file for each record, named by our key. ``stream`` reads the files back. ``format`` as in a stream."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: str
    file: str
    format: Literal["jsonl", "csv"] = Field(default="", validate_default=True)
    our_key: str
    key_enforced: bool = False
    search: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    label: Label | None = None

    @field_validator("format", mode="before")
    @classmethod
    def _format(cls, said: Any, info: ValidationInfo) -> Any:
        return _by_suffix(said, info.data, {".jsonl": "jsonl", ".csv": "csv"})

    @model_validator(mode="after")
    def _named_by_key(self) -> FileWrite:
        try:
            parts = [name for _, name, _, _ in string.Formatter().parse(self.file) if name is not None]
        except ValueError:
            parts = []
        if parts.count("key") != 1 or set(parts) - {"key", "date"}:
            raise ValueError("`file` needs {key} once, and may have {date}")
        if any(char in self.file for char in "*?["):
            raise ValueError("`file` must not hold * ? or [")
        if set(self.search) - {self.our_key}:
            raise ValueError("files are found by `our_key` only")
        if self.format == "csv" and not self.columns:
            raise ValueError("csv needs `columns`")
        if self.key_enforced:
            raise ValueError("a file that was taken away does not refuse a second one; leave `key_enforced` out")
        return self


M = TypeVar("M", bound=BaseModel)


def parse_streams(connection: str, setting: Any) -> dict[str, FileStream]:
    """Every stream by name. Raises ``ConfigurationError`` with all mistakes."""
    return _parse(connection, setting, "streams", FileStream, "streams: {customers: {file: customers.csv, key: id}}")


def parse_writes(connection: str, setting: Any, streams: Mapping[str, FileStream]) -> dict[str, FileWrite]:
    """Every write by name. Raises ``ConfigurationError`` with all mistakes."""
    example = "writes: {orders: {stream: sent, file: 'order_{key}.jsonl', our_key: order_no}}"
    found = _parse(connection, setting or {}, "writes", FileWrite, example)
    for name, write in found.items():
        if write.stream not in streams:
            raise ConfigurationError(
                f"connection `{connection}`: writes.{name}.stream",
                f"there is no stream `{write.stream}` (there are: {', '.join(streams) or '-'})",
                "name the stream that reads the written files back",
                code="file-settings",
            )
    return found


def _parse(connection: str, setting: Any, key: str, model: type[M], example: str) -> dict[str, M]:
    if not isinstance(setting, Mapping):
        raise ConfigurationError(
            f"connection `{connection}`: {key}",
            f"a mapping of {key[:-1]} names is expected",
            f"write `{example}`",
            code="file-streams",
        )
    problems: list[str] = []
    found = entries.typed(key, setting, model, problems)
    if problems:
        raise ConfigurationError(
            f"connection `{connection}`",
            "; ".join(problems),
            f"a {key[:-1]} has: {', '.join(model.model_fields)}",
            code="file-streams",
        )
    return found
