"""Verdicts over the API: only by a steward's token, masked as everything else, taken back again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import requests

from masterdata.store import connect
from tests.api.conftest import document, served
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

        wrong = document(base)
        status, found = call("customer", steward)
        assert wrong("/review/{entity}", found) == []
        assert status == 200 and found["open"] == 1 and found["next"] is None
        status, refused = call("customer?after=x", steward)
        assert (status, refused["error"]["code"]) == (422, "bad-cursor")
        with psycopg.connect(world.url) as hub:
            hub.execute("update hub.match_edge set veto = true")
        assert call("customer", steward)[1]["open"] == 0, "what was noted since is worked out before it is told"
        with psycopg.connect(world.url) as hub:
            hub.execute("update hub.match_edge set veto = false")
        assert call("customer", steward)[1]["groups"] == found["groups"]
        assert world.query("select count(*) from hub.question_due") == [(0,)]
        assert {each["id"]: each["name"] for each in found["groups"][0]["members"]} == {one: FULL, two: SLIP}
        assert all("name" not in each for each in call("customer", narrow)[1]["groups"][0]["members"])
        assert call("customer?min_weight=90", steward)[1]["open"] == 0
        status, refused = call("customer", reader)
        assert (status, refused["error"]["code"]) == (403, "api-not-allowed") and "--steward" in refused["error"][
            "next"
        ]
        status, laid = call(f"customer/question?key={one}", steward)
        assert status == 200 and wrong("/review/{entity}/question", laid) == []
        assert [each["id"] for each in laid["records"]] == sorted([one, two]) and "phones" in laid["unseen"]
        (pair,) = laid["pairs"]
        assert pair["bits"] == pytest.approx(pair["prior"] + sum(each["bits"] for each in pair["reasons"]), abs=1e-6)
        assert {each["key"] for each in pair["sources"]} == {"a1", "a2"} and "64321234" not in str(laid)
        assert laid == call(f"customer/question?key={one}&key=tray_crm/Account/a2", steward)[1]
        assert FULL not in str(call(f"customer/question?key={one}", narrow)[1])
        assert call(f"customer/question?key={one}", reader)[0] == 403 and call("customer/question", steward)[0] == 422
        body = {"keys": [one, "tray_crm/Account/a2"], "why": "same phone"}
        assert call("customer/merge", reader, body)[0] == 403
        assert call("opportunity", steward)[0] == 403 and call("opportunity", narrow)[0] == 403
        assert call("customer/merge", steward, {**body, "why": ""})[1]["error"]["code"] == "bad-option"
        status, unknown = call("customer/merge", steward, {**body, "keys": [one, "nobody"]}, "zh")
        assert (status, unknown["error"]["code"]) == (404, "not-found") and unknown["error"]["meaning"]
        assert call("customer/merge", steward, {"why": "x"})[0] == 422

        status, tried = call("customer/merge", steward, {**body, "dry_run": True})
        assert wrong("/review/{entity}/merge", tried, "post") == []
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

        status, first = call("customer/acts?limit=2", steward)
        assert wrong("/review/{entity}/acts", first) == []
        rest = call(f"customer/acts?limit=2&before={first['next']}", steward)[1]
        kinds = [(act["kind"], act["undone_at"] is None) for act in (*first["acts"], *rest["acts"])]
        assert kinds == [("apart", True), ("unmerge", False), ("merge", False)] and rest["next"] is None
        many = {"why": "looked through", "verdicts": [
            {"verdict": "merge", "keys": [one, two]}, {"verdict": "merge", "keys": ["tray_crm/Account/a1", "a2"], "why": "again"},
        ]}  # fmt: skip
        assert call("customer/bulk", reader, many)[0] == 403 and call("customer/acts", reader)[0] == 403
        status, tried = call("customer/bulk", steward, {**many, "dry_run": True})
        assert status == 200 and wrong("/review/{entity}/bulk", tried, "post") == []
        assert [len(each["moved"]) for each in tried["acts"]] == [1, 0] and world.entity("a2") == two
        wrong_second = [*many["verdicts"], {"verdict": "merge", "keys": [one, "nobody"]}]
        assert (
            call("customer/bulk", steward, {**many, "verdicts": wrong_second})[0] == 404 and world.entity("a2") == two
        )
        assert call("customer/bulk", steward, many)[0] == 200 and world.entity("a2") == one


def test_second_records_in_a_target_are_decided_over_rest(world: World) -> None:
    world.put("Account", "a1", name=FULL, code=CODE, city="上海市")
    world.put("Client", "c1", name=FULL, code=CODE, city="上海市", phone="021-64321234")
    world.put("Client", "c2", name=FULL, code=CODE, city="上海市", phone="021-64321234")
    world.run("accounts", "clients", "clients_back")
    schema, until = load_content().schema, datetime.now(UTC) + timedelta(days=1)
    with connect(world.url) as database, database.transaction() as cursor:
        text = tokens.create(cursor, "steward", declared(schema, ["customer"], [], [], ["*"]), until, "test", 0)
        reader = tokens.create(cursor, "reader", declared(schema, ["customer"], [], []), until, "test", 0)
    with served(world.url) as base:

        def call(body: Any = None, token: str = text, **params: Any) -> tuple[int, Any]:
            answer = requests.request(
                "GET" if body is None else "POST",
                f"{base}/api/v1/review/customer/corrections",
                params=params,
                json=body,
                headers={"authorization": f"Bearer {token}"},
                timeout=60,
            )
            return answer.status_code, answer.json()

        wrong = document(base)
        status, found = call()
        assert status == 200 and wrong("/review/{entity}/corrections", found) == []
        (one,) = found["corrections"]
        assert (one["state"], {one["key"], one["written_to"]}) == ("open", {"c1", "c2"}) and "64321234" not in str(
            found
        )
        assert call(state="done")[1] == {"corrections": []} and call(state="closed")[0] == 422
        body = {"key": one["key"], "verdict": "approved", "why": "entered twice"}
        assert call(body, reader)[0] == 403 and call(token=reader)[0] == 403
        assert call({**body, "key": "nobody"})[0] == 404 and call({**body, "verdict": "yes"})[0] == 422
        status, tried = call({**body, "dry_run": True})
        assert status == 200 and wrong("/review/{entity}/corrections", tried, "post") == []
        assert call()[1]["corrections"][0]["verdict"] is None
        assert call(body)[1]["verdict"] == "approved"
        world.run("clients_back")
        assert world.rows("Client")[one["key"]]["off"] is True
        assert world.query("select who from hub.correction") == [("api:steward",)]
