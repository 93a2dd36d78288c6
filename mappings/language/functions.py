"""The registry of the language's functions: the checker, the compiler, the reference page and the tests all read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tongmai.core.text import Text

ParameterKind = Literal["value", "text", "word", "flag"]
ONE = ("text", "number", "integer", "boolean", "date", "datetime", "uscc", "phone", "email", "url", "term")
TEXTUAL = ("text", "number", "integer", "uscc", "phone", "email", "url", "term")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument after the piped value. ``value``: an expression; ``text``: a quoted text; ``word``: a bare name."""

    name: str
    kind: ParameterKind
    required: bool = True
    many: bool = False
    keyword: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """An expression, the record it is given, and what it gives (as canonical values)."""

    expression: str
    given: dict[str, Any]
    gives: Any


@dataclass(frozen=True, slots=True)
class Function:
    """One function. ``takes``: static kinds of the piped value that make sense (empty: anything).

    ``gives``: the static kind of the result; `same` is the kind of the piped value, empty is unknown. ``notes``: it may
    leave a finding behind and give nothing. ``direction``: `in`, `out` or `both`.
    """

    name: str
    parameters: tuple[Parameter, ...]
    takes: tuple[str, ...]
    gives: str
    doc: Text
    example: Example
    notes: bool = False
    direction: Literal["in", "out", "both"] = "both"
    runtime: str = ""

    @property
    def signature(self) -> str:
        """The function as it is written, with its parameters' names."""
        shown = []
        for each in self.parameters:
            text = f'"{each.name}"' if each.kind == "text" else each.name
            text = f"{each.name}=…" if each.keyword else text + ("…" if each.many else "")
            shown.append(text if each.required else f"[{text}]")
        return f"{self.name}({', '.join(shown)})" if shown else self.name

    def arity(self) -> tuple[int, int]:
        """Fewest and most arguments after the piped value, keywords aside."""
        positional = [each for each in self.parameters if not each.keyword]
        most = 99 if any(each.many for each in positional) else len(positional)
        return sum(each.required for each in positional), most


def _value(name: str) -> Parameter:
    return Parameter(name, "value")


def _text(name: str, *, required: bool = True) -> Parameter:
    return Parameter(name, "text", required)


_FORMATS = Parameter("format", "text", required=False, many=True)
_LIST = Parameter("list", "word")
_OPTIONAL = Parameter("optional", "flag", required=False)

ALL = (
    Function(
        "text",
        (),
        ONE,
        "text",
        Text("The value as text.", "转为文本。"),
        Example("code | text", {"code": 7}, "7"),
        runtime="raw_text",
    ),
    Function(
        "trim",
        (),
        TEXTUAL,
        "text",
        Text("Text without blanks at its ends.", "去掉首尾空白。"),
        Example("name | trim", {"name": "  Acme "}, "Acme"),
    ),
    Function(
        "lower",
        (),
        TEXTUAL,
        "text",
        Text("Small letters.", "转为小写。"),
        Example("state | lower", {"state": "OPEN"}, "open"),
    ),
    Function(
        "upper",
        (),
        TEXTUAL,
        "text",
        Text("Capital letters.", "转为大写。"),
        Example("code | upper", {"code": "ab1"}, "AB1"),
    ),
    Function(
        "company_name",
        (),
        TEXTUAL,
        "text",
        Text(
            "A company's name with widths, brackets, blanks and glued notes (老客户, 停用, VIP) put in order.",
            "规范企业名称：全半角、各种括号、空格，并去掉粘在后面的备注（老客户、停用、VIP 等）。",
        ),
        Example("name | company_name", {"name": "上海拓金生物科技（有限公司） 老客户"}, "上海拓金生物科技有限公司"),
    ),
    Function(
        "uscc",
        (),
        TEXTUAL,
        "uscc",
        Text(
            "A unified social credit code; a wrong one is a finding and the value stays empty.",
            "统一社会信用代码；校验不通过记为数据质量问题，该值留空。",
        ),
        Example("code | uscc", {"code": "91310000ma1fl0ub1w"}, None),
        notes=True,
    ),
    Function(
        "phone",
        (),
        TEXTUAL,
        "phone",
        Text(
            "A phone number as E.164; numbers without a country are Chinese; a bad one is a finding.",
            "电话号码转为 E.164 格式；没有国家码的按中国号码处理；不合规的记为数据质量问题。",
        ),
        Example("tel | phone", {"tel": "021-6432 1234"}, "+862164321234"),
        notes=True,
    ),
    Function(
        "email",
        (),
        TEXTUAL,
        "email",
        Text("A mail address; a bad one is a finding.", "电子邮箱；不合规的记为数据质量问题。"),
        Example("mail | email", {"mail": "Li@ACME.example"}, "Li@acme.example"),
        notes=True,
    ),
    Function(
        "decimal",
        (),
        TEXTUAL,
        "number",
        Text("An exact number.", "精确数值。"),
        Example("amount | decimal", {"amount": "1100.40"}, "1100.4"),
        runtime="number",
    ),
    Function(
        "integer",
        (),
        TEXTUAL,
        "integer",
        Text("A whole number.", "整数。"),
        Example("staff | integer", {"staff": "12"}, 12),
        runtime="to_integer",
    ),
    Function(
        "boolean",
        (),
        ("text", "boolean", "number", "integer"),
        "boolean",
        Text(
            "True or false from true/false, yes/no, 1/0, 是/否, 有/无, 启用/停用.",
            "真假值：true/false、yes/no、1/0、是/否、有/无、启用/停用。",
        ),
        Example("active | boolean", {"active": "是"}, True),
        runtime="to_boolean",
    ),
    Function(
        "date",
        (_FORMATS,),
        ("text", "integer", "date"),
        "date",
        Text(
            "A date in one of the declared formats, tried in order, each exact (YYYY YY MM M DD D).",
            "按给出的格式依次尝试，格式必须完全吻合（YYYY YY MM M DD D）。",
        ),
        Example('day | date("M/D/YYYY", "D-M-YY")', {"day": "4-1-17"}, "2017-01-04"),
    ),
    Function(
        "datetime",
        (_FORMATS, Parameter("zone", "text", required=False, keyword=True)),
        ("text", "integer", "datetime"),
        "datetime",
        Text(
            "A time in one of the formats (also hh mm ss), else ISO 8601; zone where the text names none. Gives UTC.",
            "时间（另有 hh mm ss 记号），不写格式则为 ISO 8601；文本不含时区时用 zone。结果为 UTC。",
        ),
        Example(
            'at | datetime("YYYY-MM-DD hh:mm:ss", zone="Asia/Shanghai")',
            {"at": "2026-01-02 08:00:00"},
            "2026-01-02T00:00:00.000000Z",
        ),
    ),
    Function(
        "date_ms",
        (),
        ("text", "number", "integer"),
        "date",
        Text("Milliseconds since 1970 as the day in China (GMT+8).", "毫秒时间戳转为北京时间的日期。"),
        Example("day | date_ms", {"day": 1767283200000}, "2026-01-02"),
    ),
    Function(
        "to_date_ms",
        (),
        ("text", "date"),
        "integer",
        Text(
            "A date as the milliseconds since 1970 at which it begins in China (GMT+8).",
            "日期转为北京时间当天零点的毫秒时间戳。",
        ),
        Example("day | to_date_ms", {"day": "2026-01-02"}, 1767283200000),
    ),
    Function(
        "epoch_ms",
        (),
        ("text", "number", "integer"),
        "datetime",
        Text("Milliseconds since 1970 as a time in UTC.", "毫秒时间戳转为 UTC 时间。"),
        Example("at | epoch_ms", {"at": 1767283200000}, "2026-01-01T16:00:00.000000Z"),
    ),
    Function(
        "term",
        (_LIST,),
        TEXTUAL,
        "",
        direction="in",
        doc=Text(
            "The dictionary's term by the system's value map (terms.yaml); an unknown value goes to quarantine.",
            "按系统取值对照（terms.yaml）转为数据字典词条；未知取值进入隔离区。",
        ),
        example=Example("stage | term(opportunity_stage)", {"stage": "Won"}, "signed"),
    ),
    Function(
        "term_out",
        (_LIST,),
        ("text", "term"),
        "text",
        direction="out",
        doc=Text(
            "The target's value for a term; a refused term is not written.",
            "词条转为目标系统的取值；声明拒绝的词条不写出。",
        ),
        example=Example("stage | term_out(opportunity_stage)", {"stage": "signed"}, "Won"),
    ),
    Function(
        "alias",
        (_LIST,),
        TEXTUAL,
        "text",
        Text(
            "The agreed spelling by an alias list in terms.yaml; unknown values pass through.",
            "按 terms.yaml 的别名表统一写法；表中没有的原样通过。",
        ),
        Example("product | alias(product_name)", {"product": "GTXPro"}, "GTX Pro"),
    ),
    Function(
        "ref",
        (
            Parameter("entity", "word"),
            Parameter("stream", "word", required=False),
            _OPTIONAL,
            Parameter("by", "word", required=False, keyword=True),
        ),
        TEXTUAL,
        "",
        direction="in",
        doc=Text(
            "A reference by the key of a record of the same connection, or with by= by a canonical field (one of the "
            "entity's `matching.exact`) from any connection; optional: an unmet one is a finding.",
            "按同一连接中另一条记录的主键引用；写 by= 则按实体的字段（`matching.exact` 之一）引用，不限连接；"
            "optional 表示引用不到时只记为数据质量问题。",
        ),
        example=Example(
            "account | ref(customer, accounts, optional)",
            {"account": "Acme"},
            {"entity": "customer", "key": "Acme", "stream": "accounts", "optional": True},
        ),
    ),
    Function(
        "remote_key",
        (Parameter("stream", "word"), Parameter("field", "word", required=False), _OPTIONAL),
        ("text", "ref"),
        "text",
        direction="out",
        doc=Text(
            "The key that a referenced entity has in the target, or the canonical field (as its number) that its record "
            "there gave; the record waits until there is one.",
            "被引用实体在目标系统中的主键，或目标系统中该实体记录给出的字段（如编号）；还没有时该记录等待。",
        ),
        example=Example(
            "parent | remote_key(BD_Customer)", {"parent": "6f7b1d6e-2c0a-5d0e-9a50-746f6e676d61"}, "100021"
        ),
        notes=True,
    ),
    Function(
        "number",
        (_text("prefix", required=False),),
        (*TEXTUAL, "ref"),
        "text",
        Text(
            "Our own short code: the prefix and 12 characters (A–Z, 2–7) of the value's hash; always the same.",
            "我方短编码：前缀加 12 位（A–Z、2–7）散列；同一取值永远得到同一编码。",
        ),
        Example('id | number("C")', {"id": "6f7b1d6e-2c0a-5d0e-9a50-746f6e676d61"}, "CPGO4QVHADYUU"),
        runtime="number_code",
    ),
    Function(
        "default",
        (_value("value"),),
        (),
        "",
        Text("Another value where this one is empty.", "为空时取另一个值。"),
        Example('country | default("中国")', {"country": ""}, "中国"),
    ),
    Function(
        "join",
        (_text("separator"),),
        ("list", "text"),
        "text",
        Text("The items of a list as one text.", "用分隔符把列表连成一段文本。"),
        Example('tags | join("、")', {"tags": ["a", None, "b"]}, "a、b"),
    ),
    Function(
        "split",
        (_text("separator"),),
        TEXTUAL,
        "list",
        Text("Text cut at a separator; blanks trimmed, empty parts left out.", "按分隔符切开，去空白和空项。"),
        Example('tels | split("/") | first', {"tels": " 1 / 2"}, "1"),
    ),
    Function(
        "first",
        (),
        ("list", "text"),
        "",
        Text("The first item that is not empty.", "列表中第一个非空项。"),
        Example("owner | first", {"owner": ["", "u1"]}, "u1"),
    ),
    Function(
        "length",
        (),
        ("list", "lines", *TEXTUAL),
        "integer",
        Text("How many characters or items.", "字符数或项数。"),
        Example("code | length", {"code": "abc"}, 3),
    ),
    Function(
        "contains",
        (_value("part"),),
        ("list", *TEXTUAL),
        "boolean",
        Text("Whether a text holds a part, or a list an item.", "文本是否含某段、列表是否含某项。"),
        Example('name | contains("银行")', {"name": "某银行"}, True),
    ),
    Function(
        "starts_with",
        (_value("part"),),
        TEXTUAL,
        "boolean",
        Text("Whether a text begins with a part.", "文本是否以某段开头。"),
        Example('code | starts_with("A")', {"code": "A1"}, True),
    ),
)

FUNCTIONS: dict[str, Function] = {each.name: each for each in ALL}
