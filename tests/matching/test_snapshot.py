"""A snapshot: how common values and keys are, of a file or of the hub, the same whatever order records come in."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner, Result

from bench.matching.generate import generate
from bench.matching.measure import load_clusters
from masterdata.matching.columns import Columns
from masterdata.matching.scorer import Scorer
from masterdata.matching.snapshot import combined, snapshot
from masterdata.matching.stored import read, written
from masterdata.matching.weights import Weights
from masterdata.store import connect
from tongmai.batch.records import layout, records
from tongmai.batch.run import scorer_of
from tongmai.batch.snapshot import current, hub_scorer, take
from tongmai.cli.match import match
from tongmai.core.errors import ConfigurationError, StateError
from tongmai.sync.content import load_content

SCHEMA = load_content().schema
RECORDS = 600


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A file of customers, and their fields."""
    folder = tmp_path_factory.mktemp("made")
    generate(RECORDS, "medium", 77, folder)
    file = folder / "records.csv"
    entity = SCHEMA.entities["customer"]
    how = layout(file, entity, scorer_of(SCHEMA, "customer").rules, {})
    return file, [values for _, _, values in records(file, how, entity)]


def _columns(fields: Sequence[Mapping[str, Any]]) -> Columns:
    columns = Columns(scorer_of(SCHEMA, "customer"))
    columns.add(fields)
    return columns


def _run(*arguments: str) -> Result:
    result = CliRunner().invoke(match, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_it_follows_from_the_set_alone(made: tuple[Path, list[dict[str, Any]]]) -> None:
    _, fields = made
    taken = snapshot(_columns(fields))
    shuffled = list(fields)
    random.Random(3).shuffle(shuffled)
    assert snapshot(_columns(shuffled)) == taken and taken.version.startswith(f"{RECORDS}-")
    assert snapshot(_columns(fields[:-1])).version != taken.version
    assert list(taken.caps) == list(scorer_of(SCHEMA, "customer").rules.block) and not taken.levels
    text = written(taken, "customer", "a test")
    assert read(text) == taken and written(read(text), "customer", "a test") == text


def test_learnt_weights_keep_what_they_learnt(made: tuple[Path, list[dict[str, Any]]]) -> None:
    _, fields = made
    learnt, taken = scorer_of(SCHEMA, "customer").weights, snapshot(_columns(fields))
    both = combined(learnt, taken)
    assert (both.levels, both.relatives, both.kin, both.partners) == (
        learnt.levels, learnt.relatives, learnt.kin, learnt.partners,
    )  # fmt: skip
    assert (both.frequencies, both.records, both.caps) == (taken.frequencies, RECORDS, taken.caps)
    assert learnt.version in both.version and taken.version in both.version
    common = max(taken.frequencies["name"].counts, key=lambda token: taken.frequencies["name"].counts[token])
    assert both.frequencies["name"].adjustment(common) < 0 < both.frequencies["name"].adjustment("seen by nobody")
    assert both.prior < Scorer(scorer_of(SCHEMA, "customer").rules, Weights(records=2)).weights.prior


def test_of_a_file_and_used_for_it(made: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> None:
    file, fields = made
    out, with_it, without = tmp_path / "taken.json", tmp_path / "a.csv", tmp_path / "b.csv"
    told = json.loads(_run("snapshot", "--in", str(file), "--out", str(out), "--json").output)
    taken = snapshot(_columns(fields))
    assert (told["version"], told["records"], told["caps"]) == (taken.version, RECORDS, taken.caps)
    assert read(out.read_text(encoding="utf-8")) == taken
    said = json.loads(_run("--in", str(file), "--out", str(with_it), "--snapshot", str(out), "--json").output)
    _run("--in", str(file), "--out", str(without))
    assert said["weights"].endswith(f"+{taken.version}") and load_clusters(with_it) == load_clusters(without)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": "x"}', '{"version": "x", "compare": {}, "relatives": 0, "partners": 1}']
)
def test_another_file_is_refused(text: str, made: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> None:
    wrong, out = tmp_path / "wrong.json", tmp_path / "c.csv"
    wrong.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        _run("--in", str(made[0]), "--out", str(out), "--snapshot", str(wrong))
    assert caught.value.code == "no-snapshot" and not out.exists()


def test_in_and_out_go_together(made: tuple[Path, list[dict[str, Any]]]) -> None:
    for options in (("--in", str(made[0])), ("--out", "taken.json"), ("--column", "x=city")):
        result = _run("snapshot", *options)
        assert result.exit_code == 2 and "go together" in result.output


def _fill(url: str, fields: Sequence[Mapping[str, Any]], **more: Any) -> None:
    """Contributions of one stream: a record, an entity and what it says, each."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        row = cursor.execute(
            "insert into hub.stream (connection, stream, role, entity) values (%s, 'rows', 'crm', 'customer') returning id",
            (more.get("connection", "crm"),),
        ).fetchone()
        assert row
        for number, each in enumerate(fields):
            identity = uuid4()
            cursor.execute(
                "insert into hub.entity (id, entity, version, digest, provenance) values (%s, %s, 1, '', '{}')",
                (identity, more.get("entity", "customer")),
            )
            cursor.execute(
                """with r as (insert into hub.source_record (stream_id, source_key, fingerprint, entity_id, anchor)
                     values (%s, %s, '', %s, %s) returning id)
                   insert into hub.contribution (record_id, entity_id, fields, changed, deleted)
                   select id, %s, %s, '{}', %s from r""",
                (row[0], str(number), identity, more.get("anchor"), identity, json.dumps(each), more.get("deleted", False)),
            )  # fmt: skip


def test_of_the_hub(hub_url: str, made: tuple[Path, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch) -> None:
    _, fields = made
    monkeypatch.setattr("tongmai.batch.snapshot.LOT", 97)
    _fill(hub_url, fields)
    _fill(hub_url, fields[:9], connection="gone", deleted=True)
    _fill(hub_url, fields[:9], connection="ours", anchor=uuid4())
    _fill(hub_url, fields[:9], connection="other", entity="supplier")
    expected = snapshot(_columns(fields))
    with connect(hub_url) as database:
        with database.transaction() as cursor:
            assert hub_scorer(cursor, SCHEMA, "customer").weights == scorer_of(SCHEMA, "customer").weights
        told = json.loads(_run("snapshot", "--json").output)
        assert told["version"] == expected.version and told["records"] == RECORDS
        with database.transaction() as cursor:
            assert current(cursor, "customer") == expected and current(cursor, "supplier") is None
            scorer = hub_scorer(cursor, SCHEMA, "customer")
        assert scorer.weights == combined(scorer_of(SCHEMA, "customer").weights, expected)
        assert scorer.caps == [expected.caps[block] for block in scorer.rules.block]
        _fill(hub_url, [{"legal_name": "上海融木科技有限公司"}], connection="later")
        later = take(database, SCHEMA, "customer", lambda *_: None)
        with database.transaction() as cursor:
            assert later.records == RECORDS + 1 and current(cursor, "customer") == later
            cursor.execute(
                """update hub.contribution c set deleted = true from hub.source_record r join hub.stream s on s.id = r.stream_id
                    where r.id = c.record_id and s.connection = 'later'"""
            )
        assert take(database, SCHEMA, "customer", lambda *_: None) == expected
        with database.transaction() as cursor:
            rows = cursor.execute("select version, current from hub.match_snapshot order by records").fetchall()
        assert rows == [(expected.version, True), (later.version, False)]


def test_of_an_empty_hub(hub_url: str) -> None:
    with connect(hub_url) as database, pytest.raises(StateError) as caught:
        take(database, SCHEMA, "customer", lambda *_: None)
    assert caught.value.code == "no-records"
    with pytest.raises(ConfigurationError) as unknown:
        _run("snapshot", "--entity", "custmer")
    assert unknown.value.code == "no-matching-rules"
