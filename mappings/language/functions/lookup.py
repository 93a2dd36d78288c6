"""Functions that look values up: dictionary terms, spellings, tables, references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings.language.functions.registry import TEXTUAL, Example, Function, Parameter, Topic
from mappings.language.values import BadValueError, raw_text, shown
from tongmai.core.text import Text

TOPIC = Topic(Text("Looking up: terms, tables, references", "查找：词条、对照表、引用"))
_LIST = Parameter("list", "word")
_OPTIONAL = Parameter("optional", "flag", required=False)


def looked_up(value: Any, table: Mapping[str, Any], name: str, *, optional: bool = False) -> Any:
    """The row of a table; a key that it does not have is refused unless the mapping says ``optional``."""
    text = raw_text(value)
    key = text.strip() if text else ""
    if not key:
        return None
    found = table.get(key)
    if found is None and not optional:
        known = ", ".join(list(table)[:20])
        raise BadValueError("unknown-key", f"`{shown(key)}` is not in the table `{name}` (as: {known})", key)
    return found


TOPIC(
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
    )
)
TOPIC(
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
    )
)
TOPIC(
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
    )
)
TOPIC(
    Function(
        "lookup",
        (Parameter("table", "word"), Parameter("column", "word", required=False), _OPTIONAL),
        TEXTUAL,
        "",
        Text(
            "The row of a table (tables/NAME.csv beside the mappings, or `table` in terms.yaml), a text or an object with fields, "
            "or one column of it; an unknown key is a bad value, or nothing with optional.",
            "查对照表（映射旁的 tables/名称.csv，或 terms.yaml 的 `table`）中的一行（文本或含多个字段的对象）或其中一列；"
            "查不到为坏值，写 optional 则为空。",
        ),
        Example("(plant | lookup(plants)).city", {"plant": "1100"}, "苏州"),
    )
)
TOPIC(
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
    )
)
TOPIC(
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
    )
)
