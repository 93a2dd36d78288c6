"""Records, scopes, masks, search, 360 degrees, the model: over HTTP, in both languages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from openapi_spec_validator import validate

from tests.api.conftest import CODE, Api
from tests.search.rows import number, put


def key(name: str) -> str:
    return str(number(name))


def test_a_record_by_id_and_by_the_key_of_a_system(api: Api) -> None:
    found = api.get(f"/entities/customer/{key('tuojin')}", include="reasons,sources")
    assert (found["id"], found["version"], found["fields"]["legal_name"]) == (
        key("tuojin"),
        1,
        "上海拓金生物科技有限公司",
    )
    assert found["reasons"]["legal_name"]["connection"] == "crm_main"
    assert found["sources"] == [{"connection": "crm_main", "stream": "AccountObj", "key": "tuojin", "deleted": False}]
    assert found["masked"] == []
    by_key = api.get("/entities/customer/by-key", connection="crm_main", key="tuojin")
    assert by_key["id"] == found["id"]
    assert api.refused("/entities/customer/by-key", connection="crm_main", key="nobody")[:2] == (404, "api-no-record")
    assert api.refused("/entities/customer/by-key", connection="crm_main", key="tuojin", stream="x")[0] == 404


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/entities/customer/nonsense", 404, "api-no-record"),
        ("/entities/customer/00000000-0000-0000-0000-000000000009", 404, "api-no-record"),
        (f"/entities/contact/{key('tuojin')}", 404, "api-no-record"),
        ("/entities/custommer", 404, "unknown-entity"),
        ("/entities/customer?include=secrets", 422, "api-bad-request"),
        ("/entities/customer?limit=0", 422, "api-bad-request"),
        (f"/entities/customer/{key('tuojin')}?as_of=yesterday", 422, "api-bad-request"),
        (f"/entities/customer/{key('tuojin')}?as_of=9999-12-31T23:59:59-14:00", 422, "api-bad-request"),
        (f"/entities/customer/{key('tuojin')}?as_of=0001-01-01T00:00:00%2B14:00", 422, "api-bad-request"),
        ("/changes?after=nonsense", 422, "api-bad-cursor"),
        ("/search?q=x&entity=price", 422, "api-bad-request"),
        ("/dictionary/customer_levle", 422, "api-bad-request"),
        ("/nowhere", 404, "api-no-address"),
        ("/entities/customer/by-key?connection=%00&key=a", 422, "api-bad-request"),
    ],
)
def test_what_cannot_be_served_says_what_why_and_what_next(api: Api, path: str, status: int, code: str) -> None:
    assert api.refused(path)[:2] == (status, code)
    chinese = api.call(path, language="zh-CN,zh;q=0.9,en;q=0.8")
    assert chinese.headers["content-language"] == "zh"
    error = chinese.json()["error"]
    assert any("\u4e00" <= char <= "\u9fff" for char in error["why"] + error["next"]), error


def test_pages_hold_every_record_once(api: Api) -> None:
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = api.get("/entities/contact", after=after, limit=1)
        seen += [record["id"] for record in page["records"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) and {key("wang"), key("zhao")} <= set(seen)
    assert set(seen) == {record["id"] for record in api.get("/entities/contact")["records"]}


def test_a_token_sees_what_its_scope_allows(api: Api) -> None:
    whole = api.get(f"/entities/customer/{key('tuojin')}", "all")
    plain = api.get(f"/entities/customer/{key('tuojin')}", "plain", include="reasons")
    narrow = api.get(f"/entities/customer/{key('tuojin')}", "narrow", include="reasons")
    assert whole["fields"]["phones"] == ["021-64321234"]
    assert "phones" not in plain["fields"] and plain["masked"] == ["phones", "legal_person"]
    assert not {"phones", "legal_person"} & set(plain["reasons"])
    assert narrow["fields"] == {"legal_name": "上海拓金生物科技有限公司", "city": "上海市"}
    assert narrow["masked"] == [] and set(narrow["reasons"]) == {"legal_name", "city"}
    for told in (plain, narrow):
        assert "64321234" not in str(told) and "李建国" not in str(told)
    assert api.refused("/entities/contact", "narrow")[:2] == (403, "api-not-allowed")
    for path in ("/search?q=64321234", "/search?q=021-6432 1234", "/search?q=1234"):
        assert api.get(path, "plain")["hits"] == [] and api.get(path, "narrow")["hits"] == []
        assert [hit["id"] for hit in api.get(path, "all")["hits"]] == [key("tuojin")]
    assert api.get(f"/search?q={CODE}", "narrow")["hits"] == []
    assert api.get("/search?q=王丽&entity=contact", "plain")["hits"] == []
    assert [hit["how"] for hit in api.get("/search?q=王丽&entity=contact", "all")["hits"]] == ["name"]
    named = api.token("some", "contact", personal="contact.name")
    found = api.get(f"/entities/contact/{key('wang')}", named)
    assert found["fields"]["name"] == "王丽" and found["masked"] == ["mobile"]


def test_search_answers_with_records_the_best_first(api: Api) -> None:
    hits = api.get("/search", q="拓金生物")["hits"]
    assert {hit["id"] for hit in hits[:2]} == {key("tuojin"), key("twin")}
    assert hits[0]["score"] >= hits[1]["score"] and hits[0]["how"] == "brand" and hits[0]["fields"]["city"] == "上海市"
    assert [hit["id"] for hit in api.get("/search", q="tengjing", limit=1)["hits"]] == [key("tengjing")]


def test_360_degrees_tell_of_all_that_refers_also_to_a_merged_id(api: Api) -> None:
    found = api.get(f"/entities/customer/{key('tuojin')}/360")
    related = {(one["entity"], one["by"]): one for one in found["related"]}
    assert related["contact", "customer"]["count"] == 1
    assert related["contact", "customer"]["records"][0]["fields"]["title"] == "采购经理"
    assert related["sales_order", "customer"]["records"][0]["fields"]["number"] == "SO-1"
    assert [one["id"] for one in found["above"]] == [key("group")]
    assert found["record"]["sources"] and found["record"]["reasons"]
    above = api.get(f"/entities/customer/{key('group')}/360")
    assert [(one["entity"], one["by"]) for one in above["related"]] == [("customer", "parent")]
    narrow = api.get(f"/entities/customer/{key('tuojin')}/360", "narrow")
    assert narrow["related"] == [] and narrow["above"] == []


def test_a_merged_id_gives_the_survivor_and_says_so(api: Api) -> None:
    before = datetime.now(UTC)
    with api.database.transaction() as cursor:
        cursor.execute("update hub.entity set redirect_to = %s where id = %s", (number("tuojin"), number("twin")))
    try:
        found = api.get(f"/entities/customer/{key('twin')}")
        assert (found["id"], found["redirected_from"]) == (key("tuojin"), key("twin"))
        assert api.get(f"/entities/customer/{key('twin')}/history")["redirected_from"] == key("twin")
        contacts = {one["entity"]: one["count"] for one in api.get(f"/entities/customer/{key('twin')}/360")["related"]}
        assert contacts["contact"] == 2
        then = api.get(f"/entities/customer/{key('twin')}", as_of=before.isoformat())
        assert then["id"] == key("twin") and "redirected_from" not in then
        assert key("twin") not in [hit["id"] for hit in api.get("/search", q="拓金生物")["hits"]]
        assert key("twin") not in [one["id"] for one in api.get("/entities/customer")["records"]]
    finally:
        with api.database.transaction() as cursor:
            cursor.execute("update hub.entity set redirect_to = null where id = %s", (number("twin"),))
    assert "redirected_from" not in api.get(f"/entities/customer/{key('twin')}")


def test_labels_say_what_terms_and_references_are(api: Api) -> None:
    rows = {"called": {"legal_name": "有名公司", "level": "strategic", "parent": key("group")}}
    put(api.database, api.content, "customer", rows)
    path = f"/entities/customer/{key('called')}"
    assert "labels" not in api.get(path)
    names = {"zh": "上海拓金控股集团有限公司", "en": "上海拓金控股集团有限公司"}
    wanted = {"level": {"zh": "战略客户", "en": "Strategic"}, "parent": names}
    assert api.get(path, include="labels")["labels"] == wanted
    assert api.get(path, include="labels", as_of=datetime.now(UTC).isoformat())["labels"] == wanted
    assert api.get(f"{path}/360")["record"]["labels"] == wanted
    page = {one["id"]: one for one in api.get("/entities/customer", include="labels", limit=1000)["records"]}
    assert page[key("called")]["labels"] == wanted
    contact = f"/entities/contact/{key('wang')}"
    assert api.get(contact, "plain", include="labels")["labels"]["customer"]["zh"] == "上海拓金生物科技有限公司"
    only = api.token("contacts-alone", "contact")
    assert api.get(contact, only, include="labels")["labels"] == {}, "whose name it may not read"
    masked = api.token("unnamed", "opportunity contact")
    put(api.database, api.content, "opportunity", {"o": {"name": "商机", "stage": "following", "contact": key("wang")}})
    found = api.get(f"/entities/opportunity/{key('o')}", masked, include="labels")["labels"]
    assert found == {"stage": {"zh": "跟进中", "en": "Following"}}, "a name that is personal"


def test_history_and_as_of(api: Api) -> None:
    put(api.database, api.content, "customer", {"old": {"legal_name": "旧名有限公司", "phones": ["13700000000"]}})
    moment = datetime.now(UTC)
    put(api.database, api.content, "customer", {"old": {"legal_name": "新名有限公司", "phones": ["13700000001"]}})
    found = api.get(f"/entities/customer/{key('old')}/history", "plain")["versions"]
    assert next((one["version"], one["changed"]) for one in found) == (2, {"legal_name": "新名有限公司"})
    then = api.get(f"/entities/customer/{key('old')}", as_of=moment.isoformat())
    assert (then["version"], then["fields"]["legal_name"]) == (1, "旧名有限公司")
    assert "1370000" not in str(api.get(f"/entities/customer/{key('old')}", "plain", as_of=moment.isoformat()))
    early = (moment - timedelta(days=1)).isoformat()
    assert api.refused(f"/entities/customer/{key('old')}", as_of=early)[:2] == (404, "api-no-record")


def test_the_model_and_the_dictionary(api: Api) -> None:
    entities = {one["entity"]: one for one in api.get("/model")["entities"]}
    assert len(entities) == len(api.content.schema.entities)
    fields = {one["name"]: one for one in api.get("/model/customer", "plain")["fields"]}
    assert fields["phones"]["personal"] and not fields["phones"]["visible"] and fields["city"]["visible"]
    assert [one["entity"] for one in api.get("/model", "narrow")["entities"]] == ["customer"]
    lists = {one["name"]: one for one in api.get("/dictionary")["lists"]}
    assert lists["customer_level"]["terms"][0] == {
        "term": "strategic",
        "zh": "战略客户",
        "en": "Strategic",
        "next": None,
        "enter": None,
        "leave": None,
        "retired": False,
        "instead": None,
    }
    stage = api.get("/dictionary/opportunity_stage")
    assert stage["owner"] == {"zh": "销售部", "en": "Sales"} and stage["terms"][3]["enter"]["holds"] == "amount > 0"
    assert api.get("/dictionary/customer_lifecycle")["terms"][0]["next"] == ["developing", "lost", "blocked"]


def test_kpis_are_told_with_what_they_measure(api: Api) -> None:
    found = {one["kpi"]: one for one in api.get("/kpis")["kpis"]}
    assert len(found) == len(api.content.kpis.found) and found["win_rate"]["view"] == "bi.kpi_win_rate"
    assert found["win_rate"]["owner"]["zh"] == "销售部" and found["win_rate"]["unit"] == "share"
    assert api.get("/kpis", "narrow")["kpis"] == [], "of entities that the token does not read"


def test_the_openapi_document_is_valid_and_names_every_route(api: Api) -> None:
    document: dict[str, Any] = requests.get(f"{api.base}/api/v1/openapi.json", timeout=30).json()
    validate(document)
    assert len(document["paths"]) == 27, sorted(document["paths"])
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["security"] and operation["summary"] and "4XX" in operation["responses"], path


def test_many_callers_at_once_are_all_served(api: Api) -> None:
    """More than there are connections and threads: those who wait keep nobody from going on."""
    with ThreadPoolExecutor(80) as pool:
        answers = list(pool.map(lambda n: api.call("/search", q="拓金").status_code, range(160)))
    assert answers == [200] * 160
