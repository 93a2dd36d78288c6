"""A desk whose customers lie in a JSON file, key → record: what a test writes there, a read gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.sdk import CheckResult, Page, ReadRequest, wire
from connectors.sdk.manifest import Manifest


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Desk:
    """Open the desk."""
    return Desk(Path(settings["path"]))


class Desk:
    """Reads the file. Only an asked-for listing sees what is there; an incremental read sees nothing new."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def check(self) -> CheckResult:
        return CheckResult(True)

    def read(self, request: ReadRequest) -> Iterator[Page]:
        rows = json.loads(self._file.read_text(encoding="utf-8"))
        with self._file.with_suffix(".asked").open("a", encoding="utf-8") as asked:
            asked.write(json.dumps(list(request.keys)) + "\n")
        wanted = rows if request.full else [key for key in request.keys if key in rows]
        records = [wire.record(key, rows[key], ("seen",), version=str(rows[key].get("version", ""))) for key in wanted]
        yield Page(records, checkpoint="0", complete=request.full)

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Any:
        raise NotImplementedError("a desk is only read")

    def close(self) -> None:
        pass
