"""What must be true once all is quiet. The judges are the systems' own tables and ledgers, then the hub's books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from masterdata.store import connect
from tests.faults.cell import Outcome
from tests.faults.scene import Scene, total_of
from tests.flows.world import rows
from tongmai.sync.ledger import recount_all

APPROVAL = {None: 0, "": 0, "sent": 1, "approved": 2}
MADE = (("crm", "ContractObj"), ("crm", "SalesOrderObj"), ("erp", "SAL_SaleOrder"))
SHOWN = 5


def delivered(scene: Scene) -> float:
    """The share of signed deals that is everywhere where it has to be by now: once in each system, and as far as the ERP."""
    contracts, orders = by_deal(scene, "ContractObj"), by_deal(scene, "SalesOrderObj")
    erp: dict[str, list[dict[str, Any]]] = {}
    for row in scene.erp_orders().values():
        erp.setdefault(row["FBillNo"], []).append(row)
    paid = receipts(scene)
    good = 0
    for key in scene.signed:
        if len(contracts.get(key, ())) != 1 or len(orders.get(key, ())) != 1:
            continue
        (order,) = orders[key]
        there = erp.get(order["name"], [])
        if len(there) != 1 or there[0]["FDocumentStatus"] not in ("B", "C"):
            continue
        approved = there[0]["FDocumentStatus"] == "C"
        told = order.get("erp_status__c") == "approved"
        if told == approved and Decimal(order["paid_amount__c"]) == paid.get(order["name"], Decimal(0)):
            good += 1
    return good / len(scene.signed) if scene.signed else 0.0


def judge(scene: Scene, outcome: Outcome) -> None:
    """Fill in what is wrong; nothing is wrong when all counts stay 0 and no note is made."""
    lost = list(_lost(scene))
    doubled = list(doubles(scene))
    order = list(disorder(scene))
    books = list(_books(scene))
    outcome.lost, outcome.doubled, outcome.order, outcome.books = len(lost), len(doubled), len(order), len(books)
    for name, found in (("lost", lost), ("doubled", doubled), ("order", order), ("books", books)):
        outcome.notes += [f"{name}: {text}" for text in found[:SHOWN]]
        if len(found) > SHOWN:
            outcome.notes.append(f"{name}: and {len(found) - SHOWN} more")
    outcome.notes += scene.notes[:SHOWN]


def by_deal(scene: Scene, obj: str) -> dict[str, list[dict[str, Any]]]:
    """The CRM's records that name a deal, by deal."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows(scene.systems, "crm", obj).values():
        found.setdefault(str(row.get("new_opportunity_id")), []).append(row)
    return found


def receipts(scene: Scene) -> dict[str, Decimal]:
    """What the ERP has received, by order number."""
    paid: dict[str, Decimal] = {}
    for row in rows(scene.systems, "erp", "AR_RECEIVEBILL").values():
        if row["FDocumentStatus"] == "C" and row["FCancelStatus"] == "A":
            number = row["FOrderNo"]
            paid[number] = paid.get(number, Decimal(0)) + Decimal(row["FRECEIVEAMOUNTFOR_H"])
    return paid


def _lost(scene: Scene) -> Iterator[str]:
    """Each signed deal has its contract, its orders with the newest values, its money; its instance is done."""
    contracts, orders = by_deal(scene, "ContractObj"), by_deal(scene, "SalesOrderObj")
    erp = {row["FBillNo"]: row for row in scene.erp_orders().values()}
    for key in scene.signed:
        amount = scene.said[key][-1]
        if not contracts.get(key) or not orders.get(key):
            yield f"deal {key} has {len(contracts.get(key, ()))} contracts and {len(orders.get(key, ()))} orders in the CRM"
            continue
        contract, order = contracts[key][0], orders[key][0]
        there = erp.get(order["name"])
        if there is None or there["FDocumentStatus"] != "C" or total_of(there) != amount:
            yield f"order {order['name']} in the ERP: {there and (there['FDocumentStatus'], total_of(there))}, not {amount}"
        wanted = {"order_amount": amount, "paid_amount__c": amount}
        wrong = {name: order.get(name) for name, value in wanted.items() if Decimal(order.get(name) or 0) != value}
        if Decimal(contract["contract_amount"]) != amount:
            wrong["contract_amount"] = contract["contract_amount"]
        texts = {"payment_status__c": "paid", "erp_status__c": "approved"}
        wrong |= {name: order.get(name) for name, value in texts.items() if order.get(name) != value}
        if wrong:
            yield f"order {order['name']} in the CRM: {wrong}, the amount is {amount}"
    states = dict(scene.systems.query("select state, count(*) from hub.flow_instance group by 1"))
    if states != {"done": len(scene.signed)}:
        yield f"instances {states}, {len(scene.signed)} should be done"
    for number, amount, paid, approval in scene.systems.query(
        "select number, amount, paid_amount, approval from golden.sales_order"
    ):
        if (number in erp and (total_of(erp[number]), approval) != (amount, "approved")) or paid != amount:
            yield f"golden order {number}: {amount}, paid {paid}, {approval}"


def doubles(scene: Scene) -> Iterator[str]:
    """No record was made twice: by our key, by its number, by the numbers minted."""
    for side, obj in MADE:
        server = scene.systems.crm if side == "crm" else scene.systems.erp
        ledger = server.control("ledger")
        yield from (f"{side} {name}: {keys}" for name, keys in ledger["doubled"].items() if name.startswith(f"{obj}."))
        made = Counter(e["number"] for e in ledger["entries"] if e["op"] == "create" and e["object"] == obj)
        yield from (f"{side} {obj}: {count} creates of {number}" for number, count in made.items() if count > 1)
        names = Counter(row.get("FBillNo") or row.get("name") for row in rows(scene.systems, side, obj).values())
        yield from (f"{side} {obj}: {count} records {number}" for number, count in names.items() if count > 1)
        if sum(names.values()) > len(scene.signed):
            yield f"{side} {obj}: {sum(names.values())} records for {len(scene.signed)} deals"
    for sequence in ("contract_number", "order_number"):
        found = scene.systems.query("select number from hub.minted_number where sequence = %s order by 1", sequence)
        if [number for (number,) in found] != list(range(1, len(scene.signed) + 1)):
            yield f"{sequence}: {len(found)} numbers for {len(scene.signed)} deals, or gaps"


def disorder(scene: Scene) -> Iterator[str]:
    """Per record, what was written never goes back: money, approval, and the amounts of changed deals."""
    deals = {order["_id"]: key for key, found in by_deal(scene, "SalesOrderObj").items() for order in found}
    written: dict[str, list[Mapping[str, Any]]] = {}
    for entry in scene.systems.writes(scene.systems.crm):
        if entry["object"] == "SalesOrderObj" and entry["op"] in ("create", "update"):
            written.setdefault(entry["key"], []).append(entry["payload"])
    for key, payloads in written.items():
        paid = [Decimal(p["paid_amount__c"]) for p in payloads if p.get("paid_amount__c") not in (None, "")]
        yield from _back(f"CRM order {key} paid", paid)
        yield from _back(
            f"CRM order {key} approval", [APPROVAL[p["erp_status__c"]] for p in payloads if "erp_status__c" in p]
        )
        amounts = [Decimal(p["order_amount"]) for p in payloads if p.get("order_amount") is not None]
        if key in deals and deals[key] in scene.said:
            yield from _newest(f"CRM order {key} amount", amounts, scene.said[deals[key]])
    keys = {number: key for key, number in scene.numbers().items()}
    erp: dict[str, list[Decimal]] = {}
    for entry in scene.systems.writes(scene.systems.erp):
        lines = entry["payload"].get("FSaleOrderEntry") if isinstance(entry["payload"], dict) else None
        if entry["object"] == "SAL_SaleOrder" and entry["op"] in ("create", "update") and lines:
            total = sum((Decimal(str(e["FQty"])) * Decimal(str(e["FTaxPrice"])) for e in lines), Decimal(0))
            erp.setdefault(entry["number"], []).append(total)
    for number, totals in erp.items():
        if number in keys:
            yield from _newest(f"ERP order {number} total", totals, scene.said[keys[number]])


def _back(name: str, values: Sequence[Any]) -> Iterator[str]:
    if any(later < earlier for earlier, later in pairwise(values)):
        yield f"{name} goes back: {[str(value) for value in values]}"


def _newest(name: str, values: Sequence[Decimal], said: Sequence[Decimal]) -> Iterator[str]:
    """Values were said one after the other; no older one follows a newer one, and the newest one is last."""
    foreign = [value for value in values if value not in said]
    if foreign:
        yield f"{name}: nobody ever said {foreign[0]}"
        return
    yield from _back(name, [said.index(value) for value in values])
    if values and values[-1] != said[-1]:
        yield f"{name}: {values[-1]} was written last, {said[-1]} is the newest"


def _books(scene: Scene) -> Iterator[str]:
    """Both equations close, nothing is left over, nothing went to quarantine."""
    with connect(scene.systems.url) as database, database.transaction() as cursor:
        for row in recount_all(cursor):
            yield from (f"{row['name']}: {problem}" for problem in row["problems"])
    for table in ("work", "outbox"):
        ((count,),) = scene.systems.query(f"select count(*) from hub.{table}")
        if count:
            yield f"{count} rows are left in hub.{table}"
    for stage, target, code, reason in scene.systems.query(
        "select stage, coalesce(target, ''), code, reason from hub.quarantined_record where state = 'open' and id > %s",
        scene.baseline_quarantine,
    ):
        yield f"quarantined {stage} {target} {code}: {reason[:160]}"
