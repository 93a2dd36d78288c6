"""Functions over lists and parts of text, value maps and our own codes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from mappings.language.types import Reference, Resolve
from mappings.language.values import BadValueError, Note, empty, raw_text, shown


def default(value: Any, instead: Any) -> Any:
    """``value``, or ``instead`` when it is empty."""
    return instead if empty(value) else value


def join(value: Any, separator: str) -> str | None:
    """The items of a list as one text, empty ones left out."""
    if value is None:
        return None
    items = value if isinstance(value, (list, tuple)) else [value]
    return separator.join(text for text in map(raw_text, items) if text and not text.isspace()) or None


def split(value: Any, separator: str) -> list[str] | None:
    """Text cut at a separator, blanks trimmed, empty parts left out."""
    text = raw_text(value)
    if text is None:
        return None
    parts = text.split(separator) if separator else [text]
    return [part.strip() for part in parts if part.strip()] or None


def first(value: Any) -> Any:
    """The first item of a list that is not empty; a single value is itself."""
    if isinstance(value, (list, tuple)):
        for each in value:
            if each.__class__ is str and each and not each.isspace():
                return each
            if not empty(each):
                return each
        return None
    return value


def length(value: Any) -> int | None:
    """How many characters a text or items a list has."""
    if value is None:
        return None
    return len(value) if isinstance(value, (list, tuple)) else len(raw_text(value) or "")


def contains(value: Any, part: Any) -> bool | None:
    """Whether a text holds ``part``, or a list has it as an item."""
    if value is None or part is None:
        return None
    if isinstance(value, (list, tuple)):
        return part in value
    return (raw_text(part) or "") in (raw_text(value) or "")


def starts_with(value: Any, part: Any) -> bool | None:
    """Whether a text begins with ``part``."""
    if value is None or part is None:
        return None
    return (raw_text(value) or "").startswith(raw_text(part) or "")


def number_code(value: Any, prefix: str = "") -> str | None:
    """Our own short code: ``prefix`` and 12 characters (A–Z, 2–7) of the hash of the value; the same value, the same code."""
    text = raw_text(value)
    if not text:
        return None
    try:
        digest = blake2b(text.encode(), digest_size=8).digest()
    except UnicodeEncodeError:
        raise BadValueError("bad-text", "the text holds half a character (a lone surrogate)", text) from None
    return prefix + base64.b32encode(digest).decode()[:12]


def term(value: Any, inward: Mapping[str, str], name: str) -> str | None:
    """The dictionary's term for a source value; an unknown one is refused, never empty."""
    if value.__class__ is str:
        direct = inward.get(value)
        if direct is not None:
            return direct
    text = raw_text(value)
    if text is None:
        return None
    text = text.strip()
    if not text:
        return None
    found = inward.get(text)
    if found is None:
        allowed = ", ".join(sorted(inward))
        raise BadValueError(
            "unknown-term", f"`{shown(text)}` is not in the value map of `{name}` (known: {allowed})", text
        )
    return found


def check_term(value: Any, terms: frozenset[str], name: str) -> str | None:
    """A value that must be a term of the list already."""
    text = raw_text(value)
    if text is None or not text.strip():
        return None
    if text not in terms:
        allowed = ", ".join(sorted(terms))
        raise BadValueError("unknown-term", f"`{shown(text)}` is not a term of `{name}` (terms: {allowed})", text)
    return text


def term_out(value: Any, outward: Mapping[str, str], name: str, why: Mapping[str, str] | None = None) -> str | None:
    """The target's value for a term; a term without counterpart is refused. ``why``: term → the reason that is declared."""
    text = raw_text(value)
    if text is None:
        return None
    found = outward.get(text)
    if found is None:
        reason = f": {why[text]}" if why and text in why else ""
        raise BadValueError("refused-term", f"the target has no value for `{shown(value)}` of `{name}`{reason}", value)
    return found


def alias(value: Any, known: Mapping[str, str]) -> str | None:
    """The agreed spelling; unknown values pass through."""
    text = raw_text(value)
    if text is None:
        return None
    text = text.strip()
    return known.get(text, text) or None


def ref(value: Any, entity: str, stream: str, optional: bool) -> Reference | None:
    """A reference to another record by its key."""
    if value is None or value == "":
        return None
    if isinstance(value, (float, bool)):
        raise BadValueError("bad-key", f"`{shown(value)}` cannot be the key of a record", value)
    key = raw_text(value)
    return Reference(entity, key, stream, optional) if key and not key.isspace() else None


def ref_by(value: Any, entity: str, field: str, optional: bool) -> Reference | None:
    """A reference to the entity that has this value in a canonical field."""
    found = ref(value, entity, "", optional)
    return None if found is None else replace(found, key=found.key.strip(), by=field)


def remote_key(value: Any, stream: str, resolve: Resolve | None, optional: bool, notes: list[Note]) -> str | None:
    """The key an entity has in the target; an unmet one makes the record wait, or is a finding when optional."""
    return remote_field(value, stream, "", resolve, optional, notes)


def remote_field(
    value: Any, stream: str, field: str, resolve: Resolve | None, optional: bool, notes: list[Note]
) -> str | None:
    """As ``remote_key``, but the canonical ``field`` that the entity's record in the target gave."""
    if value is None:
        return None
    key = None
    if resolve is not None:
        key = resolve(value, stream, field) if field else resolve(value, stream)
    if key is None:
        message = f"`{shown(value)}` has no record {f'with `{field}` ' if field else ''}in `{stream}` yet"
        if not optional:
            raise BadValueError("waiting-reference", message, value)
        notes.append(("waiting-reference", message, shown(value)))
    return key
