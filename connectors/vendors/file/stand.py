"""What the contract suite exercises the connector on: a local folder with a table of customers and a folder of exports."""

from __future__ import annotations

import csv
import shutil
import tempfile
from pathlib import Path
from typing import Any

from connectors.testing.contract.fixture import Fixture
from connectors.testing.contract.quiet import QuietSystem


def create(fixture: Fixture) -> Folder:
    """A folder with as many customers as the fixture says."""
    return Folder(fixture.customers)


class Folder(QuietSystem):
    """The files, rewritten whole with each change as somebody exports them."""

    def __init__(self, customers: int) -> None:
        self._customers = customers
        self._path = Path(tempfile.mkdtemp(prefix="tongmai-file-"))
        self._rows: dict[str, dict[str, Any]] = {}
        self._made = 0

    def start(self) -> None:
        for n in range(self._customers):
            self.write("customers", "insert", "", {"name": f"客户{n}"})

    def stop(self) -> None:
        shutil.rmtree(self._path, ignore_errors=True)

    def settings(self) -> dict[str, Any]:
        return {"path": str(self._path)}

    def write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        if obj == "sent":
            return self._sent(op, key, fields)
        if op == "delete":
            self._rows.pop(key)
        else:
            if op == "insert":
                self._made += 1
                key = f"C{self._made:05d}"
            self._rows[key] = {**self._rows.get(key, {"id": key, "name": ""}), **fields}
        with (self._path / "customers.csv").open("w", encoding="utf-8", newline="") as file:
            columns = dict.fromkeys(["id", "name", *(name for row in self._rows.values() for name in row)])
            table = csv.DictWriter(file, list(columns))
            table.writeheader()
            table.writerows(self._rows.values())
        return key

    def _sent(self, op: str, key: str, fields: dict[str, Any]) -> str:
        import json

        if op == "insert":
            self._made += 1
            key = f"S{self._made:05d}"
        file = self._path / f"sent_{key}.jsonl"
        if op == "delete":
            file.unlink()
            return key
        before = json.loads(file.read_text(encoding="utf-8")) if op == "update" else {"number": key}
        file.write_text(json.dumps({**before, **fields}, ensure_ascii=False) + "\n", encoding="utf-8")
        return key

    def keys(self, obj: str) -> set[str]:
        if obj == "customers":
            return set(self._rows)
        return {file.stem.removeprefix("sent_") for file in self._path.glob("sent_*.jsonl")}

    def ledger(self) -> list[dict[str, Any]]:
        return [
            {"object": "sent", "op": "create", "key": key} for key in sorted(self.keys("sent")) if key.startswith("TM-")
        ]
