"""``tongmai review`` and ``tongmai match explain`` over a hub with open questions."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from masterdata.matching.stored import written
from masterdata.model import Schema
from masterdata.store import connect
from tests.stewardship.world import CODE, FULL, SLIP, World
from tongmai.batch.snapshot import take
from tongmai.cli.main import cli
from tongmai.core.errors import ConfigurationError, StateError
from tongmai.sync.content import load_content
from tongmai.sync.trace import NotFoundError

Said = Callable[..., Any]


def _schema() -> Schema:
    return load_content().schema


def blocks() -> list[str]:
    return list(_schema().matching["customer"].block)


def _shown(*arguments: str, **variables: str) -> str:
    result = CliRunner().invoke(cli, arguments, env=variables)
    if result.exception is not None:
        raise result.exception
    return result.output


def test_from_a_question_to_an_answer_and_back(world: World, said: Said, tmp_path: Path) -> None:
    world.put("Account", "a1", name=FULL, code=CODE, city="上海市")
    world.put("Account", "a2", name=SLIP, city="上海市", phone="021-64321234")
    world.put("Account", "a3", name="上海拓金贸易有限公司", city="上海市")
    world.put("Account", "b1", name="深圳腾景电子有限公司", city="深圳市")
    world.put("Account", "b2", name="深圳腾晶电子有限公司", city="深圳市")
    world.put("Deal", "d1", name="扩产", who="a2", stage="following")
    world.put("Deal", "d2", name="旧单", who="b1", stage="lost")
    world.run("accounts", "deals", "clients")
    one, two, three = (world.entity(key) for key in ("a1", "a2", "a3"))

    # three hang together by pairs; the group with open business comes first
    listed = said("review", "list", "--entity", "customer")
    groups = {frozenset(each["id"] for each in group["members"]): group for group in listed["groups"]}
    first = groups[frozenset((one, two, three))]
    other = groups[frozenset((world.entity("b1"), world.entity("b2")))]
    assert listed["groups"][0] == first and len(groups) == 2 == listed["open"]
    assert first["points"]["business"] > 0 == other["points"]["business"], "a lost deal is no open business"
    assert first["priority"] == pytest.approx(sum(first["points"].values()), abs=0.11)
    near = said("review", "list", "--min-weight", "0")
    assert len(near["groups"]) == 2 and all(pair["weight"] >= 0 for group in near["groups"] for pair in group["pairs"])
    assert len(next(g for g in near["groups"] if g["group"] == first["group"])["members"]) == 2

    # a creation that waits for the answer weighs more than any business
    world.run("clients_back")
    assert world.rows("Client"), "what is in no doubt was created"
    waiting = said("review", "list")["groups"][0]
    assert sum(each["waiting"] for each in waiting["members"]) == 1 and waiting["points"]["waiting"] == 20

    shown = said("review", "show", one, two)
    fields = {each["field"]: each for each in shown["fields"]}
    assert fields["legal_name"]["values"] == [FULL if key == one else SLIP for key in shown["ids"]]
    assert fields["city"]["same"] and not fields["legal_name"]["same"]
    pair = shown["reasons"][0]["pair"]
    for side in ("strangers", "relatives"):
        assert pair[side]["sum"] == pair[side]["prior"] + sum(part[side] for part in pair["parts"])
    assert [each["id"] for each in shown["if_merged"]["golden"] if each["entity"] == "customer"] == [one]
    assert {"record": world.record("a2"), "from": two, "to": one} in shown["if_merged"]["moved"]
    assert len(said("review", "show", first["group"])["ids"]) == 3
    text = _shown("review", "show", "a1", "a2")
    assert SLIP in text and "in doubt" in text and "If they were merged" in text
    assert "存疑" in _shown("review", "show", "a1", "a2", TONGMAI_LANG="zh")
    assert "open business" in _shown("review", "list") and world.query("select count(*) from hub.match_act") == [(0,)]

    tried = said("review", "merge", "a1", "a2", "--why", "seen", "--dry-run")
    done = said("review", "merge", "a1", "tray_crm/Account/a2", "--why", "seen")
    assert tried["dry_run"] and not done["dry_run"] and tried["moved"] == done["moved"] != []
    world.run("clients_back")
    told = [row["name"] for row in world.rows("Client").values()]
    assert len(told) == len(set(told)) == 3 and len({FULL, SLIP} & set(told)) == 1, "one company is there once"

    traced = said("trace", "customer", "a2")
    assert traced["id"] == one and {each["to"] for each in traced["moves"]} == {one} and two in traced["merged"]
    assert [each["kind"] for each in traced["acts"]] == ["merge"]
    joined, doubt = traced["weights"]
    assert joined["together"] and joined["pair"] == ["tray_crm/Account/a1", "tray_crm/Account/a2"]
    assert not doubt["together"] and doubt["pair"][1] == "tray_crm/Account/a3"
    for each in traced["weights"]:
        for side in ("strangers", "relatives"):
            assert each[side]["sum"] == each[side]["prior"] + sum(part[side] for part in each["parts"])
    page = _shown("trace", "customer", "a2")
    numbers = page.partition("one entity\n")[2].partition("\n  tray")[0]
    assert round(sum(map(float, re.findall(r"^ +([+-][0-9.]+) ", numbers, re.M))) * 1000) == joined["weight"]
    assert "open question" in page and "待裁决" in _shown("trace", "customer", "a2", TONGMAI_LANG="zh")
    history = said("match", "explain", "a1")
    assert [each["name"] for each in history["members"] if each["seat"]] == [
        "tray_crm/Account/a1",
        "tray_crm/Account/a2",
    ]
    assert history["edges"] and history["acts"][0]["why"] == "seen"
    said("review", "unmerge", "a1", "--record", "tray_crm/Account/a2", "--why", "no, two")
    assert world.entity("a2") == two
    with pytest.raises(NotFoundError, match="it is of"):
        said("review", "unmerge", "a1", "--record", "tray_crm/Account/a2", "--why", "again")
    acts = said("review", "acts")["acts"]
    assert [each["kind"] for each in acts] == ["unmerge", "merge"] and "no, two" in _shown("review", "acts")
    with pytest.raises(NotFoundError, match="none is open"):
        _no_question(world, said)
    said("review", "undo", str(acts[0]["id"]), "--why", "one after all")
    assert world.entity("a2") == one
    assert "undone" in _shown("review", "acts")


def _no_question(world: World, said: Said) -> None:
    world.put("Account", "z", name="乌鲁木齐红山茶业有限公司", city="乌鲁木齐市")
    world.run("accounts")
    said("review", "show", "z")


def test_bulk_from_a_list_and_on_all(world: World, said: Said, tmp_path: Path) -> None:
    world.put("Account", "a1", name=FULL, city="上海市")
    world.put("Account", "a2", name=SLIP, city="上海市")
    world.put("Account", "b1", name="深圳腾景电子有限公司", city="深圳市")
    world.put("Account", "b2", name="深圳腾晶电子有限公司", city="深圳市")
    world.run("accounts")
    before = {key: world.entity(key) for key in ("a1", "a2", "b1", "b2")}
    file = tmp_path / "verdicts.csv"

    def write(*rows: tuple[str, ...]) -> None:
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("a", "b", "verdict", "why"), *rows])

    write(("a1", "a2", "merge", "one"), ("b1", "b2", "perhaps", "?"))
    with pytest.raises(ConfigurationError) as wrong:
        said("review", "bulk", "--in", str(file), "--yes")
    assert wrong.value.code == "bad-verdict" and ":3:" in wrong.value.what
    write(("a1", "a2", "merge", "one"), ("b1", "b2", "apart", ""))
    with pytest.raises(ConfigurationError, match="does not say why"):
        said("review", "bulk", "--in", str(file), "--yes")
    write(("a1", "a2", "merge", "one"), ("a2", "a1", "merge", "the same again"), ("b1", "b2", "apart", "two"))
    assert said("review", "bulk", "--in", str(file))["dry_run"]
    assert {key: world.entity(key) for key in before} == before
    said("review", "bulk", "--in", str(file), "--yes")
    assert world.entity("a1") == world.entity("a2") and world.entity("b1") != world.entity("b2")
    assert said("review", "list")["open"] == 0
    labels = tmp_path / "labels.csv"
    assert said("review", "labels", "--out", str(labels))["labels"] == 2
    with labels.open(encoding="utf-8", newline="") as stream:
        rows = {row["id_a"]: (row["id_b"], row["same"]) for row in csv.DictReader(stream)}
    assert rows == {
        "tray_crm/Account/a1": ("tray_crm/Account/a2", "same"),
        "tray_crm/Account/b1": ("tray_crm/Account/b2", "different"),
    }
    for act in said("review", "acts")["acts"]:
        said("review", "undo", str(act["id"]))
    tried = said("review", "bulk", "--all", "--min-weight", "0", "--verdict", "merge", "--why", "all alike")
    assert tried["verdicts"] == 2 and {key: world.entity(key) for key in before} == before
    said("review", "bulk", "--all", "--min-weight", "0", "--verdict", "merge", "--why", "all alike", "--yes")
    assert world.entity("a1") == world.entity("a2") and world.entity("b1") == world.entity("b2")
    assert CliRunner().invoke(cli, ["review", "bulk", "--all"]).exit_code == 2


def test_what_an_edit_would_part_is_a_question(world: World, said: Said) -> None:
    world.put("Account", "a1", name=FULL, city="上海市")
    world.put("Account", "a2", name=FULL, city="上海市")
    world.run("accounts")
    assert said("review", "list")["open"] == 0
    world.put("Account", "a2", name="北京腾红正贸易有限公司", city="北京市")
    world.run("accounts")
    (group,) = said("review", "list")["groups"]
    records = sorted((world.record("a1"), world.record("a2")))
    assert group["kind"] == "kept" and [[one["one"], one["other"]] for one in group["kept"]] == [records]
    assert "still one?" in _shown("review", "list") and "kept together" in _shown("match", "explain", "a1")
    assert said("review", "show", "a2")["ids"] == [world.entity("a1")]
    done = said("review", "merge", "a1", "--why", "renamed and moved")
    assert said("review", "list")["open"] == 0 and done["moved"] == []
    said("review", "undo", str(done["act"]))
    assert said("review", "list")["open"] == 1
    said("review", "unmerge", "a1", "--record", "tray_crm/Account/a2", "--why", "the account was used anew")
    assert said("review", "list")["open"] == 0 and world.entity("a1") != world.entity("a2")


def test_why_not_a_candidate_and_why_not_one(world: World, said: Said) -> None:
    world.put("Account", "a1", name=FULL, city="上海市", code=CODE)
    world.put("Account", "z", name="乌鲁木齐红山茶业有限公司", city="乌鲁木齐市")
    world.put("Account", "k1", name="甲壳虫商贸有限公司", city="上海市", phone="021-50001000")
    for number in range(60):
        name = f"{chr(0x4E10 + 7 * number)}{chr(0x6E10 + 11 * number)}贸易有限公司"
        world.put("Account", f"g{number}", name=name, city="上海市", phone="021-50001000")
    world.run("accounts")
    apart = said("match", "explain", "a1", "z")
    assert not apart["together"] and apart["keys"] == [] and "share no key" in apart["reasons"][0]["en"]
    far = said("match", "explain", "k1", "g1")
    phone = [each for each in far["keys"] if each["block"] == "phone.number"]
    assert phone and phone[0]["records"] == 61
    assert not phone[0]["generic"]
    # a snapshot that says how many may have a key: now all that these two share is too common to compare them
    with connect(world.url) as database, database.transaction() as cursor:
        taken = replace(take(database, _schema(), "customer", lambda *_: None), caps=dict.fromkeys(blocks(), 5))
        cursor.execute("update hub.match_snapshot set content = %s", (written(taken, "customer", "a test"),))
    common = said("match", "explain", "k1", "g1")
    assert all(each["generic"] and each["cap"] == 5 for each in common["keys"]) and common["keys"]
    assert "generic" in common["reasons"][0]["en"] and "phone.number" in common["reasons"][0]["zh"]
    said("review", "apart", "a1", "z", "--why", "of course")
    again = said("match", "explain", "a1", "z")
    assert again["decisions"][0]["why"] == "of course" and "said they are not one" in again["reasons"][0]["en"]
    text = _shown("match", "explain", "tray_crm/Account/a1", "z")
    assert "they are not one entity" in text and "of course" in text
    with pytest.raises((NotFoundError, StateError)):
        said("match", "explain", "a1", "nobody")
    assert "Account/a1" in _shown("match", "explain", "a1")
    assert json.loads(_shown("match", "explain", "a1", "--json"))["members"]
