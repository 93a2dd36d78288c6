"""Streams and writes that a connection's own settings declare: typed, checked, all mistakes together, found by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from connectors.sdk.manifest import Manifest
from tongmai.core.errors import ConfigurationError, RemoteRefusedError
from tongmai.core.finding import nearest

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class _Reads(Protocol):
    @property
    def stream(self) -> str: ...


def one_or_list(value: Any) -> Any:
    """For a list that may be written as its only member."""
    return [value] if isinstance(value, str) else value


def parts(value: Any) -> Any:
    """For a list that may be written with commas."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


def typed(section: str, setting: Any, model: type[M], problems: list[str]) -> dict[str, M]:
    """The entries of a section by name; what is wrong with one is added to ``problems`` with its place."""
    if not isinstance(setting, Mapping):
        problems.append(f"`{section}`: a mapping of names is expected")
        return {}
    found: dict[str, M] = {}
    for name, data in setting.items():
        try:
            found[str(name)] = model.model_validate(data)
        except ValidationError as error:
            problems += said(f"{section}.{name}", error)
    return found


def said(place: str, error: ValidationError) -> list[str]:
    """What a model refused, each with its place."""
    return [
        f"`{'.'.join([place, *map(str, item['loc'])])}`: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)
    ]


def read_back(writes: Mapping[str, _Reads], streams: Mapping[str, Any], problems: list[str]) -> None:
    """Every write names a stream that is there, and needs our key for it to be enforced."""
    for name, write in writes.items():
        if write.stream not in streams:
            problems.append(f"`writes.{name}.stream`: there is no stream `{write.stream}`")
        if getattr(write, "key_enforced", False) and not getattr(write, "our_key", ""):
            problems.append(f"`writes.{name}.key_enforced`: it needs `our_key`")


def refuse(
    connection: str, problems: Sequence[str], stream: type[BaseModel], write: type[BaseModel], code: str
) -> None:
    """Raise ``ConfigurationError`` when there are problems, with the words that there are."""
    if problems:
        raise ConfigurationError(
            f"connection `{connection}`",
            "; ".join(problems),
            f"a stream has: {_words(stream)}; a write has: {_words(write)}",
            code=code,
        )


def chosen(where: str, kind: str, name: str, known: Mapping[str, T]) -> T:
    """The declared ``stream`` or ``write`` of that name. Raises ``ConfigurationError`` that says which there are."""
    if name in known:
        return known[name]
    near = nearest(name, known)
    raise ConfigurationError(
        f"{where}: {kind} `{name}`",
        f"there is no such {kind} (there are: {', '.join(known) or '-'})",
        f"did you mean `{near}`?" if near else f"declare it under `{kind}s`",
        code="unknown-stream" if kind == "stream" else "no-writer",
    )


def completed(manifest: Manifest, **members: Any) -> Manifest:
    """A connector's manifest with members (errors, auth, limits) that its code gives, checked as if they stood in the file."""
    raw = manifest.model_dump(exclude_defaults=True, by_alias=True)
    return Manifest.model_validate({**raw, **members})


def payload_key(where: str, payload: Mapping[str, Any], field: str, key: str, code: str) -> str:
    """The key of a record that is only sent: the payload's ``field``, or our key where it has none of that name."""
    remote = payload.get(field, key)
    if remote in (None, "") or isinstance(remote, (bool, dict, list)):
        raise RemoteRefusedError(
            where,
            f"`{field}` is empty or no plain value, and it is the record's key",
            "mend the record or the mapping, then replay it",
            code=code,
        )
    return str(remote)


def _words(model: type[BaseModel]) -> str:
    return ", ".join(info.alias or name for name, info in model.model_fields.items())
