"""What every reason code of a quarantined record or a finding means, in both languages."""

from __future__ import annotations

from mappings.language.messages import WORDS
from tongmai.core.text import Text

ENGINE_WORDS = {
    "broken-record": Text("this piece of the source cannot be read as a record", "源数据中的这一段无法读成记录"),
    "bad-record": Text("the record cannot be read", "记录无法读取"),
    "unresolved-reference": Text("the record it refers to has not arrived", "所引用的记录尚未到达"),
    "null-character": Text("the text holds a character that no database can store", "文本含有数据库无法存储的字符"),
    "possible-duplicate": Text("it may be the same as another one; please look", "可能与另一条记录重复，请人工核对"),
    "refused": Text("the target refused the record", "目标系统拒绝了该记录"),
    "remote-refused": Text("the target refused the record", "目标系统拒绝了该记录"),
    "ambiguous-target": Text("several records of the target fit", "目标系统中有多条记录符合"),
    "linked-elsewhere": Text("the target's record belongs to another entity", "目标系统中的记录已属于另一实体"),
}


def meaning(code: str) -> Text | None:
    """The words of a code; None for the codes of an entity's own rules, whose reason has both languages already."""
    return ENGINE_WORDS.get(code) or WORDS.get(code)


def explained(code: str, reason: str) -> str:
    """The meaning in the reader's language, then the particulars."""
    words = meaning(code)
    return f"{words}: {reason}" if words else reason
