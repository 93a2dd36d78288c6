"""The name of a company in its parts: place, brand word, trade, form of organisation, branch."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from masterdata.normal import trades
from masterdata.normal.places import LONGEST, place_names, places_in_pinyin
from masterdata.normal.script import folded, han, plain, simplified

MAX = 200
_BRACKETS = str.maketrans(
    "()[]{}〔〕【】〖〗《》「」『』〈〉﹙﹚<>", "（）（）（）（）（）（）（）（）（）（）（）（）"
)
_PUNCTUATION = re.compile(r"[\s\-_—·•.,，。、;；:：'\"“”‘’/\\&*#!！|~+]+")
_NOTE = (
    r"(?:老|新|大|小|潜在|重要|重点|意向|战略|vip|核心|一般|普通)?客户|老客|已?(?:停用|停产|作废|删除|注销|合并|签约|倒闭|吊销)|禁用|勿用|不用|"
    r"重复|待删除?|待核实|待确认|测试|vip|黑名单|备用|旧|新|月结|现结|欠款|联系人.{1,4}"
)
_DEPARTMENT = (
    r"(?:采购|财务|销售|市场|人事|行政|技术|研发|生产|物流|信息|工程|质量|质检|品质|设备|法务|客服|商务|后勤|运营|综合|办公|总务|项目)"
    r"(?:部|处|科|室|中心)|总经办|仓库|前台|门卫|办公室|收发室"
)
_PERSON = r"[\u4e00-\u9fff]{1,3}(?:总经理|经理|总监|主任|先生|女士|小姐|老师|总|工)"
_NAME = r"[\u4e00-\u9fff]{2,3}"
_FORM = re.compile(
    r"(?:(?:股份|责任)?有限(?:责任)?(?:股份)?公司?|股份公司|集团公司|总公司|公司|有限合伙|普通合伙|有限责任|股份有限|有限|责任公司|"
    r"个人独资(?:企业)?|合伙企业|个体(?:工商|经营)?户|合作社|事务所|经营部|商行|企业社|工程行|集团|总厂|分厂|厂|有限公|"
    r"(?:株式|有限|合同|合资)会社)$"
)
_BODY = re.compile(
    r"(?:医院|卫生院|卫生所|卫生室|保健院|疗养院|福利院|敬老院|养老院|门诊部|诊所|大学|学院|学校|中学|小学|高中|幼儿园|法院|检察院|剧院|影院|书院|"
    r"研究院|科学院|设计院|规划院|勘察院|勘测院|检测院|研究所|设计所|监狱|看守所|派出所|测试所|局|厅|政府|委员会|管委会|村委会|居委会|国资委|发改委|"
    r"办公室|管理处|管理站|服务站|办事处|海关|支队|总队|大队|部队|银行|信用社|联社|协会|学会|商会|联合会|基金会|总会|工会|委会|报社|出版社|旅行社|"
    r"供销社|通讯社|电视台|电台|图书馆|博物馆|美术馆|体育馆|展览馆|文化馆|档案馆|中心|工作室|超市|商场|商店|酒店|饭店|餐厅|宾馆|旅馆|店|铺|坊|农场|"
    r"林场|牧场|养殖场|市场|机场|车站|电站|电厂|煤矿|矿|(?:门市|服务|营业|销售|批发|零售|维修|加工|供应|俱乐|武装|指挥|小卖|教育|财政|商务|公安|信息化)部)$"
)
"""Endings of registered names that need no form: public bodies, schools, hospitals, associations, shops of sole traders."""
_BRANCH = re.compile(
    r"(?:分公司|分公|分司|支公司|办事处|代表处|营业部|分行|支行|分店|分厂|分院|分部|分社|分中心|分局|分校|分所|分园|分馆|分署)(?:集团)?.{0,4}$"
)
_PUBLIC = re.compile(
    r"(?:局|厅|政府|委员会|管委会|法院|检察院|医院|卫生院|保健院|大学|学院|学校|中学|小学|幼儿园|研究院|研究所|设计院|科学院|图书馆|博物馆|海关|联合会|党校)$"
)
_BARE_BODY = re.compile(
    r"(?:第?[0-9一二三四五六七八九十百]+|人民|中级|高级|初级|高等|专科|职业|技术|实验|直属|中心|公共|综合|国家|地方|公安|教育|财政|民政|司法|税务|水利|水务|"
    r"交通|运输|农业|农村|林业|园林|商务|卫生|健康|卫健|文化|旅游|文旅|体育|统计|审计|应急|管理|市场|监督|监管|工商|行政|审批|环境|保护|生态|规划|自然|资源|"
    r"国土|住房|城乡|建设|住建|城市|城管|执法|人力|社会|保障|人社|医疗|医保|退役|军人|事务|发展|改革|发改|科学|科技|经济|信息化|工业|经信|工信|国有|资产|"
    r"气象|邮政|消防|救援|交警|交通警察|刑警|治安|妇幼|保健|中医|中西医|结合|儿童|妇女|口腔|传染病|精神|疾病|预防|控制|急救|政务|服务|数据|大数据|信访|"
    r"档案|机关|招商|投资|促进|残疾人|红十字|图书|博物|美术|和|与|及)*"
    r"(?:局|厅|政府|委员会|管委会|法院|检察院|医院|卫生院|保健院|中学|小学|学校|幼儿园|图书馆|博物馆|文化馆|档案馆|体育馆|中心|办公室|海关|派出所|支队|"
    r"大队|总队|联合会|总工会|工会|党校|学院)"
)
"""A public body that is told from its like by its place alone."""
_CUT_OFF = re.compile(r"分[公部]?$")
_END_OF_HEAD = re.compile(
    r".*(?:公司|有限公|有限责任|有限|集团|合作社|事务所|中心|银行|医院|大学|学院|研究院|局|厂)(?=.)"
)
_GROUP = re.compile(r"（集团）|集团(?=股份|有限|公司|$)|（控股）|控股(?=集团|股份|有限|公司|$)")
_GLUED = re.compile(
    rf"(?:（(?:(?:{_NOTE})[?!。]*|(?:{_DEPARTMENT})(?:{_NAME})?|{_PERSON}|{_NAME}收?)）|"
    rf"(?<=[\u4e00-\u9fff）a-z])[\s\-_/、*#,，;；]*(?:（?(?:{_NOTE})）?|(?:{_DEPARTMENT})(?:{_NAME})?|(?:(?<=公司)|(?<=[厂店院社]))(?:{_PERSON})|"
    rf"[\s\-_/、*#]+(?:{_PERSON}|{_NAME})))$"
)
_LEADING_FORM = re.compile(r"^(?:株式|有限|合同|合资)会社(?=..)")
_LEADING_NOTE = re.compile(rf"^(?:[（【\[*#]+(?:{_NOTE})[）】\]*#]+|(?:{_NOTE})[-_/:：\s]+)")
_BRACKETED = re.compile(r"（([^（）]*)）")
_LATIN_FORMS = frozenset(
    "co company corp corporation inc incorporated ltd limited llc llp lp plc gmbh ag sa sas srl spa bv nv pty pte "
    "sdn bhd kg kgaa oy ab as kk group holding holdings the and ооо оао зао пао ао тоо 주식회사 유한회사 주".split()
)
_LATIN_TRADES = frozenset(
    """technology technologies tech science information network networks software electronic electronics electric
    electrical power energy new machinery machine mechanical equipment automation industrial industry industries
    manufacturing trading trade import export international logistics transport transportation supply chain construction
    building engineering decoration design chemical chemicals pharmaceutical medical biotech biotechnology food foods
    catering restaurant hotel textile garment clothing furniture paper packaging printing advertising media culture
    education consulting consultancy management investment finance financial property estate real environmental
    environment protection agriculture agricultural auto automobile parts metal steel plastic rubber material materials
    service services solutions systems digital data commerce business development enterprise products commodity""".split()
)
_PINYIN_BRANCH = re.compile(r"fengongsi$|fengs$")
_WORDS = re.compile(r"[^\W_]+")
"""Words of any script: Latin, Cyrillic, Hangul, Kana and others."""


_ONLY_NOTE = re.compile(
    rf"(?:{_NOTE}|无|暂无|没有|未知|不详|不清楚|同上|空|待定|待补充|未填|n?a|none|null|nil|test|unknown|x+|0+|1+)*"
)


class Company(NamedTuple):
    """A name in its parts; each is empty where the name does not say it.

    ``core`` is brand and trade together, or the words of a Latin name without its form. ``place`` is a province, city or
    district without 省, 市, 区. ``branch`` is what a branch is called (``武汉``), ``（?）`` where it has no name.
    """

    place: str = ""
    brand: str = ""
    trade: str = ""
    form: str = ""
    branch: str = ""
    behind: str = ""
    group: bool = False
    latin: bool = False

    @property
    def core(self) -> str:
        """Brand and trade."""
        return self.brand + self.trade


@lru_cache(maxsize=65536)
def company(name: str) -> Company:
    """A written name in its parts."""
    text = folded(name[:MAX])
    if not text:
        return Company()
    return _chinese(text) if han(text) else _latin(text)


@lru_cache(maxsize=65536)
def tidy(name: str) -> str:
    """A name as it is written down: simplified, one shape of brackets, without blanks inside Chinese and without notes."""
    text = (
        simplified(unicodedata.normalize("NFKC", name[:MAX])).translate(_BRACKETS).strip(" -_—·•,，。、;；:：'\"*#|~+")
    )
    text = " ".join(text.split())
    if not han(text):
        return text
    text = re.sub(r"(?<=[\u3400-\u9fff（）]) | (?=[\u3400-\u9fff（）])", "", text)
    small = text.casefold()
    kept = _notes_cut(small)
    if len(small) == len(text) and kept and (at := small.find(kept)) >= 0:
        text = text[at : at + len(kept)]
    return text.strip("-_/、，, ") or name.strip()


def whole(name: str) -> bool:
    """Whether a name is all that is registered, not a short form: it says its form or branch, or is that of a public body or
    a shop, which have none. Only Chinese names are judged: elsewhere the form is often left off."""
    parts = company(name)
    return parts.latin or bool(parts.form or parts.branch) or _BODY.search(_bare(name)) is not None


def body(core: str) -> bool:
    """Whether a name's core is that of a public body: what goes on behind it (附属医院, 出版社) is another one."""
    return _PUBLIC.search(core) is not None


def _bare(name: str) -> str:
    """A Chinese name without notes and brackets, as its ending is looked at."""
    text = _notes_cut(folded(name[:MAX]).translate(_BRACKETS))
    return _PUNCTUATION.sub("", _bracketed(text)[1])


def nothing(name: str) -> bool:
    """Whether a text is only a note: 停用, （作废）, 无, 测试."""
    text = _PUNCTUATION.sub("", folded(name[:MAX]).translate(_BRACKETS).replace("（", "").replace("）", ""))
    return _ONLY_NOTE.fullmatch(text) is not None


def _latin(text: str) -> Company:
    """Words without the form; a Chinese city in pinyin at the beginning is the place, known words of trade are the trade."""
    words = _WORDS.findall(plain(text).replace("'", "").replace("’", "").replace(".", ""))
    branch = "（?）" if _PINYIN_BRANCH.search(text.replace(" ", "")) else ""
    if "branch" in words:
        end = words.index("branch")
        last = max((at for at in range(end) if words[at] in _LATIN_FORMS), default=-1)
        branch = " ".join(words[last + 1 : end]) or "（?）"
        words = words[: last + 1] if last > 0 else words[:end]
    form = " ".join(word for word in words if word in _LATIN_FORMS and word not in ("the", "and"))
    kept = [word for word in words if word not in _LATIN_FORMS] or words
    place = ""
    for size in (2, 1):
        spelled = "".join(kept[:size])
        if not place and len(kept) > size and spelled in places_in_pinyin():
            place, kept = places_in_pinyin()[spelled], kept[size:]
    end = len(kept)
    while end > 1 and kept[end - 1] in _LATIN_TRADES:
        end -= 1
    return Company(place, " ".join(kept[:end]), " ".join(kept[end:]), form, branch, "", "group" in words, True)


def _chinese(text: str) -> Company:
    text = _notes_cut(text.translate(_BRACKETS))
    text, branch = _branch_cut(text)
    group = _GROUP.search(text) is not None
    last = text.endswith("）")
    inner, text = _bracketed(text)
    place = behind = ""
    for number, each in enumerate(inner):
        found = _places(each)
        if found[0] and not found[1]:
            if last and number == len(inner) - 1 and not branch:
                behind = _branch_name(each)
            place = place or found[0]
        elif not _FORM.search(each):
            text += each if len(each) > 3 else ""
    text = _PUNCTUATION.sub("", text)
    form = ""
    if (begun := _LEADING_FORM.match(text)) is not None:
        form, text = begun[0], text[begun.end() :]
    while (cut := _FORM.search(text)) is not None and cut.start() >= 2:
        form, text = cut[0] + form, text[: cut.start()]
    text = re.sub(r"(?:集团|控股)$", "", text) if len(text) > 3 else text
    before, rest = _places(text)
    place = before or place
    if _BARE_BODY.fullmatch(rest) and (district := _district(text[: len(text) - len(rest)])):
        known, outer = place_names()[district], place_names().get(before)
        city = known.city or (outer.city if outer is not None else "")
        ended = district if district[-1] in "区县旗市" else district + "市"
        return Company(city, ended + rest, "", form, branch, behind)
    if before and trades.known(rest) and text[: -len(rest)]:  # 海南航空, 东方电气: the place is the brand word
        brand, trade = text[: -len(rest)], rest
    elif not branch and not form and len(rest) > 3 and (inside := _trailing_place(rest)):
        (brand, trade), behind = trades.split(inside[0]), inside[2]
        place = place or inside[1]
    else:
        brand, trade = trades.split(rest)
    return Company(place, brand, trade, form, branch, behind, group)


def _places(text: str) -> tuple[str, str]:
    """(the city, or else the province, that a text begins with; what follows). Two characters are always left."""
    names = place_names()
    place, depth = "", -1
    while depth < 2:
        for size in range(min(len(text) - (0 if depth < 0 else 2), LONGEST), 1, -1):
            found = names.get(text[:size])
            if found is not None:
                break
        else:
            break
        ended = size > len(found.short)
        if found.depth <= depth or (depth >= 0 and found.short == place):
            break
        if (found.depth == 2 and not ended and depth > 0) or (len(text) - size < 2 and len(text) != size):
            break
        if found.short != "中国":
            place = found.city or (place if depth >= 0 and place else found.short)
        elif len(text) < 6:
            break
        depth, text = max(found.depth, 0 if found.short == "中国" else found.depth), text[size:]
    return place, text


def _district(text: str) -> str:
    """The district, county or town of its rank that a text ends with, as it is written."""
    names = place_names()
    for size in range(min(len(text), LONGEST), 1, -1):
        found = names.get(text[-size:])
        if found is not None:
            return text[-size:] if found.depth == 2 else ""
    return ""


def _notes_cut(text: str) -> str:
    """A name without what people glue to it: 老客户, 停用, a department, whom to call. A place in brackets is no person."""
    text = _LEADING_NOTE.sub("", text)
    while (cut := _GLUED.search(text)) is not None and cut.start() >= 2:
        if cut[0].strip("（） -_/、*#,，;；") in place_names():
            break
        text = text[: cut.start()]
    return text


def _branch_cut(text: str) -> tuple[str, str]:
    """(the head office's name, what the branch is called): 融木科技有限公司武汉分公司, 融木（武汉分公司）, 融木武汉分."""
    bare = text.rstrip("）")
    found = _BRANCH.search(bare)
    if found is None:
        found = _CUT_OFF.search(bare)
        inside = _trailing_place(bare[: found.start()]) if found is not None else None
        return (inside[0], inside[2]) if inside else (text, "")
    before = bare[: found.start()]
    opened = before.rfind("（")
    if opened > before.rfind("）"):
        return before[:opened], _branch_name(before[opened + 1 :])
    head = _END_OF_HEAD.match(before)
    if head is not None:
        return head[0], _branch_name(before[head.end() :])
    inside = _trailing_place(before)
    if inside:
        return inside[0], inside[2]
    return (before, "（?）") if len(before) >= 2 else (text, "")


def _branch_name(text: str) -> str:
    """武汉市江岸区 → 江岸; 第二 stays."""
    text = _PUNCTUATION.sub("", text.replace("（", "").replace("）", ""))
    place = ""
    names = place_names()
    at = 0
    while at < len(text):
        size = next((size for size in range(min(len(text) - at, LONGEST), 1, -1) if text[at : at + size] in names), 0)
        if not size:
            break
        place, at = names[text[at : at + size]].short, at + size
    return text[at:] or place or "（?）"


def _bracketed(text: str) -> tuple[list[str], str]:
    """What stands in brackets, and the rest."""
    if "（" not in text:
        return [], text.replace("）", "")
    inner = [_PUNCTUATION.sub("", each) for each in _BRACKETED.findall(text)]
    rest = _BRACKETED.sub("", text).replace("（", "").replace("）", "")
    return [each for each in inner if each], rest


def _trailing_place(text: str) -> tuple[str, str, str] | None:
    """(what stands before, the city of the place a text ends with, the place itself)."""
    names = place_names()
    for size in range(min(len(text) - 2, LONGEST), 1, -1):
        found = names.get(text[-size:])
        if found is not None:
            return text[:-size], found.city or found.short, found.short
    return None
