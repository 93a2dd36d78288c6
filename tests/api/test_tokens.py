"""Tokens: only those that are open call; nothing of them is kept or logged; they are slowed down and revoked."""

from __future__ import annotations

import logging
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from masterdata.model import Entity
from masterdata.model.entity import Field, Label, LineField, parse_type
from tests.api.conftest import Api
from tests.search.rows import number
from tongmai.api import tokens
from tongmai.api.problem import language_of
from tongmai.api.scope import Scope, declared, from_json
from tongmai.core.errors import ConfigurationError


def test_without_an_open_token_nothing_is_served(api: Api) -> None:
    assert requests.get(f"{api.base}/api/v1/model", timeout=30).status_code == 401
    right = api.texts["all"]
    number_, secret = right.split("_", 2)[1:]
    wrong = [
        "x",
        "tm_",
        f"tm_{number_}_",
        f"tm_{number_}_{secrets.token_urlsafe(32)}",
        f"tm_0000000000_{secret}",
        secret,
    ]
    for text in (*wrong, right.upper(), f"{right}x"):
        assert api.refused("/model", text)[:2] == (401, "api-bad-token"), text
    over = api.token("over", until=datetime.now(UTC) + timedelta(seconds=-1))
    assert api.refused("/model", over)[:2] == (401, "api-token-over")
    for path in ("/nowhere", "/search?q=x", "/changes", "/entities/customer/by-key?connection=a&key=b"):
        assert requests.get(f"{api.base}/api/v1{path}", timeout=30).status_code in (401, 404)


def test_a_revoked_token_ends_at_once(api: Api) -> None:
    text = api.token("leaver")
    assert api.call("/model", text).status_code == 200
    with api.database.transaction() as cursor:
        assert tokens.revoke(cursor, "leaver", "boss") == "leaver"
    assert api.refused("/model", text)[:2] == (401, "api-token-revoked")
    with api.database.transaction() as cursor, pytest.raises(ConfigurationError, match="none of that name"):
        tokens.revoke(cursor, "leaver", "boss")
    assert api.call("/model", api.token("leaver")).status_code == 200  # the name is free again
    with pytest.raises(ConfigurationError, match="one of that name"):
        api.token("leaver")


def test_a_token_is_kept_as_a_hash_and_its_use_noted(api: Api) -> None:
    text = api.token("kept")
    api.call("/model", text)
    used, deadline = None, time.monotonic() + 20
    while used is None and time.monotonic() < deadline:  # it is noted once the answer is on its way
        with api.database.transaction() as cursor:
            cursor.execute("select t::text, used_at from hub.api_token t where name = 'kept'")
            ((kept, used),) = cursor.fetchall()
    assert text.split("_", 2)[2] not in kept and used is not None


def test_a_rate_slows_down(api: Api) -> None:
    text = api.token("slow", rate=3)
    answers = [api.call("/model", text) for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 21
    assert answers[-1].json()["error"]["code"] == "api-too-many"


def test_the_log_names_the_caller_and_no_secret_or_value(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "tongmai.api"):
        api.get("/search", q="李建国 13812345678")
        api.get(f"/entities/customer/{number('tuojin')}")
        api.call("/entities/customer/by-key", connection="crm_main", key="13800138000")
        api.call("/entities/customer/duplicates", json={"fields": {"legal_name": "秘密公司"}})
    calls = [one.getMessage() for one in caplog.records if one.name == "tongmai.api"]
    assert len(calls) == 4 and all("token=all" in line for line in calls), calls
    assert "route=/api/v1/entities/{entity}/{id} entity=customer status=200" in calls[1]
    for secret in (api.texts["all"], "李建国", "138", "秘密", str(number("tuojin"))):
        assert secret not in "\n".join(calls)


def test_a_scope_of_wrong_words_is_refused(api: Api) -> None:
    schema = api.content.schema
    for words in (
        ([], [], []),
        (["custommer"], [], []),
        (["customer"], ["customer.nmae"], []),
        (["customer"], ["contact.name"], []),
        (["customer"], [], ["contact"]),
        (["customer"], [], ["customer.nothing"]),
    ):
        with pytest.raises(ConfigurationError):
            declared(schema, *words)
    made = declared(schema, ["customer"], ["customer.city"], ["customer.phones"])
    assert from_json(made.as_json()) == made


@given(st.sets(st.sampled_from(["a", "b", "c"])), st.booleans(), st.booleans(), st.booleans())
def test_what_a_scope_does_not_allow_never_comes_out(own: set[str], limited: bool, personal: bool, lines: bool) -> None:
    label = Label(zh="x", en="x")
    line = {
        "p": LineField(type=parse_type("text"), label=label, personal=True),
        "q": LineField(type=parse_type("text"), label=label),
    }
    fields = {
        "a": Field(type=parse_type("text"), label=label, personal=True),
        "b": Field(type=parse_type("text"), label=label),
        "c": Field(type=parse_type("lines"), label=label, fields=line),
    }
    model = Entity(entity="thing", label=label, fields=fields)
    words = {f"thing.{name}" for name, on in (("a", personal), ("c.p", lines)) if on}
    scope = Scope(frozenset({"thing"}), {"thing": frozenset(own)} if limited else {}, frozenset(words))
    shown, masked = scope.shown(model, {"a": "AA", "b": "BB", "c": [{"p": "PP", "q": "QQ"}]})
    text = str(shown)
    may = {name for name in "abc" if not limited or name in own}
    assert ("AA" in text) == (personal and "a" in may)
    assert ("BB" in text) == ("b" in may)
    assert ("PP" in text) == (lines and "c" in may)
    assert ("QQ" in text) == ("c" in may)
    assert set(masked) <= {"a", "c.p"} and {name.partition(".")[0] for name in masked} <= may
    assert Scope().shown(model, {"a": "AA", "b": "BB"})[0] == {}


def test_the_language_is_the_one_asked_for_most() -> None:
    assert [language_of(each) for each in ("", "zh", "en;q=0.1, zh-CN", "fr, zh;q=0.2", "zh;q=0.1,en", "x;q=y")] == [
        "en", "zh", "zh", "zh", "en", "en",
    ]  # fmt: skip
