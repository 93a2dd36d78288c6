"""A site with one small system that keeps two objects, orders and their confirmations, in a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.files import lay

HOOKS = '''
"""Orders and their confirmations, in one JSON file."""

import json
from pathlib import Path

from connectors.sdk import CheckResult, Page, Record, RemoteRecord, Written, fingerprint


def connect(settings, manifest):
    return Desk(Path(settings["path"]))


class Desk:
    def __init__(self, path):
        self.path = path

    def load(self):
        return json.loads(self.path.read_text(encoding="utf-8"))

    def check(self):
        return CheckResult(True)

    def read(self, request):
        rows = self.load().get(request.stream, {})
        raws = {key: json.dumps(row, sort_keys=True).encode() for key, row in rows.items()}
        yield Page([Record(key, raw, fingerprint(raw)) for key, raw in raws.items()], checkpoint="1", complete=True)

    def decode(self, stream, raw):
        return json.loads(raw)

    def writer(self, target):
        return Pen(self, target)

    def close(self):
        pass


class Pen:
    def __init__(self, desk, stream):
        self.desk, self.stream = desk, stream

    def find(self, field, values):
        found = {}
        for key, row in self.desk.load().get(self.stream, {}).items():
            if row.get(field) in values:
                found.setdefault(row[field], []).append(RemoteRecord(key, row))
        return found

    def update(self, key, payload):
        data = self.desk.load()
        data.setdefault(self.stream, {}).setdefault(key, {"id": key}).update(payload)
        data.setdefault("writes", []).append([self.stream, key, payload])
        self.desk.path.write_text(json.dumps(data), encoding="utf-8")
        return Written(key)

    def create(self, payload, key):
        return self.update(f"new{len(self.desk.load().get(self.stream, {}))}", dict(payload))

    def deactivate(self, key):
        return self.update(key, {"off": True})

    def activate(self, key):
        return self.update(key, {"off": False})
'''
WRITE = "{stream: %s, our_key: ours, key_enforced: true, search: [ours, number], deactivate: true}"
FIELDS = "fields: {id: text, number: text, note: text, ours: text, off: boolean}"
FILES = {
    "connectors/desk/__init__.py": "",
    "connectors/desk/hooks.py": HOOKS,
    "connectors/desk/connector.yaml": "connector: desk\nlabel: {zh: 台, en: Desk}\nkind: generic\n"
    "connection:\n  path: {type: path, required: true}\n"
    f"streams:\n  Order: {{key: id, {FIELDS}}}\n  Confirmation: {{key: id, {FIELDS}}}\n"
    f"writes:\n  Order: {WRITE % 'Order'}\n  Confirmation: {WRITE % 'Confirmation'}\n",
    "connections.yaml": "desk:\n  connector: desk\n  role: crm\n  label: {zh: 台, en: Desk}\n  settings: {path: PATH}\n",
    "masterdata/deal/entity.yaml": "entity: deal\nlabel: {zh: 订单, en: Deal}\nfields:\n"
    "  number: {type: text, required: true, label: {zh: 单号, en: Number}}\n"
    "  note: {type: text, label: {zh: 备注, en: Note}}\n"
    "  status: {type: text, label: {zh: 状态, en: Status}}\nmatching: {exact: [number]}\n",
}
for _one in ("Order", "Confirmation"):
    _name = _one.lower()
    FILES |= {
        f"mappings/desk/{_name}.yaml": f"mapping: desk/{_name}\nfrom: desk.{_one}\nto: deal\nfields:\n  number: number\n"
        "  note: note\n  status: \"'inactive' if off else 'active'\"\n",
        f"mappings/desk/{_name}.out.yaml": f"mapping: desk/{_name}.out\nfrom: deal\nto: desk.{_one}\nfields:\n"
        '  ours: id | number("D")\n  number: number\n  note: note\nsearch: [ours, number]\ncreate_only: [ours]\n',
        f"syncs/{_name}s.yaml": f"sync: {_name}s\nread: {{connection: desk, stream: {_one}}}\nmap: desk/{_name}\n",
        f"syncs/{_name}s_back.yaml": f"sync: {_name}s_back\nwrite: {{connection: desk, object: {_one}}}\nof: deal\n"
        f"map: desk/{_name}.out\nbaseline: {_name}s\n",
    }
ONE_WAY = ("orders", "confirmations_back")
BOTH = ("orders", "confirmations", "confirmations_back", "orders_back")


class Desk:
    """What stands on the desk."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return data

    def put(self, stream: str, key: str, **fields: Any) -> None:
        """As a person does it on the screen."""
        data = self.data()
        data.setdefault(stream, {}).setdefault(key, {"id": key}).update(fields)
        self.file.write_text(json.dumps(data), encoding="utf-8")

    def notes(self, stream: str) -> dict[str, Any]:
        return {key: row.get("note") for key, row in self.data().get(stream, {}).items()}

    def writes(self) -> list[Any]:
        return list(self.data().get("writes", []))


def build(site: Path) -> Desk:
    """Fill a site folder."""
    file = site / "desk.json"
    lay(site, {**FILES, "desk.json": "{}"}, PATH=file)
    return Desk(file)
