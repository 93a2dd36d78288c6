"""Decisions teach: many of them move what a level weighs; nothing that was said is lost by learning."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner

from bench.matching.generate import generate
from masterdata.matching.scorer import Scorer
from masterdata.matching.stored import read
from masterdata.store import connect
from tests.stewardship.world import World
from tongmai.batch.labels import write
from tongmai.batch.run import scorer_of
from tongmai.cli.match import match
from tongmai.sync.acts import bulk
from tongmai.sync.content import load_content
from tongmai.sync.desk import verdicts_on_all
from tongmai.sync.run import run_sync

RECORDS = 160


def _learnt(out: Path) -> Scorer:
    result = CliRunner().invoke(match, ["train", "--from-hub", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return Scorer(scorer_of(load_content().schema, "customer").rules, read(out.read_text(encoding="utf-8")))


def _mean(world: World, scorer: Scorer, pairs: list[tuple[int, int]]) -> float:
    """What these pairs of records weigh on average."""
    rows = world.query(
        "select record_id, fields from hub.contribution where record_id = any(%s)", [x for p in pairs for x in p]
    )
    known = {record: scorer.features(fields) for record, fields in rows}
    return sum(scorer.score(known[a], known[b]).weight for a, b in pairs) / len(pairs)


def test_many_decisions_move_the_weights(world: World, tmp_path: Path) -> None:
    generate(RECORDS, "medium", 11, tmp_path)
    with (tmp_path / "records.csv").open(encoding="utf-8", newline="") as stream:
        rows = {
            f"r{number}": {"id": f"r{number}", "name": row["name"], "code": row["uscc"], "city": row["city"], "phone": row["phone"], "person": row["contact"]}
            for number, row in enumerate(csv.DictReader(stream))
        }  # fmt: skip
    world.files["Account"].write_text(json.dumps({"Account": rows}), encoding="utf-8")
    run_sync("accounts")  # what is wrong in them is in quarantine
    verdicts = verdicts_on_all("customer", "merge", -6_000)
    pairs = [(row[0], row[1]) for row in world.query("select one, other from hub.match_review order by 1, 2")]
    assert len(pairs) >= 12 and len(verdicts) >= 10
    before = _mean(world, _learnt(tmp_path / "before.json"), pairs)

    bulk("customer", [replace(one, kind="apart") for one in verdicts], who="li", why="looked at each")
    below = _learnt(tmp_path / "below.json")
    trained = json.loads((tmp_path / "below.json").read_text(encoding="utf-8"))
    bulk("customer", verdicts, who="wang", why="looked again: the later act counts")
    above = _learnt(tmp_path / "above.json")
    assert _mean(world, below, pairs) < before < _mean(world, above, pairs)
    assert below.weights.levels != above.weights.levels and "with labels" in json.dumps(trained)

    # what a machine kept together teaches nothing, nor does what was taken back
    said = world.query("select count(*) from hub.match_decision where ended_at is null")[0][0]
    out = tmp_path / "labels.csv"
    with connect(world.url) as database, database.transaction() as cursor:
        cursor.execute("update hub.match_act set kind = 'kept' where id = (select max(id) from hub.match_act)")
        assert 0 < write(cursor, "customer", out) < said
    assert CliRunner().invoke(match, ["train", "--from-hub", "--in", str(out), "--out", str(out)]).exit_code == 2
