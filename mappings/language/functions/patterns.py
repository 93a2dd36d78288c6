"""Functions with regular expressions, in an engine whose time grows with the text's length and no faster."""

from __future__ import annotations

from typing import Any

import re2

from mappings.language.functions.given import MAX_TEXT, bounded, text_of, whole
from mappings.language.functions.registry import TEXTUAL, Example, Parameter, Topic, count, quoted
from mappings.language.values import BadValueError
from tongmai.core.text import Text

TOPIC = Topic(Text("Regular expressions", "正则表达式"))
_add = TOPIC.add
_PATTERN = Parameter("pattern", "pattern")
MAX_SEARCHED = 200_000
MAX_FOUND = 10_000
_MEMORY = 1 << 18


class PatternError(ValueError):
    """A pattern that cannot be used; ``en`` and ``zh`` say why."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en, self.zh = en, zh


def compiled_pattern(pattern: str) -> Any:
    """A pattern ready to search; raises ``PatternError`` for one that is wrong, too big, or needs backtracking."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        why = error.args[0] if error.args else ""
        why = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
        en = f"`{pattern}` is no pattern that can be searched in bounded time ({why}); look-around and back references do not exist here"
        zh = f"`{pattern}` 不是可在有限时间内匹配的正则表达式（{why}）；不支持环视和反向引用"
        raise PatternError(en, zh) from None


def _searched(value: Any) -> str | None:
    text = text_of(value, MAX_SEARCHED)
    if text and not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadValueError("bad-text", "the text holds half a character (a lone surrogate)", text) from None
    return text


@_add(
    TEXTUAL,
    "boolean",
    Text("Whether a pattern fits the whole text.", "整段文本是否符合正则表达式。"),
    Example('code | matches("[A-Z]{2}[0-9]+")', {"code": "AB12"}, True),
    _PATTERN,
)
def matches(value: Any, pattern: Any) -> bool | None:
    """Whether ``pattern`` fits the whole text."""
    text = _searched(value)
    return None if text is None else pattern.fullmatch(text) is not None


@_add(
    TEXTUAL,
    "text",
    Text(
        "The first part that fits a pattern: its group 1 if it has one, or the group named.",
        "第一处符合正则表达式的文字：有分组则取第 1 组，也可指明组号。",
    ),
    Example('note | extract("单号：(\\\\w+)")', {"note": "已付款，单号：SO12 谢谢"}, "SO12"),
    _PATTERN,
    count("group", required=False),
)
def extract(value: Any, pattern: Any, group: Any = None) -> str | None:
    """The first part that fits, None where nothing does."""
    text = _searched(value)
    found = pattern.search(text) if text else None
    if found is None:
        return None
    at = min(1, pattern.groups) if group is None else whole(group, "group of the pattern", 0, pattern.groups)
    return found.group(at) or None


@_add(
    TEXTUAL,
    "list",
    Text(
        "Every part that fits a pattern (its group 1 if it has one).", "所有符合正则表达式的文字（有分组则取第 1 组）。"
    ),
    Example(
        'note | extract_all("1[0-9]{10}") | join("/")', {"note": "13800138000或13900139000"}, "13800138000/13900139000"
    ),
    _PATTERN,
)
def extract_all(value: Any, pattern: Any) -> list[str] | None:
    """Every part that fits."""
    text = _searched(value)
    if not text:
        return None
    found: list[str] = []
    at = min(1, pattern.groups)
    for each in pattern.finditer(text):
        if each.group(at):
            found.append(each.group(at))
        if len(found) > MAX_FOUND:
            raise BadValueError("list-too-long", f"the pattern fits more than {MAX_FOUND} times", text)
    return found or None


@_add(
    TEXTUAL,
    "text",
    Text("Every part that fits a pattern replaced by another text.", "把所有符合正则表达式的文字替换掉。"),
    Example('code | replace_pattern("[^0-9]", "")', {"code": "No. 12-3"}, "123"),
    _PATTERN,
    quoted("instead"),
)
def replace_pattern(value: Any, pattern: Any, instead: str) -> str | None:
    """``value`` with what fits replaced; ``instead`` stands for itself."""
    text = _searched(value)
    if not text:
        return text
    kept: list[str] = []
    at, size = 0, 0
    for found in pattern.finditer(text):
        begin, end = found.span()
        if begin == end:
            continue
        kept += (text[at:begin], instead)
        size += len(instead)
        at = end
        bounded(size, MAX_TEXT)
    kept.append(text[at:])
    return "".join(kept)
