"""A request as it came, its body taken apart, and the values at places in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from connectors.sdk.webhook.outcome import RefusedError

MAX_DEPTH = 64
MAX_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. Header names are lower-case; ``path`` and ``url`` as the sender wrote them."""

    method: str
    path: str = "/"
    url: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Opened:
    """A request while it is looked at: its parsed body, and what was decrypted from it."""

    request: Request
    format: str
    body: Any = None
    decrypted: bytes | None = None
    event: Any = None

    def value(self, place: str, item: Any = None) -> Any:
        """The value at a place; None when nothing is there."""
        root, _, rest = place.partition(".")
        if root == "header":
            return self.request.headers.get(rest.lower())
        if root == "query":
            return self.request.query.get(rest)
        if root == "decrypted":
            return None if self.decrypted is None else text(self.decrypted)
        found = {"body": self.body, "event": self.event, "item": item}[root]
        for step in rest.split(".") if rest else ():
            if isinstance(found, Mapping):
                found = found.get(step)
            elif isinstance(found, list) and step.isascii() and step.isdigit() and len(step) < 9:
                found = found[int(step)] if int(step) < len(found) else None
            else:
                return None
        return found

    def first(self, places: Sequence[str], item: Any = None) -> Any:
        """The first value there is; an empty text counts as nothing."""
        for place in places:
            found = self.value(place, item)
            if found is not None and found != "":
                return found
        return None

    def word(self, places: Sequence[str], item: Any = None) -> str:
        """The first value as text; empty when there is none or it is a list or an object."""
        return plain(self.first(places, item))


def plain(value: Any) -> str:
    """A single value as text: as it stands in the body, true and false in JSON's words; empty for everything else."""
    if value is None or isinstance(value, (Mapping, list)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def text(data: bytes) -> str:
    """UTF-8 text; a byte order mark goes. Raises ``RefusedError``."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError(400, "webhook-body", "the body is not UTF-8", "请求体不是 UTF-8") from None


def parse(data: bytes, format: str) -> Any:
    """The body in its format; None for an empty one. Raises ``RefusedError``."""
    if not data.strip():
        return None
    try:
        if format == "xml":
            return _xml(text(data))
        if format == "form":
            return dict(parse_qsl(text(data), keep_blank_values=True, max_num_fields=MAX_FIELDS))
        from connectors.sdk import wire

        return wire.parse(data)
    except (ValueError, RecursionError):
        word = format.upper()
        raise RefusedError(400, "webhook-body", f"the body is not {word}", f"请求体不是 {word}") from None


def _xml(document: str) -> Any:
    """Children of the root by name: text, or again a dictionary; repeated ones are a list. No document types, no entities."""
    from xml.etree import ElementTree  # nothing that could expand or reach out gets this far

    if "<!" in document.replace("<![CDATA[", "").replace("<!--", ""):
        raise ValueError("a document type")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    return _element(root, 0)


def _element(element: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        value = _element(child, depth + 1)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
