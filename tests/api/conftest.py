"""The API over real HTTP on a hub that is filled once for all tests of this folder."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import requests
from jsonschema import Draft202012Validator

from bench.matching.codes import credit_code
from masterdata.matching import stored
from masterdata.matching.scorer import Scorer
from masterdata.store import Database
from tests.search.rows import hub, number, put
from tongmai.api import tokens
from tongmai.api.hub import Hub
from tongmai.api.scope import declared
from tongmai.stack.postgres import Server
from tongmai.sync.content import Content

CODE = credit_code("91", "310115", "MA1K3ABC")
CUSTOMERS: dict[str, dict[str, Any]] = {
    "group": {"legal_name": "上海拓金控股集团有限公司", "city": "上海市"},
    "tuojin": {
        "legal_name": "上海拓金生物科技有限公司",
        "uscc": CODE,
        "phones": ["021-64321234"],
        "legal_person": "李建国",
        "city": "上海市",
        "parent": str(number("group")),
    },
    "twin": {"legal_name": "上海拓金生物科技公司", "city": "上海市"},
    "tengjing": {
        "legal_name": "深圳市腾景电子股份有限公司",
        "short_name": "秘名腾景",
        "phones": ["13812345678"],
        "city": "深圳市",
    },
}
CONTACTS = {
    "wang": {"name": "王丽", "mobile": "13900001111", "customer": str(number("tuojin")), "title": "采购经理"},
    "zhao": {"name": "赵强", "customer": str(number("twin"))},
}
ORDERS = {
    "so1": {
        "number": "SO-1",
        "customer": str(number("tuojin")),
    }
}


@dataclass
class Api:
    """A served API and its database."""

    base: str
    url: str
    database: Database
    content: Content
    texts: dict[str, str] = field(default_factory=dict)

    def token(self, name: str, read: str = "*", fields: str = "", personal: str = "", **more: Any) -> str:
        """A new token's text."""
        scope = declared(self.content.schema, read.split(), fields.split(), personal.split())
        until = more.get("until", datetime.now(UTC) + timedelta(days=1))
        with self.database.transaction() as cursor:
            return tokens.create(cursor, name, scope, until, "test", more.get("rate", 0))

    def call(self, path: str, token: str = "all", language: str = "en", **params: Any) -> requests.Response:
        """GET a path below /api/v1, as a token by name (or by its text)."""
        headers = {"accept-language": language, "authorization": f"Bearer {self.texts.get(token, token)}"}
        body = params.pop("json", None)
        method = "POST" if body is not None else "GET"
        return requests.request(
            method, f"{self.base}/api/v1{path}", params=params, json=body, headers=headers, timeout=30
        )

    def get(self, path: str, token: str = "all", **params: Any) -> Any:
        """The JSON of a call that is served."""
        response = self.call(path, token, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, path: str, token: str = "all", **params: Any) -> tuple[int, str, str]:
        """(status, code, why) of a call that is not."""
        response = self.call(path, token, **params)
        error = response.json()["error"]
        assert set(error) == {"code", "what", "why", "next", "meaning"} and error["what"] and error["next"], error
        assert error["meaning"], f"{error['code']} is not explained"
        return response.status_code, error["code"], error["why"]


@pytest.fixture(scope="session")
def api(postgres: Server, hub_template: str) -> Iterator[Api]:
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"create database api_test template {hub_template} owner tongmai")
    url = postgres.url("tongmai").rsplit("/", 1)[0] + "/api_test"
    with hub(url) as (database, content):
        put(database, content, "customer", CUSTOMERS)
        put(database, content, "contact", CONTACTS)
        put(database, content, "sales_order", ORDERS)
        records(database, content, "customer", "AccountObj", CUSTOMERS)
        with served(url) as base:
            one = Api(base, url, database, content)
            one.texts["all"] = one.token("all", personal="*")
            one.texts["plain"] = one.token("plain")
            one.texts["narrow"] = one.token("narrow", "customer", "customer.legal_name customer.city")
            yield one
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute("drop database api_test with (force)")


def records(database: Database, content: Content, entity: str, stream_: str, rows: dict[str, dict[str, Any]]) -> None:
    """Source records, prepared for matching as a sync does it."""
    rules, file = content.schema.matching[entity], content.schema.weights[entity]
    score = Scorer(rules, stored.read(file.read_text(encoding="utf-8")))
    with database.transaction() as cursor:
        cursor.execute(
            "insert into hub.stream (connection, stream, role, entity) values ('crm_main', %s, 'crm', %s) returning id",
            (stream_, entity),
        )
        ((stream,),) = cursor.fetchall()
        for key, fields in rows.items():
            cursor.execute(
                """insert into hub.source_record (stream_id, source_key, fingerprint, entity_id)
                   values (%s, %s, '', %s) returning id""",
                (stream, key, number(key)),
            )
            ((record,),) = cursor.fetchall()
            cursor.execute(
                "insert into hub.contribution (record_id, entity_id, fields, changed) values (%s, %s, %s, '{}')",
                (record, number(key), json.dumps(fields)),
            )
            cursor.execute(
                "insert into hub.match_record (record_id, entity, birth, mark) values (%s, %s, %s, '')",
                (record, entity, number(key)),
            )
            for token in score.keys(score.features(fields)):
                cursor.execute("insert into hub.match_token values (%s, %s, %s)", (entity, token, record))


def document(base: str) -> Callable[..., list[str]]:
    """``document(base)(template, answer, method)``: what of an answer is not as the OpenAPI document says; a key that it does
    not have is wrong too."""
    found: dict[str, Any] = requests.get(f"{base}/api/v1/openapi.json", timeout=30).json()
    schemas = found["components"]["schemas"]
    for one in schemas.values():
        if one.get("type") == "object" and "properties" in one:
            one["additionalProperties"] = False

    def wrong(template: str, answer: Any, method: str = "get") -> list[str]:
        shape = found["paths"][f"/api/v1{template}"][method]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        assert shape, f"{template} says nothing of its answer"
        errors = Draft202012Validator({**shape, "components": {"schemas": schemas}}).iter_errors(answer)
        return [f"{list(each.absolute_path)}: {each.message[:200]}" for each in errors]

    return wrong


class served:
    """The API in a thread of this process."""

    def __init__(self, url: str) -> None:
        import uvicorn

        from tongmai.api.app import application

        self._hub = Hub(url)
        self._server = uvicorn.Server(
            uvicorn.Config(application(self._hub), host="127.0.0.1", port=0, log_config=None, access_log=False)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> str:
        self._hub.content()
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            assert self._thread.is_alive() and time.monotonic() < deadline
            time.sleep(0.02)
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=30)
        self._hub.close()
