"""A target where nothing can be looked up: what is in doubt waits for a person, or the file has decided."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from tongmai.cli.main import cli
from tongmai.core.errors import ConfigurationError
from tongmai.sync.report import SyncReport
from tongmai.sync.run import run_sync

MANIFEST = """
connector: board
label: {zh: 公告板, en: Board}
kind: generic
connection:
  path: {type: path, required: true}
  settle_seconds: {type: number, default: 0}
streams:
  Notice: {key: id, fields: {id: text, text: text}}
writes:
  Notice: {stream: Notice}
"""
HOOKS = '''
"""Notices on a board (a file of JSON lines): they can be put up and changed, and nobody can ask what hangs there."""

import json
from pathlib import Path

from connectors.sdk import CheckResult, Page, Written
from tongmai.core.errors import OutcomeUnknownError, RetryableError


def connect(settings, manifest):
    return Board(Path(settings["path"]))


class Board:
    def __init__(self, path):
        self.path = path

    def check(self):
        return CheckResult(True)

    def read(self, request):
        yield Page([], checkpoint="1", complete=request.full or request.checkpoint is None)

    def decode(self, stream, raw):
        return json.loads(raw)

    def writer(self, target):
        return self

    def put(self, op, key, payload):
        with self.path.open("a", encoding="utf-8") as board:
            board.write(json.dumps({"op": op, "key": key, **payload}) + "\\n")

    def create(self, payload, key):
        if (self.path.parent / "busy").exists():
            raise RetryableError("board", "too many notices at once", "it is tried again", code="busy")
        number = f"N{len(self.path.read_text(encoding='utf-8').splitlines()) + 1}"
        self.put("create", number, payload)
        if payload["text"].startswith("doubt"):
            raise OutcomeUnknownError("board", "the answer did not come", "look at the board", code="outcome-unknown")
        return Written(number)

    def update(self, remote_key, payload):
        self.put("update", remote_key, payload)
        return Written(remote_key)

    def close(self):
        pass
'''
FILES = {
    "connectors/board/connector.yaml": MANIFEST,
    "connectors/board/hooks.py": HOOKS,
    "connectors/board/__init__.py": "",
    "masterdata/notice/entity.yaml": """
entity: notice
label: {zh: 公告, en: Notice}
fields:
  text: {type: text, required: true, label: {zh: 内容, en: Text}}
""",
    "mappings/board/notice.yaml": "mapping: board/notice\nfrom: board.Notice\nto: notice\nfields: {text: text}\n",
    "mappings/board/notice.out.yaml": "mapping: board/notice.out\nfrom: notice\nto: board.Notice\nfields: {text: text}\n",
    "mappings/file/notice.yaml": "mapping: file/notice\nfrom: file.notices\nto: notice\nfields: {text: text}\n",
    "syncs/notices.yaml": "sync: notices\nread: {connection: paper, stream: notices}\nmap: file/notice\n",
    "syncs/board_in.yaml": "sync: board_in\nread: {connection: board_main, stream: Notice}\nmap: board/notice\n",
}
OUT = """
sync: board_out
write: {connection: board_main, object: Notice}
of: notice
map: board/notice.out
baseline: board_in
guarantee: at-least-once, blind
"""


class Hub:
    """A file of notices, the board, and the hub between them."""

    def __init__(self, site: Path, url: str) -> None:
        self.site, self.url = site, url
        self.settle("0")
        self.write("syncs/board_out.yaml", OUT)
        for name, text in FILES.items():
            self.write(name, text)
        self.write("board.jsonl", "")

    def write(self, name: str, text: str) -> None:
        (self.site / name).parent.mkdir(parents=True, exist_ok=True)
        (self.site / name).write_text(text.lstrip("\n"), encoding="utf-8")

    def settle(self, seconds: str) -> None:
        self.write(
            "connections.yaml",
            f"board_main:\n  connector: board\n  role: board\n"
            f"  settings: {{path: {self.site / 'board.jsonl'}, settle_seconds: {seconds}}}\n"
            f"paper:\n  connector: file\n  role: file\n"
            f"  settings: {{path: {self.site}, streams: {{notices: {{file: notices.csv, key: id}}}}}}\n",
        )

    def notices(self, **texts: str) -> None:
        self.write("notices.csv", "id,text\n" + "".join(f"{key},{text}\n" for key, text in texts.items()))

    def run(self) -> SyncReport:
        """Read the file, write to the board; the report of the second."""
        report = run_sync("notices")
        assert report.ok, report.as_json()
        out = run_sync("board_out")
        assert out.balanced, out.problems
        return out

    def board(self) -> list[tuple[str, str, str]]:
        lines = (self.site / "board.jsonl").read_text(encoding="utf-8").splitlines()
        return [(one["op"], one["key"], one["text"]) for one in map(json.loads, lines)]

    def states(self) -> list[str]:
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute("select state from hub.outbox order by id").fetchall()]


@pytest.fixture
def hub(site: Path, hub_url: str) -> Iterator[Hub]:
    import connectors.vendors

    before = list(connectors.vendors.__path__)
    yield Hub(site, hub_url)
    connectors.vendors.__path__[:] = before
    for name in [name for name in sys.modules if name.startswith("connectors.vendors.board")]:
        del sys.modules[name]


def suspects() -> list[dict[str, Any]]:
    result = CliRunner().invoke(cli, ["suspect", "list", "--json"])
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def decide(*words: str) -> None:
    result = CliRunner().invoke(cli, ["suspect", "decide", str(suspects()[0]["id"]), *words])
    assert result.exit_code == 0, result.output


def in_doubt(hub: Hub) -> Hub:
    """One create was taken and its answer lost; the run after it made a suspect of it."""
    hub.notices(a="doubt", b="calm")
    assert hub.run().error_code == "outcome-unknown"
    assert sorted(text for _, _, text in hub.board()) == ["calm", "doubt"]
    assert hub.states() == ["frozen"]
    second = hub.run()
    assert second.ok
    assert second.outbound["pending"] == 1
    assert hub.states() == ["suspect"]
    return hub


def key_of(hub: Hub, wanted: str) -> str:
    return next(key for _, key, text in hub.board() if text == wanted)


def test_found_by_a_person_it_is_delivered_and_what_came_later_follows(hub: Hub) -> None:
    in_doubt(hub)
    (one,) = suspects()
    assert (one["target"], one["entity"], one["payload"]) == ("board_out", "notice", {"text": "doubt"})
    hub.notices(a="doubt mended", b="calm indeed")
    hub.run()
    assert hub.states() == ["suspect", "open"], "what came later waits behind it, and only that"
    assert hub.board()[-1][::2] == ("update", "calm indeed")
    key = key_of(hub, "doubt")
    decide("--delivered", key)
    report = hub.run()
    assert report.ok, report.as_json()
    assert hub.board()[-1] == ("update", key, "doubt mended")
    assert [op for op, _, _ in hub.board()].count("create") == 2
    assert (suspects(), hub.states()) == ([], [])


def test_not_found_it_is_sent_again_as_it_was(hub: Hub) -> None:
    in_doubt(hub)
    hub.write("board.jsonl", "")  # it had not been taken after all
    decide("--resend")
    hub.run()
    assert hub.board() == [("create", "N1", "doubt")]


def test_the_file_may_have_decided(hub: Hub) -> None:
    hub.write("syncs/board_out.yaml", OUT + "doubt: resend\n")
    hub.notices(a="doubt")
    assert hub.run().error_code == "outcome-unknown"
    hub.run()
    assert [text for _, _, text in hub.board()] == ["doubt", "doubt"], "accepted: a double"
    assert suspects() == []


def test_a_doubtful_write_settles_before_anybody_looks_at_it_and_holds_up_no_other(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour passes in no time: whoever waits for it finds that the write is an hour older."""
    hub.settle("3600")
    hub.notices(a="doubt")
    assert hub.run().error_code == "outcome-unknown"
    hub.notices(a="doubt", b="calm")
    real, seen = time.sleep, []

    def sleep(seconds: float) -> None:
        if seconds < 600:
            return real(seconds)
        seen.append((hub.board()[-1][2], hub.states()))
        with psycopg.connect(hub.url) as connection:
            connection.execute("update hub.outbox set frozen_at = frozen_at - interval '1 hour'")

    with monkeypatch.context() as patch:
        patch.setattr(time, "sleep", sleep)
        assert hub.run().ok
    assert seen == [("calm", ["frozen"])], "the other one was served first, then the doubtful one was waited for"
    assert hub.states() == ["suspect"]


def test_a_decision_is_one_of_two_and_taken_once(hub: Hub) -> None:
    in_doubt(hub)
    number = str(suspects()[0]["id"])
    for words in ((), ("--resend", "--delivered", "N1")):
        error = CliRunner().invoke(cli, ["suspect", "decide", number, *words]).exception
        assert isinstance(error, ConfigurationError)
        assert error.code == "bad-option"
    decide("--delivered", key_of(hub, "doubt"))
    error = CliRunner().invoke(cli, ["suspect", "decide", number, "--resend"]).exception
    assert isinstance(error, ConfigurationError)
    assert error.code == "unknown-suspect"


def test_a_promise_that_cannot_be_given_is_refused(hub: Hub) -> None:
    hub.write("syncs/board_out.yaml", OUT.replace("blind", "detectable"))
    result = CliRunner().invoke(cli, ["guarantee", "board_out", "--json"])
    (line,) = json.loads(result.stdout)
    assert (result.exit_code, line["guarantee"], line["kept"]) == (1, "at-least-once, blind", False)
    found = json.loads(CliRunner().invoke(cli, ["check", "--json"]).stdout)["findings"]
    assert ("board_out.yaml", "sync.guarantee") in {(Path(one["file"]).name, one["code"]) for one in found}


def test_a_decision_to_send_again_counts_once(hub: Hub) -> None:
    in_doubt(hub)
    decide("--resend")
    assert hub.run().error_code == "outcome-unknown", "its answer is lost again"
    assert len(hub.board()) == 3
    hub.run()
    hub.run()
    assert len(hub.board()) == 3, "nobody said that it may be sent a third time"
    assert hub.states() == ["suspect"]


def test_a_doubtful_write_settles_from_when_we_gave_up_not_from_when_it_was_frozen(hub: Hub) -> None:
    hub.settle("3600")
    hub.notices(a="doubt")
    hooks = HOOKS.replace(
        'raise OutcomeUnknownError("board"',
        'self.put("slow", key, payload); __import__("time").sleep(1.2); raise OutcomeUnknownError("board"',
    )
    hub.write("connectors/board/hooks.py", hooks)
    assert hub.run().error_code == "outcome-unknown"
    with psycopg.connect(hub.url) as connection:
        age = connection.execute(
            "select extract(epoch from d.at - o.frozen_at)::float from hub.outbox o join hub.delivery d on d.outbox_id = o.id"
        ).fetchone()
    assert age is not None
    assert age[0] < 1


def test_what_a_killed_run_left_settles_from_when_it_is_found(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long the killed run went on sending after it had frozen the row nobody knows."""
    hub.settle("3600")
    hub.notices(a="doubt")
    hub.run()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        with psycopg.connect(hub.url) as connection:
            connection.execute("update hub.outbox set frozen_at = frozen_at - interval '2 hours'")

    with psycopg.connect(hub.url) as connection:
        # As a process leaves it that was killed two hours after it had frozen the row: nothing is booked.
        connection.execute("delete from hub.delivery")
        connection.execute("update hub.outbox set frozen_at = clock_timestamp() - interval '2 hours'")
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(seconds) if seconds > 600 else None)
    hub.run()
    assert [round(seconds, -2) for seconds in slept] == [3600]
    assert hub.states() == ["suspect"]


def test_what_is_known_not_to_have_been_sent_is_no_suspect(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.write("busy", "")
    hub.notices(**{f"k{number}": f"calm {number}" for number in range(6)})
    with monkeypatch.context() as patch:
        patch.setattr("tongmai.sync.deliver.ATTEMPTS", 1)
        assert hub.run().error_code == "busy"
    assert hub.board() == []
    (hub.site / "busy").unlink()
    hub.settle("3600")
    assert hub.run().ok
    assert (len(hub.board()), suspects(), hub.states()) == (6, [], [])
