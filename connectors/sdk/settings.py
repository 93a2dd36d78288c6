"""Settings of one connection: merge YAML and secret, check them against the manifest, fill in defaults."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.secrets import PARTS, variable

if TYPE_CHECKING:
    from connectors.sdk.manifest import Manifest, Setting

CONNECTION_NAME = "connection_name"
"""The settings key under which a connector finds the name of its connection, for messages."""

_TRUE, _FALSE = ("true", "yes", "1", "on"), ("false", "no", "0", "off")


def merge(
    connection: str,
    manifest: Manifest,
    yaml_settings: Mapping[str, Any],
    secret: Mapping[str, Any] | None,
    base: Path,
) -> dict[str, Any]:
    """All settings of the manifest with their values (None where there is neither value nor default).

    Order: a key of the Airflow connection's extra, then YAML, then a part of the Airflow connection, then the default.
    Every mistake is reported, in one ``ConfigurationError``.
    """
    secret = secret or {}
    extras = {key: value for key, value in secret.items() if key not in PARTS}
    problems: list[str] = []
    _unknown(manifest, yaml_settings, "settings", problems)
    _unknown(manifest, extras, "extra of the Airflow connection", problems)
    merged: dict[str, Any] = {}
    for name, setting in manifest.connection.items():
        value, found = _pick(name, setting, yaml_settings, extras, secret, problems)
        if not found:
            value = setting.default
            if setting.required:
                problems.append(_missing(connection, name, setting))
        elif value is not None:
            value, problem = _typed(value, setting, base)
            if problem:
                shown = "" if setting.type == "secret" else f"got `{value}`, "
                problems.append(f"`{name}`: {shown}{problem}")
        merged[name] = value
    if problems:
        raise ConfigurationError(
            f"connection `{connection}` ({manifest.connector})",
            "; ".join(problems),
            f"mend it in connections.yaml, or in {variable(connection)} or the Airflow connection `{connection}`",
            code="connection-settings",
        )
    return merged


def secret_values(manifest: Manifest, settings: Mapping[str, Any]) -> list[str]:
    """The values that must never be seen."""
    return [
        str(settings[name])
        for name, setting in manifest.connection.items()
        if setting.type == "secret" and settings.get(name) not in (None, "")
    ]


def _pick(
    name: str,
    setting: Setting,
    yaml_settings: Mapping[str, Any],
    extras: Mapping[str, Any],
    secret: Mapping[str, Any],
    problems: list[str],
) -> tuple[Any, bool]:
    if name in extras:
        return extras[name], True
    if name in yaml_settings:
        value = yaml_settings[name]
        if isinstance(value, Mapping) and "env" in value and set(value) <= {"env", "default"}:
            return _from_environment(name, value, problems)
        if setting.type == "secret" and value is not None:
            problems.append(f"`{name}` is a secret and stands in a file; take it out")
            return None, True
        return value, value is not None
    part = setting.from_connection
    if part and secret.get(part) not in (None, ""):
        return (_address(secret) if part == "host" and setting.type == "url" else secret[part]), True
    return None, False


def _from_environment(name: str, value: Mapping[str, Any], problems: list[str]) -> tuple[Any, bool]:
    """``{env: NAME, default: value}``; an empty variable counts as not set."""
    variable_name = value["env"]
    if not isinstance(variable_name, str) or not variable_name:
        problems.append(f"`{name}`: `env` must be the name of an environment variable")
        return None, True
    text = os.environ.get(variable_name, "")
    if text:
        return text, True
    if "default" in value:
        return value["default"], value["default"] is not None
    problems.append(f"`{name}`: environment variable {variable_name} is not set and there is no `default`")
    return None, True


def _address(secret: Mapping[str, Any]) -> str:
    """``host`` when it is a whole URL, else ``scheme://host:port``; the scheme is ``schema`` or the type, else https."""
    host = str(secret["host"])
    port = f":{secret['port']}" if secret.get("port") else ""
    if "://" in host:
        parts = urlsplit(host)
        tail = host[host.index("://") + 3 :]
        return host if parts.port or not port else f"{parts.scheme}://{parts.netloc}{port}{tail[len(parts.netloc) :]}"
    scheme = next((s for s in (secret.get("schema"), secret.get("conn_type")) if s in ("http", "https")), "https")
    return f"{scheme}://{host}{port}"


def _missing(connection: str, name: str, setting: Setting) -> str:
    if setting.type == "secret":
        return (
            f"secret `{name}` is missing: set {variable(connection)} or the Airflow connection `{connection}`"
            f' (extra: {{"{name}": "…"}})'
        )
    return f"`{name}` is missing ({setting.type})"


def _unknown(manifest: Manifest, given: Mapping[str, Any], where: str, problems: list[str]) -> None:
    for name in given:
        if name not in manifest.connection:
            near = nearest(name, manifest.connection)
            hint = f"did you mean `{near}`?" if near else f"allowed: {', '.join(sorted(manifest.connection)) or 'none'}"
            problems.append(f"unknown setting `{name}` in {where}: {hint}")


def _typed(value: Any, setting: Setting, base: Path) -> tuple[Any, str]:
    """The value in its type, or the value and why it does not fit. Text is converted: variables and URIs have only text."""
    kind = setting.type
    if kind == "integer":
        return _number(value, int, "a whole number is needed")
    if kind == "number":
        return _number(value, float, "a number is needed")
    if kind == "boolean":
        return _boolean(value)
    if kind == "object":
        return _object(value)
    if not isinstance(value, str):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and kind in ("text", "secret"):
            return str(value), ""
        return value, "text is needed"
    if kind == "choice" and value not in setting.choices:
        near = nearest(value, setting.choices)
        return value, f"allowed: {', '.join(setting.choices)}" + (f"; did you mean `{near}`?" if near else "")
    if kind == "url" and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).netloc):
        return value, "a URL that begins with http:// or https:// is needed"
    if kind == "path":
        path = Path(value).expanduser()
        return str(path if path.is_absolute() else base / path), ""
    return value, ""


def _number(value: Any, kind: type[int] | type[float], problem: str) -> tuple[Any, str]:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value, problem
    if kind is int and isinstance(value, float):
        return value, problem
    try:
        number = kind(value)
    except ValueError:
        return value, problem
    return (number, "") if number >= 0 else (value, "it cannot be negative")


def _boolean(value: Any) -> tuple[Any, str]:
    if isinstance(value, bool):
        return value, ""
    word = str(value).lower()
    return (word in _TRUE, "") if word in (*_TRUE, *_FALSE) else (value, "true or false is needed")


def _object(value: Any) -> tuple[Any, str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return value, "a mapping (or its JSON text) is needed"
    return (value, "") if isinstance(value, (dict, list)) else (value, "a mapping or a list is needed")
