"""What streams and writes have in common, names of a company's own, deletes with a mark of their own, a choice of logins."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors import registry
from connectors.sdk.contract import Discovering, Written
from connectors.sdk.declared.connector import connect
from connectors.testing.server import SimulatorServer
from tests.connectors.declared.world import Asked, World, keys, manifest, read, world
from tongmai.core.errors import ConfigurationError, RemoteRefusedError
from tongmai.core.finding import Mistake

SHARED = """
connection:
  our_field: {type: text, default: ref}
  may_delete: {type: boolean, default: false}
  more: {type: object, default: {}}
names: {ref: "{our_field}"}
defaults:
  stream:
    key: id
    deletes: never
    read:
      get: "/{object}"
      query: {fields: "{fields | join}"}
      fields: "{fields + (more[object] | list) | without('hidden')}"
      rows: body.rows
  write:
    our_key: ref
    search: [ref]
    calls:
      create: {put: "/{object}/{our_key}", body: "{payload | without(our_field)}", key: body.id}
      deactivate: {delete: "/{object}/{key}", allowed: may_delete}
      find: {get: "/{object}", query: {by: "{field}", values: "{values | join}"}, rows: body.rows, key: row.id}
streams:
  thing: {fields: {id: text, ref: text, hidden: text}}
  part: {fields: {id: text}, read: {get: "/parts/all", query: {fields: null}}}
writes:
  thing: {stream: thing}
  part: {stream: part, calls: {find: null, deactivate: {allowed: null}}}
"""


def test_streams_and_writes_share_what_they_do_not_say_themselves() -> None:
    loaded = manifest(SHARED)
    thing, part = loaded.streams["thing"], loaded.streams["part"]
    assert thing.key == part.key == "id" and thing.deletes == part.deletes == "never"
    assert thing.read and part.read and (thing.read.get, part.read.get) == ("/{object}", "/parts/all")
    assert thing.read.query and not part.read.query and part.read.rows == "body.rows"
    first, second = loaded.writes["thing"].calls, loaded.writes["part"].calls
    assert first and second and first.find and second.find is None and second.create == first.create
    assert second.deactivate and second.deactivate.delete and not second.deactivate.allowed


def test_a_mistake_in_what_is_shared_is_said_once_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "connectors" / "shared_words"
    folder.mkdir(parents=True)
    head = "connector: shared_words\nlabel: {zh: 共享, en: Shared}\nkind: generic\nhttp: true\ncheck: {get: /me}\n"
    text = head + SHARED.replace("rows: body.rows\n  write", "rows: boby.rows\n  write")
    (folder / "connector.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("TONGMAI_PATH", str(tmp_path))
    with pytest.raises(ConfigurationError) as raised:
        registry.manifest("shared_words")
    [finding] = raised.value.findings
    assert (
        text.splitlines()[finding.mark.line - 1].strip() == "rows: boby.rows"
        and "did you mean `body`" in finding.message.en
    )


def test_requests_know_the_object_and_the_fields_to_ask_for() -> None:
    with world(
        SHARED, lambda asked: {"rows": [{"id": "1", "own__c": "A"}]}, our_field="own__c", more={"thing": ["x"]}
    ) as (
        vendor,
        connection,
    ):
        pages = read(connection)
        assert vendor.asked[-1].path == "/thing" and vendor.asked[-1].query == {"fields": "id,own__c,x"}
        assert connection.decode("thing", pages[0].records[0].raw) == {"id": "1", "ref": "A"}
        read(connection, "part")
        assert vendor.asked[-1].path == "/parts/all" and vendor.asked[-1].query == {}


def test_a_payload_carries_the_names_of_the_company() -> None:
    def answer(asked: Asked) -> Any:
        return {"rows": [{"id": "7", "own__c": "K"}]} if asked.method == "GET" else {"id": "7"}

    with world(SHARED, answer, our_field="own__c") as (vendor, connection):
        writer = connection.writer("thing")
        assert writer.create({"ref": "K", "name": "x"}, "another key") == Written("7")
        assert vendor.asked[-1].path == "/thing/K" and vendor.asked[-1].body == {"name": "x"}
        [found] = writer.find("ref", ["K"])["K"]
        assert vendor.asked[-1].query["by"] == "own__c" and (found.key, dict(found.fields)) == (
            "7",
            {"id": "7", "ref": "K"},
        )


def test_a_write_may_need_a_settings_leave() -> None:
    with world(SHARED, lambda asked: {}) as (vendor, connection):
        with pytest.raises(RemoteRefusedError, match="may_delete") as raised:
            connection.writer("thing").deactivate("7")
        assert raised.value.code == "not-allowed" and vendor.asked == []
        assert connection.writer("part").deactivate("7") == Written("7")
    with world(SHARED, lambda asked: {}, may_delete=True) as (vendor, connection):
        assert connection.writer("thing").deactivate("7") == Written("7") and len(vendor.asked) == 1


GONE = """
streams:
  thing:
    key: id
    fields: {id: text}
    read:
      get: /things
      query: {since: "{window.start | iso}"}
      rows: body.rows
      since: {field: at, order: ascending}
      gone: {get: /gone, query: {from: "{window.start | iso}"}, rows: body.keys, key: row, covered: body.to, oldest: 10 days}
"""


def _days(back: float) -> str:
    return (datetime.now(UTC) - timedelta(days=back)).isoformat()


def test_deletes_keep_a_mark_of_their_own() -> None:
    covered = [_days(0)]

    def answer(asked: Asked) -> Any:
        if asked.path == "/gone":
            return {"keys": ["9"], "to": covered[0]}
        return {"rows": [] if asked.query.get("since") else [{"id": "1", "at": "2026-01-01T00:00:00Z"}]}

    with world(GONE, answer) as (vendor, connection):
        mark = json.loads(read(connection, full=True)[-1].checkpoint or "")
        assert set(mark) == {"at", "gone"} and [asked.path for asked in vendor.asked] == ["/things"]
        pages = read(connection, checkpoint=json.dumps({**mark, "gone": _days(9)}))
        assert keys(pages, "delete") == ["9"] and json.loads(pages[-1].checkpoint or "")["gone"] > mark["gone"][:10]
        covered[0] = _days(0.1)
        still = read(connection, checkpoint=json.dumps({**mark, "gone": _days(0.12)}))
        assert (
            json.loads(next(page.checkpoint for page in still if page.checkpoint))["gone"] < covered[0]
            and len(still) == 3
        )  # too little to be worth a new checkpoint
        with pytest.raises(ConfigurationError) as raised:
            read(connection, checkpoint=json.dumps({**mark, "gone": _days(11)}))
        assert raised.value.code == "deletes-forgotten"
        # A checkpoint of before there was a mark: the newest change is what deletes are known to.
        with pytest.raises(ConfigurationError):
            read(connection, checkpoint=json.dumps({"at": "2026-01-01T00:00:00+00:00"}))


CHOICE = """
connection:
  way: {type: text, default: key}
  token: {type: secret, default: t-secret}
auth:
  kind: choice
  by: "{way}"
  of:
    key: {kind: api_key, send: {headers: {X-Key: "{token}"}}}
    bearer: {kind: bearer, token: "{token}"}
streams:
  thing: {key: id, fields: {id: text}, read: {get: /things, rows: body.rows}}
"""


def test_a_setting_chooses_how_to_log_in() -> None:
    for way, header in (("key", "x-key"), ("bearer", "authorization")):
        with world(CHOICE, lambda asked: {"rows": []}, way=way) as (vendor, connection):
            read(connection)
            assert "t-secret" in vendor.asked[-1].headers[header]
            assert {"x-key", "authorization"} & set(vendor.asked[-1].headers) == {header}
    with (
        pytest.raises(ConfigurationError, match="`other` is none of key, bearer"),
        world(CHOICE, lambda asked: {}, way="other"),
    ):
        pass
    with pytest.raises((Mistake, AssertionError), match="tokem"):
        manifest(CHOICE.replace('bearer, token: "{token}"', 'bearer, token: "{tokem}"'))


DISCOVER = """
connection: {wanted: {type: object, default: []}}
discover:
  get: "/describe/{object}"
  objects: "{wanted}"
  fields: body.columns
  name: row.n
  type: row.t
  key: [id]
streams:
  thing: {key: id, fields: {id: text}, read: {get: /things, rows: body.rows}}
  absent: {key: id, fields: {id: text}, read: {get: /absent, rows: body.rows}}
"""


def test_a_system_describes_its_fields() -> None:
    def answer(asked: Asked) -> Any:
        return {"columns": [{"n": "id", "t": "key"}]} if asked.path == "/describe/thing" else (404, {})

    with world(DISCOVER, answer) as (_, plain):
        assert not isinstance(plain, Discovering)  # this one was not made for it
        loaded = manifest(DISCOVER)
        connection = connect(plain._caller.settings, loaded)
        assert isinstance(connection, Discovering)
        [found] = connection.discover()
        assert (found.stream, found.key, dict(found.fields)) == ("thing", ("id",), {"id": "key"})
        strict = connect({**plain._caller.settings, "wanted": ["absent"]}, loaded)
        assert isinstance(strict, Discovering)
        with pytest.raises(ConfigurationError, match="correct `absent`"):
            strict.discover()
        connection.close()
        strict.close()


def test_a_simulator_reads_a_body_that_comes_in_chunks() -> None:
    vendor = World(lambda asked: {"got": asked.body})
    with SimulatorServer(vendor) as server:
        place = urlsplit(server.url)
        with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=10) as sock:
            head = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            for _ in range(2):  # the connection is good for a second request
                sock.sendall(head + b"3\r\nabc\r\n4;note=1\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n")
                answer = sock.recv(65536)
                assert answer.endswith(b'{"got":"abcdefg"}'), answer
