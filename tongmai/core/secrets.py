"""A connection's secret: read it from ``AIRFLOW_CONN_<NAME>`` as Airflow would, and keep secrets out of logs."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tongmai.core.errors import ConfigurationError

PARTS = ("conn_type", "host", "login", "password", "schema", "port")
_NOT_SETTINGS = ("description", "conn_id", "extra")
_MASK = "***"
_SHORTEST_SECRET = 4


class Secrets(Protocol):
    """Where secrets come from: the environment here, Airflow's secrets backends where Airflow runs."""

    def get(self, connection: str) -> dict[str, Any] | None:
        """The parts and the extras of the connection of that name, or None when there is none."""
        ...


class EnvironmentSecrets:
    """Secrets from ``AIRFLOW_CONN_<NAME>``, name in capitals."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    def get(self, connection: str) -> dict[str, Any] | None:
        text = self._environment.get(variable(connection), "")
        return parse(text, variable(connection)) if text else None


def variable(connection: str) -> str:
    """The environment variable that holds a connection's secret."""
    return "AIRFLOW_CONN_" + connection.upper()


def parse(text: str, name: str) -> dict[str, Any]:
    """An Airflow connection, JSON or URI, as one flat dictionary: its parts, and every key of ``extra`` beside them.

    Empty parts are left out; what a URI's query says stays text. ``name`` is only for the error; the text itself never gets into one.
    """
    parts = _from_json(text, name) if text.lstrip().startswith("{") else _from_uri(text, name)
    extra = parts.pop("extra")
    clash = sorted(set(extra) & set(PARTS))
    if clash:
        raise _bad(name, f"`extra` repeats {', '.join(clash)}, which are parts of the connection")
    return {**{key: value for key, value in parts.items() if value not in (None, "")}, **extra}


class Redactor:
    """Masks known secret values, also in their URL-quoted and JSON-escaped form."""

    def __init__(self, values: Iterable[object] = ()) -> None:
        self._values: set[str] = set()
        for value in values:
            self.add(value)

    def add(self, value: object) -> None:
        """Mask this value from now on. Values under four characters are not masked: they would blot out plain words."""
        text = str(value) if value is not None else ""
        if len(text) >= _SHORTEST_SECRET:
            self._values |= {text, quote(text, safe=""), json.dumps(text)[1:-1]}

    def __call__(self, text: str) -> str:
        for value in sorted(self._values, key=len, reverse=True):
            if value in text:
                text = text.replace(value, _MASK)
        return text


class RedactingFilter(logging.Filter):
    """A logging filter that masks known secrets in the finished message."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        masked = self._redact(message)
        if masked != message:
            record.msg, record.args = masked, None
        return True


def _from_json(text: str, name: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        raise _bad(name, "it begins with `{` but is not JSON") from None
    unknown = sorted(set(data) - set(PARTS) - set(_NOT_SETTINGS))
    if unknown:
        raise _bad(name, f"unknown parts {', '.join(unknown)}; settings of the system belong in `extra`")
    return {**{key: data.get(key) for key in PARTS}, "extra": _extra(data.get("extra"), name)}


def _from_uri(text: str, name: str) -> dict[str, Any]:
    count = text.count("://")
    if count not in (1, 2):
        raise _bad(name, "it is neither JSON nor a URI (`type://login:password@host:port/schema?key=value`)")
    conn_type, rest = text.split("://", 1)
    inner = count == 2
    if inner and any(char in rest.split("://", 1)[0] for char in "@:"):
        raise _bad(name, "in a URI with a second protocol, login and password stand after that protocol")
    try:
        parts = urlsplit(rest if inner else "//" + rest)
        port = parts.port
    except ValueError:
        raise _bad(name, "the port is not a number, or the host is malformed") from None
    host = _host(parts.netloc)
    query: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra = _extra(query["__extra__"], name) if "__extra__" in query else query
    return {
        "conn_type": "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_"),
        "host": f"{parts.scheme}://{host}" if inner and host else host,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "schema": unquote(parts.path[1:]),
        "port": port,
        "extra": extra,
    }


def _host(netloc: str) -> str:
    """The host with its case kept (``urlsplit`` lowers it), unquoted, without login and port."""
    host = netloc.rpartition("@")[2]
    if host.startswith("["):
        return unquote(host[1:].partition("]")[0])
    return unquote(host.partition(":")[0])


def _extra(value: Any, name: str) -> dict[str, Any]:
    if value in (None, ""):
        return {}
    try:
        data = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise _bad(name, "`extra` is not JSON") from None
    if not isinstance(data, dict):
        raise _bad(name, "`extra` must be a JSON object")
    return data


def _bad(name: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        name, why, 'write it as JSON: {"host": "https://…", "extra": {"app_id": "…"}}', code="bad-airflow-connection"
    )
