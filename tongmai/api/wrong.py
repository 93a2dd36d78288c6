"""What is wrong with a parameter or a body, in words of both languages: the framework knows one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tongmai.core.text import Text

_Facts = Mapping[str, Any]
_WORDS: dict[str, Callable[[_Facts], Text]] = {
    "missing": lambda _: Text("it is missing", "缺少此项"),
    "extra_forbidden": lambda _: Text("there is no such parameter", "没有此参数"),
    "greater_than_equal": lambda facts: Text(f"it must be at least {facts['ge']}", f"不得小于 {facts['ge']}"),
    "less_than_equal": lambda facts: Text(f"it must be at most {facts['le']}", f"不得大于 {facts['le']}"),
    "string_too_short": lambda facts: Text(
        f"it needs {facts['min_length']} characters at least", f"至少 {facts['min_length']} 个字符"
    ),
    "string_too_long": lambda facts: Text(
        f"it may have {facts['max_length']} characters at most", f"最多 {facts['max_length']} 个字符"
    ),
    "too_short": lambda facts: Text(
        f"it needs {facts['min_length']} values at least", f"至少 {facts['min_length']} 个值"
    ),
    "too_long": lambda facts: Text(
        f"it may have {facts['max_length']} values at most", f"最多 {facts['max_length']} 个值"
    ),
}
_KINDS = {
    "int": Text("it is no whole number", "不是整数"),
    "float": Text("it is no number", "不是数字"),
    "bool": Text("it is neither true nor false", "不是 true 或 false"),
    "string": Text("it is no text", "不是文本"),
    "list": Text("it is no list", "不是列表"),
    "dict": Text("it is no object", "不是对象"),
    "model": Text("it is no object", "不是对象"),
    "date": Text("it is no day, as 2026-11-01", "不是日期，应如 2026-11-01"),
    "uuid": Text("it is no id", "不是编号"),
}
_ELSE = Text("it is not as the document has it", "与接口文档不符")


def words(error: Mapping[str, Any]) -> Text:
    """Of one mistake, as pydantic has it."""
    kind = str(error["type"])
    told = _WORDS.get(kind)
    if told is not None:
        return told(error.get("ctx") or {})
    return _KINDS.get(kind.partition("_")[0], _ELSE)
