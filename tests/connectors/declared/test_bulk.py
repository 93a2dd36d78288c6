"""Bulk jobs of a vendor that is not Salesforce: other words, other states, a table of its own."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.sdk import Written
from connectors.sdk.declared.table import Tables
from connectors.testing.simulator import Reply
from tests.connectors.declared.world import Asked, world
from tongmai.core.errors import (
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
)

TEXT = """
connection:
  least: {type: text, default: "3"}
  pause: {type: number, default: 0.01}
streams:
  thing: {key: id, fields: {id: text}, read: {get: /things, rows: body.rows}}
writes:
  thing:
    stream: thing
    our_key: ref
    calls:
      create_many: {post: /batch, body: "{rows | pick('payload')}", size: 2, rows: body, ok: row.id, key: row.id}
      bulk:
        least: "{least | integer}"
        match: {create: ref}
        open: {post: /imports, body: {table: "{object}"}}
        job: body.number
        upload: {post: "/imports/{job}/file", headers: {Content-Type: text/csv}, raw: "{table}"}
        start: {post: "/imports/{job}/go"}
        abort: {delete: "/imports/{job}"}
        watch: {get: "/imports/{job}"}
        state: body.stands
        opened: [new]
        done: [ready]
        failed: [broken]
        why: body.why
        nothing: "-"
        pause: "{pause}"
        patience: 0.2
        most_rows: 4
        results:
          - {get: "/imports/{job}/good", means: ok, key: row.id}
          - {get: "/imports/{job}/bad", means: refused, code: row.code, text: row.text, again: row.code == 'BUSY'}
          - {get: "/imports/{job}/left", means: again}
"""


@dataclass
class Imports:
    """The vendor's side: what became of the rows is told by ``fate``, by the value of ``ref``."""

    fate: dict[str, str] = field(default_factory=dict)
    ends: str = "ready"
    looks: int = 2
    tables: list[list[dict[str, str]]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Any:
        parts = asked.path.strip("/").split("/")
        if len(parts) == 1:
            self.states[str(len(self.states) + 1)] = "new"
            return {"number": len(self.states)}
        job, part = parts[1], parts[2] if len(parts) > 2 else ""
        if asked.method == "DELETE":
            self.states[job] = "gone"
        elif part == "file":
            self.tables.append(list(csv.DictReader(io.StringIO(asked.body))))
        elif part == "go":
            self.states[job] = "works"
        elif part:
            return self._told(part, self.tables[int(job) - 1])
        elif self.states[job] == "works":
            self.looks -= 1
            self.states[job] = self.ends if self.looks <= 0 else "works"
        return {"stands": self.states[job], "why": "the disk is full"}

    def _told(self, part: str, rows: list[dict[str, str]]) -> Reply:
        lines = [
            f"id-{row['ref']},{self.fate.get(row['ref'], '').partition(' ')[2] or 'X'},言,{row['ref']}"
            for row in rows
            if self.fate.get(row["ref"], "good").partition(" ")[0] == part
        ]
        return Reply(("id,code,text,ref\n" + "\n".join(lines)).encode(), 200, "text/csv")


def _items(count: int, **more: Any) -> list[tuple[dict[str, Any], str]]:
    return [({"ref": f"k{n}", "name": f"件 {n}", **more}, "ours") for n in range(count)]


def test_every_record_finds_its_own_outcome() -> None:
    vendor = Imports({"k1": "bad WRONG", "k2": "bad BUSY", "k3": "left", "k4": "nowhere"})
    with world(TEXT, vendor) as (_, connection):
        outcomes = connection.writer("thing").create_many(_items(6))  # type: ignore[attr-defined]
    assert [type(each) for each in outcomes] == [
        Written, RemoteRefusedError, RetryableError, RetryableError, OutcomeUnknownError, Written,
    ]  # fmt: skip
    assert outcomes[0] == Written("id-k0") and "WRONG 言" in outcomes[1].why and outcomes[1].code == "world-WRONG"
    assert outcomes[4].code == "bulk-missing"
    assert [len(table) for table in vendor.tables] == [4, 2]


def test_few_records_go_another_way() -> None:
    def answer(asked: Asked) -> Any:
        assert asked.path == "/batch"
        return [{"id": each["ref"]} for each in asked.body]

    with world(TEXT, answer) as (_, connection):
        assert connection.writer("thing").create_many(_items(2)) == [Written("k0"), Written("k1")]  # type: ignore[attr-defined]


def test_a_job_that_broke_says_why_for_what_it_left() -> None:
    vendor = Imports({"k0": "good", "k1": "left", "k2": "bad BUSY"}, ends="broken")
    with world(TEXT, vendor) as (_, connection):
        good, left, busy = connection.writer("thing").create_many(_items(3))  # type: ignore[attr-defined]
    assert isinstance(good, Written)
    for each in (left, busy):
        assert isinstance(each, FatalError) and "the disk is full" in each.why


def test_a_job_that_takes_too_long_is_left_and_named() -> None:
    vendor = Imports(looks=10_000)
    with world(TEXT, vendor) as (_, connection):
        outcomes = connection.writer("thing").create_many(_items(3))  # type: ignore[attr-defined]
    assert {each.code for each in outcomes} == {"bulk-unfinished"} and "job 1" in outcomes[0].why
    assert len(vendor.tables) == 1  # nothing was sent a second time


@pytest.mark.parametrize("path", ["file", "go"])
def test_a_job_whose_start_is_in_doubt_is_asked_itself(path: str) -> None:
    vendor = Imports()

    def answer(asked: Asked) -> Any:
        return Reply(b"{", 502) if asked.path.endswith(path) else vendor(asked)  # nothing was taken

    with world(TEXT, answer) as (_, connection):
        outcomes = connection.writer("thing").create_many(_items(3))  # type: ignore[attr-defined]
    code = {"file": "bulk-upload", "go": "bulk-start"}[path]
    assert {each.code for each in outcomes} == {code} and vendor.states == {"1": "gone"}
    assert all(isinstance(each, RetryableError) for each in outcomes)


def test_a_start_that_was_taken_though_its_answer_was_lost() -> None:
    vendor = Imports()

    def answer(asked: Asked) -> Any:
        found = vendor(asked)
        return Reply(b"{", 502) if asked.path.endswith("/go") else found

    with world(TEXT, answer) as (_, connection):
        outcomes = connection.writer("thing").create_many(_items(3))  # type: ignore[attr-defined]
    assert outcomes == [Written(f"id-k{n}") for n in range(3)]


def test_a_table_keeps_every_value_apart() -> None:
    made = Tables("ref", "-", 10, 1000)
    odd = {"a": 'q"u,o\nte', "b": None, "c": True, "d": {"e": {"f": 1}}, "g": "", "h": " x "}
    assert made.add(0, odd, "k0") is None and made.add(1, {"a": "y"}, "k1") is None
    table = made.end()
    assert table is not None and table.places == {"k0": 0, "k1": 1} and made.end() is None
    first, second = csv.DictReader(io.StringIO(table.text, newline=""))
    assert first == {"ref": "k0", "a": 'q"u,o\nte', "b": "-", "c": "true", "d.e.f": "1", "g": "-", "h": " x "}
    assert second == {"ref": "k1", "a": "y", "b": "", "c": "", "d.e.f": "", "g": "", "h": ""}
    for payload, key, word in (
        ({"a": [1]}, "k", "a list"),
        ({"a": "-"}, "k", "to be cleared"),
        ({}, "", "no key"),
        ({}, "k0", "twice"),
    ):
        with pytest.raises(ValueError, match=word):
            made.add(2, payload, key)


def test_tables_end_where_they_are_full() -> None:
    made = Tables("ref", "", 3, 200)
    whole = [table for n in range(10) if (table := made.add(n, {"a": "x" * 50}, f"k{n}"))]
    assert [len(table.places) for table in whole] == [3, 3, 3] and json.dumps(
        sorted(whole[0].places)
    ) == '["k0", "k1", "k2"]'
    by_size = Tables("ref", "", 100, 120)
    assert [len(t.places) for n in range(5) if (t := by_size.add(n, {"a": "x" * 50}, f"k{n}"))] == [2, 2]


def test_a_setting_that_is_no_number_is_refused() -> None:
    text = TEXT.replace('least: "{least | integer}"', 'least: "{least}"')
    refused = pytest.raises(ConfigurationError, match="`3` is no number")
    with world(text, Imports()) as (_, connection), refused:
        connection.writer("thing").create_many(_items(3))  # type: ignore[attr-defined]
