"""Names, codes, numbers and addresses as they are compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as standard

from masterdata.normal import mail, phones
from masterdata.normal.address import address
from masterdata.normal.codes import ALPHABET, check, code, organisation_check, repairs
from masterdata.normal.company import company, whole
from masterdata.normal.person import person
from masterdata.normal.places import area_codes, division_codes, place_names

SAME_COMPANY = [
    "上海融木科技有限公司",
    "融木（上海）科技有限公司",
    "上海融木科技（有限公司） 老客户",
    "上海市融木科技有限责任公司",
    "上海融木科技股份有限公司/采购部",
    "战略客户-上海融木科技",
    "上海融木科技有限公司（王经理）",
    "上海融木科技有限公",
    "【停用】上海融木科技有限公司",
    "上海融木科技有限公司　",
    "上海融木科技(集团)有限公司",
]


@pytest.mark.parametrize("name", SAME_COMPANY)
def test_one_company_however_it_is_written(name: str) -> None:
    found = company(name)
    assert (found.place, found.brand, found.trade, found.branch) == ("上海", "融木", "科技", "")


@pytest.mark.parametrize(
    ("name", "place", "brand", "trade", "branch", "behind"),
    [
        ("上海融木科技有限公司武汉分公司", "上海", "融木", "科技", "武汉", ""),
        ("上海融木科技有限公司（武汉分公司）", "上海", "融木", "科技", "武汉", ""),
        ("上海融木科技有限公司武汉市江岸区分公司", "上海", "融木", "科技", "江岸", ""),
        ("融木科技武汉分", "", "融木", "科技", "武汉", ""),
        ("北京市第一建筑工程有限公司第二分公司", "北京", "第一", "建筑工程", "第二", ""),
        ("融木科技（武汉）", "武汉", "融木", "科技", "", "武汉"),
        ("江苏省南京市腾红正电子商务有限公司", "南京", "腾红正", "电子商务", "", ""),
        ("昆山腾红正精密机械厂", "苏州", "腾红正", "精密机械", "", ""),
        ("臺北市騰紅正貿易有限公司", "台北", "腾红正", "贸易", "", ""),
        ("海南航空股份有限公司", "海南", "海南", "航空", "", ""),
        ("长春市长春堂药业有限公司", "长春", "长春堂", "药业", "", ""),
        ("苏州市公安局吴中分局", "苏州", "公安局", "", "吴中", ""),
        ("国家税务总局苏州市税务局第一税务分局", "", "国家税务总局苏州市税务局", "", "第一税务", ""),
        ("立信会计师事务所（特殊普通合伙）", "", "立信", "会计师", "", ""),
        ("昆山市玉山镇老王五金店（个体工商户）", "苏州", "玉山镇老王五金店", "", "", ""),
        ("株式会社安川電機", "", "安川", "电机", "", ""),
    ],
)
def test_parts_of_a_name(name: str, place: str, brand: str, trade: str, branch: str, behind: str) -> None:
    found = company(name)
    assert (found.place, found.brand, found.trade, found.branch, found.behind) == (place, brand, trade, branch, behind)


def test_latin_names() -> None:
    found = company("Nanjing Tenghongzheng Trading Co., Ltd. Wuhan Branch")
    assert (found.place, found.brand, found.trade, found.branch) == ("南京", "tenghongzheng", "trading", "wuhan")
    assert company("ACME & Co. Holdings, Inc.").brand == "acme"
    assert company("The Boring Company").brand == "boring"


@pytest.mark.parametrize(
    ("name", "other"),
    [("ООО «Газпром»", "Газпром ООО"), ("삼성전자 주식회사", "삼성전자"), ("ΔΕΗ Α.Ε.", "ΔΕΗ"), ("トヨタ", "トヨタ")],
)
def test_names_of_any_script_have_a_brand_word(name: str, other: str) -> None:
    assert company(name).brand.startswith(company(other).brand) and company(other).brand
    assert person("Иван Петров") == "иван петров" and person("김민준") == "김민준"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("上海融木科技有限公司", True),
        ("融木科技", False),
        ("融木", False),
        ("上海市第一人民医院", True),
        ("上海一院", False),
        ("清华大学", True),
        ("苏州工业园区管理委员会", True),
        ("苏州市公安局吴中分局", True),
        ("国家税务总局苏州市税务局", True),
        ("老王五金店（个体工商户）", True),
        ("昆山市老王小吃店", True),
        ("上海市静安区教育局（王老师）", True),
        ("Northwind Optics", True),
        ("ООО Газпром", True),
    ],
)
def test_a_name_is_whole_without_a_form_where_none_is_usual(name: str, found: bool) -> None:
    assert whole(name) is found


@given(st.text(max_size=60))
def test_no_name_breaks_the_parser(text: str) -> None:
    found = company(text)
    assert found == company(text) and isinstance(found.core, str)
    assert all(isinstance(part, str) for part in (found.place, found.brand, found.trade, found.branch, found.behind))
    address(text)
    person(text)
    phones.numbers(text)
    code(text)
    mail.address(text)
    mail.domain_of_site(text)


codes = st.builds(
    lambda begin, body: (found := "91" + begin + body + organisation_check(body)) + check(found),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=8, max_size=8),
)


@given(codes)
def test_right_codes_are_right_for_the_standard_too(text: str) -> None:
    assert standard.is_valid(text) and code(text.lower()).valid and code(f" {text[:9]}-{text[9:]} ").text == text
    assert code(text[8:17]).valid and code(text[8:17]).organisation == code(text).organisation


@given(codes, st.integers(0, 16))
def test_a_swap_of_neighbours_is_among_the_repairs(text: str, at: int) -> None:
    typed = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if typed != text and not code(typed).valid:
        assert text in repairs(typed)


def test_letters_that_no_code_has_are_read_as_digits() -> None:
    right = "91310115MA1H8X0P01"
    right = right[:17] + check(right)
    typed = right.replace("0", "O").replace("1", "I")
    assert code(typed).text == right


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("138 1234 5678", ("13812345678",)),
        ("+86-138-1234-5678", ("13812345678",)),
        ("(021) 6432-1234 转 801", ("021-64321234",)),
        ("021-64321234-801", ("021-64321234",)),
        ("8602164321234", ("021-64321234",)),
        ("64321234", ("64321234",)),
        ("0571-8888888/13800138000", ("0571-8888888", "13800138000")),
        ("400-820-8820", ("4008208820",)),
        ("138****5678", ("138****5678",)),
        ("+1 (415) 555-0100", ("+14155550100",)),
        ("(415) 555-0100", ("+14155550100",)),
        ("217-555-0100", ("+12175550100",)),
        ("217.555.0100 ext. 7", ("+12175550100",)),
        ("800-820-8820", ("8008208820",)),
        ("138 1234 5678 / 021 6432 1234", ("13812345678", "021-64321234")),
        ("１３８１２３４５６７８", ("13812345678",)),
        ("无", ()),
        ("0", ()),
    ],
)
def test_telephones(written: str, found: tuple[str, ...]) -> None:
    assert phones.numbers(written) == found


def test_tails_are_of_landlines_only() -> None:
    assert [phones.tail(each) for each in ("021-64321234", "64321234", "13812345678", "+14155550100")] == [
        "4321234",
        "4321234",
        "",
        "",
    ]


def test_addresses() -> None:
    found = address("江苏省南京市玄武区北京东路1号3号楼502室")
    assert found[:7] == ("江苏省", "南京市", "玄武区", "北京东路", "1", "3", "502")
    assert address("南京市玄武区北京東路１#502")[1:5] == ("南京市", "玄武区", "北京东路", "1")
    assert address("昆明寻甸回族彝族自治县纬二巷418号金地产业园24楼").site == "金地产业园"
    assert address("12 Main Street, Suite 500") == address("12 MAIN ST., Ste. 500")
    assert address("12 Main Street, Suite 500")[3:7] == ("main street", "12", "", "500")
    assert address("Hauptstraße 5").number == "5"
    found = address("Room 501, Building 3, 88 Zhangjiang Road")
    assert (found.road, found.number, found.room) == ("zhangjiang road", "88", "501")


def test_people_and_mail() -> None:
    assert [person(each) for each in ("王经理", "欧阳娜娜 女士", "老李", "Smith, John", "张**")] == [
        "王", "欧阳娜娜", "李", "john smith", "张**",
    ]  # fmt: skip
    assert mail.domain_of_mail("a@mail.acme.com.cn") == "acme.com.cn"
    assert mail.domain_of_mail("a@qq.com") == ""
    assert mail.domain_of_site("https://www.acme.cn/x?y") == "acme.cn"


def test_places_know_each_other() -> None:
    assert place_names()["苏州"].province == "江苏" and place_names()["浦东新区"].city == "上海"
    assert area_codes()["025"] == ("江苏", "南京") and division_codes()["3204"] == ("江苏", "常州")
    assert area_codes()["0571"] == ("浙江", "杭州") and area_codes()["0755"] == (
        "广东",
        "深圳",
    )  # numbers of eight digits
    assert division_codes()["3101"] == ("上海", "上海")
