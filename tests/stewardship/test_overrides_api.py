"""A steward's values over the API: set until a day, shown, taken back; only by who may decide and see the field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from masterdata.store import connect
from tests.api.conftest import document, served
from tests.stewardship.world import CODE, FULL, World
from tongmai.api import tokens
from tongmai.api.scope import declared
from tongmai.sync.content import load_content


def test_a_value_is_set_over_the_api_and_taken_back(world: World) -> None:
    world.put("Account", "a1", name=FULL, code=CODE, city="上海市", phone="021-64321234")
    world.run("accounts")
    one = world.entity("a1")
    schema, until = load_content().schema, datetime.now(UTC) + timedelta(days=1)
    with connect(world.url) as database, database.transaction() as cursor:

        def token(name: str, *words: list[str]) -> str:
            return tokens.create(cursor, name, declared(schema, *words), until, "test", 0)

        steward = token("steward", ["customer"], [], [], ["customer"])
        reader = token("reader", ["*"], [], ["*"])
    with served(world.url) as base:
        wrong = document(base)

        def call(text: str, body: Any = None, way: str = "", key: str = one) -> tuple[int, Any]:
            answer = requests.request(
                "GET" if body is None else "POST",
                f"{base}/api/v1/entities/customer/{key}/overrides{way}",
                json=body,
                headers={"authorization": f"Bearer {text}"},
                timeout=60,
            )
            return answer.status_code, answer.json()

        asked = {"field": "level", "value": "strategic", "until": "2090-01-01", "why": "agreed with sales"}
        path = "/entities/{entity}/{id}/overrides"
        status, found = call(steward, asked)
        assert status == 200 and wrong(path, found, "post") == [], found
        assert (found["value"], found["rule"], found["won"]) == ("strategic", "override", True)
        assert world.golden("a1")["level"] == "strategic"
        status, low = call(steward, {**asked, "field": "city", "value": "苏州市", "trust": 1})
        assert (status, low["value"], low["won"]) == (200, "上海市", False)
        lists = {**asked, "field": "former_names", "value": ["甲", "乙"]}
        assert call(steward, lists)[1]["value"] == ["甲", "乙"]
        assert call(steward, {**asked, "field": "employees", "value": 12})[1]["value"] == 12
        status, kept = call(steward)
        assert status == 200 and wrong(path, kept) == []
        assert [(each["field"], each["by"]) for each in kept["overrides"]][-1] == ("level", "api:steward")

        refusals: dict[int, list[Any]] = {
            403: [(reader, asked), {**asked, "field": "phones", "value": ["13900001111"]}],
            422: [
                {**asked, "value": "huge"},
                {**asked, "until": "2001-01-01"},
                {**asked, "until": "soon"},
                {**asked, "why": " "},
                {**asked, "field": "levle"},
                {**asked, "trust": 2000},
                {**asked, "parent": 1},
                {**asked, "field": "parent", "value": one},
            ],
        }
        for wanted, bodies in refusals.items():
            for each in bodies:
                text, body = each if isinstance(each, tuple) else (steward, each)
                status, error = call(text, body)
                assert (status, set(error["error"])) == (wanted, {"code", "what", "why", "next", "meaning"}), body
        assert call(steward, asked, key="00000000-0000-0000-0000-000000000009")[0] == 404
        assert len(call(steward)[1]["overrides"]) == 4, "nothing of it was kept"

        status, found = call(steward, {"field": "level"}, "/release")
        assert status == 200 and wrong(f"{path}/release", found, "post") == [] and found["value"] is None
        assert world.golden("a1")["level"] is None
        status, again = call(steward, {"field": "level"}, "/release")
        assert (status, again["error"]["code"]) == (404, "no-override")
