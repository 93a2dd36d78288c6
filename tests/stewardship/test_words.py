"""What a steward reads on a terminal: names instead of codes, in the own language, and what to do next."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from bench.matching.codes import credit_code
from tests.stewardship.world import CODE, FULL, SLIP, World
from tongmai.cli.main import cli
from tongmai.core.errors import ConfigurationError, TongmaiError
from tongmai.sync.trace import NotFoundError

OTHER_CODE = credit_code("91", "310115", "MA1H8X0P")


def _says(*arguments: str, lang: str = "zh") -> str:
    result = CliRunner().invoke(cli, arguments, env={"TONGMAI_LANG": lang})
    if isinstance(result.exception, TongmaiError):
        raise result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def _doubt(world: World) -> tuple[str, str]:
    world.put("Account", "a1", name=FULL, city="上海市")
    world.put("Account", "a2", name=SLIP, city="上海市", phone="021-64321234")
    world.put("Deal", "d1", name="扩产", who="a2", stage="following")
    world.run("accounts", "deals", "clients")
    return world.entity("a1"), world.entity("a2")


def test_questions_and_answers_in_chinese(world: World) -> None:
    one, two = _doubt(world)
    listed = _says("review", "list")
    assert f"客户 {min(one, two)}  优先级 " in listed and "商机 1" in listed and "opportunity" not in listed
    world.run("clients_back")
    assert "  等待写出 1" in _says("review", "list").replace("商机 1, ", "  "), "no comma stands before the first word"
    shown = _says("review", "show", "a1", "a2")
    pair = ["tray_crm/Account/a1", "tray_crm/Account/a2"]
    assert any(" | ".join(each) in shown for each in (pair, pair[::-1])), "the pair that is weighed is named"
    if_merged = shown.partition("若合并")[2]
    assert f"  客户 {one}" in if_merged and "电话: - → " in if_merged and "phones" not in if_merged
    done = _says("review", "merge", "a1", "a2", "--why", "同一执照")
    number = world.query("select max(id)::text from hub.match_act")[0][0]
    assert f"处置 {number}（可用 `tongmai review undo {number}` 撤销）" in done
    undone = _says("review", "undo", number)
    assert f"处置 {number} 已撤销" in undone and "可用" not in undone


def test_an_id_is_found_by_the_beginning_that_lists_show(world: World) -> None:
    one, two = _doubt(world)
    assert one in _says("match", "explain", one[:8]) and two in _says("golden", "show", "customer", two[:13])
    with pytest.raises(NotFoundError, match="tongmai search find"):
        _says("golden", "show", "customer", "0000beef")
    with pytest.raises(NotFoundError):
        _says("golden", "show", "customer", one[:7])
    near = f"{one[:8]}-0000-5000-8000-000000000000"
    world.query(
        "insert into hub.entity (id, entity, version, digest, provenance) values (%s, 'customer', 1, '', '{}') returning id",
        near,
    )
    with pytest.raises(NotFoundError, match="2 entities have it"):
        _says("match", "explain", one[:8])


def test_apart_of_one_entity_says_how_to_take_it_apart(world: World) -> None:
    _doubt(world)
    _says("review", "merge", "a1", "a2", "--why", "seen")
    with pytest.raises(ConfigurationError, match=r"they are one entity already.*review unmerge"):
        _says("review", "apart", "a1", "a2", "--why", "two")


def test_what_forbids_a_merge_is_told_though_the_best_pair_is_only_in_doubt(world: World) -> None:
    world.put("Account", "a1", name=FULL, code=CODE, city="上海市", phone="021-64321234")
    world.put("Account", "a2", name=FULL, city="上海市", phone="021-64321234")
    world.put("Account", "b1", name=SLIP, code=OTHER_CODE, city="上海市")
    world.run("accounts")
    assert world.entity("a1") == world.entity("a2") != world.entity("b1")
    english = _says("match", "explain", "a1", world.entity("b1"), lang="en")
    assert "never one, whatever else agrees: code: different valid codes" in english
    whole = _says("match", "explain", world.entity("a1"), world.entity("b1"))
    assert "双方另有 1 对记录被否决：tray_crm/Account/a1 | tray_crm/Account/b1" in whole and "有效代码不同" in whole
    assert "\\n" not in whole


def test_a_golden_record_stands_in_the_order_of_its_entity(world: World) -> None:
    _doubt(world)
    for command in (("golden", "show", "customer", "a2"), ("golden", "as-of", "customer", "a2", "2999-01-01")):
        said = _says(*command)
        assert "['" not in said and said.index("legal_name") < said.index("phones") < said.index("city")
    traced = _says("trace", "customer", "a2")
    assert "None" not in traced and "['" not in traced and "status: - → active（" in traced
