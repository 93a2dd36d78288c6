"""The ``streams`` setting of a file connection, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from tongmai.core.errors import ConfigurationError


def _one_or_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class FileStream(BaseModel):
    """One file read as a stream. ``key``: the column (or columns, joined with ``|``) that identify a row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(min_length=1)
    format: Literal["csv", "jsonl"] = "csv"
    key: Annotated[tuple[str, ...], BeforeValidator(_one_or_list)] = Field(min_length=1)
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)


def parse_streams(connection: str, setting: Any) -> dict[str, FileStream]:
    """Every stream by name. Raises ``ConfigurationError`` with all mistakes."""
    if not isinstance(setting, Mapping):
        raise ConfigurationError(
            f"connection `{connection}`: streams",
            "a mapping of stream names is expected",
            "write `streams: {customers: {file: customers.csv, key: id}}`",
            code="file-streams",
        )
    streams: dict[str, FileStream] = {}
    problems: list[str] = []
    for name, data in setting.items():
        try:
            streams[str(name)] = FileStream.model_validate(data)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                place = ".".join(str(step) for step in (name, *item["loc"]))
                problems.append(f"`streams.{place}`: {item['msg']}")
    if problems:
        raise ConfigurationError(
            f"connection `{connection}`",
            "; ".join(problems),
            f"a stream has: {', '.join(FileStream.model_fields)}",
            code="file-streams",
        )
    return streams
