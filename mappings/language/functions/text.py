"""Functions on texts: cut, replace, pad, join."""

from __future__ import annotations

import re
from typing import Any

from mappings.language import pieces
from mappings.language.functions.given import MAX_ITEMS, bounded, text_of, whole
from mappings.language.functions.registry import ITEMS, TEXTUAL, Example, Topic, count, quoted, value, word
from mappings.language.values import BadValueError
from tongmai.core.text import Text

TOPIC = Topic(Text("Texts", "文本"))
_add = TOPIC.add
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
MAX_PAD = 1000

_add(
    (*ITEMS, *TEXTUAL),
    "integer",
    Text("How many characters or items.", "字符数或项数。"),
    Example("code | length", {"code": "abc"}, 3),
)(pieces.length)
_add(
    ("list", *TEXTUAL),
    "boolean",
    Text("Whether a text holds a part, or a list an item.", "文本是否含某段、列表是否含某项。"),
    Example('name | contains("银行")', {"name": "某银行"}, True),
    value("part"),
)(pieces.contains)
_add(
    TEXTUAL,
    "boolean",
    Text("Whether a text begins with a part.", "文本是否以某段开头。"),
    Example('code | starts_with("A")', {"code": "A1"}, True),
    value("part"),
)(pieces.starts_with)
_add(
    ("list", "text"),
    "text",
    Text("The items of a list as one text.", "用分隔符把列表连成一段文本。"),
    Example('tags | join("、")', {"tags": ["a", None, "b"]}, "a、b"),
    quoted("separator"),
)(pieces.join)
_add(
    TEXTUAL,
    "list",
    Text("Text cut at a separator; blanks trimmed, empty parts left out.", "按分隔符切开，去空白和空项。"),
    Example('tels | split("/") | first', {"tels": " 1 / 2"}, "1"),
    quoted("separator"),
)(pieces.split)


@_add(
    TEXTUAL,
    "boolean",
    Text("Whether a text ends with a part.", "文本是否以某段结尾。"),
    Example('name | ends_with("分公司")', {"name": "某公司上海分公司"}, True),
    value("part"),
)
def ends_with(found: Any, part: Any) -> bool | None:
    """Whether a text ends with ``part``."""
    if found is None or part is None:
        return None
    return (text_of(found) or "").endswith(text_of(part) or "")


@_add(
    TEXTUAL,
    "text",
    Text("Every place of a part replaced by another text.", "把某段文字全部替换。"),
    Example('code | replace("-", "")', {"code": "A-1-2"}, "A12"),
    value("part", *TEXTUAL),
    value("instead", *TEXTUAL),
)
def replace(found: Any, part: Any, instead: Any) -> str | None:
    """``found`` with every ``part`` replaced; an empty ``instead`` takes it out."""
    text = text_of(found)
    old, new = text_of(part), text_of(instead) or ""
    if not text or not old:
        return text
    if len(new) > len(old):
        bounded(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


@_add(
    TEXTUAL,
    "text",
    Text("The first characters.", "前几个字符。"),
    Example("code | left(2)", {"code": "AB123"}, "AB"),
    count("count"),
)
def left(found: Any, size: Any) -> str | None:
    """The first ``size`` characters."""
    text = text_of(found)
    return None if text is None else text[: whole(size, "count of characters", 0, 1_000_000)]


@_add(
    TEXTUAL,
    "text",
    Text("The last characters.", "后几个字符。"),
    Example("code | right(3)", {"code": "AB123"}, "123"),
    count("count"),
)
def right(found: Any, size: Any) -> str | None:
    """The last ``size`` characters."""
    text = text_of(found)
    if text is None:
        return None
    many = whole(size, "count of characters", 0, 1_000_000)
    return text[-many:] if many else ""


@_add(
    TEXTUAL,
    "text",
    Text(
        "A part by its place: the first character is 0; to the end without a length.",
        "按位置取一段：首字符为 0；不写长度则到末尾。",
    ),
    Example("code | substring(2, 3)", {"code": "AB123X"}, "123"),
    count("start"),
    count("length", required=False),
)
def substring(found: Any, start: Any, size: Any = 1_000_000) -> str | None:
    """``size`` characters from ``start``."""
    text = text_of(found)
    if text is None:
        return None
    begin = whole(start, "place", 0, 1_000_000)
    return text[begin : begin + whole(size, "count of characters", 0, 1_000_000)]


@_add(
    TEXTUAL,
    "text",
    Text(
        "What stands before the first mark; the whole text where there is none.",
        "第一个标记之前的文字；没有标记则为全文。",
    ),
    Example('mail | before("@")', {"mail": "li@acme.example"}, "li"),
    quoted("mark"),
    name="before",
)
def text_before(found: Any, mark: str) -> str | None:
    """What stands before the first ``mark``."""
    text = text_of(found)
    return text.partition(mark)[0] if text and mark else text


@_add(
    TEXTUAL,
    "text",
    Text("What stands after the first mark; nothing where there is none.", "第一个标记之后的文字；没有标记则为空。"),
    Example('mail | after("@")', {"mail": "li@acme.example"}, "acme.example"),
    quoted("mark"),
    name="after",
)
def text_after(found: Any, mark: str) -> str | None:
    """What stands after the first ``mark``."""
    text = text_of(found)
    return (text.partition(mark)[2] or None) if text and mark else None


@_add(
    TEXTUAL,
    "text",
    Text("Text without a beginning, where it has it.", "去掉开头的某段（如果有）。"),
    Example('code | strip_prefix("CN-")', {"code": "CN-100"}, "100"),
    quoted("prefix"),
)
def strip_prefix(found: Any, prefix: str) -> str | None:
    """Text without ``prefix`` at its beginning."""
    text = text_of(found)
    return None if text is None else text.removeprefix(prefix)


@_add(
    TEXTUAL,
    "text",
    Text("Text without an ending, where it has it.", "去掉结尾的某段（如果有）。"),
    Example('name | strip_suffix("（个人）")', {"name": "李雷（个人）"}, "李雷"),
    quoted("suffix"),
)
def strip_suffix(found: Any, suffix: str) -> str | None:
    """Text without ``suffix`` at its end."""
    text = text_of(found)
    return None if text is None else text.removesuffix(suffix)


@_add(
    TEXTUAL,
    "text",
    Text(
        "Filled up to a width with one sign (0 by default), before the text or after it.",
        "用一个字符（默认 0）补足到指定宽度，补在左边或右边。",
    ),
    Example("code | pad(6)", {"code": 42}, "000042"),
    count("width"),
    quoted("sign", required=False),
    word("side", "left", "right", required=False),
)
def pad(found: Any, width: Any, sign: str = "0", side: str = "left") -> str | None:
    """Text of at least ``width`` characters."""
    text = text_of(found)
    if not text:
        return text
    if len(sign) != 1:
        raise BadValueError("bad-argument", f"`{sign}` is not one sign to fill up with", sign)
    wide = whole(width, "width", 0, MAX_PAD)
    return text.rjust(wide, sign) if side == "left" else text.ljust(wide, sign)


@_add(
    TEXTUAL,
    "text",
    Text("Each word with a capital letter.", "每个单词首字母大写。"),
    Example("name | title", {"name": "john o'neil SMITH"}, "John O'neil Smith"),
)
def title(found: Any) -> str | None:
    """Each word with a capital, the rest small."""
    text = text_of(found)
    return None if text is None else _WORD.sub(lambda each: each[0][0].upper() + each[0][1:].lower(), text)


@_add(
    TEXTUAL,
    "text",
    Text(
        "Blanks, tabs and line breaks as one blank each, none at the ends.",
        "连续空白（含换行）合并为一个空格，去掉首尾。",
    ),
    Example("name | squeeze", {"name": " Acme \n  Ltd "}, "Acme Ltd"),
)
def squeeze(found: Any) -> str | None:
    """Runs of blanks as one."""
    text = text_of(found)
    return None if text is None else " ".join(text.split())


@_add(
    (*ITEMS, *TEXTUAL),
    "text",
    Text(
        'Several values as one text with a separator, empty ones left out; written `concat(a, " ", b, c)` or piped.',
        '多个值用分隔符连成文本，空的略去；可写 `concat(a, " ", b, c)` 或用 `|`。',
    ),
    Example(
        'province | concat("", city, road)',
        {"province": "江苏省", "city": None, "road": "人民路1号"},
        "江苏省人民路1号",
    ),
    quoted("separator"),
    value("value", many=True),
    name="concat",
)
def concat_all(found: Any, separator: str, *others: Any) -> str | None:
    """Several values as one text; a list among them gives its items."""
    parts: list[Any] = []
    for each in (found, *others):
        parts += each if isinstance(each, (list, tuple)) else (each,)
    if len(parts) > MAX_ITEMS:
        raise BadValueError("list-too-long", f"{len(parts)} values to put together; at most {MAX_ITEMS}")
    texts = [text for text in map(text_of, parts) if text and not text.isspace()]
    bounded(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts) or None


@_add(
    TEXTUAL,
    "text",
    Text(
        "A text filled into a pattern: each {} is the next value; an empty value makes all of it empty.",
        "把值填入模板：每个 {} 依次取一个值；任一值为空则整体为空。",
    ),
    Example('year | template("HT-{}-{}", seq)', {"year": "2026", "seq": 7}, "HT-2026-7"),
    quoted("pattern"),
    value("value", many=True, required=False),
)
def template(found: Any, form: str, *others: Any) -> str | None:
    """``form`` with its places filled; as many places as values, or the mapping is wrong."""
    pieces_ = form.split("{}")
    given = [text_of(each) for each in (found, *others)]
    if len(pieces_) != len(given) + 1:
        raise BadValueError("bad-argument", f"`{form}` has {len(pieces_) - 1} places for {len(given)} values", form)
    if any(each is None or not each.strip() for each in given):
        return None
    bounded(sum(len(each or "") for each in given) + len(form))
    return pieces_[0] + "".join((text or "") + rest for text, rest in zip(given, pieces_[1:], strict=True))


@_add(
    TEXTUAL,
    "list",
    Text("The lines of a text, trimmed, empty ones left out.", "把文本按行切开，去空白和空行。"),
    Example('note | rows | join("；")', {"note": "a\r\n\n b"}, "a；b"),
)
def rows(found: Any) -> list[str] | None:
    """The lines of a text."""
    text = text_of(found)
    return None if text is None else ([each.strip() for each in text.splitlines() if each.strip()] or None)
