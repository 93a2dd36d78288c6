"""Each rule of survivorship, one at a time, with the reason it leaves behind."""

from __future__ import annotations

import pytest

from masterdata.model.survivorship import DERIVED, TESTS
from masterdata.survivorship import survive
from masterdata.survivorship.derive import RULES
from masterdata.survivorship.forms import FORMS
from tests.survivorship.model import CUSTOMER, entity, said, steward

CODE, WRONG = "91310000132200821H", "91310000132200821J"


def test_the_words_of_the_model_are_those_of_the_engine() -> None:
    assert {kind: set(words) for kind, words in TESTS.items()} == {
        kind: set(form.tests) for kind, form in FORMS.items()
    }
    assert {(kind, other) for kind, others in DERIVED.items() for other in others} - {("phone", "city")} == set(RULES)


def test_two_systems_that_agree_outweigh_one_that_is_trusted_more() -> None:
    fields, why = survive(
        CUSTOMER,
        [
            said("erp", name="甲乙科技有限公司"),
            said("crm", name="甲乙贸易有限公司"),
            said("oa", name="甲乙貿易有限公司（停用）"),
        ],
    )
    assert fields["name"] == "甲乙贸易有限公司"
    assert (why["name"]["rule"], why["name"]["connection"]) == ("support", "crm")
    assert [one["value"] for one in why["name"]["others"]] == ["甲乙貿易有限公司（停用）", "甲乙科技有限公司"]


def test_several_records_of_one_system_are_one_voice() -> None:
    shop = [said("shop", str(n), name="甲乙贸易有限公司") for n in range(2, 6)]
    assert survive(CUSTOMER, [said("erp", name="甲乙科技有限公司"), *shop])[0]["name"] == "甲乙科技有限公司"


def test_trust_fades_with_the_age_of_the_value() -> None:
    old, new = said("erp", at="2022-01-01", name="旧名有限公司"), said("shop", at="2026-01-01", name="新名有限公司")
    assert survive(CUSTOMER, [old, new])[0]["name"] == "新名有限公司"
    assert survive(entity(half_life=None), [old, new])[0]["name"] == "旧名有限公司"


def test_a_field_has_its_own_trust_over_the_entitys() -> None:
    records = [said("erp", name="甲乙科技有限公司"), said("shop", name="甲乙贸易有限公司")]
    rules = {"name": {"as": "company_name", "rank": ["trust"], "trust": {"shop": 95}}}
    fields, why = survive(entity(fields=rules), records)
    assert (fields["name"], why["name"]["rule"]) == ("甲乙贸易有限公司", "trust")
    rules["name"]["trust"] = {"crm": 95}  # what it does not name is as the entity has it
    assert survive(entity(fields=rules), records)[0]["name"] == "甲乙科技有限公司"
    rules["name"]["trust"] = {"erp": 0, "shop": 1}
    assert survive(entity(fields=rules), records)[0]["name"] == "甲乙贸易有限公司", "no trust is not the default"


def test_a_steward_competes_with_the_trust_that_the_field_gives() -> None:
    rules = {"name": {"as": "company_name", "trust": {"shop": 200}}}
    fields, why = survive(entity(fields=rules), [said("shop", name="甲乙贸易有限公司")], [steward("name", "甲乙")])
    assert (fields["name"], why["name"]["others"][0]["value"]) == ("甲乙贸易有限公司", "甲乙")


@pytest.mark.parametrize(
    ("field", "value", "other"),
    [
        ("name", "甲乙贸易有限公司", "甲乙科技有限公司"),
        ("phones", ["13900001111"], ["13900002222"]),
        ("bank", "工商银行", "招商银行"),
    ],
)
def test_only_the_roles_that_are_named_count(field: str, value: object, other: object) -> None:
    kind = {"name": "company_name", "phones": "phone"}.get(field, "text")
    strict = entity(fields={field: {"as": kind, "only": ["crm", "oa"]}})
    shop, crm = said("shop", at="2026-05-01", **{field: other}), said("crm", **{field: value})
    fields, why = survive(strict, [shop, crm])
    plain, _ = survive(strict, [crm])
    assert fields[field] == plain[field] and why[field]["connection"] == "crm"
    fields, why = survive(strict, [shop])
    assert (fields[field], why[field]["rule"], why[field]["said"]) == (None, "refused", other)
    fields, why = survive(strict, [shop], [steward(field, value)])
    assert (fields[field], why[field]["rule"]) == (value, "override"), "a steward is no system"


def test_a_value_with_a_fault_counts_only_where_nothing_better_is_there() -> None:
    fields, why = survive(CUSTOMER, [said("erp", person="王总"), said("shop", person="王五")])
    assert (fields["person"], why["person"]["rule"]) == ("王五", "fit")
    assert survive(CUSTOMER, [said("erp", person="王总")])[0]["person"] == "王"


def test_the_owner_wins_whatever_is_to_be_said_of_its_value_but_not_with_what_is_no_value() -> None:
    fields, why = survive(CUSTOMER, [said("erp", code=WRONG), said("shop", code=CODE.lower())])
    assert (fields["code"], why["code"]["rule"]) == (WRONG, "owner")
    strict = entity(fields={"code": {"as": "legal_code", "never": "invalid"}})
    fields, why = survive(strict, [said("erp", code=WRONG), said("shop", code=CODE.lower())])
    assert (fields["code"], why["code"]["rule"], why["code"]["said"]) == (CODE, "only", CODE.lower())
    assert survive(strict, [said("erp", code=WRONG)])[0]["code"] is None
    other = "91330100799655058B"
    owned, why = survive(CUSTOMER, [said("erp", code=CODE), said("crm", code=other), said("oa", code=other)])
    assert (owned["code"], why["code"]["rule"]) == (CODE, "owner")


@pytest.mark.parametrize("note", ["停用", "（作废）", "无", "测试", "N/A"])
def test_a_note_is_no_name(note: str) -> None:
    assert survive(CUSTOMER, [said("erp", name=note)])[0]["name"] is None


def test_a_name_is_written_without_what_was_glued_to_it() -> None:
    fields, why = survive(CUSTOMER, [said("crm", name="【VIP】上海恆達電子(集團)有限公司-采购部")])
    assert fields["name"] == "上海恒达电子（集团）有限公司"
    assert why["name"]["said"] == "【VIP】上海恆達電子(集團)有限公司-采购部"


def test_a_whole_name_goes_before_a_short_or_a_latin_one() -> None:
    records = [
        said("erp", name="恒达"),
        said("crm", name="Hengda Co., Ltd."),
        said("shop", name="上海恒达电子有限公司"),
    ]
    assert survive(CUSTOMER, records)[0]["name"] == "上海恒达电子有限公司"


def test_frequent_then_complete_then_trust() -> None:
    records = [said("crm", person="张三"), said("oa", person="张 三 经理"), said("erp", person="李四")]
    fields, why = survive(CUSTOMER, records)
    assert (fields["person"], why["person"]["rule"]) == ("张三", "frequent")
    assert survive(CUSTOMER, [said("erp", person="王总"), said("shop", person="王五")])[0]["person"] == "王五"


def test_telephones_are_one_list_without_doubles_the_best_first() -> None:
    fields, why = survive(
        CUSTOMER,
        [
            said("erp", city="上海", phones=["64321234", "138 0013 8000"]),
            said("crm", phones=["021-64321234", "+86 13800138000/13900139000"]),
            said("shop", phones=["138****8000", "12", "13700137000"]),
        ],
    )
    assert fields["phones"] == ["+862164321234", "+8613800138000", "+8613900139000"]
    assert (why["phones"]["rule"], why["phones"]["connection"]) == ("union", "crm")
    assert "parts" not in why["phones"], "all that is kept is also said by the CRM"


def test_who_gave_a_part_of_a_list_is_named() -> None:
    fields, why = survive(CUSTOMER, [said("erp", phones=["13800138000"]), said("crm", phones=["13900139000"])])
    assert fields["phones"] == ["+8613800138000", "+8613900139000"]
    assert (why["phones"]["connection"], why["phones"]["parts"]) == (
        "erp", [{"connection": "crm", "stream": "customers", "key": "1"}]
    )  # fmt: skip


def test_a_local_number_gets_the_area_code_of_the_city() -> None:
    fields, why = survive(CUSTOMER, [said("erp", city="上海", phones=["64321234"])])
    assert (fields["phones"], why["phones"]["derived"]) == (["+862164321234"], ["city"])
    fields, why = survive(CUSTOMER, [said("erp", phones=["64321234"])])
    assert fields["phones"] == ["64321234"] and "derived" not in why["phones"]


def test_what_no_source_says_follows_from_other_fields_and_is_marked() -> None:
    fields, why = survive(CUSTOMER, [said("crm", address="南京市玄武区中山路18号")])
    assert (fields["province"], fields["city"]) == ("江苏省", "南京市")
    assert (why["city"]["rule"], why["city"]["connection"], why["city"]["key"]) == ("derived", "hub", "address")
    assert why["city"]["from"]["connection"] == "crm"
    assert survive(CUSTOMER, [said("crm", phones=["025-84321234"])])[0]["city"] == "南京市"
    fields, why = survive(CUSTOMER, [said("crm", city="苏州", address="南京市玄武区中山路18号")])
    assert (fields["city"], why["city"]["rule"]) == ("苏州市", "only")


def test_an_address_is_put_together_from_levels_of_several_records() -> None:
    fields, why = survive(
        CUSTOMER,
        [
            said("erp", city="南京", address="中山路18號"),
            said("crm", address="玄武区中山路18号3号楼1201室"),
            said("shop", address="南京市鼓楼区北京西路2号"),
        ],
    )
    assert fields["address"] == "江苏省南京市玄武区中山路18号3号楼1201室"
    told = why["address"]
    assert (told["rule"], told["connection"], told["said"]) == ("assembled", "crm", "玄武区中山路18号3号楼1201室")
    assert told["levels"] == ["province", "city"]
    assert {one["value"] for one in told["others"]} == {"中山路18號", "南京市鼓楼区北京西路2号"}


def test_the_record_that_gave_the_head_of_an_address_is_named() -> None:
    records = [said("erp", address="江苏省南京市玄武区中山路18号"), said("crm", address="中山路18号3号楼1201室")]
    fields, why = survive(CUSTOMER, records)
    assert fields["address"] == "江苏省南京市玄武区中山路18号3号楼1201室"
    assert [part["connection"] for part in why["address"]["parts"]] == ["erp"]


def test_a_city_alone_is_no_address_to_complete() -> None:
    assert survive(CUSTOMER, [said("crm", address="上海")])[0]["address"] == "上海"


def test_a_group_comes_from_one_record() -> None:
    fields, why = survive(
        CUSTOMER,
        [said("erp", bank="工商银行"), said("crm", bank="建设银行", account="6222"), said("oa", bank="工商银行")],
    )
    assert (fields["bank"], fields["account"]) == ("建设银行", "6222")
    assert why["bank"]["together"] == ["bank", "account"]
    assert (
        survive(CUSTOMER, [said("erp", bank="工商银行"), said("crm", at="2019-01-01", account="6222")])[0]["account"]
        is None
    )


def test_an_address_of_notes_alone_is_none() -> None:
    rules = {"address": {"as": "address", "never": "note", "assemble": ["city"]}, "city": {"as": "city"}}
    fields, why = survive(entity(fields=rules), [said("crm", address="无", city="南京"), said("erp", address="停用")])
    assert fields["address"] is None and (why["address"]["rule"], why["address"]["said"]) == ("refused", "停用")
