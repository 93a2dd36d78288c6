"""A plain normaliser for the peers: what a competent user writes in an afternoon before matching Chinese customers.

Gives the columns that Splink on normalised columns compares. It knows real places, forms of organisation and general
trade words, nothing of the generator.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from bench.matching.places import cities, short

COLUMNS = (
    "name_core", "brand", "place", "trade", "form", "branch", "uscc_valid", "org_code", "phone_e164", "phone_tail", "mobile", "email",
    "domain", "province", "city", "district", "road", "number", "legal_person", "contact",
)  # fmt: skip


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FREE = {
    "qq.com",
    "163.com",
    "126.com",
    "sina.com",
    "139.com",
    "foxmail.com",
    "hotmail.com",
    "gmail.com",
    "outlook.com",
    "yeah.net",
}
_FORM = re.compile(
    r"(集团)?(股份有限公司|有限责任公司|有限公司|有限公|公司|总公司|厂|商行|经营部|事务所|研究院|中心|合伙企业|集团)(有限合伙)?$"
)
_BRANCH = re.compile(r"(.{0,8}?)(分公司|分部|分司|分店|办事处)$")
_BRACKET = re.compile(r"[(\[【〔<]([^)\]】〕>]*)[)\]】〕>]")
_TRADE_WORDS = _words(
    "科技 技术 信息 网络 软件 电子 商务 贸易 商贸 工贸 经贸 实业 进出口 国际 机械 机电 设备 制造 自动化 化工 材料 新材料 纺织 服装 服饰 家具 "
    "食品 餐饮 医药 医疗 器械 生物 环保 能源 新能源 电力 电气 电器 光电 建筑 建设 工程 装饰 装潢 市政 园林 企业 管理 咨询 广告 传媒 文化 "
    "物流 货运 运输 仓储 供应链 房地产 置业 物业 农业 酒店 教育 培训 投资 劳务 人力 汽车 金属 五金 建材 塑料 塑胶 包装 印刷 玻璃 陶瓷 模具 "
    "智能 数据 系统 计算机 互联网 云计算 精密 钢结构 不锈钢 仪器 半导体 检测 设计 安装 租赁 旅行社 财务 家政 清洁 石油 百货 日用品 办公 "
    "化妆品 橡胶 制药 饮料 纸业 电缆 阀门 轴承 泵业 种业 畜牧 水产 饲料 茶业 燃气 热力 铝业 鞋业 玩具 工艺品 针织 印务 超市 物资 数码 快递 航运 "
    "制品 服务 代理 用品 绿化 开发 会展 部件 零部件 零配件 配件 集成 防水 传播 维修 知识产权 文化传播 金属 资源 人力资源 销售 产品 仪表 "
    "机器人 软件 生态 环境 健康 美容 珠宝 钟表 眼镜 图书 影视 游戏 体育 通信 通讯 安防 消防 照明 灯饰 卫浴 洁具 门窗 木业 石材 涂料 染料 农资 粮油 "
    "酒业 烟草 花卉 宠物 母婴 皮革 箱包 电池 线缆 紧固件 标准件 液压 气动 焊接 铸造 锻造 热处理 电镀 喷涂 冶金 矿业 煤炭 石化 燃料 水务 水利"
)
_NOTE = re.compile(
    r"(已?停用|老客户|vip|勿用|作废|重复|测试|待确认|月结|现金|[a-c]类|已注销\??|重点客户|大客户|战略客户|代理商"
    r"|(采购|财务|销售|行政|技术|市场|生产|人事)部.{0,3}|仓库|总经办|研发中心|新|旧|-?\d)$"
)


@cache
def _places() -> dict[str, tuple[str, str, str]]:
    """Any way to write a place → province, city, district; names that several places have stay out below the city."""
    found: dict[str, tuple[str, str, str]] = {}
    seen: dict[str, int] = {}
    for city in cities():
        for _, district in city.districts:
            seen[district] = seen.get(district, 0) + 1
    for city in cities():
        for _, district in city.districts:
            if seen[district] == 1 and district:
                found.setdefault(district, (city.province, city.name, district))
                if district[-1] in "市县":
                    found.setdefault(short(district), (city.province, city.name, district))
    for city in cities():
        found[city.name] = found[city.short] = (city.province, city.name, "")
    for city in cities():
        for name in (city.province, city.province_short):
            found.setdefault(name, (city.province, "", ""))
    return found


@cache
def _area_codes() -> dict[str, tuple[str, str]]:
    return {city.area_code: (city.province, city.name) for city in cities()}


@cache
def _area_of() -> dict[str, str]:
    return {city.name: city.area_code for city in cities()}


@cache
def _districts() -> dict[str, tuple[str, ...]]:
    return {city.name: tuple(name for _, name in city.districts if name) for city in cities()}


@cache
def _opencc() -> Any:
    from opencc import OpenCC  # type: ignore[import-untyped]

    return OpenCC("t2s")


@cache
def _simple_letter(letter: str) -> str:
    return str(_opencc().convert(letter))


def _simple(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text or "").strip().lower()
    return "".join(_simple_letter(letter) if letter > "一" else letter for letter in folded)


def _leading_place(text: str) -> tuple[tuple[str, str, str] | None, str]:
    """The longest run of places at the start, and what comes after it."""
    best: tuple[str, str, str] | None = None
    for _ in range(3):
        for size in range(min(len(text) - 1, 11), 1, -1):
            place = _places().get(text[:size])
            if place:
                best = (place[0], place[1] or (best[1] if best else ""), place[2] or (best[2] if best else ""))
                text = text[size:]
                break
        else:
            break
    return best, text


def _name(raw: str) -> dict[str, str]:
    text = re.sub(r"\s+", "", _simple(raw))
    places: list[tuple[str, str, str]] = []

    def bracketed(match: re.Match[str]) -> str:
        inside = match.group(1)
        place = _places().get(inside)
        if place:
            places.append(place)
        return inside if inside.endswith(("分公司", "合伙")) else ""

    text = _BRACKET.sub(bracketed, text)
    text = re.split(r"[-/_—]", text)[0] if len(re.split(r"[-/_—]", text)[0]) > 3 else text.replace("-", "")
    cut = re.match(r"(.+(?:有限公司|责任公司|分公司))(?!.*分公司).{1,8}$", text)
    text = cut.group(1) if cut else _NOTE.sub("", text)
    branch, form = "", ""
    match = _BRANCH.search(text)
    if match:
        stem = text[: match.start(2)]
        at = stem.rfind("公司") + 2 if "公司" in stem else max(len(stem) - 2, 0)
        if "公司" not in stem:
            at = next((len(stem) - size for size in range(8, 1, -1) if stem[-size:] in _places()), at)
        branch, text = stem[at:], stem[:at]
    match = _FORM.search(text)
    if match and match.start():
        form, text = match.group(0), text[: match.start()]
    text = text.replace("集团", "")
    core = text
    place, rest = _leading_place(text)
    if place and rest:
        places.insert(0, place)
        text = rest
    brand = text
    changed = True
    while changed:
        changed = False
        for word in _TRADE_WORDS:
            if brand.endswith(word) and len(brand) - len(word) >= 2:
                brand, changed = brand[: -len(word)], True
    found = places[0] if places else ("", "", "")
    return {
        "name_core": core, "brand": brand, "place": found[1] or found[0], "trade": text[len(brand) :], "form": form, "branch": branch,
        "name_province": found[0], "name_city": found[1],
    }  # fmt: skip


def _phone(raw: str, city: str) -> tuple[str, str, str]:
    """E.164, last digits, area code; a local number takes the city's."""
    digits = re.sub(r"\D", "", re.split(r"[/;,]", _simple(raw))[0])
    if not digits:
        return "", "", ""
    digits = digits[2:] if digits.startswith("86") and len(digits) > 9 else digits
    if not digits.startswith("0") and len(digits) > 9:
        digits = "0" + digits
    for size in (3, 4):
        area = digits[:size]
        if area in _area_codes():
            local = digits[size : size + (8 if len(digits) - size >= 8 else 7)]
            # 7 digits and an extension of 3 look like 10 local ones: 8 + 2 does not exist
            if len(digits) - size == 10:
                local = digits[size : size + 7]
            return f"+86{area[1:]}{local}", local[-7:], area
    area = _area_of().get(city, "")
    local = digits[:8]
    return (f"+86{area[1:]}{local}" if area else ""), local[-7:], ""


def normalise(record: dict[str, str]) -> dict[str, str]:
    """The columns of `COLUMNS`; empty where nothing is known."""
    name = _name(record.get("name", ""))
    address = re.sub(r"\s+", "", _simple(record.get("address", "")))
    where, rest = _leading_place(address)
    city_text = re.sub(r"\s+", "", _simple(record.get("city", "")))
    province = _places().get(_simple(record.get("province", "")), ("", "", ""))[0]
    city = _places().get(city_text, ("", "", ""))[1] or (where[1] if where else "")
    area_city = _phone(record.get("phone", ""), "")[2]
    city = city or _area_codes().get(area_city, ("", ""))[1] or ("" if name["branch"] else name["name_city"])
    e164, tail, _ = _phone(record.get("phone", ""), city)
    district = where[2] if where else ""
    for option in _districts().get(city, ()):
        if rest.startswith(option):
            district, rest = option, rest[len(option) :]
    road = re.search(r"([^省市区县\d#]{2,8}?(?:大道|大街|路|街|巷))(\d+)?", rest)
    code = re.sub(r"[^0-9A-Z]", "", _simple(record.get("uscc", "")).upper())
    found = re.search(r"[\w.+-]+@[\w.-]+\w", _simple(record.get("email", "")).replace(",", ".").removeprefix("mailto:"))
    mail = found.group(0) if found else ""
    domain = mail.partition("@")[2]
    domain = "" if domain in _FREE else domain
    domain = domain or re.sub(r"^(https?://)?(www\.)?", "", _simple(record.get("website", ""))).strip("/")
    mobile = re.sub(r"\D", "", _simple(record.get("mobile", "")))[-11:]
    return {
        **{column: name[column] for column in ("name_core", "brand", "place", "trade", "form", "branch")},
        "uscc_valid": code if _valid(code) else "",
        "org_code": code[8:17] if len(code) == 18 else code if len(code) == 9 else "",
        "phone_e164": e164, "phone_tail": tail, "mobile": mobile, "email": mail, "domain": domain,
        "province": province or _province_of(city) or (where[0] if where else "") or name["name_province"],
        "city": city, "district": district, "road": road.group(1) if road else "", "number": (road.group(2) or "") if road else "",
        "legal_person": _person(record.get("legal_person", "")), "contact": _person(record.get("contact", "")),
    }  # fmt: skip


def _person(raw: str) -> str:
    text = re.split(r"[(/]", re.sub(r"\s+", "", _simple(raw)))[0]
    return re.sub(r"(经理|主任|老师|先生|女士|小姐|总|工)$", "", text)


@cache
def _province_of(city: str) -> str:
    return _places().get(city, ("", "", ""))[0]


def _valid(code: str) -> bool:
    from stdnum.cn import uscc

    return bool(uscc.is_valid(code))
