"""A site with four small systems whose records are JSON lines: customers with every flaw, and the people at them."""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from bench.matching.chance import Draw
from bench.matching.generate import generate
from tongmai.sync.content import Content, load_content

HOOKS = '''
"""Records in files of JSON lines; each line says its key and since when it is so."""

import json
import os
import threading
from pathlib import Path

from connectors.sdk import CheckResult, Page, Record, RemoteRecord, Written, fingerprint

ONE = threading.Lock()


def connect(settings, manifest):
    return Shelf(Path(settings["path"]))


class Shelf:
    def __init__(self, path):
        self.path = path

    def file(self, stream):
        return self.path / f"{stream}.jsonl"

    def load(self, stream):
        file = self.file(stream)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return {row["key"]: row for row in map(json.loads, lines)}

    def save(self, stream, rows):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\\\\n" for row in rows.values())
        beside = self.path / f"{stream}.new"
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, self.file(stream))

    def check(self):
        return CheckResult(True)

    def read(self, request):
        found = []
        for key, row in self.load(request.stream).items():
            raw = json.dumps(row, sort_keys=True, ensure_ascii=False).encode()
            found.append(Record(key, raw, fingerprint(raw), version=row.get("updated_at", "")))
        yield Page(found, checkpoint="1", complete=True)

    def decode(self, stream, raw):
        return json.loads(raw)

    def writer(self, target):
        return Pen(self, target)

    def close(self):
        pass


class Pen:
    def __init__(self, shelf, stream):
        self.shelf, self.stream = shelf, stream

    def find(self, field, values):
        found = {}
        for key, row in self.shelf.load(self.stream).items():
            if row.get(field) in values:
                found.setdefault(row[field], []).append(RemoteRecord(key, row))
        return found

    def put(self, op, key, payload):
        with ONE:
            return self.alone(op, key, payload)

    def alone(self, op, key, payload):
        rows = self.shelf.load(self.stream)
        key = key or f"W{len(rows)}"
        rows.setdefault(key, {"key": key}).update(payload)
        self.shelf.save(self.stream, rows)
        with (self.shelf.path / "writes.jsonl").open("a", encoding="utf-8") as book:
            book.write(json.dumps([self.stream, op, key, payload], ensure_ascii=False) + "\\\\n")
        return Written(key)

    def create(self, payload, key):
        return self.put("create", "", dict(payload))

    def update(self, key, payload):
        return self.put("update", key, dict(payload))

    def deactivate(self, key):
        return self.put("deactivate", key, {"off": True})

    def activate(self, key):
        return self.put("activate", key, {"off": False})
'''.replace("\\\\n", "\\n")
FIRM = {
    "legal_name": "name | company_name",
    "uscc": "uscc | uscc",
    "short_name": "alias | trim",
    "english_name": "name_en | trim",
    "contact_person": "contact | trim",
    "legal_person": "legal_person | trim",
    "phones": "[phone | phone, mobile | phone]",
    "email": "email | email",
    "province": "province | trim",
    "city": "city | trim",
    "address": "address | trim",
    "status": "\"'inactive' if off else 'active'\"",
}
PERSON = {"name": "name | trim", "customer": "firm | ref(customer, firms)", "title": "title | trim", "mobile": "mobile | phone"}  # fmt: skip
SYSTEMS = ("crm", "erp", "oa", "shop")
TEXTS = ("key", "ours", "updated_at", "name", "alias", "name_en", "uscc", "contact", "phone", "mobile", "email", "province",
         "city", "address", "legal_person", "website", "industry", "firm", "title")  # fmt: skip
_FIELDS = "{" + ", ".join(f"{name}: text" for name in TEXTS) + ", off: boolean}"
MANIFEST = f"""
connector: shelf
label: {{zh: 架, en: Shelf}}
kind: generic
connection:
  path: {{type: path, required: true}}
streams:
  firms: {{key: key, fields: {_FIELDS}}}
  people: {{key: key, fields: {_FIELDS}}}
writes:
  firms: {{stream: firms, our_key: ours, key_enforced: true, search: [ours, uscc], deactivate: true}}
"""
LOADED: list[Content] = []
Row = dict[str, Any]
Streams = dict[str, list[Row]]


def loaded() -> Content:
    """The product's and the site's content, read again only after a file of the site was written."""
    if not LOADED:
        LOADED.append(load_content())
    return LOADED[0]


def _mapping(name: str, system: str, stream: str, entity: str, fields: Mapping[str, str]) -> str:
    lines = "".join(f"  {field}: {source}\n" for field, source in fields.items())
    return f"mapping: {system}/{name}\nfrom: {system}.{stream}\nto: {entity}\nfields:\n{lines}"


def draw(records: int, seed: int, folder: Path, noise: str = "hard") -> Streams:
    """Records of ``system.firms`` and ``system.people``; people work at firms of their own system, some in several."""
    generate(records, noise, seed, folder)
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        company = {row["id"]: row["entity_id"] for row in csv.DictReader(file)}
    chance, streams = Draw(f"{seed} people"), Streams()
    for row in rows:
        key, system = row.pop("id"), row.pop("source")
        said = {name: value for name, value in row.items() if value}
        streams.setdefault(f"{system}.firms", []).append({"key": key, **said})
        if row["contact"] and chance.happens(0.8):
            # The same person in another system has the same number, most of the time.
            number = 13_000_000_000 + Draw(f"{company[key]} {row['contact'][0]}").below(999_999_999)
            person = {"key": f"P{key}", "name": row["contact"], "firm": key, "updated_at": row["updated_at"]}
            streams.setdefault(f"{system}.people", []).append(person)
            if chance.happens(0.6):
                person["mobile"] = str(number)
    return streams


class World:
    """The site's files, the systems' records, and the hub in the database that ``url`` names."""

    def __init__(self, site: Path, folder: Path, url: str, systems: Sequence[str] = SYSTEMS) -> None:
        self.site, self.folder, self.url, self.systems = site, folder, url, systems
        self.write("connectors/shelf/__init__.py", "")
        self.write("connectors/shelf/hooks.py", HOOKS)
        self.write("connectors/shelf/connector.yaml", MANIFEST)
        connections = ""
        for one in systems:
            shutil.rmtree(folder / one, ignore_errors=True)
            (folder / one).mkdir(parents=True)
            connections += (
                f"{one}:\n  connector: shelf\n  role: {one}\n  label: {{zh: 系统, en: System}}\n"
                f"  settings: {{path: {folder / one}}}\n"
            )
            self.write(f"mappings/{one}/firm.yaml", _mapping("firm", one, "firms", "customer", FIRM))
            self.write(f"mappings/{one}/person.yaml", _mapping("person", one, "people", "contact", PERSON))
            for stream, name in (("firms", "firm"), ("people", "person")):
                read = f"sync: {one}_{stream}\nread: {{connection: {one}, stream: {stream}}}\nmap: {one}/{name}\n"
                self.write(f"syncs/{one}_{stream}.yaml", read)
        self.write("connections.yaml", connections)

    def beside(self, url: str) -> World:
        """The same systems with another hub."""
        twin = copy(self)
        twin.url = url
        return twin

    def target(self, system: str) -> None:
        """Let customers flow into a system: sync ``<system>_back``."""
        self.write(
            f"mappings/{system}/firm.out.yaml",
            f'mapping: {system}/firm.out\nfrom: customer\nto: {system}.firms\nfields:\n  ours: id | number("S")\n'
            "  name: legal_name\n  uscc: uscc\n  phone: phones | first\nsearch: [ours, uscc]\ncreate_only: [ours]\n",
        )
        self.write(
            f"syncs/{system}_back.yaml",
            f"sync: {system}_back\nwrite: {{connection: {system}, object: firms}}\nof: customer\n"
            f"map: {system}/firm.out\nbaseline: {system}_firms\n",
        )

    def write(self, name: str, text: str) -> None:
        file = self.site / name
        if file.exists() and file.read_text(encoding="utf-8") == text:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        LOADED.clear()

    def _file(self, stream: str) -> Path:
        system, _, name = stream.partition(".")
        return self.folder / system / f"{name}.jsonl"

    def put(self, stream: str, rows: Iterable[Row]) -> None:
        """The system holds these records and no others."""
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        self._file(stream).write_text(text, encoding="utf-8")

    def rows(self, stream: str) -> dict[str, Row]:
        """What a system holds."""
        file = self._file(stream)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return {row["key"]: row for row in map(json.loads, lines)}

    def edit(self, stream: str, key: str, **fields: Any) -> None:
        """As a person does it on the screen."""
        rows = self.rows(stream)
        rows[key] = {**rows[key], **fields}
        self.put(stream, rows.values())

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the hub database."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()

    def entity_of(self, connection: str, key: str) -> UUID:
        """The entity of a record, by its key."""
        ((one,),) = self.query(
            "select entity_id from hub.crosswalk where connection = %s and source_key = %s", connection, key
        )
        return UUID(str(one))

    def record(self, connection: str, key: str) -> int:
        """The number of a record."""
        ((one,),) = self.query(
            """select r.id from hub.source_record r join hub.stream s on s.id = r.stream_id
                where s.connection = %s and r.source_key = %s""", connection, key)  # fmt: skip
        return int(one)

    def partition(self, entity: str) -> set[frozenset[str]]:
        """Which records (``connection/stream/key``) are one, by the crosswalk."""
        found: dict[Any, set[str]] = defaultdict(set)
        for connection, stream, key, one in self.query(
            "select connection, stream, source_key, entity_id from hub.crosswalk where entity = %s", entity
        ):
            found[one].add(f"{connection}/{stream}/{key}")
        return {frozenset(group) for group in found.values()}

    def golden(self, entity: str) -> dict[str, dict[str, Any]]:
        """Golden fields by an entity's first record; what refers to a customer names that one's first record."""
        names = {
            str(one): first
            for one, first in self.query(
                "select entity_id, min(connection || '/' || stream || '/' || source_key) from hub.crosswalk group by 1"
            )
        }
        found = {}
        for one, fields in self.query(
            """select e.id, v.fields from hub.entity e join hub.entity_version v on v.entity_id = e.id and v.version = e.version
                where e.entity = %s and e.redirect_to is null""",
            entity,
        ):
            if fields.get("customer"):
                fields["customer"] = names[fields["customer"]]
            found[names[str(one)]] = fields
        return found

    def check(self) -> None:
        """What must hold at rest, whatever happened before."""
        assert_sound(self.query)


def assert_sound(query: Any) -> None:
    """What must hold of any hub at rest: every record where its cluster lives, nothing left of the dead, no dangling ids."""
    wrong = query(
        """select r.id, r.entity_id, c.entity_id from hub.source_record r join hub.contribution c on c.record_id = r.id
            where c.entity_id is distinct from r.entity_id"""
    )
    assert not wrong, f"a contribution lies elsewhere than its record: {wrong[:3]}"
    wrong = query(
        """select m.record_id from hub.match_record m join hub.source_record r on r.id = m.record_id
            where r.entity_id is distinct from (select n.birth from hub.match_record n join hub.source_record s on s.id = n.record_id
                                                 where s.entity_id = r.entity_id order by n.seat limit 1)"""
    )
    assert not wrong, f"an entity is not called after its lowest seat: {wrong[:3]}"
    wrong = query(
        """select e.id from hub.entity e join hub.match_record m on m.birth = e.id join hub.source_record r on r.id = m.record_id
            where coalesce(e.redirect_to, e.id) <> r.entity_id"""
    )
    assert not wrong, f"an id does not lead to where its first record is: {wrong[:3]}"
    wrong = query(
        "select id from hub.entity e where redirect_to is not null and exists (select 1 from hub.contribution c where c.entity_id = e.id)"
    )
    assert not wrong, f"a dead entity has records: {wrong[:3]}"
    wrong = query(
        "select e.id from hub.entity e join hub.entity t on t.id = e.redirect_to where t.redirect_to is not null"
    )
    assert not wrong, f"a redirect leads to another one: {wrong[:3]}"
    for entity in ("customer", "contact"):
        wrong = query(
            f"select g.id from golden.{entity} g join hub.entity e on e.id = g.id where e.redirect_to is not null"
        )
        assert not wrong, f"a dead {entity} has a golden row: {wrong[:3]}"
        wrong = query(
            f"""select e.id from hub.entity e where e.entity = %s and e.redirect_to is null
                   and exists (select 1 from hub.contribution c where c.entity_id = e.id)
                   and not exists (select 1 from golden.{entity} g where g.id = e.id)""", entity)  # fmt: skip
        assert not wrong, f"a living {entity} has no golden row: {wrong[:3]}"
    wrong = query(
        "select g.id from golden.contact g join hub.entity e on e.id = g.customer_id where e.redirect_to is not null"
    )
    assert not wrong, f"contacts refer to a dead customer: {wrong[:3]}"
    assert query("select count(*) from hub.work") == [(0,)], "work is left"
