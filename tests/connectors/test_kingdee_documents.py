"""Documents of the ERP through our connector: read whole with their lines, written up to submission and never further."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk import Connector, ReadRequest
from connectors.testing.server import SimulatorServer
from tongmai.core.errors import (
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    ProtocolError,
    RemoteRefusedError,
    RetryableError,
)

Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]
ORDER, LINES = "SAL_SaleOrder", "FSaleOrderEntry"


def line(code: str = "P001", quantity: Any = 1, price: Any = "100.50") -> dict[str, Any]:
    return {"FMaterialId": {"FNumber": code}, "FQty": quantity, "FTaxPrice": price}


def payload(number: str = "SO1", lines: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "FBillNo": number,
        "FDate": "2026-01-05",
        "FCustId.FNumber": "CUST000001",
        LINES: [line(), line("P002", 2)] if lines is None else lines,
        **fields,
    }


def rows(server: SimulatorServer, form: str = ORDER) -> dict[int, Any]:
    return dict(server.vendor.state.tables[form].rows)


def read(connection: Connector, form: str = ORDER, **request: Any) -> list[dict[str, Any]]:
    pages = connection.read(ReadRequest(form, **request))
    return [connection.decode(form, record.raw) for page in pages for record in page.records]


def ops(server: SimulatorServer) -> list[str]:
    return [entry["op"] for entry in server.control("ledger")["entries"]]


def failure(code: int, text: str = "某种原因") -> dict[str, Any]:
    status = {"IsSuccess": False, "MsgCode": code, "Errors": [{"Message": text}], "SuccessEntitys": []}
    return {"Result": {"ResponseStatus": status}}


def by_hand(server: SimulatorServer, sizes: list[int]) -> None:
    """Approved orders with so many lines each, as people entered them."""
    for size in sizes:
        lines = [line(f"P00{n % 8 + 1}", n + 1) for n in range(size)]
        fields = {"FDocumentStatus": "C", "FCustId": "CUST000002", LINES: lines}
        server.control(f"records/{ORDER}", {"op": "insert", "fields": fields})


def test_an_order_comes_back_as_one_record(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    connection = connect(server)
    written = connection.writer(ORDER).create(payload(), "key-1")
    (record,) = read(connection, full=True)
    assert (str(record["FID"]), record["FBillNo"], record["F_TM_KEY"]) == (written.key, "SO1", "key-1")
    assert record["FCustId"] == {"Id": 100001, "FNumber": "CUST000001"} and record["FSaleOrgId"] == {"FNumber": "100"}
    assert record["FDocumentStatus"] == "B"
    first, second = record[LINES]
    assert first["FMaterialId"] == {"Id": 200001, "FNumber": "P001"} and first["FSeq"] == 1
    assert (second["FMaterialId"]["FNumber"], str(second["FQty"]), second["FAllAmount"]) == ("P002", "2", "201.00")
    (found,) = connection.writer(ORDER).find("FBillNo", ["so1"])["so1"]
    assert found.key == written.key and found.fields == record, "a look-up shows what a read shows"
    assert connection.writer(ORDER).find("F_TM_KEY", ["key-1", "other"]).keys() == {"key-1"}


@pytest.mark.parametrize("query", ["ExecuteBillQuery", "BillQuery"])
@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 2000])
def test_no_document_is_cut_by_a_page(serve: Serve, connect: Connect, page_size: int, query: str) -> None:
    server = serve("kingdee")
    by_hand(server, [1, 3, 2, 7, 0, 1, 15, 2, 3])
    connection = connect(server, page_size=page_size, query=query)
    for request in ({"full": True}, {"checkpoint": "2000-01-01T00:00:00"}, {"keys": tuple(map(str, rows(server)))}):
        records = read(connection, **request)
        assert [record["FID"] for record in records] == sorted(rows(server))
        for record in records:
            kept = rows(server)[record["FID"]]["entries"]
            assert [each["FEntryID"] for each in record[LINES]] == [each["FEntryID"] for each in kept]
            assert [each["FSeq"] for each in record[LINES]] == list(range(1, len(kept) + 1))


def test_lines_come_in_the_documents_order(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    by_hand(server, [3])
    (row,) = rows(server).values()
    shuffled = [{**each, "FSeq": seq} for each, seq in zip(row["entries"], (3, 1, 2), strict=True)]
    server.vendor.state.tables[ORDER].put(row["FID"], {**row, "entries": shuffled})
    (record,) = read(connect(server), full=True)
    assert [each["FSeq"] for each in record[LINES]] == [1, 2, 3]


def test_every_form_can_be_read(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    by_hand(server, [2, 1])
    connection = connect(server, page_size=2)
    for act in ("deliver", "bill", "invoice"):
        assert server.control(f"act/{act}", {})["count"] == 2
    server.control("act/receive", {"part": 0.5})
    number = rows(server)[300001]["FBillNo"]
    delivery, _ = read(connection, "SAL_OUTSTOCK", full=True)
    assert (delivery["FOrderNo"], len(delivery["FEntity"])) == (number, 2)
    receivable = read(connection, "AR_receivable", full=True)[0]
    assert (receivable["FOrderNo"], receivable["FALLAMOUNTFOR"]) == (number, "301.50")
    assert len(receivable["FEntityDetail"]) == 2 and receivable["FENDDATE_H"] > receivable["FDATE"]
    receipt = read(connection, "AR_RECEIVEBILL", full=True)[0]
    assert (receipt["FOrderNo"], receipt["FRECEIVEAMOUNTFOR_H"]) == (number, "150.75")
    assert receipt["FCONTACTUNIT"] == {"Id": 100002, "FNumber": "CUST000002"} and len(receipt["FRECEIVEBILLENTRY"]) == 1
    assert read(connection, "IV_SALESIC", full=True)[0]["FOrderNo"] == number
    assert [each["FNumber"] for each in read(connection, "BD_MATERIAL", full=True)] == [f"P00{n}" for n in range(1, 9)]
    checkpoint = list(connection.read(ReadRequest("AR_RECEIVEBILL", full=True)))[-1].checkpoint
    server.control("clock", {"advance": 5})
    server.control("act/receive", {"limit": 1})
    assert [each["FRECEIVEAMOUNTFOR_H"] for each in read(connection, "AR_RECEIVEBILL", checkpoint=checkpoint)][
        -1
    ] == "150.75"


def test_this_account_sets_own_names_of_fields(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    names = {
        "SAL_SaleOrder.F_TM_KEY": "F_ABC_KEY",
        "SAL_SaleOrder.FSaleOrderEntry": "FMyEntry",
        "SAL_SaleOrder.FQty": "F_ABC_Qty",
        "AR_RECEIVEBILL.FOrderNo": "F_XYZ",
        "AR_RECEIVEBILL.FModifyDate": "FMODIFYTIME",
    }
    server.control("switches", {"renamed": names})
    with pytest.raises(FatalError, match="field_names"):
        read(connect(server), full=True)
    connection = connect(server, field_names=names)
    writer = connection.writer(ORDER)
    key = writer.create(payload(), "key-1").key
    writer.update(key, {LINES: [line(quantity=9)]})
    (record,) = read(connection, full=True)
    assert (record["F_TM_KEY"], [str(each["FQty"]) for each in record[LINES]]) == ("key-1", ["9"])
    assert writer.find("F_TM_KEY", ["key-1"])["key-1"][0].key == key
    server.control("act/approve", {})
    server.control("act/receive", {})
    for request in ({"full": True}, {"checkpoint": "2000-01-01T00:00:00"}):
        (receipt,) = read(connection, "AR_RECEIVEBILL", **request)
        assert receipt["FOrderNo"] == "SO1" and "F_XYZ" not in receipt and "FMODIFYTIME" not in receipt


def test_an_order_number_that_stands_in_the_lines(serve: Serve, connect: Connect) -> None:
    """Where a head's field is really one of the lines, both values are shown: no order is chosen over another."""
    server = serve("kingdee")
    by_hand(server, [2])
    server.control("switches", {"renamed": {"SAL_SaleOrder.FUnitID": "FUnit"}})
    names = {"SAL_SaleOrder.FNote": "FMaterialId.FNumber", "SAL_SaleOrder.FUnitID": "FUnit"}
    (record,) = read(connect(server, field_names=names), full=True)
    assert record["FNote"] == "P001,P002" and len(record[LINES]) == 2
    with pytest.raises(ProtocolError, match="2 rows"):
        read(connect(server, extra_fields=["FNAME1"]), "BD_Customer", full=True)


def test_fields_by_form(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    by_hand(server, [1])
    connection = connect(
        server,
        without_fields=["SAL_SaleOrder.FNote", "SAL_SaleOrder.FTaxPrice", "FTEL", "SAL_OUTSTOCK.FEntity"],
        extra_fields=[
            "FCREDITLIMIT",
            "SAL_SaleOrder.FSalerId.FName",
            "SAL_SaleOrder.FSaleOrderEntry.FMaterialId.FName",
        ],
    )
    (record,) = read(connection, full=True)
    assert "FNote" not in record and "FTaxPrice" not in record[LINES][0] and "FName" in record["FSalerId"]
    assert record[LINES][0]["FMaterialId"]["FName"] == "协同平台标准版"
    customer = read(connection, "BD_Customer", full=True)[0]
    assert "FCREDITLIMIT" in customer and "FTEL" not in customer
    server.control("act/deliver", {})
    assert "FEntity" not in read(connection, "SAL_OUTSTOCK", full=True)[0]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ({"SAL_SalOrder.FNote": "F_X"}, "does not begin with a form"),
        ({"FNote": "F_X"}, "does not begin with a form"),
        ({"SAL_SaleOrder.FNoet": "F_X"}, "has no field `FNoet`"),
        ({"SAL_SaleOrder.FNote": 1}, "a mapping of names"),
        (["FNote"], "a mapping of names"),
    ],
)
def test_names_that_fit_nothing(serve: Serve, connect: Connect, names: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        read(connect(serve("kingdee"), field_names=names), full=True)


@pytest.mark.parametrize(("after_save", "status"), [("save", "A"), ("submit", "B"), ("audit", "B")])
def test_a_document_is_submitted_at_most(serve: Serve, connect: Connect, after_save: str, status: str) -> None:
    server = serve("kingdee")
    writer = connect(server, after_save=after_save).writer(ORDER)
    key = int(writer.create(payload(), "k").key)
    assert rows(server)[key]["FDocumentStatus"] == status
    writer.update(str(key), {"FNote": "neu"})
    assert rows(server)[key]["FDocumentStatus"] == status
    assert not {"Audit", "UnAudit"} & set(ops(server))
    with pytest.raises(RemoteRefusedError, match="已存在"):
        writer.create(payload(), "another order's key")
    assert len(rows(server)) == 1


def test_defaults_by_form(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    defaults = {
        "FTRADINGCURRID": {"FNumber": "PRE007"},
        ORDER: {"FBillTypeID": {"FNumber": "XSDD02_SYS"}, "FNote": "von uns", LINES: {"FEntryTaxRate": 13}},
    }
    connection = connect(server, create_org="200", create_defaults=defaults)
    key = connection.writer(ORDER).create(payload(FNote="eigen"), "k").key
    row = rows(server)[int(key)]
    assert (row["FBillTypeID"], row["FSaleOrgId"], row["FNote"]) == ("XSDD02_SYS", "200", "eigen")
    assert [each["FEntryTaxRate"] for each in row["entries"]] == ["13", "13"]
    customer = connection.writer("BD_Customer").create({"FName": "新"}, "TM1")
    assert rows(server, "BD_Customer")[int(customer.key)]["FTRADINGCURRID"] == "PRE007"
    with pytest.raises(ConfigurationError, match="create_defaults"):
        connect(server, create_defaults={ORDER: 1}).writer(ORDER)


def test_references_by_id(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server).writer(ORDER)
    lines = [{"FMaterialId.Id": "200003", "FQty": 1}, {"FMaterialId": {"Id": 200003}, "FQty": 2}]
    order = {**payload(lines=lines), "FCustId.Id": "100002"}
    del order["FCustId.FNumber"]
    key = writer.create(order, "k").key
    row = rows(server)[int(key)]
    assert row["FCustId"] == "CUST000002" and [each["FMaterialId"] for each in row["entries"]] == ["P003", "P003"]
    with pytest.raises(RemoteRefusedError, match="no record 999"):
        writer.create({**payload("SO2"), "FCustId.FNumber": None, "FCustId.Id": "999"}, "k2")
    with pytest.raises(ConfigurationError, match=r"write FSalerId\.FNumber"):
        writer.create({**payload("SO2"), "FSalerId.Id": 1}, "k2")


def test_an_update_replaces_the_lines_and_keeps_their_ids(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server).writer(ORDER)
    key = int(writer.create(payload(lines=[line(f"P00{n}") for n in (1, 2, 3)], FNote="alt"), "k").key)
    ids = [each["FEntryID"] for each in rows(server)[key]["entries"]]
    writer.update(str(key), {LINES: [line("P001", 5), line("P004", 6)]})
    row = rows(server)[key]
    assert [(e["FEntryID"], e["FMaterialId"], e["FQty"]) for e in row["entries"]] == [
        (ids[0], "P001", "5"),
        (ids[1], "P004", "6"),
    ]
    assert (row["FDocumentStatus"], row["FNote"]) == ("B", "alt")
    assert ops(server) == ["create", "Submit", "CancelAssign", "update", "Submit"]
    writer.update(str(key), {LINES: [line("P002", 1), line("P001", 2), line("P003", 3)]})
    entries = rows(server)[key]["entries"]
    assert [e["FMaterialId"] for e in entries] == ["P002", "P001", "P003"]
    assert [e["FEntryID"] for e in entries[:2]] == ids[:2] and entries[2]["FEntryID"] not in ids
    writer.update(str(key), {LINES: [{**line("P003", 9), "FSeq": 3}, {**line("P002", 8), "FSeq": 1}]})
    assert [(e["FEntryID"], e["FQty"]) for e in rows(server)[key]["entries"]] == [
        (ids[0], "8"),
        (entries[2]["FEntryID"], "9"),
    ]
    writer.update(str(key), {"FNote": "neu"})
    assert len(rows(server)[key]["entries"]) == 2, "an update without lines leaves them alone"


def test_an_approved_document_is_never_changed(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server, after_save="audit", resave="unaudit").writer(ORDER)
    key = writer.create(payload(), "k").key
    server.control("act/approve", {})
    before, done = rows(server)[int(key)], ops(server)
    with pytest.raises(RemoteRefusedError, match="change it in the ERP") as update:
        writer.update(key, {"FNote": "x"})
    with pytest.raises(RemoteRefusedError, match="a person must decide") as off:
        writer.deactivate(key)
    assert {update.value.code, off.value.code} == {"kingdee-approved"}
    assert rows(server)[int(key)] == before and ops(server) == done


@pytest.mark.parametrize("withdraw", ["refuse", "audit_unaudit"])
def test_withdrawing_a_document_can_be_refused(serve: Serve, connect: Connect, withdraw: str) -> None:
    server = serve("kingdee")
    writer = connect(server, withdraw=withdraw).writer(ORDER)
    key = writer.create(payload(), "k").key
    for change in (lambda: writer.update(key, {"FNote": "x"}), lambda: writer.deactivate(key)):
        with pytest.raises(RemoteRefusedError, match="withdraw"):
            change()
    assert ops(server) == ["create", "Submit"]
    server.control("act/reject", {})
    writer.update(key, {"FNote": "x"})
    assert ops(server)[2:] == ["update", "Submit"]


def test_a_refused_update_ends_submitted_as_before(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server).writer(ORDER)
    key = writer.create(payload(), "k").key
    before = rows(server)[int(key)]["entries"]
    with pytest.raises(RemoteRefusedError, match="P999"):
        writer.update(key, {LINES: [line("P999")]})
    row = rows(server)[int(key)]
    assert row["FDocumentStatus"] == "B" and row["entries"] == before
    with pytest.raises(RemoteRefusedError, match="numbers are not changed"):
        writer.update(key, {"FBillNo": "SO2"})
    writer.update(key, {"FBillNo": "so1 ", "FNote": "same number"})


def test_a_create_that_was_cut_ends_submitted(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server, retries=0).writer(ORDER)
    for code, error in ((14, OutcomeUnknownError), (11, RemoteRefusedError)):
        number = f"SO{code}"
        server.control("faults", [{"kind": "error_body", "path": ".Submit.", "body": failure(code)}])
        with pytest.raises(error, match="was saved"):
            writer.create(payload(number), f"k{code}")
        (found,) = writer.find("FBillNo", [number])[number]
        assert found.fields["FDocumentStatus"] == "A"
        if code == 14:
            writer.update(found.key, payload(number))
        else:
            assert writer.create(payload(number), f"k{code}").key == found.key, "ours by number and key: taken on"
        assert rows(server)[int(found.key)]["FDocumentStatus"] == "B"
        assert writer.create(payload(number), f"k{code}").key == found.key
    assert server.control("ledger")["totals"][f"{ORDER}.create"] == 2 and server.control("ledger")["doubled"] == {}


@pytest.mark.parametrize(("kind", "taken"), [("timeout_before", 0), ("timeout_after", 1), ("truncate", 1)])
def test_a_lost_answer_to_a_save_makes_no_second_order(serve: Serve, connect: Connect, kind: str, taken: int) -> None:
    server = serve("kingdee")
    writer = connect(server).writer(ORDER)
    server.control("faults", [{"kind": kind, "path": ".Save.", "seconds": 0.01}])
    with pytest.raises(OutcomeUnknownError):
        writer.create(payload(), "k")
    assert len(rows(server)) == taken
    key = writer.create(payload(), "k").key
    assert list(rows(server)) == [int(key)] and rows(server)[int(key)]["FDocumentStatus"] == "B"


def test_a_busy_server_while_a_document_is_open(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server, retries=0).writer(ORDER)
    key = writer.create(payload(), "k").key
    server.control("faults", [{"kind": "error_body", "path": ".Save.", "body": failure(14)}])
    with pytest.raises(RetryableError):
        writer.update(key, {"FNote": "x"})
    assert rows(server)[int(key)]["FDocumentStatus"] == "B", "nothing was written, and it is as it was"
    server.control("faults", [{"kind": "error_body", "path": ".Submit.", "body": failure(14)}])
    with pytest.raises(OutcomeUnknownError, match="was saved"):
        writer.update(key, {"FNote": "x"})
    writer.update(key, {"FNote": "x"})
    assert rows(server)[int(key)]["FDocumentStatus"] == "B"


def test_a_code_rule_that_ignores_our_number(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    server.control("switches", {"auto_number": [ORDER, "BD_Customer"]})
    connection = connect(server)
    writer = connection.writer(ORDER)
    with pytest.raises(RemoteRefusedError, match="XSDD000001 instead of SO1") as caught:
        writer.create(payload(), "k1")
    assert caught.value.code == "kingdee-renumbered" and "F_TM_KEY" in caught.value.next_step
    assert rows(server) == {} and ops(server) == ["create", "Delete"], "nothing that could not be found again is left"
    server.control("faults", [{"kind": "error_body", "path": ".Delete.", "body": failure(14), "times": 0}])
    with pytest.raises(RemoteRefusedError, match=r"still there.*delete it by hand"):
        connect(server, retries=0).writer(ORDER).create(payload(), "k1")
    server.control("faults", [])
    own = {name: value for name, value in payload(F_TM_KEY="k2").items() if name != "FBillNo"}
    key = writer.create(own, "k2").key
    row = rows(server)[int(key)]
    assert (row["FBillNo"], row["F_TM_KEY"], row["FDocumentStatus"]) == ("XSDD000003", "k2", "B")
    assert writer.find("F_TM_KEY", ["k2"])["k2"][0].key == key
    before = set(rows(server, "BD_Customer"))
    with pytest.raises(RemoteRefusedError, match="instead of TM1"):
        connection.writer("BD_Customer").create({"FName": "新"}, "TM1")
    assert set(rows(server, "BD_Customer")) == before


def test_cancel_and_back(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server).writer(ORDER)
    key = writer.create(payload(), "k").key
    for _ in range(2):
        writer.deactivate(key)
    row = rows(server)[int(key)]
    assert (row["FCancelStatus"], row["FDocumentStatus"]) == ("B", "A")
    with pytest.raises(RemoteRefusedError) as caught:
        writer.update(key, {"FNote": "x"})
    assert caught.value.code == "kingdee-cancelled"
    for _ in range(2):
        writer.activate(key)
    row = rows(server)[int(key)]
    assert (row["FCancelStatus"], row["FDocumentStatus"]) == ("A", "B")
    assert ops(server) == ["create", "Submit", "CancelAssign", "Cancel", "UnCancel", "Submit"]
    for switch in (writer.deactivate, writer.activate):
        with pytest.raises(RemoteRefusedError, match="no record 999"):
            switch("999")


def test_the_operation_number_of_a_cancellation_is_a_setting(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    key = connect(server).writer(ORDER).create(payload(), "k").key
    with pytest.raises(RemoteRefusedError, match="操作 Void 不存在"):
        connect(server, cancel_operation={ORDER: "Void"}).writer(ORDER).deactivate(key)
    assert rows(server)[int(key)]["FDocumentStatus"] == "B", "submitted again"
    with pytest.raises(ConfigurationError, match="cancel_operation"):
        connect(server, cancel_operation={}).writer(ORDER).deactivate(key)
    assert rows(server)[int(key)]["FDocumentStatus"] == "B"


def test_an_account_set_without_our_key_field(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    server.control("switches", {"renamed": {"SAL_SaleOrder.F_TM_KEY": "hidden"}})
    connection = connect(server, without_fields=["SAL_SaleOrder.F_TM_KEY"])
    writer = connection.writer(ORDER)
    key = writer.create(payload(), "k").key
    assert [str(each["FID"]) for each in read(connection, full=True)] == [key]
    with pytest.raises(RemoteRefusedError, match="已存在"):
        writer.create(payload(), "k")


def test_a_clerk_who_approves_while_we_look(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server).writer(ORDER)
    key = writer.create(payload(), "k").key
    seen = writer._document(key, with_lines=False)  # type: ignore[attr-defined]
    server.control("act/approve", {})
    looks = iter([seen])
    look = writer._document  # type: ignore[attr-defined]
    writer._document = lambda key, *, with_lines: next(looks, None) or look(key, with_lines=with_lines)  # type: ignore[attr-defined]
    with pytest.raises(RemoteRefusedError) as caught:
        writer.update(key, {"FNote": "x"})
    assert caught.value.code == "kingdee-approved"
    assert rows(server)[int(key)]["FDocumentStatus"] == "C" and ops(server) == ["create", "Submit"]


@pytest.mark.parametrize("kind", ["page_shift", "tie", "late_commit"])
def test_documents_that_change_while_pages_are_read(serve: Serve, connect: Connect, kind: str) -> None:
    server = serve("kingdee")
    sizes = [3, 1, 2, 4, 1, 2, 5, 1, 1, 2]
    for size in sizes:
        by_hand(server, [size])
        server.control("clock", {"advance": 2})
    fault = {
        "kind": kind,
        "path": "ExecuteBillQuery",
        "after": 1,
        "times": 3,
        "count": 3,
        "fields": {"FNote": "anders"},
    }
    server.control("faults", [fault])
    connection = connect(server, page_size=4)
    pages = list(connection.read(ReadRequest(ORDER, full=True)))
    records = [connection.decode(ORDER, record.raw) for page in pages for record in page.records]
    assert [record["FID"] for record in records] == sorted(rows(server))
    assert [len(record[LINES]) for record in records] == sizes
    assert server.control("faults")[0]["fired"] == 3
    if kind != "late_commit":
        later = read(connection, checkpoint=pages[-1].checkpoint)
        seen = {record["FID"]: record["FNote"] for record in [*records, *later]}
        assert seen == {key: row["FNote"] for key, row in rows(server).items()}
