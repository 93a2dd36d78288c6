"""Functions on encoded texts: JSON, base64, addresses, digests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from mappings.language.functions.given import MAX_TEXT, bounded, encoded, text_of
from mappings.language.functions.registry import TEXTUAL, Example, Topic, word
from mappings.language.values import BadValueError, number, plain, shown
from tongmai.core.text import Text

TOPIC = Topic(Text("Encoded texts", "编码"))
_add = TOPIC.add
MAX_DEPTH = 64
_HASHES = ("sha256", "sha512", "sha1", "md5")
_string = json.encoder.encode_basestring


def _constant(word_: str) -> Any:
    raise ValueError(f"{word_} is no JSON")


def _deep(found: Any, depth: int = 0) -> bool:
    if depth > MAX_DEPTH:
        return True
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return any(_deep(each, depth + 1) for each in inner)


@_add(
    ("text",),
    "",
    Text("The object, list or value that a JSON text holds; numbers stay exact.", "解析 JSON 文本，数值保持精确。"),
    Example("(ext | parse_json).city", {"ext": '{"city": "上海"}'}, "上海"),
)
def parse_json(value: Any) -> Any:
    """JSON within a text; an object or list that is one already passes."""
    if isinstance(value, (dict, list, tuple)):
        return value
    text = text_of(value, MAX_TEXT)
    if text is None or not text.strip():
        return None
    try:
        found = json.loads(text, parse_float=Decimal, parse_constant=_constant)
    except (ValueError, ArithmeticError) as error:
        raise BadValueError("not-json", f"`{shown(text)}` is no JSON ({error})", text) from None
    except RecursionError:
        raise BadValueError("not-json", f"the JSON is nested deeper than {MAX_DEPTH}", text) from None
    if _deep(found):
        raise BadValueError("not-json", f"the JSON is nested deeper than {MAX_DEPTH}", text)
    return found


@_add(
    (),
    "text",
    Text(
        "A value, list or object as JSON text, without blanks; numbers stay exact.",
        "转为不含空白的 JSON 文本，数值保持精确。",
    ),
    Example("ext | to_json", {"ext": {"city": "上海", "no": [1, 2.5]}}, '{"city":"上海","no":[1,2.5]}'),
)
def to_json(value: Any) -> str | None:
    """Compact JSON; empty stays empty."""
    if value is None:
        return None
    parts: list[str] = []
    _write(value, parts, 0)
    text = "".join(parts)
    bounded(len(text))
    return text


def _write(value: Any, parts: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadValueError("not-json", f"the value is nested deeper than {MAX_DEPTH}")
    if value is None or value is True or value is False:
        parts.append("null" if value is None else "true" if value else "false")
    elif isinstance(value, str):
        parts.append(_string(value))
    elif isinstance(value, (int, float, Decimal)):
        exact = number(value)
        parts.append(plain(exact) if exact is not None else "null")
    elif isinstance(value, (list, tuple)):
        mark = "["
        for each in value:
            parts.append(mark)
            _write(each, parts, depth + 1)
            mark = ","
        parts.append("]" if value else "[]")
    elif isinstance(value, dict):
        mark = "{"
        for name, each in value.items():
            parts += (mark, _string(str(name)), ":")
            _write(each, parts, depth + 1)
            mark = ","
        parts.append("}" if value else "{}")
    else:
        raise BadValueError("wrong-shape", f"a {type(value).__name__} cannot be written as JSON", value)


@_add(
    TEXTUAL,
    "text",
    Text("Text as base64 of its UTF-8.", "文本（UTF-8）转 base64。"),
    Example("name | base64", {"name": "通脉"}, "6YCa6ISJ"),
    name="base64",
)
def to_base64(value: Any) -> str | None:
    """Base64, with its padding."""
    text = text_of(value)
    return None if text is None else base64.b64encode(encoded(text)).decode()


@_add(
    TEXTUAL,
    "text",
    Text(
        "The text in base64 of UTF-8; blanks, missing padding and the web's signs are understood.",
        "base64 转文本（UTF-8）；容忍空白、缺失的填充和 URL 变体。",
    ),
    Example("name | from_base64", {"name": "6YCa6ISJ"}, "通脉"),
)
def from_base64(value: Any) -> str | None:
    """What base64 holds."""
    text = text_of(value)
    if text is None:
        return None
    bare = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadValueError("bad-text", f"`{shown(text)}` is no base64 of a text in UTF-8", text) from None


@_add(
    TEXTUAL,
    "text",
    Text("Text as part of a web address (%-encoded).", "文本转为网址编码（%）。"),
    Example("name | url_encode", {"name": "通 脉/1"}, "%E9%80%9A%20%E8%84%89%2F1"),
)
def url_encode(value: Any) -> str | None:
    """%-encoded, also the slash."""
    text = text_of(value)
    return None if text is None else quote(encoded(text), safe="")


@_add(
    TEXTUAL,
    "text",
    Text("The text in a part of a web address.", "网址编码还原为文本。"),
    Example("name | url_decode", {"name": "%E9%80%9A%20%E8%84%89"}, "通 脉"),
)
def url_decode(value: Any) -> str | None:
    """Back from %-encoding; what is no UTF-8 is refused."""
    text = text_of(value)
    if text is None or "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeError:
        raise BadValueError("bad-text", f"`{shown(text)}` holds no UTF-8", text) from None


@_add(
    TEXTUAL,
    "text",
    Text(
        "A digest in hexadecimal (sha256 by default). It hides no phone number: all of them are quickly tried; use mask.",
        "十六进制摘要（默认 sha256）。手机号等可被穷举，脱敏请用 mask。",
    ),
    Example("name | hash", {"name": "通脉"}, hashlib.sha256("通脉".encode()).hexdigest()),
    word("algorithm", *_HASHES, required=False),
    name="hash",
)
def digest_of(value: Any, algorithm: str = "sha256") -> str | None:
    """The digest of a text's UTF-8; empty stays empty."""
    text = text_of(value)
    return hashlib.new(algorithm, encoded(text), usedforsecurity=False).hexdigest() if text else None
