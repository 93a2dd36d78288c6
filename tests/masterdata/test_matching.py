"""Identity: code, then name without a conflicting code; in-batch and stored alike."""

from __future__ import annotations

from uuid import UUID

import pytest

from masterdata.matching import Index, MatchKey, decide, match_keys
from masterdata.matching.keys import normal_name
from masterdata.model import Entity

A, B = UUID(int=1), UUID(int=2)
CUSTOMER = Entity.model_validate(
    {
        "entity": "customer",
        "label": {"zh": "客户", "en": "Customer"},
        "fields": {
            "legal_name": {"type": "text", "label": {"zh": "名称", "en": "Name"}},
            "uscc": {"type": "uscc", "label": {"zh": "代码", "en": "Code"}},
        },
        "matching": {"legal_code": "uscc", "name": "legal_name"},
    }
)


@pytest.mark.parametrize(
    "name",
    [
        "上海拓金（有限公司）",
        "上海拓金(有限公司)",
        " 上海 拓金【有限公司】",
        "上海拓金〔有限公司〕".replace("〔", "(").replace("〕", ")"),
    ],
)
def test_brackets_spaces_and_width_do_not_matter(name: str) -> None:
    assert normal_name(name) == "上海拓金有限公司"


def test_latin_names_ignore_case_and_punctuation() -> None:
    assert normal_name("Ｇｒｅｅｎ-Plus, Inc.") == normal_name("GREEN PLUS INC")


def keys(name: str, code: str | None = None) -> list[MatchKey]:
    return match_keys(CUSTOMER, {"legal_name": name, "uscc": code})


def test_code_beats_name() -> None:
    index = Index()
    index.add(A, keys("甲公司", "U1"))
    index.add(B, keys("乙公司", "U2"))
    decision = decide(keys("甲公司", "U2"), index)
    assert decision.entity == B
    assert decision.by == MatchKey("code", "U2")


def test_the_same_name_with_another_code_is_another_company() -> None:
    index = Index()
    index.add(A, keys("甲公司", "U1"))
    assert decide(keys("甲公司", "U2"), index).entity is None
    assert decide(keys("甲公司"), index).entity == A


def test_rivals_are_reported() -> None:
    index = Index()
    index.add(A, keys("甲公司", "U1"))
    index.add(B, keys("甲公司"))
    decision = decide(keys("甲公司"), index)
    assert (decision.entity, decision.rivals) == (A, (B,))


def test_nothing_known_means_new() -> None:
    assert decide(keys("丙公司"), Index()).entity is None
    assert match_keys(CUSTOMER, {"legal_name": "（）", "uscc": None}) == []
