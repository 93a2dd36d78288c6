"""The command line: a token is made, the API is served in a process of its own, records are found, the token is revoked."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from tests.search.rows import hub, number, put
from tongmai.cli.main import cli
from tongmai.core.errors import TongmaiError


def tongmai(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """In this process: exit status, last JSON line, what people read."""
    done = CliRunner().invoke(cli, arguments)
    if isinstance(done.exception, TongmaiError):
        return 1, {}, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    lines = [line for line in done.output.splitlines() if line.startswith("{")]
    return done.exit_code, json.loads(lines[-1]) if lines else {}, done.output


@pytest.fixture
def filled(hub_url: str) -> str:
    with hub(hub_url) as (database, content):
        put(database, content, "customer", {"a": {"legal_name": "上海拓金生物科技有限公司", "phones": ["13812345678"]}})
    return hub_url


def test_a_token_calls_the_served_api_until_it_is_revoked(filled: str) -> None:
    made = tongmai("api", "token", "new", "--name", "oa", "--read", "customer", "--until", "2090-01-01", "--json")[1]
    shown = tongmai("api", "token", "new", "--name", "b", "--read", "*", "--personal", "*", "--until", "2090-01-01")[2]
    assert shown.startswith("tm_") and "not shown again" in shown
    process = subprocess.Popen(
        [sys.executable, "-m", "tongmai", "api", "serve", "--port", "0", "--json"],
        env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout and select.select([process.stdout], [], [], 60)[0]
        base = json.loads(process.stdout.readline())["url"]
        assert requests.get(f"{base}/health", timeout=30).json() == {"ok": True}

        def search() -> requests.Response:
            headers = {"authorization": f"Bearer {made['token']}"}
            return requests.get(f"{base}/api/v1/search", {"q": "拓金"}, headers=headers, timeout=30)

        assert [hit["id"] for hit in search().json()["hits"]] == [str(number("a"))]
        assert search().json()["hits"][0]["masked"] == ["phones"]
        assert tongmai("api", "token", "revoke", "oa", "--json")[1] == {"revoked": "oa"}
        assert search().status_code == 401
    finally:
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "call token=oa" in said and made["token"].split("_", 2)[2] not in said and "拓金" not in said
    listed = {one["name"]: one for one in tongmai("api", "token", "list", "--json")[1]["tokens"]}
    assert listed["oa"]["state"] == "revoked" and listed["oa"]["used_at"] and listed["b"]["state"] == "open"
    told = tongmai("api", "token", "list")[2]
    assert "revoked" in told and made["token"] not in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--read", "custommer", "--until", "2090-01-01"), "did you mean `customer`"),
        (("--read", "customer", "--until", "soon"), "no date or time"),
        (("--read", "customer", "--until", "2020-01-01"), "over already"),
        (("--read", "customer", "--until", "2090-01-01", "--fields", "customer.ctiy"), "did you mean `customer.city`"),
        (("--read", "customer", "--until", "2090-01-01", "--personal", "contact"), "not among what it reads"),
    ],
)
def test_a_token_of_wrong_words_is_not_made(hub_url: str, arguments: tuple[str, ...], said: str) -> None:
    status, _, error = tongmai("api", "token", "new", "--name", "x", *arguments)
    assert status == 1 and said in error
    assert tongmai("api", "token", "list", "--json")[1] == {"tokens": []}


def test_records_are_found_and_the_index_made_anew(filled: str) -> None:
    found = tongmai("search", "find", "customer", "tuojin", "--json")[1]
    assert [hit["name"] for hit in found["hits"]] == ["上海拓金生物科技有限公司"] and found["stale"] == 0
    with hub(filled) as (database, _), database.transaction() as cursor:
        cursor.execute("delete from hub.search")
    told = tongmai("search", "find", "customer", "tuojin")[2]
    assert "Nothing fits" in told and "tongmai search rebuild" in told
    assert tongmai("search", "rebuild", "--json")[1]["rebuilt"]["customer"] == 1
    assert "as it should be" in tongmai("search", "rebuild", "customer")[2]
    assert tongmai("search", "rebuild", "customer", "--all", "--json")[1] == {"rebuilt": {"customer": 1}, "dropped": 0}
    assert "拓金" in tongmai("search", "find", "customer", "5678")[2]
    assert "no fields to search by" in tongmai("search", "find", "price", "x")[2]
