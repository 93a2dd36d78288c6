"""What the simulators grant and refuse, called as plain HTTP."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator
from connectors.vendors.fxiaoke.simulator_data import open_user_id
from connectors.vendors.kingdee.sign import login_sign

Serve = Callable[..., SimulatorServer]
FORM_SERVICE = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."


def _post(server: SimulatorServer, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(
        server.url + path, data=data, headers={"Content-Type": "application/json", **(headers or {})}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text)


class Fx:
    """A caller of the Fxiaoke simulator in header style."""

    def __init__(self, server: SimulatorServer, user: str = "1000") -> None:
        self.server = server
        self.sim: Any = server.vendor
        self.user = user
        self.token = self.get_token()["accessToken"]

    def get_token(self, **change: str) -> Any:
        body = {"appId": self.sim.app_id, "appSecret": self.sim.app_secret, "permanentCode": self.sim.permanent_code}
        return _post(self.server, "/oauth2.0/token", {**body, "grantType": "app_secret", **change})

    def call(self, path: str, data: Any, **top: Any) -> Any:
        headers = {"authorization": f"Bearer {self.token}", "x-fs-ea": self.sim.ea, "x-fs-userid": self.user}
        return _post(self.server, path, {**top, "data": data}, headers)

    def query(self, obj: str = "AccountObj", top: dict[str, Any] | None = None, **info: Any) -> Any:
        extra = info.pop("data", {})
        data = {"dataObjectApiName": obj, "search_query_info": {"limit": 100, "offset": 0, **info}, **extra}
        return self.call("/cgi/crm/v2/data/query", data, **(top or {}))

    def write(self, action: str, **data: Any) -> Any:
        return self.call(f"/cgi/crm/v2/data/{action}", data)


def _where(name: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"filters": [{"field_name": name, "operator": operator, "field_values": list(values)}]}


def test_fx_tokens_by_the_clock(serve: Serve) -> None:
    fx = Fx(serve("fxiaoke"))
    clock = fx.sim.state.clock
    clock.freeze()
    first = fx.get_token()
    clock.advance(3000)
    again = fx.get_token()
    assert again["accessToken"] == first["accessToken"] and again["expiresIn"] == first["expiresIn"] - 3000
    clock.advance(3600)
    second = fx.get_token()
    assert second["accessToken"] != first["accessToken"]
    assert fx.query()["errorCode"] == 0, "the old token is still good until 7200 s"
    clock.advance(600)
    refused = fx.query()
    assert (refused["errorCode"], refused["errorMessage"]) == (
        20016,
        "the cropId,cropAccessToken or authorization is error",
    )
    assert fx.get_token(appSecret="no")["errorCode"] == 10006


def test_fx_token_calls_are_limited_and_not_concurrent(serve: Serve) -> None:
    server = serve("fxiaoke")
    fx = Fx(server)
    fx.sim.state.clock.freeze()
    codes = [fx.get_token()["errorCode"] for _ in range(10)]
    assert codes == [0] * 9 + [14001]
    fx.sim.state.clock.advance(61)
    server.control("faults", [{"kind": "latency", "path": "token", "seconds": 0.3, "times": 0}])
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(fx.get_token()["errorCode"])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 14001]


def test_fx_credentials_are_needed(serve: Serve) -> None:
    server = serve("fxiaoke")
    fx = Fx(server)
    assert _post(server, "/cgi/crm/v2/data/query", {"data": {}})["errorCode"] == 20017
    fx.token = "wrong"
    assert fx.query()["errorCode"] == 20016
    assert _post(server, "/cgi/nothing/here", {"data": {}}, {"authorization": "Bearer x"})["errorCode"] == 20016
    good = Fx(server)
    answer = good.call("/cgi/nothing/here", {})
    assert answer["errorCode"] == 10006 and "apiName=[null] is not exists" in answer["errorMessage"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(server.url + "/nothing", timeout=5)
    assert caught.value.code == 404


def test_fx_ids_by_credential_style(serve: Serve) -> None:
    server = serve("fxiaoke")
    fx = Fx(server)
    body = {"appId": fx.sim.app_id, "appSecret": fx.sim.app_secret, "permanentCode": fx.sim.permanent_code}
    old = _post(server, "/cgi/corpAccessToken/get/V2", body)
    assert old["corpAccessToken"] == fx.token
    user = {"corpAccessToken": fx.token, "corpId": old["corpId"], "currentOpenUserId": open_user_id("1000")}
    data = {"dataObjectApiName": "AccountObj", "search_query_info": {"limit": 1, "offset": 0}}
    row = _post(server, "/cgi/crm/v2/data/query", {**user, "data": data})["data"]["dataList"][0]
    mine = fx.query(limit=1)["data"]["dataList"][0]
    flipped = fx.query(limit=1, top={"convertUserId": True})["data"]["dataList"][0]
    assert row["owner"] == flipped["owner"] == [open_user_id(mine["owner"][0])]
    assert mine["owner__r"]["id"] == mine["owner"][0] and mine["owner__l"] == [mine["owner__r"]]


@pytest.mark.parametrize(
    ("info", "code"),
    [
        ({"limit": 0}, 32000),
        ({"limit": 101}, 32000),
        ({"limit": 100, "offset": 50}, 32000),
        ({"limit": 100, "offset": 10100}, 10013),
        ({"limit": 100, "offset": 10000}, 0),
        (_where("name", "LOOKSLIKE", "x"), 32000),
        (_where("no_such_field", "EQ", "x"), 32000),
        ({"filters": [{"field_name": "name", "operator": "EQ", "field_values": "x"}]}, 32000),
    ],
)
def test_fx_query_rules(serve: Serve, info: dict[str, Any], code: int) -> None:
    assert Fx(serve("fxiaoke")).query(**info)["errorCode"] == code


def test_fx_operators(serve: Serve) -> None:
    server = serve("fxiaoke")
    fx = Fx(server)
    rows = [row for _, row in sorted(fx.sim.state.tables["AccountObj"].rows.items())]

    def names(*condition: Any) -> list[str]:
        return [row["_id"] for row in fx.query(**_where(*condition))["data"]["dataList"]]

    def ids(test: Callable[[Any], bool]) -> list[str]:
        return [row["_id"] for row in rows if test(row)]

    middle = rows[30]["last_modified_time"]
    revenue = "30000"
    some = rows[5]["name"]
    for condition, test in [
        (("name", "EQ", some), lambda r: r["name"] == some),
        (("uscc_code__c", "N", rows[0]["uscc_code__c"]), lambda r: r["uscc_code__c"] != rows[0]["uscc_code__c"]),
        (("uscc_code__c", "IS"), lambda r: not r["uscc_code__c"]),
        (("uscc_code__c", "ISN"), lambda r: bool(r["uscc_code__c"])),
        (("name", "LIKE", "公司"), lambda r: "公司" in r["name"]),
        (("name", "NLIKE", "公司"), lambda r: "公司" not in r["name"]),
        (("name", "STARTWITH", some[:2]), lambda r: r["name"].startswith(some[:2])),
        (("name", "ENDWITH", "司"), lambda r: r["name"].endswith("司")),
        (("account_level", "IN", "A", "B"), lambda r: r["account_level"] in "AB"),
        (("account_level", "NIN", "A", "B"), lambda r: r["account_level"] == "C"),
        (("owner", "HASANYOF", "1001"), lambda r: r["owner"] == ["1001"]),
        (("last_modified_time", "GTE", str(middle)), lambda r: r["last_modified_time"] >= middle),
        (("last_modified_time", "GT", middle), lambda r: r["last_modified_time"] > middle),
        (("last_modified_time", "LT", str(middle)), lambda r: r["last_modified_time"] < middle),
        (("last_modified_time", "BETWEEN", "0", str(middle)), lambda r: r["last_modified_time"] <= middle),
        (("last_modified_time", "NBETWEEN", "0", str(middle)), lambda r: r["last_modified_time"] > middle),
        (("annual_revenue__c", "GT", revenue), lambda r: float(r["annual_revenue__c"]) > float(revenue)),
        (("_id", "GT", rows[10]["_id"]), lambda r: r["_id"] > rows[10]["_id"]),
    ]:
        assert names(*condition) == ids(test), condition


def test_fx_totals_nulls_projection_and_orders(serve: Serve) -> None:
    fx = Fx(serve("fxiaoke"))
    count = len(fx.sim.state.tables["AccountObj"].rows)
    assert fx.query(limit=1)["data"]["total"] == count
    assert fx.query(limit=1, data={"find_explicit_total_num": False})["data"]["total"] == 0
    assert (
        fx.query(limit=1, data={"find_explicit_total_num": False}, top={"returnTotalNum": 1})["data"]["total"] == count
    )
    row = fx.query(limit=1)["data"]["dataList"][0]
    assert "fax" not in row and "fax" in fx.query(limit=1, top={"includeNull": True})["data"]["dataList"][0]
    narrow = fx.query(limit=1, fieldProjection=["name", "owner"])["data"]["dataList"][0]
    assert set(narrow) == {"_id", "name", "owner", "owner__r", "owner__l"}
    orders = [{"fieldName": "last_modified_time", "isAsc": False}, {"fieldName": "_id", "isAsc": True}]
    times = [r["last_modified_time"] for r in fx.query(orders=orders)["data"]["dataList"]]
    assert times == sorted(times, reverse=True)


def test_fx_writes(serve: Serve) -> None:
    fx = Fx(serve("fxiaoke"))
    table = fx.sim.state.tables["AccountObj"]
    nowhere = fx.call("/cgi/crm/v2/data/create", {"dataObjectApiName": "AccountObj", "object_data": {"name": "x"}})
    assert nowhere["errorCode"] == 10006
    made = fx.write(
        "create", object_data={"dataObjectApiName": "AccountObj", "name": "x", "annual_revenue__c": 12.5, "owner__r": 1}
    )
    key = made["dataId"]
    assert "data" not in made and table.rows[key]["annual_revenue__c"] == "12.5"
    wrong = fx.call(
        "/cgi/crm/v2/data/update", {"_id": key, "object_data": {"dataObjectApiName": "AccountObj", "tel": "1"}}
    )
    assert wrong["errorMessage"] == "java.lang.NullPointerException" and wrong["errorCode"] != 0
    target = {"dataObjectApiName": "AccountObj", "_id": key}
    assert fx.write("update", object_data={**target, "owner": ["1005"], "tel": "1"})["errorCode"] == 0
    assert table.rows[key]["owner"] == ["1000"] and table.rows[key]["tel"] == "1"
    fx.server.control("switches", {"numbers": "reject"})
    assert fx.write("update", object_data={**target, "annual_revenue__c": 1})["errorCode"] == 32000
    obj = {"dataObjectApiName": "AccountObj"}
    assert fx.write("delete", **obj, idList=[key])["errorCode"] == 32000, "only what was invalidated can be deleted"
    assert fx.write("invalid", **obj, object_data_id=key)["errorCode"] == 0
    assert fx.query(**_where("_id", "EQ", key))["data"]["dataList"] == []
    assert fx.write("update", object_data={**target, "tel": "2"})["errorCode"] == 32000
    assert fx.write("recover", **obj, idList=[key])["errorCode"] == 0
    assert fx.write("invalid", **obj, object_data_id=key)["errorCode"] == 0
    assert fx.write("delete", **obj, idList=[key])["errorCode"] == 0 and key not in table.rows


def test_fx_custom_objects_have_their_own_path(serve: Serve) -> None:
    fx = Fx(serve("fxiaoke"))
    assert fx.query("project__c")["errorCode"] != 0
    body = {"dataObjectApiName": "project__c", "search_query_info": {"limit": 10, "offset": 0}}
    assert fx.call("/cgi/crm/custom/v2/data/query", body)["errorCode"] == 0
    assert fx.call("/cgi/crm/custom/v2/data/query", {**body, "dataObjectApiName": "AccountObj"})["errorCode"] != 0


def test_fx_approval_flags_default_to_true(serve: Serve) -> None:
    fx = Fx(serve("fxiaoke"))
    fx.server.control("switches", {"approval": ["AccountObj"]})
    data = {"object_data": {"dataObjectApiName": "AccountObj", "name": "x"}}
    states = []
    for top in ({}, {"triggerApprovalFlow": False}):
        key = fx.call("/cgi/crm/v2/data/create", data, **top)["dataId"]
        states.append(fx.sim.state.tables["AccountObj"].rows[key]["life_status"])
    assert states == ["ineffective", "normal"]


def test_fx_limits_quota_and_rights(serve: Serve) -> None:
    server = serve("fxiaoke")
    fx = Fx(server)
    fx.sim.state.clock.freeze()
    assert [fx.query(limit=1)["errorCode"] for _ in range(101)] == [0] * 100 + [14001]
    fx.sim.state.clock.advance(21)
    low = Fx(server, user="1002")
    mine = low.query()["data"]
    everyone = fx.query()["data"]
    assert 0 < mine["total"] < everyone["total"] and {tuple(row["owner"]) for row in mine["dataList"]} == {("1002",)}
    server.control("switches", {"no_quota": True})
    assert fx.query()["errorCode"] == 30003
    server.control("switches", {"no_quota": False, "daily_quota": 1})
    assert fx.query()["errorCode"] == 30002
    fx.sim.state.clock.advance(86400)
    fx.token = fx.get_token()["accessToken"]
    assert fx.query()["errorCode"] == 0


class Kd:
    """A caller of the Kingdee simulator that signs in."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.sim: Any = server.vendor
        self.session = self.login()["KDSVCSessionId"]

    def login(self, sign: str = "") -> Any:
        who = self.sim.identity
        parameters = [who.acct_id, who.user, who.app_id, 1700000000, sign or login_sign(who, 1700000000), 2052]
        path = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService.LoginBySign.common.kdsvc"
        return _post(self.server, path, {"parameters": parameters})

    def call(self, name: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        own = {"kdservice-sessionid": str(self.session), **(headers or {})}
        return _post(self.server, f"{FORM_SERVICE}{name}.common.kdsvc", body, own)

    def query(self, **query: Any) -> Any:
        given = {"FormId": "BD_Customer", "FieldKeys": "FCUSTID", "OrderString": "FCUSTID", **query}
        return self.call("ExecuteBillQuery", {"data": given})

    def save(self, model: Any, **data: Any) -> Any:
        return self.call("Save", {"formid": "BD_Customer", "data": {"Model": model, **data}})["Result"]


ORG = {"FCreateOrgId": {"FNumber": "100"}, "FUseOrgId": {"FNumber": "100"}}


def test_kd_login_and_sessions(serve: Serve) -> None:
    kd = Kd(serve("kingdee"))
    assert kd.login("0" * 64)["LoginResultType"] != 1
    assert kd.query(Limit=1) == [[100001]]
    kd.sim.state.clock.advance(1201)
    lost = kd.query(Limit=1)
    assert lost[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 1
    for method, path, code in (
        ("GET", FORM_SERVICE + "Save.common.kdsvc", 405),
        ("POST", "/k3cloud/x", 404),
        ("POST", "/", 404),
    ):
        request = urllib.request.Request(kd.server.url + path, method=method, data=b"{}" if method == "POST" else None)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=5)
        assert caught.value.code == code


def test_kd_body_forms(serve: Serve) -> None:
    kd = Kd(serve("kingdee"))
    query = {"FormId": "BD_Customer", "FieldKeys": "FNumber", "OrderString": "FCUSTID", "Limit": 1}
    for body in ({"data": query}, {"data": json.dumps(query)}, {"parameters": [json.dumps(query)]}):
        assert kd.call("ExecuteBillQuery", body) == [["CUST000001"]]
    form = ("data=" + urllib.request.quote(json.dumps(query))).encode()  # type: ignore[attr-defined]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert kd.call("BillQuery", form, headers) == [{"FNumber": "CUST000001"}]


def test_kd_query_paging_and_lines(serve: Serve) -> None:
    kd = Kd(serve("kingdee", customers=300))
    ids = sorted(kd.sim.state.tables["BD_Customer"].rows)
    flat = [row[0] for row in kd.query()]
    assert flat == ids
    page = kd.query(StartRow=10, Limit=10, TopRowCount=20)
    assert [row[0] for row in page] == ids[10:20]
    assert kd.query(StartRow=10, Limit=10, TopRowCount=10) == [], "TopRowCount is where rows end, not how many"
    assert kd.query(StartRow=len(ids) + 5) == []
    lines = kd.query(FieldKeys="FCUSTID,FT_BD_CUSTCONTACT_FEntryID,FNAME1")
    rows = kd.sim.state.tables["BD_Customer"].rows.values()
    assert len(lines) == sum(max(1, len(row["entries"])) for row in rows) > len(ids)
    shuffled = [kd.query(OrderString="") for _ in range(3)]
    assert len({json.dumps(each) for each in shuffled}) > 1, "without a sort the order is not stable"


@pytest.mark.parametrize(
    ("where", "test"),
    [
        ("FCUSTID = 100003", lambda r: r["FCUSTID"] == 100003),
        ("FCUSTID<>100003 and FCUSTID <= 100010", lambda r: r["FCUSTID"] != 100003 and r["FCUSTID"] <= 100010),
        ("FNumber in ('CUST000001', 'cust000002')", lambda r: r["FCUSTID"] in (100001, 100002)),
        ("FName like '%股份%'", lambda r: "股份" in r["FName"]),
        ("FGroup.FNumber = 'G01' or FCUSTID < 100003", lambda r: r["FGroup"] == "G01" or r["FCUSTID"] < 100003),
        (
            "(FGroup.FName='重点客户' or FCUSTID=100001) and FCUSTID>100002",
            lambda r: r["FGroup"] == "G01" and r["FCUSTID"] > 100002,
        ),
        ("FModifyDate >= '2025-01-01 00:05:00'", lambda r: r["FModifyDate"] >= 1735661100000),
        ("FModifyDate < '2025-01-01T00:05:00' and FForbidStatus = 'A'", lambda r: r["FModifyDate"] < 1735661100000),
        ("1=1", lambda r: True),
        ("FCREDITLIMIT > 250000", lambda r: float(r["FCREDITLIMIT"]) > 250000),
    ],
)
def test_kd_filters(serve: Serve, where: str, test: Callable[[Any], bool]) -> None:
    kd = Kd(serve("kingdee", customers=300))
    rows = kd.sim.state.tables["BD_Customer"].rows
    assert [row[0] for row in kd.query(FilterString=where)] == [key for key in sorted(rows) if test(rows[key])]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"FormId": "XX_Nothing"}, 4),
        ({"FieldKeys": "FCUSTID,FNope"}, 9),
        ({"OrderString": "FID ASC"}, 9),
        ({"FilterString": "FNope = 1"}, 9),
        ({"FilterString": "FCUSTID = "}, 8),
        ({"FilterString": "FCUSTID ~ 1"}, 8),
        ({"FieldKeys": ""}, 8),
    ],
)
def test_kd_query_errors_are_wrapped_twice(serve: Serve, query: dict[str, Any], code: int) -> None:
    answer = Kd(serve("kingdee")).query(**query)
    assert answer[0][0]["Result"]["ResponseStatus"]["MsgCode"] == code


def test_kd_save(serve: Serve) -> None:
    kd = Kd(serve("kingdee"))
    missing = kd.save({"FName": "甲", "FCreateOrgId": {"FNumber": "100"}})["ResponseStatus"]
    assert (missing["MsgCode"], missing["Errors"][0]["FieldName"]) == (11, "FUseOrgId")
    bad = kd.save({"FName": "甲", **ORG, "FGroup": {"FNumber": "G77"}})["ResponseStatus"]
    assert bad["MsgCode"] == 11 and "G77" in bad["Errors"][0]["Message"]
    assert kd.save({"FName": "甲", **ORG, "FWhat": 1})["ResponseStatus"]["MsgCode"] == 9
    made = kd.save({"FName": "甲", **ORG, "FNumber": "N1"}, ValidateRepeatJson=True)
    assert made["ResponseStatus"]["IsSuccess"] and made["Number"] == "N1"
    again = kd.save({"FName": "甲", **ORG, "FNumber": "N1"}, ValidateRepeatJson=True)["ResponseStatus"]
    assert "重复" in again["Errors"][0]["Message"]
    double = kd.save({"FName": "乙", **ORG, "FNumber": "n1"})["ResponseStatus"]
    assert double["MsgCode"] == 11 and "已存在" in double["Errors"][0]["Message"]
    only = kd.save({"FCUSTID": made["Id"], "FName": "丙", "FTEL": "9"}, NeedUpDateFields=["FTEL"])
    row = kd.sim.state.tables["BD_Customer"].rows[made["Id"]]
    assert only["ResponseStatus"]["IsSuccess"] and (row["FName"], row["FTEL"]) == ("甲", "9")


def test_kd_lines_not_sent_are_deleted_by_default(serve: Serve) -> None:
    kd = Kd(serve("kingdee"))
    lines = [{"FNAME1": "一"}, {"FNAME1": "二"}]
    key = kd.save({"FName": "甲", **ORG, "FT_BD_CUSTCONTACT": lines})["Id"]
    entries = kd.sim.state.tables["BD_Customer"].rows[key]["entries"]
    keep = {"FEntryID": entries[0]["FEntryID"], "FNAME1": "壹"}
    kd.save({"FCUSTID": key, "FT_BD_CUSTCONTACT": [keep]}, IsDeleteEntry="false")
    assert [e["FNAME1"] for e in kd.sim.state.tables["BD_Customer"].rows[key]["entries"]] == ["壹", "二"]
    kd.save({"FCUSTID": key, "FT_BD_CUSTCONTACT": [keep]})
    assert [e["FNAME1"] for e in kd.sim.state.tables["BD_Customer"].rows[key]["entries"]] == ["壹"]


def test_kd_status_machine(serve: Serve) -> None:
    kd = Kd(serve("kingdee"))
    key = kd.call("Draft", {"formid": "BD_Customer", "data": {"Model": {"FName": "草稿"}}})["Result"]["Id"]

    def step(name: str) -> tuple[bool, str]:
        status = kd.call(name, {"formid": "BD_Customer", "data": {"Ids": str(key)}})["Result"]["ResponseStatus"]
        row = kd.sim.state.tables["BD_Customer"].rows.get(key)
        return status["IsSuccess"], row["FDocumentStatus"] if row else "-"

    assert step("Audit") == (False, "Z")
    assert step("Submit") == (True, "B")
    assert not kd.save({"FCUSTID": key, "FTEL": "1"})["ResponseStatus"]["IsSuccess"]
    assert step("Delete") == (False, "B")
    assert step("Audit") == (True, "C")
    assert not kd.save({"FCUSTID": key, "FTEL": "1"})["ResponseStatus"]["IsSuccess"]
    assert step("UnAudit") == (True, "D")
    assert step("UnAudit") == (False, "D")
    assert step("Delete") == (True, "-")


def test_kd_silent_partial_audit(serve: Serve) -> None:
    kd = Kd(serve("kingdee"))
    keys = [kd.save({"FName": f"{i}", **ORG})["Id"] for i in range(4)]
    ids = ",".join(map(str, keys))
    assert kd.call("Submit", {"formid": "BD_Customer", "data": {"Ids": ids}})["Result"]["ResponseStatus"]["IsSuccess"]
    kd.server.control("switches", {"silent_partial": True})
    status = kd.call("Audit", {"formid": "BD_Customer", "data": {"Ids": keys}})["Result"]["ResponseStatus"]
    assert status["IsSuccess"] and len(status["SuccessEntitys"]) == 2


@pytest.mark.parametrize("name", ["fxiaoke", "kingdee"])
def test_control_api(serve: Serve, name: str) -> None:
    server = serve(name)
    obj = next(iter(server.vendor.state.tables))
    before = server.control(f"records/{obj}?limit=2")
    assert len(before["records"]) == 2 and before["total"] == len(server.vendor.state.tables[obj].rows)
    truth = server.control("truth")["companies"]
    keys = [key for company in truth.values() for key in company["keys"]]
    assert sorted(keys) == sorted(map(str, server.vendor.state.tables[obj].rows))
    key = server.control(f"records/{obj}", {"op": "insert", "fields": {}})["keys"][0]
    assert server.control(f"records/{obj}?key={key}")["total"] == 1
    server.control(f"records/{obj}", {"op": "delete", "key": key})
    assert server.control(f"records/{obj}?key={key}")["total"] == 0
    assert server.control("ledger")["total"] == 0, "what people do in the vendor's screens is not in our ledger"
    now = server.control("clock", {"advance": 100})["now"]
    assert server.control("clock")["now"] >= now
    for path, body in (("faults", [{"kind": "nonsense"}]), ("switches", {"nonsense": 1}), ("nowhere", {})):
        with pytest.raises(urllib.error.HTTPError) as caught:
            server.control(path, body)
        assert caught.value.code in (400, 404)


@pytest.mark.parametrize("name", ["fxiaoke", "kingdee"])
def test_state_is_kept_in_a_file(serve: Serve, name: str, tmp_path: Path) -> None:
    server = serve(name)
    state = server.vendor.state
    obj = next(iter(state.tables))
    key = server.control(f"records/{obj}", {"op": "insert", "fields": {}})["keys"][0]
    state.ledger.add(1.0, obj, "create", key, {})
    state.save(tmp_path / "state.json")
    other = simulator(name, seed=2, customers=10)
    other.state.restore(tmp_path / "state.json")
    assert other.state.tables[obj].rows == state.tables[obj].rows
    assert [row for row in other.state.tables[obj].latest()] == [row for row in state.tables[obj].latest()]
    assert other.state.ledger.as_json() == state.ledger.as_json() and other.state.truth == state.truth
