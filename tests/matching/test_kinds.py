"""Kinds of comparison: symmetric, indifferent to JSON, and right on what people really write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masterdata.matching.kinds import KINDS, MISSING
from masterdata.normal.product import gtin, named

WRITTEN: dict[str, dict[str, list[str]]] = {
    "open_id": {"id": ["wechat:oA1", "wechat:oa1", "WeChat:oA1", "tmall1:77", "77", "", ":"]},
    "nickname": {"nickname": ["t***8", "t**8", "tom8", "t8", "小豆豆", "小***豆", "*", "平安 是福", ""]},
    "term": {"term": ["男", "女", "male", " Male "]},
    "person": {"name": ["张*", "*伟", "张伟", "张先生", "张", "张**", "**", "李伟", "Li Wei", "陆峻/采购部", "章伟"]},
    "given_and_family": {"given": ["anna", "ana", "", "h o"], "family": ["smith", "smyth", "anna", "ho"]},
    "phone": {"phone": ["13800138000", "138****8000", "138 0013 8001", "021-64321234", "64321234", "010-64321234"]},
    "address": {
        "address": ["浦东新区张江路88号联创科技园C座1115室", "联创科技园", "张江路88号联创科技园3号楼", "张江路88号", "张江路", "科苑路2号"]
    },
    "words": {"text": ["high street", "hihg street", "street high", "可乐"]},
    "date": {"date": ["1990-02-03", "19900302", "1990-02-04", "1871-12-30", "no date"]},
    "gtin": {"code": ["6901234567892", "06901234567892", "6901234567893", "690123456789", "12", "697"]},
    "product_name": {"name": ["源旺 可乐 500ml*12", "可乐", "新款可乐", "Cola zero", "500ml"], "brand": ["源旺", ""]},
    "model": {"name": ["XR-200 Pro", "xr200", "XR200A 断路器", "无型号"]},
    "measure": {"size": ["", "XL", "42", "1.5L"], "name": ["水 1500毫升", "水 500ml", "裤 2XL", "鞋 42码"]},
    "pack": {"pack": ["", "12", "6瓶装"], "name": ["水 500ml*12", "水 6瓶/箱", "水"]},
    "colour": {"colour": ["", "曜石黑", "black"], "name": ["外套 黑色", "外套 红色", "外套 黑色 白色"]},
    "company_name": {
        "name": ["Suizhou Yupo Ltd", "Song Lang Shi You Hua Gong Co., Ltd", "Chaochengcong Medical Co., Ltd", "Yupa Ltd", "上海拓金科技有限公司",
                 "随州宇珀化妆品有限公司", "拓金", "上海拓锦科技有限公司", "Chuanghongda Steel", "Chuang Hong Da Gang Jie"],
    },
    "company_branch": {"name": ["上海拓金科技有限公司", "上海拓金科技有限公司浦东分公司", "上海拓金科技有限公司（北京）", "拓金浦东分公司"]},
    "place": {
        "city": ["上海", "随州市", ""], "province": ["湖北", "湖北省", ""], "address": ["浦东新区张江路88号", "随州随县兴安大道228号"],
        "name": ["上海拓金科技有限公司"], "phone": ["021-64321234", "0722-76795614"],
    },
    "legal_code": {
        "code": ["91310115MA1H8X0P0T", "91310115MA1H8X0POT", "91310115MA1H8X0P0", "MA1H8X0P0", "无"], "name": ["上海拓金科技有限公司"],
    },
    "mail": {"mail": ["a@tuojin.com", "b@tuojin.com", "a@qq.com"], "site": ["www.tuojin.com", "https://tuojin.com/x"]},
    "people": {"legal": ["张伟", "张*", "李伟"], "contact": ["张先生", "Li Wei", "陆峻/采购部"]},
    "employer": {"company": ["上海拓金科技有限公司", "拓金科技", "北京拓金贸易有限公司", "8d7c9a52-0b3c-4b55-9d0c-0a4d5a3b1c11"]},
}  # fmt: skip


def _values(kind: str) -> st.SearchStrategy[Any]:
    """What a kind reads of texts like those that people write, and of any others."""
    parts = WRITTEN[kind]
    texts = {
        part: st.lists(st.one_of(st.sampled_from(parts.get(part) or [""]), st.text(max_size=12)), max_size=3).map(tuple)
        for part in KINDS[kind].parts
    }
    return st.fixed_dictionaries(texts).map(KINDS[kind].read).filter(lambda value: value is not None)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_the_order_of_two_records_does_not_matter_and_values_survive_json(name: str) -> None:
    kind = KINDS[name]
    allowed = {level.name for level in kind.levels} | {MISSING}

    @settings(max_examples=80, deadline=None, database=None)
    @given(_values(name), _values(name))
    def holds(a: Any, b: Any) -> None:
        judged = kind.judge(a, b)
        assert judged == kind.judge(b, a)
        assert judged.level in allowed
        stored, other = (_frozen(json.loads(json.dumps(value))) for value in (a, b))
        assert (stored, other) == (a, b)
        assert kind.judge(stored, other) == judged
        for key in kind.keys.values():
            assert key(stored) == key(a)
            assert all(isinstance(token, str) and token for token in key(a))
        hash(a)

    holds()


def _level(kind: str, one: dict[str, str], other: dict[str, str]) -> str:
    def value(texts: dict[str, str]) -> Any:
        return KINDS[kind].read({part: (texts[part],) if part in texts else () for part in KINDS[kind].parts})

    a, b = value(one), value(other)
    return MISSING if a is None or b is None else KINDS[kind].judge(a, b).level


@pytest.mark.parametrize(
    ("kind", "one", "other", "level"),
    [
        ("open_id", {"id": "wechat:oA1"}, {"id": "WeChat:oA1"}, "same"),
        ("open_id", {"id": "wechat:oA1"}, {"id": "wechat:oa1"}, "other"),
        ("open_id", {"id": "wechat:oA1"}, {"id": "tmall1:oA1"}, MISSING),
        ("nickname", {"nickname": "t***8"}, {"nickname": "Tom_1998"}, "hidden"),
        ("nickname", {"nickname": "t***8"}, {"nickname": "t**9"}, "different"),
        ("person", {"name": "张*"}, {"name": "张伟"}, "family"),
        ("person", {"name": "*伟"}, {"name": "张伟"}, "family"),
        ("person", {"name": "*伟"}, {"name": "张军"}, "different"),
        ("person", {"name": "张*"}, {"name": "*伟"}, "open"),
        ("person", {"name": "**"}, {"name": "张伟"}, MISSING),
        ("person", {"name": "陆峻智/采购部"}, {"name": "陆峻智"}, "same"),
        ("phone", {"phone": "138****8000"}, {"phone": "+86 138 0013 8000"}, "masked"),
        ("given_and_family", {"given": "riley", "family": "ho"}, {"given": "riley", "family": "h o"}, "same"),
        ("gtin", {"code": "6901234567892"}, {"code": "06901234567892"}, "same"),
        ("gtin", {"code": "6901234567892"}, {"code": "6909876543212"}, "different"),
        ("gtin", {"code": "6901234567892"}, {"code": "6901234567893"}, "slip"),
        ("measure", {"name": "水 1.5L"}, {"name": "水 1500毫升"}, "same"),
        ("measure", {"name": "水 1.5L"}, {"size": "500ml"}, "different"),
        ("measure", {"size": "XXL"}, {"name": "卫衣 2XL"}, "same"),
        ("measure", {"size": "42"}, {"name": "跑步鞋 42码"}, "same"),
        ("measure", {"name": "水 500ml"}, {"name": "水 2kg"}, MISSING),
        ("pack", {"name": "水 500ml*12瓶"}, {"pack": "12"}, "same"),
        ("pack", {"name": "水 500ml*12瓶"}, {"name": "水 500ml 24瓶装"}, "different"),
        ("colour", {"colour": "曜石黑"}, {"name": "外套 黑色"}, "same"),
        ("colour", {"colour": "藏青蓝色"}, {"name": "外套 红色"}, "different"),
        ("model", {"name": "断路器 XR-200"}, {"name": "xr200 断路器"}, "same"),
        ("product_name", {"name": "新款 源旺 茉莉绿茶 500ml"}, {"name": "茉莉绿茶", "brand": "源旺"}, "inside"),
        ("product_name", {"name": "源旺绿茶 500ml", "brand": "源旺"}, {"name": "绿茶 2L", "brand": "源旺"}, "same"),
        ("company_name", {"name": "上海市第一人民医院"}, {"name": "上海市第十人民医院"}, "different"),
        ("company_name", {"name": "上海市第一人民医院"}, {"name": "上海一院"}, "short"),
        ("company_name", {"name": "中铁一局集团有限公司"}, {"name": "中铁十一局集团有限公司"}, "different"),
        ("company_name", {"name": "中铁一局集团有限公司"}, {"name": "中铁一局集团第五工程有限公司"}, "different"),
        ("company_name", {"name": "国家税务总局常州市税务局"}, {"name": "国家税务总局苏州市税务局"}, "different"),
        ("company_name", {"name": "华东电缆制造有限公司"}, {"name": "华南电缆制造有限公司"}, "different"),
        ("company_name", {"name": "拓金精密机械有限公司"}, {"name": "拓全精密机械有限公司"}, "slip"),
        ("company_name", {"name": "58同城信息技术有限公司"}, {"name": "58同城"}, "brand"),
        ("company_name", {"name": "ООО Газпром"}, {"name": "Газпром"}, "same_open_place"),
        ("company_name", {"name": "杭州市西湖区教育局"}, {"name": "杭州市拱墅区教育局"}, "different"),
        ("company_name", {"name": "杭州市西湖区教育局"}, {"name": "杭州市教育局"}, "different"),
        ("company_name", {"name": "杭州市西湖区教育局"}, {"name": "浙江省杭州市西湖区教育局"}, "brand_and_place"),
        ("company_name", {"name": "杭州市西湖区教育局"}, {"name": "南昌市西湖区教育局"}, "brand_other_place"),
        ("company_name", {"name": "昆山市第一中学"}, {"name": "昆山第一中学"}, "brand_and_place"),
        ("company_name", {"name": "昆山市第一中学"}, {"name": "苏州市第一中学"}, "different"),
        ("company_name", {"name": "上海市浦东新区融木科技有限公司"}, {"name": "上海融木科技有限公司"}, "same"),
        ("company_name", {"name": "复旦大学"}, {"name": "复旦大学附属中山医院"}, "different"),
        ("company_name", {"name": "老王小吃店"}, {"name": "老李小吃店"}, "different"),
        ("company_name", {"name": "上海三强化妆品有限公司"}, {"name": "上海兰强化妆品有限公司"}, "slip"),
        ("company_name", {"name": "上海百新管理咨询有限公司"}, {"name": "上海新百管理咨询有限公司"}, "slip"),
        ("company_name", {"name": "融木大酒店有限公司"}, {"name": "融木大酒店店有限公司"}, "slip"),
        ("company_branch", {"name": "苏州市公安局吴中分局"}, {"name": "苏州市公安局"}, "branch_and_head"),
        ("company_branch", {"name": "苏州市公安局吴中分局"}, {"name": "苏州市公安局相城分局"}, "other_branch"),
        ("place", {"city": "Springfield"}, {"city": "SPRINGFIELD "}, "same_city"),
        ("place", {"city": "Springfield"}, {"city": "Boston"}, "other_city"),
        ("place", {"city": "Shanghai"}, {"city": "上海市"}, "same_city"),
        ("place", {"city": "Xi'an"}, {"address": "西安市雁塔区科技路1号"}, "same_city"),
        ("place", {"city": "München"}, {"city": "Munchen"}, "same_city"),
        ("address", {"address": "12 Main Street"}, {"address": "12 Main St."}, "same_number"),
        ("employer", {"company": "上海拓金科技有限公司"}, {"company": "上海拓金科技"}, "same"),
        ("employer", {"company": "上海拓金科技有限公司"}, {"company": "北京华腾贸易有限公司"}, "other"),
    ],
)  # fmt: skip
def test_what_people_write(kind: str, one: dict[str, str], other: dict[str, str], level: str) -> None:
    assert _level(kind, one, other) == level
    assert _level(kind, other, one) == level


def test_a_name_in_its_parts() -> None:
    found = named("源旺 绿茶 500ml*12瓶 黑色 XR-200")
    assert (found.words, found.models, found.measures, found.pack, found.colour) == (
        "源旺绿茶",
        ("xr200",),
        (("ml", "500"),),
        12,
        "black",
    )


@given(st.integers(0, 10**12 - 1))
@settings(max_examples=100, deadline=None, database=None)
def test_exactly_one_check_digit_is_right(body: int) -> None:
    valid = [digit for digit in range(10) if gtin(f"{body:012d}{digit}").valid]
    assert len(valid) == 1 or len(set(f"{body:012d}")) == 1


def test_long_latin_names_are_no_slip_because_they_are_long() -> None:
    """Half of a name may not differ: no more than two letters, and fewer in a short name, whichever of the two is the long one."""
    kind = KINDS["company_name"]

    def level(one: str, other: str) -> str:
        a, b = kind.read({"name": (one,)}), kind.read({"name": (other,)})
        assert kind.judge(a, b) == kind.judge(b, a)
        return kind.judge(a, b).level

    assert level("Song Lang Shi You Hua Gong Xiao Shou", "Chaochengcong") == "different"
    assert level("Suizhou Xinqiufengfeng", "Suizhou Yupo") == "different"
    assert level("Chuanghongda", "Chuanghongna") == level("Brightwater", "Brigtwatar") == "slip"
    assert level("Yupo", "Yupa") == "different"
