"""What is asked wrongly is refused, what may not be seen is not told by any way around, what is told is what the document says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.api.conftest import Api, document
from tests.search.rows import number, put
from tongmai.api.scope import declared
from tongmai.core.errors import ConfigurationError


def key(name: str) -> str:
    return str(number(name))


def post(api: Api, path: str, body: bytes, language: str = "en") -> tuple[int, dict[str, str]]:
    """A body as it stands."""
    headers = {"authorization": f"Bearer {api.texts['all']}", "content-type": "application/json"}
    headers["accept-language"] = language
    answer = requests.post(f"{api.base}/api/v1{path}", data=body, headers=headers, timeout=60)
    return answer.status_code, answer.json().get("error", {})


@pytest.mark.parametrize(
    ("path", "near"),
    [
        (f"/entities/customer/{key('tuojin')}?as-of=2020-01-01", "as_of"),
        ("/search?q=x&entitiy=contact", "entity"),
        ("/changes?afer=", "after"),
        ("/entities/customer?page=2", ""),
    ],
)
def test_a_parameter_that_there_is_not_is_refused(api: Api, path: str, near: str) -> None:
    status, code, why = api.refused(path)
    assert (status, code) == (422, "api-bad-request") and "there is no such parameter" in why
    assert near in api.call(path).json()["error"]["next"]


def test_a_word_of_a_body_that_there_is_not_is_refused(api: Api) -> None:
    for path in ("duplicates", "registration"):
        status, code, _ = api.refused(f"/entities/opportunity/{path}", json={"fields": {}, "limt": 3})
        assert (status, code) == (422, "api-bad-request")


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/entities/customer/duplicates", b'{"fields": {', "no JSON"),
        ("/entities/customer/duplicates", b'{"fields": []}', "object"),
        ("/entities/customer/duplicates", b"[]", "object"),
        ("/entities/customer/duplicates", b'{"fields": {}, "limit": 0}', "at least 1"),
        ("/entities/customer/duplicates", b'{"fields": {}, "limit": "x"}', "number"),
        ("/entities/customer/duplicates", b'{"limit": 1}', "missing"),
        ("/entities/customer/duplicates", b'{"fields": {"legal_name": "\\u0000"}}', "code 0"),
        ("/entities/customer/duplicates", b'{"fields": {"legal_name": "\\ud800"}}', "no JSON"),
        ("/entities/customer/duplicates", b'{"fields": {"legal_name": "\xff"}}', "no JSON"),
        ("/entities/customer/duplicates", b'{"fields": ' + b"[" * 900 + b'"\\u0000"' + b"]" * 900 + b"}", "deep"),
        ("/entities/customer/duplicates", b'{"fields": ' + b"[" * 1_010 + b"]" * 1_010 + b"}", "deep"),
        ("/review/customer/merge", b'{"keys": ["\\u0000", "a"], "why": "x"}', "code 0"),
        ("/review/customer/merge", b'{"keys": ["a", "b"], "why": "\\u0000"}', "code 0"),
    ],
)
def test_a_wrong_body_is_told_in_words_of_both_languages(api: Api, path: str, body: bytes, words: str) -> None:
    status, error = post(api, path, body)
    assert (status, error["code"]) == (422, "api-bad-request"), error
    assert words in error["why"], error
    chinese = post(api, path, body, "zh")[1]
    assert any("\u4e00" <= char <= "\u9fff" for char in chinese["why"]) and "Input" not in chinese["why"], chinese


def test_a_body_of_another_kind_is_told_from_a_wrong_one(api: Api) -> None:
    """What curl sends without a header is a form."""
    for kind in ("application/x-www-form-urlencoded", "text/plain", ""):
        headers = {"authorization": f"Bearer {api.texts['all']}", "content-type": kind}
        path = f"{api.base}/api/v1/entities/customer/duplicates"
        answer = requests.post(path, data=b'{"fields": {"legal_name": "x"}}', headers=headers, timeout=30)
        assert answer.status_code == 415 and "application/json" in answer.json()["error"]["next"], kind


def test_a_body_of_any_size_is_not_read(api: Api) -> None:
    huge = b'{"fields": {"legal_name": "' + b"x" * 2_000_000 + b'"}}'
    status, error = post(api, "/entities/customer/duplicates", huge)
    assert (status, error["code"]) == (413, "api-too-large")


def test_no_reason_tells_of_a_field_that_may_not_be_seen(api: Api) -> None:
    """What a name is compared with is made of several fields, and a place of a telephone too."""
    fields = {"legal_name": "深圳市腾景电子股份有限公司", "city": "深圳市"}
    whole = api.get("/entities/customer/duplicates", "all", json={"fields": {**fields, "short_name": "腾景"}})
    assert "秘名" in str(whole["candidates"]), "or this test proves nothing"
    for token in ("narrow", "plain"):
        found = api.get("/entities/customer/duplicates", token, json={"fields": fields})
        (one,) = found["candidates"]
        assert one["record"]["id"] == key("tengjing")
        told = str(one["reasons"])
        assert "13812345678" not in told and (token == "plain" or "秘名" not in told), told


def test_history_leaves_out_what_may_not_be_seen_and_goes_on(api: Api) -> None:
    for telephone in ("13700000000", "13700000001", "13700000002"):
        put(api.database, api.content, "customer", {"past": {"legal_name": "前公司", "phones": [telephone]}})
    put(api.database, api.content, "customer", {"past": {"legal_name": "后公司"}})
    path = f"/entities/customer/{key('past')}/history"
    assert [one["version"] for one in api.get(path)["versions"]] == [4, 3, 2, 1]
    assert [one["version"] for one in api.get(path, "plain")["versions"]] == [4, 1]
    first = api.get(path, limit=3)
    assert [one["version"] for one in first["versions"]] == [4, 3, 2] and first["next"] == 2
    rest = api.get(path, limit=3, before=first["next"])
    assert [one["version"] for one in rest["versions"]] == [1] and rest["next"] is None


def test_reasons_of_the_past_are_not_silently_left_out(api: Api) -> None:
    now = datetime.now(UTC).isoformat()
    assert api.refused(f"/entities/customer/{key('tuojin')}", as_of=now, include="reasons")[:2] == (422, "api-bad-request")  # fmt: skip


def test_a_reader_of_a_quiet_entity_does_not_read_the_noise_again(api: Api) -> None:
    """Its place goes on though nothing of what it reads has changed: or every call would pass over all changes of the others."""
    narrow = api.token("quiet", "price")
    before = api.get("/changes", narrow)["next"]
    put(api.database, api.content, "customer", {"loud": {"legal_name": "吵闹公司"}})
    found = api.get("/changes", narrow, after=before)
    assert found["changes"] == [] and found["next"] != before
    assert [one["id"] for one in api.get("/changes", after=before)["changes"]] == [key("loud")]
    assert api.get("/changes", after=found["next"])["changes"] == []
    put(api.database, api.content, "customer", {"loud": {"legal_name": "更吵公司"}})
    assert [one["version"] for one in api.get("/changes", after=found["next"])["changes"]] == [2]


def test_who_registered_for_whom_is_not_told_to_who_may_not_see_for_whom(api: Api) -> None:
    blind = api.token("blind", "customer opportunity", "opportunity.name")
    asked = {"fields": {"name": "MES 产线改造", "customer": key("tuojin")}}
    assert api.refused("/entities/opportunity/registration", blind, json=asked)[:2] == (403, "api-not-allowed")


def test_a_scope_names_whole_fields_and_lines_that_there_are(api: Api) -> None:
    schema = api.content.schema
    model = next(each for each in schema.entities.values() if any(f.fields for f in each.fields.values()))
    name, spec = next((name, spec) for name, spec in model.fields.items() if spec.fields)
    inner = next(iter(spec.fields))
    words: list[tuple[list[str], list[str], list[str]]] = [
        ([model.entity], [f"{model.entity}.{name}.{inner}"], []),
        ([model.entity], [], [f"{model.entity}.{name}.nothing"]),
    ]
    for read, fields, personal in words:
        with pytest.raises(ConfigurationError):
            declared(schema, read, fields, personal)
    assert declared(schema, [model.entity], [], [f"{model.entity}.{name}.{inner}"]).personal


def test_answers_are_what_the_document_says(api: Api) -> None:
    """Every key that comes is in the document, with its type."""
    said = document(api.base)

    def check(path: str, template: str, method: str = "get", **params: Any) -> None:
        assert said(template, api.get(path, **params), method) == []

    one = f"/entities/customer/{key('tuojin')}"
    check("/search?q=拓金", "/search")
    check("/changes?limit=5", "/changes")
    check("/entities/customer?include=reasons,sources,labels", "/entities/{entity}")
    check("/entities/customer/by-key?connection=crm_main&key=tuojin", "/entities/{entity}/by-key")
    check(one, "/entities/{entity}/{id}")
    check(f"{one}?as_of={datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}", "/entities/{entity}/{id}")
    check(f"{one}/history", "/entities/{entity}/{id}/history")
    check(f"{one}/360", "/entities/{entity}/{id}/360")
    check("/model", "/model")
    check("/model/customer", "/model/{entity}")
    check("/model/sales_order", "/model/{entity}")
    check("/kpis", "/kpis")
    check("/dictionary", "/dictionary")
    check("/dictionary/customer_level", "/dictionary/{name}")
    fields = {"legal_name": "上海拓金生物科技有限公司", "city": "上海市"}
    check("/entities/customer/duplicates", "/entities/{entity}/duplicates", "post", json={"fields": fields})
    asked = {"fields": {"name": "MES 产线改造", "customer": key("tuojin")}}
    check("/entities/opportunity/registration", "/entities/{entity}/registration", "post", json=asked)


def test_every_parameter_is_described(api: Api) -> None:
    document: dict[str, Any] = requests.get(f"{api.base}/api/v1/openapi.json", timeout=30).json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for each in operation.get("parameters", ()):
                assert each.get("description") or each["name"] in ("entity", "id"), (path, each["name"])
