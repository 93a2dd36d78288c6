"""What a manifest can say about writing and about answers."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sdk import Written
from connectors.testing.simulator import Reply
from tests.connectors.declared.world import Asked, keys, manifest, read, world
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)
from tongmai.core.finding import Mistake

ERRORS = """
errors:
  - {when: "body.errcode == 88 and body.sub_code in ('40014', '42001')", means: denied, code: body.sub_code, text: body.sub_msg}
  - {when: "body.errcode in (90002, 90018)", means: slow-down, code: body.errcode, text: body.errmsg, wait: "headers.retry_after | default('0')"}
  - {when: "body.errcode == -1", means: away, code: body.errcode}
  - {when: "body.errcode == 90020", means: quota-gone, code: body.errcode}
  - {when: "body.errcode == 60121", means: gone, code: body.errcode}
  - {when: "body.errcode == 77", means: exists, code: body.errcode}
  - {when: "body.errcode > 0", means: refused, code: body.errcode, text: body.errmsg}
"""
TEXT = (
    ERRORS
    + """
streams:
  thing: {key: id, fields: {id: text}, read: {get: /things, rows: body.rows}}
writes:
  thing:
    stream: thing
    our_key: ref
    search: [ref, name]
    calls:
      create: {post: /things, body: "{payload}", key: body.id, then: [submit]}
      update:
        before: {get: "/things/{key}", headers: {X-CSRF-Token: fetch}}
        put: "/things/{key}"
        headers: {If-Match: "{current.headers.etag}", X-CSRF-Token: "{current.headers.x_csrf_token}"}
        body: {name: "{payload.name}", was: "{current.body.name}"}
        version: body.version
      deactivate: {delete: "/things/{key}"}
      find: {get: /find, query: {by: "{field}", values: "{values | join}"}, rows: body.rows, key: row.id, size: 2}
      actions:
        submit: {post: "/things/{key}/submit", body: {}}
      create_many:
        post: /batch
        body: {records: "{rows | pick('payload')}"}
        size: 3
        rows: body.results
        ok: row.success == true
        key: row.id
        code: row.errors[0].statusCode
        text: row.errors[0].message
        again: row.errors[0].statusCode == 'LOCKED'
        exists: row.errors[0].statusCode == 'DUPLICATE'
"""
)


def answering(**by_path: Any) -> Any:
    """Answers by the last part of the path; ``calls`` of it may be a list, one for each call."""
    left = {name: list(value) if isinstance(value, list) else None for name, value in by_path.items()}

    def answer(asked: Asked) -> Any:
        name = asked.path.rsplit("/", 1)[1]
        if name not in by_path:
            return 404, {"errcode": 60121}
        queue = left[name]
        return queue.pop(0) if queue is not None else by_path[name]

    return answer


@pytest.mark.parametrize(
    ("code", "read_error", "write_error"),
    [
        (88, AuthenticationError, AuthenticationError),
        (90002, RetryableError, RetryableError),
        (-1, RetryableError, OutcomeUnknownError),
        (90020, FatalError, FatalError),
        (400, FatalError, RemoteRefusedError),
    ],
)
def test_what_a_code_in_http_200_means_depends_on_whether_we_write(
    code: int, read_error: Any, write_error: Any
) -> None:
    body = {"errcode": code, "errmsg": "说明", "sub_code": "40014", "sub_msg": "不合法"}
    with world(TEXT, lambda _: body) as (server, connection):
        with pytest.raises(read_error) as reading:
            read(connection, full=True)
        reads = len(server.asked)
        with pytest.raises(write_error) as writing:
            connection.writer("thing").create({"name": "x"}, "K1")
        writes = len(server.asked) - reads
    assert reading.value.code.startswith("world-") and writing.value.next_step
    assert reads == (3 if code in (90002, -1) else 1)
    assert writes == (3 if code == 90002 else 1), "a write is repeated only when nothing was taken"


def test_a_create_is_followed_by_its_actions_and_its_key_comes_from_the_answer() -> None:
    with world(TEXT, answering(things={"id": 7}, submit={"errcode": 0})) as (server, connection):
        assert connection.writer("thing").create({"name": "x", "ref": "K1"}, "K1").key == "7"
    assert [(each.method, each.path) for each in server.asked] == [("POST", "/things"), ("POST", "/things/7/submit")]
    assert server.asked[0].body == {"name": "x", "ref": "K1"}


def test_a_create_that_our_key_already_has_is_that_record_and_is_finished() -> None:
    rows = {"rows": [{"id": 9, "ref": "K1"}]}
    with world(TEXT, answering(things={"errcode": 77}, find=rows, submit={})) as (server, connection):
        assert connection.writer("thing").create({"ref": "K1"}, "K1").key == "9"
    assert server.asked[-1].path == "/things/9/submit"


def test_a_create_whose_answer_has_no_key_is_doubtful() -> None:
    with world(TEXT, answering(things={"ok": True})) as (_, connection), pytest.raises(OutcomeUnknownError):
        connection.writer("thing").create({}, "K1")


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id": 1'])
def test_a_create_whose_answer_is_none_is_doubtful(body: bytes) -> None:
    with world(TEXT, lambda _: Reply(body)) as (server, connection), pytest.raises(OutcomeUnknownError):
        connection.writer("thing").create({}, "K1")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_status_that_no_rule_names_refuses_the_record(status: int) -> None:
    with world(TEXT, lambda _: (status, {})) as (_, connection), pytest.raises(RemoteRefusedError):
        connection.writer("thing").create({}, "K1")


def test_an_update_asks_first_and_sends_what_it_was_told() -> None:
    def answer(asked: Asked) -> Any:
        if asked.method == "GET":
            body = b'{"name":"old"}'
            return Reply(body, headers=(("ETag", '"v1"'), ("X-CSRF-Token", "t0k3n")))
        return {"version": 2}

    with world(TEXT, answer) as (server, connection):
        assert connection.writer("thing").update("a b", {"name": "new"}) == Written("a b", "2")
    put = server.asked[-1]
    assert put.path == "/things/a%20b" and put.body == {"name": "new", "was": "old"}
    assert put.headers["if-match"] == '"v1"' and put.headers["x-csrf-token"] == "t0k3n"


def test_switching_off_what_is_gone_is_no_error_but_updating_it_is() -> None:
    with world(TEXT, lambda _: {"errcode": 60121}) as (_, connection):
        assert connection.writer("thing").deactivate("7").key == "7"
        with pytest.raises(RemoteRefusedError):
            connection.writer("thing").update("7", {"name": "x"})


def test_a_look_up_goes_in_groups_and_keeps_only_what_was_asked_for() -> None:
    def answer(asked: Asked) -> Any:
        wanted = asked.query["values"].split(",")
        return {"rows": [{"id": n, "ref": value} for n, value in enumerate([*wanted, "other", wanted[0].lower()])]}

    with world(TEXT, answer) as (server, connection):
        found = connection.writer("thing").find("ref", ["A", "B", "C", "A"])
    assert [each.query for each in server.asked] == [{"by": "ref", "values": "A,B"}, {"by": "ref", "values": "C"}]
    assert {value: [each.key for each in records] for value, records in found.items()} == {
        "A": ["0"],
        "B": ["1"],
        "C": ["0"],
    }


def test_each_record_of_a_batch_has_its_own_outcome_in_order() -> None:
    def refused(code: str) -> dict[str, Any]:
        return {"success": False, "errors": [{"statusCode": code, "message": "words"}]}

    first = {"results": [{"success": True, "id": 1}, refused("REQUIRED"), refused("LOCKED")]}
    second = {"results": [refused("DUPLICATE")]}
    answer = answering(batch=[first, second], find={"rows": [{"id": 8, "ref": "K3"}]}, submit={})
    with world(TEXT, answer) as (server, connection):
        writer: Any = connection.writer("thing")
        outcomes = writer.create_many([({"n": n}, f"K{n}") for n in range(4)])
    assert outcomes[0] == Written("1") and outcomes[3] == Written("8")
    assert isinstance(outcomes[1], RemoteRefusedError) and "REQUIRED words" in outcomes[1].why
    assert isinstance(outcomes[2], RetryableError)
    assert server.asked[0].body == {"records": [{"n": 0}, {"n": 1}, {"n": 2}]}


def test_a_batch_that_tells_fewer_outcomes_than_records_is_doubtful_as_a_whole() -> None:
    with world(TEXT, answering(batch={"results": [{"success": True, "id": 1}]})) as (_, connection):
        writer: Any = connection.writer("thing")
        outcomes = writer.create_many([({}, "K1"), ({}, "K2")])
    assert [type(each) for each in outcomes] == [OutcomeUnknownError, OutcomeUnknownError]


def test_what_is_not_declared_is_said() -> None:
    with world(TEXT, lambda _: {}) as (_, connection):
        for call in (
            lambda: connection.writer("thing").activate("1"),
            lambda: connection.writer("thingy"),
            lambda: read(connection, "thingy"),
        ):
            with pytest.raises(ConfigurationError) as caught:
                call()
            assert caught.value.next_step
        assert "did you mean `thing`" in caught.value.next_step


def test_a_status_401_without_a_rule_is_about_credentials() -> None:
    with world(TEXT, lambda _: (401, {})) as (_, connection), pytest.raises(AuthenticationError):
        connection.check()


@pytest.mark.parametrize(
    ("part", "word"),
    [
        ("check: {get: /me, detail: bdy.name}", "did you mean `body`"),
        ("check: {get: /me, detail: body.name | uper}", "did you mean `upper`"),
        ("check: {get: '/me/{usr}'}\nconnection: {user: {type: text}}", "did you mean `user`"),
        ("check: {get: '/me/{user'}\nconnection: {user: {type: text}}", "without its"),
        ("check: {get: /me, post: /me}", "exactly one"),
        ("check: {get: /me}\nstreams: {s: {key: id, read: {get: /x, page: {by: cursor}}}}", "needs `next`"),
        (
            "check: {get: /me}\nstreams: {s: {key: id, read: {get: /x, since: {field: a, format: unix}}}}",
            "no form of time",
        ),
        ("check: {get: /me}\nstreams: {s: {key: id, read: {get: /x, details: true}}}", "needs `one`"),
        ("check: {get: /me}\nwrites: {w: {stream: s, calls: {create: {post: /x, then: [submit]}}}}", "no action"),
        ("check: {get: /me}\nerrors: [{when: 'body.a ** 2', means: ok}]", "not allowed"),
    ],
)
def test_mistakes_of_a_manifest_are_found_before_anything_is_called(part: str, word: str) -> None:
    with pytest.raises((AssertionError, Mistake)) as caught:
        manifest(part if part.startswith("check") else "\n" + part)
    assert word in str(caught.value)


def test_no_call_is_made_by_opening_a_connection() -> None:
    with world(TEXT, lambda _: {"rows": []}) as (server, connection):
        assert server.asked == []
        assert keys(read(connection, full=True)) == []
    assert len(server.asked) == 1


def test_errors_hold_no_secret() -> None:
    text = TEXT + "\nconnection: {token1: {type: secret}}\nauth: {kind: bearer, token: '{token1}'}\n"
    body = {"errcode": 400, "errmsg": "token s3cr3t-value is wrong"}
    with world(text, lambda _: body, token1="s3cr3t-value") as (_, connection), pytest.raises(TongmaiError) as caught:
        read(connection, full=True)
    assert "s3cr3t" not in str(caught.value) and "s3cr3t" not in repr(caught.value)
