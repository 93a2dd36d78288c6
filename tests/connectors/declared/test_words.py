"""Words of the manifest for systems with two faces, compound keys, trees with a root, streams that cannot be listed."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sdk.declared.connector import DeclaredConnector, connect
from connectors.sdk.functions import FUNCTIONS
from connectors.sdk.webhook import told_events
from connectors.sdk.webhook.model import Webhook
from tests.connectors.declared.world import Asked, keys, manifest, read, world
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Mistake

FACES = """
connection: {secret: {type: secret, default: s-1}}
auth:
  kind: several
  of:
    - kind: login
      paths: ["*/new/*"]
      request: {url: /token, json: {face: new}}
      answer: {token: body.token}
      send: {headers: {X-Token: "{token}"}}
    - kind: login
      paths: ["*/old/*"]
      request: {url: /token, json: {face: old}}
      answer: {token: body.token}
      send: {query: {token: "{token}"}}
errors: [{when: status == 400, means: token-expired}]
streams:
  new: {key: id, fields: {id: text}, read: {get: /new/things, rows: body.rows}}
  old: {key: id, fields: {id: text}, read: {get: /old/things, rows: body.rows}}
  open: {key: id, fields: {id: text}, read: {get: /open, rows: body.rows}}
"""


def test_a_token_for_some_paths_only_and_renewed_for_those_only() -> None:
    fetched: list[str] = []
    good = {"new": "new 1", "old": "old 1"}

    def answer(asked: Asked) -> Any:
        if asked.path == "/token":
            face = asked.body["face"]
            fetched.append(face)
            good[face] = f"{face} {len(fetched)}"
            return {"token": good[face], "expires_in": 3600}
        given = {"new": asked.headers.get("x-token"), "old": asked.query.get("token")}
        for face in ("new", "old"):
            if asked.path.startswith(f"/{face}/"):
                return {"rows": [{"id": face}]} if given[face] == good[face] else (400, {})
            assert given[face] is None or not asked.path.startswith("/open")
        return {"rows": [{"id": "open"}]}

    with world(FACES, answer) as (_, connection):
        for stream in ("new", "old", "open", "new"):
            assert keys(read(connection, stream)) == [stream]
        assert fetched == ["new", "old"]
        good["old"] = "another"
        assert keys(read(connection, "old")) == ["old"] and keys(read(connection, "new")) == ["new"]
        assert fetched == ["new", "old", "old"]


TREE = """
streams:
  unit:
    key: id
    fields: {id: integer, up: integer}
    read:
      get: /below
      query: {of: "{parent}"}
      rows: body.rows
      over: {tree: "1", root: true}
      one: {get: "/unit/{keys[0]}", row: body}
"""


def test_the_root_of_a_tree_is_a_record_too() -> None:
    below = {"1": [{"id": 2, "up": 1}, {"id": 3, "up": 1}], "2": [{"id": 4, "up": 2}]}

    def answer(asked: Asked) -> Any:
        return {"id": 1} if asked.path == "/unit/1" else {"rows": below.get(asked.query["of"], [])}

    with world(TREE, answer) as (_, connection):
        found = read(connection, "unit", full=True)
        assert keys(found) == ["1", "2", "3", "4"] and found[-1].complete


DETAILS = """
connection: {forms: {type: object, default: [A, B]}}
streams:
  paper:
    key: form,number
    fields: {form: text, number: text, text: text}
    read:
      get: /numbers
      query: {form: "{parent}"}
      rows: body.rows
      over: {values: "{forms}"}
      details: true
      key: parent + '|' + row
      only: row.form in forms
      one:
        get: /paper
        query: {number: "{keys[0] | split('|') | last}"}
        row: body
        add: {form: "{keys[0] | split('|') | first}", number: "{keys[0] | split('|') | last}"}
writes:
  paper:
    stream: paper
    our_key: mine
    deactivate: true
    calls:
      create: {post: /paper, body: "{payload}", key: payload.form + '|' + body.made}
      deactivate:
        before: {get: /paper, query: {number: "{key | split('|') | last}"}}
        already: current.body.text == 'ended'
        post: /end
"""


def papers(asked: Asked) -> Any:
    if asked.path == "/numbers":
        return {"rows": [f"{asked.query['form']}{n}" for n in (1, 2)]}
    if asked.method == "POST":
        return {"made": "77"}
    return {"text": "ended" if asked.query["number"] == "A2" else "runs"}


def test_a_key_of_two_parts_of_which_no_answer_has_either() -> None:
    with world(DETAILS, papers) as (_, connection):
        assert keys(read(connection, "paper", full=True)) == ["A|A1", "A|A2", "B|B1", "B|B2"]
        found = [record for page in read(connection, "paper", keys=("B|B2", "C|C1")) for record in page.records]
        assert [(record.key, record.op) for record in found] == [("B|B2", "upsert"), ("C|C1", "delete")]
        assert connection.decode("paper", found[0].raw) == {"form": "B", "number": "B2", "text": "runs"}


def test_a_new_key_may_be_made_of_what_was_sent() -> None:
    with world(DETAILS, papers) as (_, connection):
        assert connection.writer("paper").create({"form": "A"}, "k").key == "A|77"


def test_what_is_as_wanted_already_is_not_sent_again() -> None:
    with world(DETAILS, papers) as (server, connection):
        writer = connection.writer("paper")
        writer.deactivate("A|A2")
        assert [asked.path for asked in server.asked] == ["/paper"]
        writer.deactivate("A|A1")
        assert [asked.path for asked in server.asked] == ["/paper", "/paper", "/end"]


UNLISTED = """
streams:
  note: {key: id, deletes: never, fields: {id: text}, read: {listed: false, one: {get: "/note/{keys[0]}", row: body}}}
  shout: {key: id, deletes: never, fields: {id: text}, read: {listed: false}}
writes:
  shout: {stream: shout, calls: {create: {post: /shout, body: "{payload}", key: our_key}}}
"""


def test_a_stream_that_cannot_be_listed_ends_without_taking_anything_for_gone() -> None:
    with world(UNLISTED, lambda asked: {"id": asked.path.rpartition("/")[2]}) as (server, connection):
        for name in ("note", "shout"):
            (page,) = read(connection, name, full=True)
            assert (list(page.records), page.complete, page.ended) == ([], False, True)
        assert not server.asked
        assert keys(read(connection, "note", keys=("7",))) == ["7"]
        with pytest.raises(ConfigurationError, match="cannot be read back"):
            read(connection, "shout", keys=("7",))
        assert connection.writer("shout").create({}, "mine").key == "mine"


CURSOR = """
streams:
  thing:
    key: id
    fields: {id: text}
    read: {get: /things, query: {from: "{page.cursor}"}, rows: body.rows, page: {by: cursor, first: 0, next: body.next, size: 2, steady: repeat}}
"""


def test_a_cursor_that_is_but_an_offset_is_walked_until_nothing_new_shows() -> None:
    rows = [{"id": name} for name in "abcdef"]

    def answer(asked: Asked) -> Any:
        start = int(asked.query["from"])
        found = {"rows": rows[start : start + 2], "next": start + 2 if start + 2 < len(rows) else None}
        if start == 0 and rows[0]["id"] == "a":
            del rows[0]  # everything moves up: `c` would be jumped over
        return found

    with world(CURSOR, answer) as (_, connection):
        assert set(keys(read(connection, "thing", full=True))) >= set("bcdef")


def test_one_short_page_is_walked_once() -> None:
    with world(CURSOR, lambda _: {"rows": [{"id": "a"}, {"id": "b"}], "next": None}) as (server, connection):
        read(connection, "thing", full=True)
        assert len(server.asked) == 1


class Hooks:
    """As a hooks module."""

    @staticmethod
    def row(stream: str, row: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
        return {**row, "forms": settings["forms"]}

    @staticmethod
    def discover(caller: Any) -> list[Any]:
        return [caller.name]


def test_hooks_get_the_settings_they_ask_for_and_may_discover() -> None:
    with world(DETAILS, papers) as (_, connection):
        settings = connection._caller.settings
        hooked: Any = connect(settings, manifest(DETAILS), Hooks)  # type: ignore[arg-type]
        (page,) = read(hooked, "paper", keys=("A|A1",))
        assert hooked.decode("paper", page.records[0].raw)["forms"] == ["A", "B"]
        assert hooked.discover() == ["conn"] and not hasattr(DeclaredConnector, "discover")
        hooked.close()


def test_an_event_tells_both_parts_of_a_key() -> None:
    webhook = Webhook.model_validate(
        {
            "verify": {"kind": "none", "accept_unsigned": True},
            "events": {"type": "event.t", "types": {"x": {"stream": "s", "keys": "event.n", "within": "event.f"}}},
        }
    )
    assert [event.key for event in told_events(webhook, {"t": "x", "f": "A", "n": ["1", "2"]})] == ["A|1", "A|2"]
    (broken,) = told_events(webhook, {"t": "x", "n": "1"})
    assert broken.op == "broken" and "event.f" in broken.problem
    assert told_events(webhook, {"t": "y"})[0].stream == ""


def test_put() -> None:
    assert FUNCTIONS["put"]({"a": 1}, "b", 2) == {"a": 1, "b": 2}
    assert FUNCTIONS["put"](None, "b", 2) == {"b": 2}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("read: {get: /x, over: {tree: '1', root: true}}", "needs `one`"),
        ("read: {get: /x, key: row.id}", "`key` goes with `details`"),
        ("read: {get: /x, one: {get: /y, rows: body, size: 2, add: {a: b}}}", "one record at a time"),
    ],
)
def test_words_that_do_not_fit_together(text: str, why: str) -> None:
    with pytest.raises((AssertionError, Mistake), match=why.replace("`", ".")):
        manifest(f"streams:\n  s:\n    key: id\n    fields: {{id: text}}\n    {text}\n")
