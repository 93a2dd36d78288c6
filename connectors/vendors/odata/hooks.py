"""Any OData service, v2 or v4: its entity sets are declared by each connection, as `tongmai connector discover` lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sdk import CheckResult, Connector, Discovered, Page, ReadRequest, Writer, wire
from connectors.sdk.entries import chosen
from connectors.sdk.manifest import Manifest
from connectors.sdk.settings import CONNECTION_NAME
from connectors.vendors.odata.metadata import entity_sets
from connectors.vendors.odata.reader import SetReader
from connectors.vendors.odata.service import Service
from connectors.vendors.odata.settings import ODataStream, ODataWrite, parse
from connectors.vendors.odata.writer import SetWriter
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open a service; nothing is sent before the first use."""
    name = str(settings[CONNECTION_NAME])
    streams, writes = parse(name, settings)
    return ODataConnector(name, Service(settings, manifest), streams, writes, settings)


class ODataConnector:
    """One service."""

    def __init__(
        self,
        name: str,
        service: Service,
        streams: Mapping[str, ODataStream],
        writes: Mapping[str, ODataWrite],
        settings: Mapping[str, Any],
    ) -> None:
        self._name = name
        self._service = service
        self._streams = streams
        self._writes = writes
        self._size = int(settings["page_size"])
        self._update = str(settings["update"])

    def check(self) -> CheckResult:
        """Log in; the service document names every declared set."""
        body = self._service.get("").scope["body"]
        there = set(self._listed(body))
        used = {stream.set for stream in self._streams.values()} | {write.set for write in self._writes.values()}
        missing = sorted(used - there)
        if missing:
            near = nearest(missing[0], there)
            raise ConfigurationError(
                f"connection `{self._name}`",
                f"the service has no set {', '.join(missing)} (it has: {', '.join(sorted(there))[:400] or '-'})",
                f"did you mean `{near}`?" if near else "see `tongmai connector discover`",
                code="odata-settings",
            )
        return CheckResult(True, f"OData {self._service.version}: {len(there)} set(s)")

    def read(self, request: ReadRequest) -> Iterator[Page]:
        stream = chosen(f"connection `{self._name}`", "stream", request.stream, self._streams)
        yield from SetReader(self._service, request.stream, stream, self._size).read(request)

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        write = chosen(f"connection `{self._name}`", "write", target, self._writes)
        return SetWriter(self._service, target, write, self._streams[write.stream], self._update)

    def discover(self) -> list[Discovered]:
        """Every entity set of ``$metadata``."""
        heard = self._service.get("$metadata", headers={"Accept": "application/xml"})
        return entity_sets(heard.answer.body, self._service.what("$metadata"))

    def close(self) -> None:
        self._service.caller.close()

    def _listed(self, body: Any) -> list[str]:
        if self._service.version == "v4" and isinstance(body, Mapping) and isinstance(body.get("value"), list):
            return [str(each.get("url") or each.get("name")) for each in body["value"]]
        inner = body.get("d") if isinstance(body, Mapping) else None
        if self._service.version == "v2" and isinstance(inner, Mapping) and isinstance(inner.get("EntitySets"), list):
            return [str(each) for each in inner["EntitySets"]]
        raise self._service.shape("a service document", f"`version` is {self._service.version}")
