"""A connector made from its manifest alone, or with a few hooks beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from connectors.sdk import wire
from connectors.sdk.contract import CheckResult, Connector, Discovered, ReadRequest, Writer
from connectors.sdk.declared.caller import Caller
from connectors.sdk.declared.discovery import discovered
from connectors.sdk.declared.reader import StreamReader
from connectors.sdk.declared.texts import ANSWER
from connectors.sdk.declared.writer import DeclaredWriter
from connectors.sdk.expression import compile_expression
from connectors.sdk.functions import as_text
from connectors.sdk.lazy import plain
from connectors.sdk.manifest import Manifest
from tongmai.core.clock import now
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.record import Page


def connect(settings: Mapping[str, Any], manifest: Manifest, hooks: ModuleType | None = None) -> Connector:
    """Open a connection of a declared connector.

    ``hooks`` may have ``sign(request, settings)``, ``row(stream, row) -> row or None``,
    ``payload(write, payload, operation) -> payload``, ``discover(caller) -> list of Discovered``: each is used where it
    is there. A ``row`` or ``payload`` that has a parameter ``settings`` gets the connection's settings by it.
    """
    if manifest.discover or hasattr(hooks, "discover"):
        return DiscoveringConnector(settings, manifest, hooks)
    return DeclaredConnector(settings, manifest, hooks)


class DeclaredConnector:
    """One open connection."""

    def __init__(self, settings: Mapping[str, Any], manifest: Manifest, hooks: ModuleType | None = None) -> None:
        self._manifest = manifest
        self._row = _given(getattr(hooks, "row", None), settings)
        self._payload = _given(getattr(hooks, "payload", None), settings)
        self._caller = Caller(settings, manifest, getattr(hooks, "sign", None))

    def check(self) -> CheckResult:
        """The manifest's `check` call."""
        spec = self._manifest.check
        if spec is None:
            raise ConfigurationError(
                f"connector `{self._manifest.connector}`", "its manifest has no `check`", "declare it", code="no-check"
            )
        caller = self._caller
        heard = caller.call(caller.request(spec), {**caller.settings, "now": now(), "window": {}, "page": {"size": 1}})
        detail = compile_expression(spec.detail, ANSWER | caller.names)(heard.scope) if spec.detail else ""
        return CheckResult(True, as_text(plain(detail)))

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages of a declared stream."""
        yield from self._reader(request.stream).read(request)

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        """A record's members."""
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        """The writer of a declared object."""
        write = self._manifest.writes.get(target)
        if write is None:
            raise self._unknown("write", target, self._manifest.writes)
        return DeclaredWriter(self._caller, target, write, self._payload)

    def close(self) -> None:
        """Close its connections."""
        self._caller.close()

    def _reader(self, name: str) -> StreamReader:
        stream = self._manifest.streams.get(name)
        if stream is None:
            raise self._unknown("stream", name, self._manifest.streams)
        return StreamReader(self._caller, name, stream, self._parents, self._row)

    def _parents(self, name: str) -> Iterator[dict[str, Any]]:
        for page in self._reader(name).read(ReadRequest(name, full=True)):
            for record in page.records:
                if record.op == "upsert":
                    yield wire.decode(name, record.raw)

    def _unknown(self, kind: str, name: str, known: Mapping[str, Any]) -> ConfigurationError:
        near = nearest(name, known)
        return ConfigurationError(
            f"{self._caller.name}: {kind} `{name}`",
            f"there is none (there are: {', '.join(known) or '-'})",
            f"did you mean `{near}`?" if near else "correct the name",
            code=f"unknown-{kind}",
        )


class DiscoveringConnector(DeclaredConnector):
    """One whose system describes its own fields: the manifest's ``discover``, or a hook of that name."""

    def __init__(self, settings: Mapping[str, Any], manifest: Manifest, hooks: ModuleType | None = None) -> None:
        super().__init__(settings, manifest, hooks)
        self._discover: Callable[[Caller], list[Discovered]] | None = getattr(hooks, "discover", None)

    def discover(self) -> list[Discovered]:
        """What the system says of each kind of record; one that it does not have is left out."""
        if self._discover is not None:
            return self._discover(self._caller)
        spec = self._manifest.discover
        assert spec is not None
        return discovered(self._caller, spec, list(self._manifest.streams))


def _given(hook: Callable[..., Any] | None, settings: Mapping[str, Any]) -> Callable[..., Any] | None:
    """The hook, with the settings where it asks for them."""
    if hook is None or "settings" not in inspect.signature(hook).parameters:
        return hook
    return partial(hook, settings=settings)
