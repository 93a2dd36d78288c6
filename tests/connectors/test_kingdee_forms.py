"""The simulated ERP's documents, called with the vendor's own SDK, and what its clerks do with them."""

from __future__ import annotations

import json
import re
import time
import urllib.error
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from k3cloud_webapi_sdk.main import K3CloudApiSdk

from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator

Serve = Callable[..., SimulatorServer]
ORDER = "SAL_SaleOrder"


def order(number: str = "", **fields: Any) -> dict[str, Any]:
    """A sales order of two lines, 226 + 50 with tax."""
    lines = [
        {"FMaterialId": {"FNumber": "P001"}, "FQty": 2, "FTaxPrice": "113", "FEntryTaxRate": 13},
        {"FMaterialId": {"FNumber": "P002"}, "FQty": "1", "FPrice": 50},
    ]
    model = {
        "FDate": "2026-01-05",
        "FSaleOrgId": {"FNumber": "100"},
        "FCustId": {"FNumber": "CUST000001"},
        "FSaleOrderEntry": lines,
        **fields,
    }
    return {**model, "FBillNo": number} if number else model


class Erp:
    """The vendor's SDK against a served simulator."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        who = server.vendor.credentials(server.url)
        self.sdk = K3CloudApiSdk(who["base_url"])
        self.sdk.InitConfig(who["acct_id"], who["user"], who["app_id"], who["app_secret"], who["base_url"])

    def save(self, model: Any, form: str = ORDER, **data: Any) -> Any:
        return json.loads(self.sdk.Save(form, {"Model": model, **data}))["Result"]

    def status(self, answer: Any) -> Any:
        return (json.loads(answer) if isinstance(answer, str) else answer)["Result"]["ResponseStatus"]

    def query(self, form: str = ORDER, **query: Any) -> Any:
        return json.loads(self.sdk.ExecuteBillQuery({"FormId": form, "OrderString": "FID ASC", **query}))

    def made(self, number: str, *, submit: bool = True) -> int:
        saved = self.save(order(number))
        assert saved["ResponseStatus"]["IsSuccess"], saved
        if submit:
            assert self.status(self.sdk.Submit(ORDER, {"Ids": str(saved["Id"])}))["IsSuccess"]
        return int(saved["Id"])

    def row(self, form: str, key: int) -> Any:
        return self.server.vendor.state.tables[form].rows[key]


@pytest.fixture
def erp(serve: Serve) -> Erp:
    return Erp(serve("kingdee"))


def test_save_submit_query_and_view_of_an_order(erp: Erp) -> None:
    key = erp.made("SO1")
    assert erp.row(ORDER, key)["FDocumentStatus"] == "B"
    keys = (
        "FID,FBillNo,FCustId.FName,FSaleOrderEntry_FEntryID,FSaleOrderEntry_FSeq,FMaterialId.FNumber,FPrice,FAllAmount"
    )
    first, second = erp.query(FieldKeys=keys, FilterString="FBillNo = 'SO1'")
    assert first[:2] == second[:2] == [key, "SO1"] and first[2], "the head is repeated in every line's row"
    assert (first[4:], second[4:]) == ([1, "P001", 100.0, 226.0], [2, "P002", 50.0, 50.0]), "amounts are the system's"
    by_name = json.loads(erp.sdk.BillQuery({"FormId": ORDER, "FieldKeys": keys, "OrderString": "FID"}))
    assert by_name[1]["FSaleOrderEntry_FEntryID"] == second[3]
    assert [row[0] for row in erp.query(FieldKeys="FID")] == [key], "without a line's field: one row"
    seen = json.loads(erp.sdk.View(ORDER, {"Number": "SO1"}))["Result"]["Result"]
    assert (seen["Id"], seen["BillNo"], seen["Date"]) == (key, "SO1", "2026-01-05T00:00:00")
    assert [line["FAllAmount"] for line in seen["FSaleOrderEntry"]] == [226.0, 50.0]
    assert json.loads(erp.sdk.View(ORDER, {"Id": str(key)}))["Result"]["Result"]["CustId"] == {"Number": "CUST000001"}
    info = json.loads(erp.sdk.QueryBusinessInfo({"FormId": ORDER}))["Result"]["NeedReturnData"]
    assert [entry["Key"] for entry in info["Entrys"]] == ["FBillHead", "FSaleOrderEntry"]
    assert "Cancel" in [operation["OperationNumber"] for operation in info["Operations"]]
    refused = erp.query(FieldKeys="FID,FNope")
    assert refused[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 9


def test_materials_have_the_crms_codes(erp: Erp) -> None:
    products = simulator("fxiaoke", seed=1, customers=10).state.tables["ProductObj"].rows.values()
    rows = erp.query(
        "BD_MATERIAL", FieldKeys="FMATERIALID,FNumber,FName,FBaseUnitId.FNumber", OrderString="FMATERIALID"
    )
    assert sorted((row[1], row[2]) for row in rows) == sorted((row["product_code"], row["name"]) for row in products)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"FCustId": {"FNumber": "NOPE"}}, 11, "FCustId.*NOPE.*不存在"),
        ({"FCustId": None}, 11, "FCustId.*必填"),
        ({"FSaleOrderEntry": []}, 11, "FSaleOrderEntry.*不能为空"),
        ({"FSaleOrderEntry": [{"FMaterialId": {"FNumber": "P999"}, "FQty": 1}]}, 11, "P999"),
        ({"FSaleOrderEntry": [{"FMaterialId": {"FNumber": "P001"}, "FQty": 0}]}, 11, "FQty.*必填"),
        ({"FSaleOrderEntry": [{"FMaterialId": {"FNumber": "P001"}, "FQty": "viel"}]}, 11, "不是数字"),
        ({"FSaleOrderEntry": [{"FMaterialId": {"FNumber": "P001"}, "FQty": 1, "FWhat": 1}]}, 9, "FWhat"),
        ({"FDate": "gestern"}, 11, "不是日期"),
        ({"FWhat": 1}, 9, "FWhat"),
        ({"FBillNo": "so1"}, 11, "已存在"),
    ],
)
def test_orders_that_are_refused(erp: Erp, change: dict[str, Any], code: int, text: str) -> None:
    erp.made("SO1")
    status = erp.save({**order("SO2"), **change})["ResponseStatus"]
    assert status["MsgCode"] == code
    assert re.search(text, status["Errors"][0]["Message"]), status
    assert len(erp.server.vendor.state.tables[ORDER].rows) == 1


def test_numbers_are_given_when_none_is_sent_and_ignored_under_a_code_rule(erp: Erp) -> None:
    assert erp.save(order())["Number"] == "XSDD000001"
    assert erp.save(order("XSDD000003"))["Number"] == "XSDD000003"
    assert erp.save(order())["Number"] == "XSDD000004", "a number that was taken by hand is passed over"
    erp.server.control("switches", {"auto_number": [ORDER]})
    saved = erp.save(order("SO1", F_TM_KEY="k1"))
    assert saved["ResponseStatus"]["IsSuccess"] and saved["Number"] == "XSDD000005"
    (entry,) = [e for e in erp.server.control("ledger")["entries"] if e["our_key"]]
    assert (entry["object"], entry["op"], entry["key"]) == (ORDER, "create", str(saved["Id"]))
    assert (entry["our_key"], entry["number"]) == ("k1", "XSDD000005")


def test_only_the_fields_named_are_updated(erp: Erp) -> None:
    key = erp.made("SO1", submit=False)
    lines = erp.row(ORDER, key)["entries"]
    change = [{"FEntryID": lines[0]["FEntryID"], "FQty": 5, "FTaxPrice": 1}]
    model = {"FID": key, "FNote": "neu", "FSaleOrderEntry": change}
    erp.save(model, NeedUpDateFields=["FNote"], IsDeleteEntry="true")
    assert erp.row(ORDER, key)["entries"] == lines, "without the lines' name no line is touched"
    erp.save(model, NeedUpDateFields=["FSaleOrderEntry", "FQty"], IsDeleteEntry="true")
    (left,) = erp.row(ORDER, key)["entries"]
    assert (left["FEntryID"], left["FQty"], left["FTaxPrice"]) == (lines[0]["FEntryID"], "5", "113")
    assert (Decimal(left["FAllAmount"]), erp.row(ORDER, key)["FNote"]) == (565, "neu")
    erp.save({"FID": key, "FSaleOrderEntry": order()["FSaleOrderEntry"][1:]}, IsDeleteEntry="false")
    entries = erp.row(ORDER, key)["entries"]
    assert [line["FSeq"] for line in entries] == [1, 2]
    assert entries[1]["FEntryID"] not in {line["FEntryID"] for line in lines}, "an id is never given twice"


def test_the_life_of_an_order(erp: Erp) -> None:
    key = erp.made("SO1")
    step = {"Ids": str(key)}
    cancel = lambda number: erp.status(erp.sdk.ExcuteOperation(ORDER, number, step))["IsSuccess"]  # noqa: E731
    assert not erp.save({"FID": key, "FNote": "x"})["ResponseStatus"]["IsSuccess"], "submitted"
    assert not cancel("Cancel") and not cancel("BillClose")
    assert erp.status(erp.sdk.CancelAssign(ORDER, step))["IsSuccess"]
    assert cancel("Cancel") and not cancel("Cancel")
    assert not erp.save({"FID": key, "FNote": "x"})["ResponseStatus"]["IsSuccess"], "cancelled"
    assert not erp.status(erp.sdk.Submit(ORDER, step))["IsSuccess"]
    assert cancel("UnCancel") and erp.status(erp.sdk.Submit(ORDER, step))["IsSuccess"]
    assert erp.status(erp.sdk.Audit(ORDER, step))["IsSuccess"]
    assert cancel("BillClose") and cancel("BillUnClose")
    assert erp.status(erp.sdk.ExcuteOperation(ORDER, "Forbid", step))["MsgCode"] == 3
    erp.server.control("act/bill", {})
    refused = erp.status(erp.sdk.UnAudit(ORDER, step))
    assert "下游" in refused["Errors"][0]["Message"]


def test_references_to_what_is_not_audited_may_be_refused(erp: Erp) -> None:
    erp.server.control("records/BD_Customer", {"op": "update", "key": "100001", "fields": {"FDocumentStatus": "B"}})
    assert erp.save(order("SO1"))["ResponseStatus"]["IsSuccess"]
    erp.server.control("switches", {"audited_references": True})
    assert "未审核" in erp.save(order("SO2"))["ResponseStatus"]["Errors"][0]["Message"]
    assert erp.server.control("act/approve", {"form": "BD_Customer"})["numbers"] == ["CUST000001"]
    assert erp.save(order("SO2"))["ResponseStatus"]["IsSuccess"]


def test_the_clerks_way_from_order_to_money(erp: Erp) -> None:
    control = erp.server.control
    keys = [erp.made(f"SO{n}") for n in range(1, 5)]
    ledger = control("ledger")["total"]
    assert control("act/deliver", {})["count"] == 0, "nothing is approved yet"
    assert control("act/reject", {"numbers": ["SO4"]}) == {"count": 1, "numbers": ["SO4"]}
    assert erp.row(ORDER, keys[3])["FDocumentStatus"] == "A"
    before = erp.row(ORDER, keys[1])["FModifyDate"]
    control("clock", {"advance": 60})
    assert control("act/approve", {"limit": 1})["numbers"] == ["SO1"]
    assert control("act/approve", {"numbers": ["SO2", "SO4"]})["numbers"] == ["SO2"]
    assert erp.row(ORDER, keys[1])["FModifyDate"] >= before + 60_000
    for act, form in (("deliver", "SAL_OUTSTOCK"), ("bill", "AR_receivable"), ("invoice", "IV_SALESIC")):
        done = control(f"act/{act}", {})
        assert (done["count"], done["numbers"]) == (2, ["SO1", "SO2"]) and control(f"act/{act}", {})["count"] == 0
        rows = erp.query(form, FieldKeys="FBillNo,FOrderNo,FDocumentStatus")
        assert rows == [[number, f"SO{n}", "C"] for n, number in enumerate(done["documents"], 1)]
    bills = erp.query("AR_receivable", FieldKeys="FALLAMOUNTFOR,FDATE,FENDDATE_H,FCUSTOMERID.FNumber", Limit=1)
    assert bills[0][0] == 276.0 and bills[0][3] == "CUST000001" and bills[0][1] < bills[0][2]
    assert control("act/receive", {"part": 0.4, "numbers": ["SO1"]})["amounts"] == ["110.40"]
    assert control("act/receive", {"part": 0.7})["amounts"] == ["165.60", "193.20"], "never more than is open"
    assert control("act/receive", {"part": 1, "limit": 1})["amounts"] == ["82.80"]
    assert control("act/receive", {})["count"] == 0
    paid: dict[str, Decimal] = {}
    for number, amount in erp.query("AR_RECEIVEBILL", FieldKeys="FOrderNo,FRECEIVEAMOUNTFOR_H"):
        paid[number] = paid.get(number, Decimal(0)) + Decimal(str(amount))
    assert paid == {"SO1": 276, "SO2": 276}
    lines = erp.query("AR_RECEIVEBILL", FieldKeys="FBillNo,FRECEIVEBILLENTRY_FEntryID,FRECTOTALAMOUNTFOR")
    assert [row[2] for row in lines] == [110.4, 165.6, 193.2, 82.8]
    assert control("act/close", {"limit": 1})["numbers"] == ["SO1"] and erp.row(ORDER, keys[0])["FCloseStatus"] == "B"
    assert control("ledger")["total"] == ledger, "what people do is not in our ledger"


def test_acts_that_there_are_not(erp: Erp) -> None:
    for path, body, code in (
        ("act/bribe", {}, 400),
        ("act/approve", {"part": 1}, 400),
        ("act/receive", {"part": 2}, 400),
        ("act/invoice", {"form": ORDER}, 400),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            erp.server.control(path, body)
        assert caught.value.code == code


def test_people_write_every_form(erp: Erp) -> None:
    fields = {**order("HAND1"), "FDocumentStatus": "C"}
    (key,) = erp.server.control(f"records/{ORDER}", {"op": "insert", "fields": fields})["keys"]
    erp.server.control(
        f"records/{ORDER}", {"op": "update", "key": key, "fields": {"entries": fields["FSaleOrderEntry"][:1]}}
    )
    (row,) = erp.query(FieldKeys="FBillNo,FCustId.FNumber,FQty,FAllAmount")
    assert row == ["HAND1", "CUST000001", 2.0, 226.0]
    paid = {"FOrderNo": "HAND1", "FRECEIVEAMOUNTFOR_H": "10.00", "FCONTACTUNIT": "CUST000001", "FDATE": "2026-01-06"}
    erp.server.control("records/AR_RECEIVEBILL", {"op": "insert", "fields": paid})
    assert erp.query("AR_RECEIVEBILL", FieldKeys="FOrderNo,FRECEIVEAMOUNTFOR_H") == [["HAND1", 10.0]]
    with pytest.raises(urllib.error.HTTPError):
        erp.server.control("records/AR_RECEIVEBILL", {"op": "insert", "fields": {"FNope": 1}})
    erp.server.control(f"records/{ORDER}", {"op": "delete", "key": key})
    assert erp.query(FieldKeys="FID") == []


def test_a_thousand_orders_are_quick(erp: Erp) -> None:
    lines = [{"FMaterialId": {"FNumber": f"P00{n}"}, "FQty": n, "FTaxPrice": "10.5"} for n in (1, 2, 3)]
    started = time.process_time()
    for start in range(0, 1000, 250):
        models = [order(f"SO{start + n:04d}", F_TM_KEY=f"k{start + n}", FSaleOrderEntry=lines) for n in range(250)]
        saved = erp.status(erp.sdk.BatchSave(ORDER, {"Model": models}))
        assert saved["IsSuccess"]
        ids = ",".join(str(entity["Id"]) for entity in saved["SuccessEntitys"])
        assert erp.status(erp.sdk.Submit(ORDER, {"Ids": ids}))["IsSuccess"]
    rows: list[Any] = []
    while page := erp.query(FieldKeys="FID,FBillNo,FSaleOrderEntry_FEntryID,FQty", StartRow=len(rows), Limit=2000):
        rows += page
    assert len(rows) == 3000 and len({row[2] for row in rows}) == 3000
    found = erp.query(FieldKeys="FBillNo", FilterString="F_TM_KEY in ('k17','k999')")
    assert found == [["SO0017"], ["SO0999"]]
    assert erp.server.control("act/approve", {})["count"] == 1000
    assert erp.server.control("act/bill", {})["count"] == 1000
    assert erp.server.control("act/receive", {"part": 0.5})["count"] == 1000
    assert time.process_time() - started < 10
