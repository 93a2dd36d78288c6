"""A site with two small systems that keep customers, each in a JSON file; the ERP's clients are a target too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg

from bench.matching.codes import credit_code
from tests.sync.desk_world import HOOKS
from tongmai.sync.report import SyncReport
from tongmai.sync.run import SyncOptions, run_sync

FIELDS = "fields: {id: text, name: text, code: text, city: text, phone: text, person: text, ours: text, off: boolean}"
WRITE = "{stream: %s, our_key: ours, key_enforced: true, search: [ours], deactivate: %s}"
READ = (
    "to: customer\nfields:\n  legal_name: name\n  uscc: code | uscc\n  city: city\n  phones: [phone | phone]\n"
    "  contact_person: person\n  status: \"'inactive' if off else 'active'\"\n"
)
BACK = (
    'fields:\n  ours: id | number("T")\n  name: legal_name\n  code: uscc\n  city: city\n'
    "search: [ours]\ncreate_only: [ours]\n"
)
FILES = {
    "connectors/tray/__init__.py": "",
    "connectors/tray/hooks.py": HOOKS,
    "connectors/tray/connector.yaml": "connector: tray\nlabel: {zh: 盘, en: Tray}\nkind: generic\n"
    "connection:\n  path: {type: path, required: true}\n"
    f"streams:\n  Account: {{key: id, {FIELDS}}}\n  Client: {{key: id, {FIELDS}}}\n"
    "  Deal: {key: id, fields: {id: text, name: text, who: text, stage: text}}\n"
    f"writes:\n  Client: {WRITE % ('Client', 'true')}\n  Account: {WRITE % ('Account', 'false')}\n",
    "connections.yaml": "tray_crm:\n  connector: tray\n  role: crm\n  label: {zh: 客户盘, en: CRM tray}\n  settings: {path: CRM}\n"
    "tray_erp:\n  connector: tray\n  role: erp\n  label: {zh: 财务盘, en: ERP tray}\n  settings: {path: ERP}\n",
    "mappings/tray/account.yaml": "mapping: tray/account\nfrom: tray.Account\n" + READ,
    "mappings/tray/client.yaml": "mapping: tray/client\nfrom: tray.Client\n" + READ,
    "mappings/tray/client.out.yaml": "mapping: tray/client.out\nfrom: customer\nto: tray.Client\n" + BACK,
    "mappings/tray/account.out.yaml": "mapping: tray/account.out\nfrom: customer\nto: tray.Account\n" + BACK,
    "mappings/tray/deal.yaml": "mapping: tray/deal\nfrom: tray.Deal\nto: opportunity\nfields:\n  name: name\n"
    "  customer: who | ref(customer, Account)\n  stage: stage | term(opportunity_stage)\n",
    "syncs/accounts.yaml": "sync: accounts\nread: {connection: tray_crm, stream: Account}\nmap: tray/account\n",
    "syncs/clients.yaml": "sync: clients\nread: {connection: tray_erp, stream: Client}\nmap: tray/client\n",
    "syncs/deals.yaml": "sync: deals\nread: {connection: tray_crm, stream: Deal}\nmap: tray/deal\n",
    "syncs/clients_back.yaml": "sync: clients_back\nwrite: {connection: tray_erp, object: Client, lanes: 1}\nof: customer\n"
    "map: tray/client.out\nbaseline: clients\n",
    "syncs/accounts_back.yaml": "sync: accounts_back\nwrite: {connection: tray_crm, object: Account, lanes: 1}\nof: customer\n"
    "map: tray/account.out\nbaseline: accounts\n",
}
CODE = credit_code("91", "310115", "MA1K3ABC")
FULL = "上海拓金生物科技有限公司"
SLIP = "上海拓进生物科技有限公司"
"""Of ``FULL`` a slip of the pen, or another company: weighs 2.4 bits, so a person is asked."""


class World:
    """Both trays and the hub."""

    def __init__(self, folder: Path, url: str) -> None:
        self.files = {"Account": folder / "crm.json", "Deal": folder / "crm.json", "Client": folder / "erp.json"}
        self.url = url

    def data(self, stream: str) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.files[stream].read_text(encoding="utf-8"))
        return data

    def put(self, stream: str, key: str, **fields: Any) -> None:
        """As a person does it on the screen."""
        data = self.data(stream)
        data.setdefault(stream, {}).setdefault(key, {"id": key}).update(fields)
        self.files[stream].write_text(json.dumps(data), encoding="utf-8")

    def rows(self, stream: str) -> dict[str, dict[str, Any]]:
        rows: dict[str, dict[str, Any]] = self.data(stream).get(stream, {})
        return rows

    def writes(self, stream: str) -> list[Any]:
        return list(self.data(stream).get("writes", []))

    def run(self, *names: str, **options: Any) -> list[SyncReport]:
        """Runs that must go well."""
        reports = [run_sync(name, SyncOptions(**options)) for name in names]
        for report in reports:
            assert report.ok, report.as_json()
        return reports

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()  # type: ignore[arg-type]

    def entity(self, key: str) -> str:
        """The entity of a record, by its key (keys are told apart by their stream's letter)."""
        return str(self.query("select entity_id from hub.source_record where source_key = %s", key)[0][0])

    def record(self, key: str) -> int:
        return int(self.query("select id from hub.source_record where source_key = %s", key)[0][0])

    def golden(self, key: str) -> dict[str, Any]:
        """The golden fields of a record's entity."""
        found = self.query(
            """select v.fields from hub.entity e join hub.entity_version v on v.entity_id = e.id and v.version = e.version
                where e.id = %s""",
            self.entity(key),
        )
        fields: dict[str, Any] = found[0][0]
        return fields


def build(site: Path, url: str) -> World:
    """Fill a site folder."""
    for name, text in FILES.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        text = text.replace("path: CRM", f"path: {site / 'crm.json'}").replace(
            "path: ERP", f"path: {site / 'erp.json'}"
        )
        (site / name).write_text(text, encoding="utf-8")
    for name in ("crm.json", "erp.json"):
        (site / name).write_text("{}", encoding="utf-8")
    return World(site, url)
