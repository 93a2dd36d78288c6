"""Verdicts over the API: only by a steward's token, masked as everything else, taken back again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from masterdata.store import connect
from tests.api.conftest import served
from tests.stewardship.world import CODE, FULL, SLIP, World
from tongmai.api import tokens
from tongmai.api.scope import declared
from tongmai.sync.content import load_content


def test_a_stewards_page_can_be_built_on_it(world: World) -> None:
    world.put("Account", "a1", name=FULL, code=CODE, city="上海市")
    world.put("Account", "a2", name=SLIP, city="上海市", phone="021-64321234")
    world.run("accounts")
    one, two = world.entity("a1"), world.entity("a2")
    schema, until = load_content().schema, datetime.now(UTC) + timedelta(days=1)
    with connect(world.url) as database, database.transaction() as cursor:

        def token(name: str, *words: list[str]) -> str:
            return tokens.create(cursor, name, declared(schema, *words), until, "test", 0)

        steward = token("steward", ["customer"], [], [], ["customer"])
        reader = token("reader", ["*"], [], [])
        narrow = token("narrow", ["customer"], ["customer.city"], [], ["*"])
    with served(world.url) as base:

        def call(path: str, text: str, body: Any = None, language: str = "en") -> tuple[int, Any]:
            answer = requests.request(
                "GET" if body is None else "POST",
                f"{base}/api/v1/review/{path}",
                json=body,
                headers={"authorization": f"Bearer {text}", "accept-language": language},
                timeout=60,
            )
            return answer.status_code, answer.json()

        status, found = call("customer", steward)
        assert status == 200 and found["open"] == 1
        assert {each["id"]: each["name"] for each in found["groups"][0]["members"]} == {one: FULL, two: SLIP}
        assert all("name" not in each for each in call("customer", narrow)[1]["groups"][0]["members"])
        assert call("customer?min_weight=90", steward)[1]["open"] == 0
        status, refused = call("customer", reader)
        assert (status, refused["error"]["code"]) == (403, "api-not-allowed") and "--steward" in refused["error"][
            "next"
        ]
        body = {"keys": [one, "tray_crm/Account/a2"], "why": "same phone"}
        assert call("customer/merge", reader, body)[0] == 403
        assert call("opportunity", steward)[0] == 403 and call("opportunity", narrow)[0] == 403
        assert call("customer/merge", steward, {**body, "why": ""})[1]["error"]["code"] == "bad-option"
        status, unknown = call("customer/merge", steward, {**body, "keys": [one, "nobody"]}, "zh")
        assert (status, unknown["error"]["code"]) == (404, "not-found") and unknown["error"]["meaning"]
        assert call("customer/merge", steward, {"why": "x"})[0] == 422

        status, tried = call("customer/merge", steward, {**body, "dry_run": True})
        assert status == 200 and tried["dry_run"] and tried["ended"] == [two] and world.entity("a2") == two
        changed = next(each for each in tried["golden"] if each["id"] == one)["fields"]
        assert "phones" not in changed, "a personal field that the token may not see"
        status, done = call("customer/merge", steward, body)
        assert status == 200 and world.entity("a2") == one and done["moved"] == tried["moved"]
        assert world.query("select who, why from hub.match_act") == [("api:steward", "same phone")]
        status, out = call(
            "customer/unmerge", steward, {"key": one, "records": ["tray_crm/Account/a2"], "why": "two after all"}
        )
        assert status == 200 and out["revived"] == [two] and world.entity("a2") == two
        assert call(f"customer/acts/{out['act']}/undo", steward, {"why": "no"})[0] == 200
        assert call(f"customer/acts/{done['act']}/undo", steward, {})[0] == 200 and world.entity("a2") == two
        assert call(f"customer/acts/{done['act']}/undo", steward, {})[0] == 404
        assert call("customer/apart", steward, {"keys": [one, two], "why": "two"})[0] == 200
        assert call("customer", steward)[1]["open"] == 0
