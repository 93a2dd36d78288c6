"""Fxiaoke records with lines: read whole, noticed when only a line changed, written in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk import Connector, Page, ReadRequest, Record
from connectors.testing.server import SimulatorServer
from tongmai.core.errors import ConfigurationError, FatalError, OutcomeUnknownError, RemoteRefusedError

Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]
DEAL, LINES = "NewOpportunityObj", "NewOpportunityLinesObj"
ORDER, ORDER_LINES = "SalesOrderObj", "SalesOrderProductObj"
QUERY = "/cgi/crm/v2/data/query"


def _read(connection: Connector, stream: str = DEAL, **request: Any) -> tuple[dict[str, Record], str | None]:
    """Records by key (each exactly once) and the last checkpoint given."""
    pages: list[Page] = list(connection.read(ReadRequest(stream, **request)))
    records = [record for page in pages for record in page.records]
    assert len({record.key for record in records}) == len(records)
    checkpoints = [page.checkpoint for page in pages if page.checkpoint is not None]
    return {record.key: record for record in records}, checkpoints[-1] if checkpoints else None


def _later(checkpoint: str | None) -> str:
    """A checkpoint just above: what was read is not read again for having its very time."""
    first, *rest = (checkpoint or "").split(";")
    parts = [str(int(first) + 1)]
    for each in rest:
        name, _, at = each.partition("=")
        parts.append(f"{name}={int(at) + 1}")
    return ";".join(parts)


def _lines(server: SimulatorServer, obj: str = LINES, column: str = "new_opportunity_id") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, row in sorted(server.vendor.state.tables[obj].rows.items()):
        found.setdefault(row[column], []).append(key)
    return found


def _edit(server: SimulatorServer, obj: str, key: str = "", op: str = "update", **item: Any) -> str:
    return str(server.control(f"records/{obj}", {"op": op, "key": key, **item})["keys"][0])


def test_each_seeded_opportunity_has_lines_that_add_up(serve: Serve) -> None:
    tables = serve("fxiaoke", customers=400).vendor.state.tables
    for key, deal in tables[DEAL].rows.items():
        lines = tables[LINES].numbered(key)
        assert 1 <= len(lines) <= 3
        total = sum(float(line["quantity"]) * float(line["sales_price"]) for line in lines)
        assert total == pytest.approx(float(deal["amount"]))
    assert len(tables["LeadsObj"].rows) == 40


@pytest.mark.parametrize("page_size", [1, 3, 100])
def test_a_record_carries_its_lines_in_order(serve: Serve, connect: Connect, page_size: int) -> None:
    server = serve("fxiaoke", limits=False)
    connection = connect(server, page_size=page_size)
    owner = sorted(server.vendor.state.tables[DEAL].rows)[0]
    for number in range(7):
        _edit(server, LINES, op="insert", fields={"new_opportunity_id": owner, "quantity": str(number)})
    records, checkpoint = _read(connection, full=True)
    wanted = _lines(server)
    assert set(records) == set(server.vendor.state.tables[DEAL].rows)
    for key, record in records.items():
        shown = connection.decode(DEAL, record.raw)[LINES]
        assert [line["_id"] for line in shown] == wanted.get(key, [])
        assert all(line["new_opportunity_id"] == key for line in shown)
    newest = max(row["last_modified_time"] for row in server.vendor.state.tables[LINES].rows.values())
    assert (checkpoint or "").endswith(f";{LINES}={newest}")
    some = tuple(sorted(records))[:2]
    again, _ = _read(connection, keys=some)
    assert {key: record.raw for key, record in again.items()} == {key: records[key].raw for key in some}


def test_a_thousand_inserted_at_once_are_all_read(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke", limits=False)
    connection = connect(server)
    _, checkpoint = _read(connection, full=True)
    account = next(iter(server.vendor.state.tables["AccountObj"].rows))
    product = next(iter(server.vendor.state.tables["ProductObj"].rows))
    lines = [{"product_id": product, "quantity": "2", "sales_price": str(n)} for n in (1, 2, 3)]
    item = {"op": "insert", "fields": {"account_id": account}, "details": {LINES: lines}}
    body = [{**item, "fields": {**item["fields"], "name": f"批量{n}"}} for n in range(1000)]  # type: ignore[dict-item]
    keys = server.control(f"records/{DEAL}", body)["keys"]
    records, _ = _read(connection, checkpoint=checkpoint)
    assert set(keys) <= set(records)
    assert all(len(connection.decode(DEAL, records[key].raw)[LINES]) == 3 for key in keys)


@pytest.mark.parametrize("touches", [False, True])
def test_a_changed_or_added_line_brings_its_record(serve: Serve, connect: Connect, touches: bool) -> None:
    server = serve("fxiaoke", limits=False)
    server.control("switches", {"detail_touches_master": touches})
    connection = connect(server, page_size=4)
    whole, checkpoint = _read(connection, full=True)
    lines = _lines(server)
    first, second, third = sorted(lines)[:3]
    _edit(server, LINES, lines[first][0], fields={"quantity": "77"})
    _edit(server, LINES, op="insert", fields={"new_opportunity_id": second, "quantity": "5"})
    _edit(server, DEAL, third, fields={"remark": "改"})
    _edit(server, LINES, lines[third][0], fields={"quantity": "78"})
    changed, reached = _read(connection, checkpoint=_later(checkpoint))
    assert set(changed) == {first, second, third}
    assert all(changed[key].fingerprint != whole[key].fingerprint for key in changed)
    assert connection.decode(DEAL, changed[first].raw)[LINES][0]["quantity"] == "77"
    assert [line["_id"] for line in connection.decode(DEAL, changed[second].raw)[LINES]] == _lines(server)[second]
    quiet, after = _read(connection, checkpoint=_later(reached))
    assert quiet == {} and after == _later(reached)


def test_lines_need_not_be_watched(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke", limits=False)
    connection = connect(server, watch_details=False)
    _, checkpoint = _read(connection, full=True)
    assert ";" not in (checkpoint or "")
    key = _lines(server)[min(_lines(server))][0]
    _edit(server, LINES, key, fields={"quantity": "77"})
    assert _read(connection, checkpoint=_later(checkpoint))[0] == {}
    # A checkpoint with the lines' time keeps it while they are not watched, so that nothing is skipped afterwards.
    _, old = _read(connect(server, name="watching"), full=True)
    lines_part = (old or "").partition(";")[2]
    _edit(server, LINES, key, fields={"quantity": "78"})
    _edit(server, DEAL, min(_lines(server)), fields={"remark": "改"})
    _, kept = _read(connection, checkpoint=old)
    assert (kept or "").partition(";")[2] == lines_part
    assert min(_lines(server)) in _read(connect(server, name="again"), checkpoint=kept)[0]


def test_a_checkpoint_from_before_lines_were_read_still_serves(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke", limits=False)
    connection = connect(server)
    plain = str(max(row["last_modified_time"] for row in server.vendor.state.tables[DEAL].rows.values()) + 1)
    owner = min(_lines(server))
    _edit(server, LINES, _lines(server)[owner][0], fields={"quantity": "77"})
    assert set(_read(connection, checkpoint=plain)[0]) == {owner}
    with pytest.raises(ConfigurationError, match="in full once"):
        _read(connection, checkpoint=f"{plain};{LINES}=soon")


def test_lines_that_change_while_pages_are_read_are_not_lost(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke", limits=False)
    connection = connect(server, page_size=3)
    lines = [key for keys in _lines(server).values() for key in keys]
    seen: dict[str, bytes] = {}
    checkpoint = None
    for round_ in range(3):
        request = ReadRequest(DEAL, checkpoint=checkpoint, full=round_ == 0)
        for number, page in enumerate(connection.read(request)):
            seen.update({record.key: record.raw for record in page.records})
            checkpoint = page.checkpoint or checkpoint
            if round_ == 0 and number < 3:
                _edit(server, LINES, lines[number], fields={"remark": f"改{number}"})
                _edit(server, LINES, lines[-1 - number], fields={"remark": f"改后{number}"})
                _edit(server, LINES, op="insert", fields={"new_opportunity_id": min(_lines(server))})
    rows = server.vendor.state.tables[LINES].rows
    for key, raw in seen.items():
        shown = connection.decode(DEAL, raw)[LINES]
        assert [(line["_id"], line.get("remark")) for line in shown] == [
            (line, rows[line].get("remark")) for line in _lines(server)[key]
        ]


def test_gone_lines_vanish_at_the_next_listing_and_whenever_the_record_is_read(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke", limits=False)
    connection = connect(server)
    whole, checkpoint = _read(connection, full=True)
    many = [key for key, keys in _lines(server).items() if len(keys) > 1]
    deleted, invalid = many[:2]
    _edit(server, LINES, _lines(server)[deleted][0], "delete")
    _edit(server, LINES, _lines(server)[invalid][0], fields={"life_status": "invalid"})
    assert _read(connection, checkpoint=_later(checkpoint))[0] == {}, "a line that is gone is in no window"
    again, _ = _read(connection, full=True)
    for key in (deleted, invalid):
        before, after = (connection.decode(DEAL, side[key].raw)[LINES] for side in (whole, again))
        assert after == before[1:] and again[key].fingerprint != whole[key].fingerprint
    server.control("switches", {"invalid_visible": True})
    shown, _ = _read(connect(server, name="sees", invalid_rows_visible=True), checkpoint=_later(checkpoint))
    assert set(shown) == {invalid}, "where a tenant shows invalidated rows, their records are read again"
    assert connection.decode(DEAL, shown[invalid].raw)[LINES] == connection.decode(DEAL, again[invalid].raw)[LINES]


def test_the_fingerprint_of_lines_ignores_what_belongs_to_other_records(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke", limits=False)
    connection = connect(server)
    before, _ = _read(connection, full=True)
    for key in list(server.vendor.state.tables["ProductObj"].rows):
        _edit(server, "ProductObj", key, fields={"name": f"改名{key}"})
    after, _ = _read(connection, full=True)
    assert {k: r.fingerprint for k, r in before.items()} == {k: r.fingerprint for k, r in after.items()}
    assert all(before[key].raw != after[key].raw for key in before), "a line shows the name of its product"


def _new_order(server: SimulatorServer) -> dict[str, Any]:
    tables = server.vendor.state.tables
    deal = next(iter(tables[DEAL].rows.values()))
    product = next(iter(tables["ProductObj"].rows))
    line = {"product_id": product, "quantity": "3", "sales_price": "10.50"}
    head = {"name": "SO-1", "account_id": deal["account_id"], "new_opportunity_id": deal["_id"]}
    return {
        **head,
        "order_amount": "63.00",
        "order_time": 1767196800000,
        ORDER_LINES: [line, {**line, "quantity": "1"}],
    }


def test_an_order_is_created_with_its_lines_in_one_call(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    writer = connection.writer(ORDER)
    written = writer.create(_new_order(server), "K-1")
    lines = server.vendor.state.tables[ORDER_LINES].numbered(written.key)
    assert [line["subtotal"] for line in sorted(lines, key=lambda line: line["quantity"])] == ["10.50", "31.50"]
    assert all(line["name"].startswith("DDMX") for line in lines)
    record = _read(connection, ORDER, full=True)[0][written.key]
    shown = connection.decode(ORDER, record.raw)
    assert shown["tongmai_key__c"] == "K-1" and len(shown[ORDER_LINES]) == 2
    assert server.control("requests")["by_path"]["/cgi/crm/v2/data/create"] == 1
    entry = server.control("ledger")["entries"][0]
    assert (entry["our_key"], entry["number"], len(entry["payload"][ORDER_LINES])) == ("K-1", "SO-1", 2)
    assert [each.key for each in writer.find("name", ["SO-1"])["SO-1"]] == [written.key]
    assert [each.key for each in writer.find("tongmai_key__c", ["K-1"])["K-1"]] == [written.key]
    writer.update(written.key, {"paid_amount__c": "12.00", "payment_status__c": "partial", "erp_status__c": "approved"})
    assert server.vendor.state.tables[ORDER].rows[written.key]["paid_amount__c"] == "12.00"
    assert len(server.vendor.state.tables[ORDER_LINES].numbered(written.key)) == 2
    writer.deactivate(written.key)
    assert written.key not in _read(connection, ORDER, full=True)[0]


def test_contracts_and_opportunities_are_written(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    account = min(server.vendor.state.tables["AccountObj"].rows)
    deal = connection.writer(DEAL).create({"name": "商机", "account_id": account, LINES: [{"quantity": "1"}]}, "D-1")
    fields = {"account_id": account, "new_opportunity_id": deal.key, "contract_amount": "5.00"}
    contract = connection.writer("ContractObj").create({**fields, "name": "HT-9", "sign_date": 1767196800000}, "C-1")
    record = _read(connection, "ContractObj", full=True)[0][contract.key]
    shown = connection.decode("ContractObj", record.raw)
    assert {name: shown[name] for name in fields} == fields and shown["name"] == "HT-9"
    connection.writer(DEAL).update(deal.key, {"sales_stage": "s4"})
    assert server.vendor.state.tables[DEAL].rows[deal.key]["sales_stage"] == "s4"
    # The vendor does not keep names unique: only looking up by our key prevents a double.
    connection.writer("ContractObj").create({**fields, "name": "HT-9"}, "C-1")
    assert list(server.control("ledger")["doubled"]) == ["ContractObj.C-1"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({ORDER_LINES: [{"nonsense": "1"}]}, "nonsense 不存在"),
        ({ORDER_LINES: [{"product_id": "f" * 24}]}, "引用的数据"),
        ({ORDER_LINES: "1"}, "no list of lines"),
        ({ORDER_LINES: ["1"]}, "no list of lines"),
        ({"account_id": None}, "必填字段 account_id"),
    ],
)
def test_a_refused_line_refuses_the_whole(serve: Serve, connect: Connect, change: dict[str, Any], text: str) -> None:
    server = serve("fxiaoke")
    with pytest.raises(RemoteRefusedError, match=text):
        connect(server).writer(ORDER).create({**_new_order(server), **change}, "K-1")
    assert not server.vendor.state.tables[ORDER].rows and not server.vendor.state.tables[ORDER_LINES].rows
    assert server.control("ledger")["total"] == 0


def test_an_update_with_lines_is_refused_before_it_is_sent(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    writer = connect(server).writer(ORDER)
    key = writer.create(_new_order(server), "K-1").key
    with pytest.raises(RemoteRefusedError, match="only with a new record") as caught:
        writer.update(key, {"remark": "x", ORDER_LINES: []})
    assert caught.value.code == "fxiaoke-lines"
    assert "/cgi/crm/v2/data/update" not in server.control("requests")["by_path"]


def test_a_lost_answer_to_a_create_with_lines(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    writer = connect(server).writer(ORDER)
    server.control("faults", [{"kind": "timeout_after", "path": "/create", "seconds": 0.01}])
    with pytest.raises(OutcomeUnknownError):
        writer.create(_new_order(server), "K-7")
    found = writer.find("tongmai_key__c", ["K-7"])["K-7"]
    assert len(server.vendor.state.tables[ORDER_LINES].numbered(found[0].key)) == 2


def test_payments_show_which_orders_they_pay(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    order = connection.writer(ORDER).create(_new_order(server), "K-1").key
    account = server.vendor.state.tables[ORDER].rows[order]["account_id"]
    paid = {"OrderPaymentObj": [{"order_id": order, "payment_amount": "20.00"}]}
    key = _edit(server, "PaymentObj", op="insert", fields={"account_id": account}, details=paid)
    records, checkpoint = _read(connection, "PaymentObj")
    shown = connection.decode("PaymentObj", records[key].raw)
    assert [(line["order_id"], line["payment_amount"]) for line in shown["OrderPaymentObj"]] == [(order, "20.00")]
    _edit(server, "PaymentObj", key, "delete")
    assert not server.vendor.state.tables["OrderPaymentObj"].rows, "a record goes with its lines"
    assert _read(connection, "PaymentObj", checkpoint=checkpoint)[0] == {}


def test_details_of_the_wrong_master_are_refused_by_the_control_api(serve: Serve) -> None:
    server = serve("fxiaoke")
    for op, details in (("insert", {ORDER_LINES: [{}]}), ("update", {LINES: [{}]})):
        with pytest.raises(Exception, match="400"):
            _edit(server, DEAL, op=op, details=details)


def test_lines_of_another_record_in_the_answer_end_the_read(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    stray = {"errorCode": 0, "data": {"dataList": [{"_id": "1", "new_opportunity_id": "2"}]}}
    server.control("faults", [{"kind": "error_body", "path": QUERY, "in_body": "IN", "body": stray, "times": 0}])
    with pytest.raises(FatalError, match="not asked for"):
        _read(connection, full=True)
