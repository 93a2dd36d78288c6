"""What one connection offers: its connector's manifest, and the streams and writes that its own settings declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from connectors.sdk.declared.texts import mistakes
from connectors.sdk.entries import said
from connectors.sdk.key import named
from connectors.sdk.manifest import Manifest, Stream, Write
from tongmai.core.errors import ConfigurationError


def offered(connection: str, manifest: Manifest, settings: Mapping[str, Any]) -> Manifest:
    """The manifest with ``streams`` and ``writes`` of these settings in it, where it says that they are declared there.

    An entry may hold more than the manifest's own words (the table, the file): that is the connector's to read. A stream's
    ``columns`` with types are its ``fields``. Raises ``ConfigurationError`` with every mistake.
    """
    if manifest.api_from_settings:
        return _api(connection, manifest, settings.get("api"))
    problems: list[str] = []
    changes: dict[str, Any] = {}
    if manifest.streams_from_settings:
        found = {name: _stream(name, entry, problems) for name, entry in _entries(settings, "streams", problems)}
        changes["streams"] = {**manifest.streams, **{name: one for name, one in found.items() if one is not None}}
    if manifest.writes_from_settings:
        made = {name: _write(name, entry, problems) for name, entry in _entries(settings, "writes", problems)}
        changes["writes"] = {**manifest.writes, **{name: one for name, one in made.items() if one is not None}}
    if problems:
        raise ConfigurationError(
            f"connection `{connection}`",
            "; ".join(problems),
            "mend it under `settings` in connections.yaml",
            code="connection-settings",
        )
    return manifest.model_copy(update=changes) if changes else manifest


_API = ("auth", "requests", "errors", "check", "streams", "writes", "webhooks", "limits")


def _api(connection: str, manifest: Manifest, api: Any) -> Manifest:
    """The manifest with the API that a connection declares."""
    problems: list[str] = []
    made = manifest
    if not isinstance(api, Mapping) or not api:
        problems.append(f"`api`: a mapping with {', '.join(_API)} is expected")
    elif unknown := [str(name) for name in api if name not in _API]:
        problems.append(f"`api`: unknown {', '.join(unknown)} (there are: {', '.join(_API)})")
    else:
        raw = manifest.model_dump(exclude_defaults=True, exclude={"api_from_settings"}, by_alias=True)
        try:
            made = Manifest.model_validate({**raw, **api})
        except ValidationError as error:
            problems += said("api", error)
        else:
            found = mistakes(made, frozenset(made.connection))
            problems += [f"`{'.'.join(['api', *map(str, path)])}`: {mistake.text.en}" for path, mistake in found]
    if problems:
        raise ConfigurationError(
            f"connection `{connection}`",
            "; ".join(problems),
            "mend it under `settings` in connections.yaml",
            code="connection-settings",
        )
    return made


def _entries(settings: Mapping[str, Any], key: str, problems: list[str]) -> list[tuple[str, Mapping[str, Any]]]:
    setting = settings.get(key) or {}
    if not isinstance(setting, Mapping):
        problems.append(f"`{key}`: a mapping of names is expected")
        return []
    wrong = [str(name) for name, entry in setting.items() if not isinstance(entry, Mapping)]
    problems += [f"`{key}.{name}`: a mapping is expected" for name in wrong]
    return [(str(name), entry) for name, entry in setting.items() if isinstance(entry, Mapping)]


def _stream(name: str, entry: Mapping[str, Any], problems: list[str]) -> Stream | None:
    key = entry.get("key", "")
    columns = entry.get("columns")
    try:
        return Stream(
            key=named([str(part) for part in key]) if isinstance(key, list | tuple) else str(key),
            cursor=str(entry.get("cursor") or ""),
            deletes=entry.get("deletes", "full-listing"),
            fields=dict(columns) if isinstance(columns, Mapping) else {},
            label=entry.get("label"),
        )
    except ValidationError as error:
        problems += said(f"streams.{name}", error)
        return None


def _write(name: str, entry: Mapping[str, Any], problems: list[str]) -> Write | None:
    own = {key: value for key, value in entry.items() if key in Write.model_fields and key != "deactivate"}
    try:
        return Write(**own, deactivate=bool(entry.get("deactivate")))
    except ValidationError as error:
        problems += said(f"writes.{name}", error)
        return None
