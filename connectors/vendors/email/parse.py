"""A mail as a record: header fields, the text, the attachments; whatever its charset claims to be."""

from __future__ import annotations

import base64
import email
import re
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any

_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "ascii": "utf-8",
    "us-ascii": "utf-8",
}
"""Charsets that mailers name and do not keep to: the wider one reads both."""
_GUESSES = ("utf-8", "gb18030")
_SPACE = re.compile(r"[ \t\r\f\v\u00a0]+")
_BREAKS = ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table")
_MOST_PARTS = 500


def mail(raw: bytes, uid: str, most_attached: int) -> dict[str, Any]:
    """The record. Attachments beyond ``most_attached`` bytes in all are named, without their content."""
    message = email.message_from_bytes(raw, policy=compat32)
    text, html, attachments = _parts(message, most_attached)
    sender = _addresses(message, "From")
    return {
        "uid": uid,
        "message_id": message_id(message),
        "subject": _field(message, "Subject"),
        "from": sender[0] if sender else {"name": "", "address": ""},
        "to": _addresses(message, "To"),
        "cc": _addresses(message, "Cc"),
        "date": _date(message),
        "in_reply_to": _field(message, "In-Reply-To").strip(),
        "text": text if text is not None else plain_text(html or ""),
        "attachments": attachments,
    }


def message_id(message: Message) -> str:
    """The Message-ID, without what stands around it; empty when there is none."""
    return _field(message, "Message-ID").strip()


def decoded(data: bytes, charset: str | None) -> str:
    """Text of bytes: by the charset they claim where they keep to it, else by the first that fits."""
    named = (charset or "").strip().strip("\"'").lower()
    for name in (_WIDER.get(named, named), *_GUESSES):
        try:
            return data.decode(name) if name else data.decode("ascii")
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("utf-8", "replace")


def plain_text(html: str) -> str:
    """What a person reads of a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [_SPACE.sub(" ", line).strip() for line in "".join(reader.found).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "head"):
            self._hidden += 1
        elif tag in _BREAKS:
            self.found.append("\n")
        elif tag == "td":
            self.found.append("\t")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data.replace("\n", " "))


def _parts(message: Message, most: int) -> tuple[str | None, str | None, list[dict[str, Any]]]:
    text: str | None = None
    html: str | None = None
    attachments: list[dict[str, Any]] = []
    left = most
    for number, part in enumerate(message.walk()):
        if number >= _MOST_PARTS:
            raise ValueError(f"it has more than {_MOST_PARTS} parts")
        if part.is_multipart():
            continue
        kind, name = part.get_content_type(), _file_name(part)
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        attached = bool(name) or part.get_content_disposition() == "attachment"
        if not attached and kind == "text/plain":
            shown = decoded(data, part.get_content_charset())
            text = shown if text is None else f"{text}\n{shown}"
        elif not attached and kind == "text/html":
            html = html or decoded(data, part.get_content_charset())
        else:
            kept = len(data) <= left
            left -= len(data) if kept else 0
            content = {"content": base64.b64encode(data).decode()} if kept else {"left_out": "max_attachment_bytes"}
            attachments.append({"name": name, "type": kind, "size": len(data), **content})
    return (text.replace("\r\n", "\n") if text is not None else None), html, attachments


def _raw(message: Message, name: str) -> str:
    """A header field as text that may hold encoded words; bytes beyond ASCII are guessed."""
    for each, value in message.raw_items():
        if each.lower() == name.lower():
            return _unfolded(str(value))
    return ""


def _unfolded(value: str) -> str:
    data = value.encode("utf-8", "surrogateescape")
    return re.sub(r"\r?\n(?=[ \t])", "", decoded(data, None))


def _field(message: Message, name: str) -> str:
    return _words(_raw(message, name))


def _words(text: str) -> str:
    """Encoded words decoded; pieces of one charset are joined before, for mailers cut characters in two."""
    try:
        pieces = decode_header(text)
    except (ValueError, UnicodeError, email.errors.HeaderParseError):
        return text
    shown = [piece if isinstance(piece, str) else decoded(piece, charset) for piece, charset in pieces]
    return "".join(shown).replace("\x00", "")


def _addresses(message: Message, name: str) -> list[dict[str, str]]:
    found = getaddresses([_raw(message, name)])
    return [{"name": _words(shown), "address": address} for shown, address in found if address]


def _date(message: Message) -> str:
    """The time the sender gives, as ISO 8601; empty when there is none that can be read."""
    try:
        moment = parsedate_to_datetime(_raw(message, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    return moment.isoformat()


def _file_name(part: Message) -> str:
    given = part.get_filename()
    if given is None:
        return ""
    shown = _words(_unfolded(str(given)))
    return shown.replace("\\", "/").rpartition("/")[2]
