"""A bus that takes notices and can be asked nothing: no key of ours, no search, no reading back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.sdk import CheckResult, Page, ReadRequest, RemoteRecord, Written, wire
from connectors.sdk.http import HttpClient
from connectors.sdk.manifest import Manifest
from tongmai.core.secrets import Redactor


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Bus:
    """Open the bus."""
    return Bus(HttpClient(settings, Redactor([])))


class Bus:
    """Connector and writer in one."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def check(self) -> CheckResult:
        return CheckResult(True)

    def read(self, request: ReadRequest) -> Iterator[Page]:
        # With a checkpoint only the first read counts as a whole listing: what we write is not missing from the others.
        yield Page((), checkpoint="0", complete=request.full)

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Bus:
        return self

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        return {}

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        return Written(
            self._client.post("/notices", dict(payload), write=True, accept=lambda answer, _: str(answer["id"]))
        )

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        body = {**payload, "about": remote_key}
        return Written(self._client.post("/notices", body, write=True, accept=lambda *_: remote_key))

    def deactivate(self, remote_key: str) -> Written:
        raise NotImplementedError("a notice cannot be taken back")

    activate = deactivate

    def close(self) -> None:
        self._client.close()
