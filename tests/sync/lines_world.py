"""A site with two small systems that keep orders with lines in JSON files: a CRM that sells, an ERP that books."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MANIFEST = """
connector: pad
label: {zh: 本子, en: Pad}
kind: generic
connection:
  path: {type: path, required: true}
streams:
  Product:   {key: id}
  Order:     {key: id}
  Material:  {key: id, fields: {FNumber: text, FName: text}}
  SaleOrder:
    key: id
    fields: {FBillNo: text, FNote: text, OurKey: text}
    lines:
      FSaleOrderEntry: {key: FEntryID, fields: {FEntryID: integer, FMaterialId.Id: text, FMaterialId.FNumber: text, FQty: number, FPrice: number}, custom: "F_*"}
  Receipt:   {key: id}
writes:
  SaleOrder:
    stream: SaleOrder
    our_key: OurKey
    key_enforced: true
    search: [OurKey]
    lines:
      FSaleOrderEntry: {fields: {FMaterialId.FNumber: text, FQty: number, FPrice: number}}
"""
HOOKS = '''
"""Records in a JSON file: {stream: {key: record}}; lines are given as flat rows. As an ERP does it, lines get numbers and prices, quantities become floats."""

import json
from pathlib import Path

from connectors.sdk import CheckResult, Page, Record, RemoteRecord, Written, fingerprint


def connect(settings, manifest):
    return Pad(Path(settings["path"]))


class Pad:
    def __init__(self, path):
        self.path = path

    def load(self):
        return json.loads(self.path.read_text(encoding="utf-8"))

    def check(self):
        return CheckResult(True)

    def read(self, request):
        rows = self.load().get(request.stream, {})
        records = []
        for key, row in rows.items():
            if request.keys and key not in request.keys:
                continue
            raw = json.dumps(row, sort_keys=True).encode()
            records.append(Record(key, raw, fingerprint(raw)))
        yield Page(records, checkpoint="1", complete=not request.keys)

    def decode(self, stream, raw):
        row = json.loads(raw)
        numbers = {one["FNumber"]: key for key, one in self.load().get("Material", {}).items()}
        for line in row.get("FSaleOrderEntry") or []:
            number = line.pop("FMaterialId")["FNumber"]
            line.update({"FMaterialId.FNumber": number, "FMaterialId.Id": numbers.get(number)})
        return row

    def writer(self, target):
        return self

    def find(self, field, values):
        found = {}
        for key, row in self.load().get("SaleOrder", {}).items():
            if row.get(field) in values:
                found.setdefault(row[field], []).append(RemoteRecord(key, row))
        return found

    def save(self, key, payload):
        data = self.load()
        row = {**data.setdefault("SaleOrder", {}).get(key, {}), **payload}
        for number, line in enumerate(row.get("FSaleOrderEntry") or [], 100):
            line["FEntryID"] = number
            line["FQty"] = float(line["FQty"])
            line.setdefault("FPrice", "9.90")
        data["SaleOrder"][key] = row
        data.setdefault("writes", []).append([key, payload])
        self.path.write_text(json.dumps(data), encoding="utf-8")
        return Written(key)

    def create(self, payload, key):
        return self.save(f"S{len(self.load().get('SaleOrder', {})) + 1}", dict(payload))

    def update(self, remote_key, payload):
        return self.save(remote_key, dict(payload))

    def close(self):
        pass
'''
ENTITIES = {
    "good": """
entity: good
label: {zh: 货品, en: Good}
fields:
  name:   {type: text, required: true, label: {zh: 名称, en: Name}}
  number: {type: text, label: {zh: 编码, en: Number}}
matching: {exact: [name, number]}
""",
    "deal": """
entity: deal
label: {zh: 订单, en: Deal}
fields:
  number: {type: text, required: true, label: {zh: 单号, en: Number}}
  note:   {type: text, label: {zh: 备注, en: Note}}
  lines:
    type: lines
    label: {zh: 明细, en: Lines}
    fields:
      good:     {type: ref(good), required: true, label: {zh: 货品, en: Good}}
      quantity: {type: decimal, required: true, label: {zh: 数量, en: Quantity}}
      price:    {type: decimal, label: {zh: 单价, en: Price}}
      gift:     {type: ref(good), label: {zh: 赠品, en: Gift}}
matching: {exact: [number]}
rules:
  - holds: (lines | length) <= 3
    code: too-many-lines
    label: {zh: 明细过多, en: Too many lines}
    otherwise: quarantine
""",
    "money": """
entity: money
label: {zh: 收款, en: Money}
fields:
  amount: {type: decimal, required: true, label: {zh: 金额, en: Amount}}
  deal:   {type: ref(deal), required: true, label: {zh: 订单, en: Deal}}
  other:  {type: ref(deal), label: {zh: 另一订单, en: Other deal}}
""",
}
MAPPINGS = {
    "product": """
mapping: pad/product
from: pad.Product
to: good
fields: {name: name}
""",
    "material": """
mapping: pad/material
from: pad.Material
to: good
fields: {name: FName, number: FNumber}
""",
    "order": """
mapping: pad/order
from: pad.Order
to: deal
fields:
  number: number
  note: note
  lines:
    each: items
    only_if: (qty | decimal) > 0
    fields:
      good: product | ref(good, Product)
      quantity: qty | decimal
      price: price
      gift: gift | ref(good, Product, optional)
""",
    "saleorder": """
mapping: pad/saleorder
from: pad.SaleOrder
to: deal
fields:
  number: FBillNo
  note: FNote
  lines:
    each: FSaleOrderEntry
    fields:
      good: FMaterialId.FNumber | ref(good, by=number)
      quantity: FQty
      price: FPrice
""",
    "saleorder.out": """
mapping: pad/saleorder.out
from: deal
to: pad.SaleOrder
fields:
  OurKey: id | number("D")
  FBillNo: number
  FNote: note
  FSaleOrderEntry:
    each: lines
    fields:
      FMaterialId.FNumber: good | remote_key(Material, number)
      FQty: quantity
      FPrice: price
search: [OurKey]
create_only: [OurKey]
""",
    "receipt": """
mapping: pad/receipt
from: pad.Receipt
to: money
fields:
  amount: amount
  deal: order_number | ref(deal, by=number)
  other: other_number | ref(deal, optional, by=number)
""",
}
SYNCS = {
    "crm_goods": "read: {connection: pad_crm, stream: Product}\nmap: pad/product",
    "crm_deals": "read: {connection: pad_crm, stream: Order}\nmap: pad/order",
    "erp_goods": "read: {connection: pad_erp, stream: Material}\nmap: pad/material",
    "erp_deals_in": "read: {connection: pad_erp, stream: SaleOrder}\nmap: pad/saleorder",
    "erp_money": "read: {connection: pad_erp, stream: Receipt}\nmap: pad/receipt",
    "erp_deals": "write: {connection: pad_erp, object: SaleOrder}\nof: deal\nmap: pad/saleorder.out\n"
    "baseline: erp_deals_in\ncreate: search-first\nguarantee: effectively-once",
}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.lstrip("\n"), encoding="utf-8")


def build(site: Path) -> None:
    """Fill a site folder."""
    write(site / "connectors" / "pad" / "connector.yaml", MANIFEST)
    write(site / "connectors" / "pad" / "hooks.py", HOOKS)
    write(site / "connectors" / "pad" / "__init__.py", "")
    for name, text in ENTITIES.items():
        write(site / "masterdata" / name / "entity.yaml", text)
    for name, text in MAPPINGS.items():
        write(site / "mappings" / "pad" / f"{name}.yaml", text)
    for name, text in SYNCS.items():
        write(site / "syncs" / f"{name}.yaml", f"sync: {name}\nlabel: {{zh: 同步, en: Sync}}\n{text}\n")
    connections = [
        f"{name}:\n  connector: pad\n  role: {role}\n  label: {{zh: 本子, en: Pad}}\n  settings: {{path: {site / name}.json}}"
        for name, role in (("pad_crm", "crm"), ("pad_erp", "erp"))
    ]
    write(site / "connections.yaml", "\n".join(connections) + "\n")
    for name in ("pad_crm", "pad_erp"):
        write(site / f"{name}.json", "{}")


def put(site: Path, connection: str, stream: str, key: str, **fields: Any) -> None:
    """Set fields of a record, as somebody does it in the system's own screens."""
    file = site / f"{connection}.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    row = data.setdefault(stream, {}).setdefault(key, {"id": key})
    row.update(fields)
    file.write_text(json.dumps(data), encoding="utf-8")


def system(site: Path, connection: str) -> dict[str, Any]:
    """All that a system holds."""
    data: dict[str, Any] = json.loads((site / f"{connection}.json").read_text(encoding="utf-8"))
    return data
