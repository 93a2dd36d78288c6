"""Mappings of parts of a stream's records: `from: shop.orders/buyer`, with the record under ``head``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.sdk.manifest import Manifest, Stream
from mappings.language.convert import conversion
from mappings.language.definition import Definition
from mappings.language.expression import Expression
from mappings.language.known import known_fields
from mappings.language.place import Place
from mappings.language.scope import Scope, line_scope, source_kinds
from mappings.language.types import Part
from mappings.language.values import BadValueError
from masterdata.model.entity import FieldType
from tongmai.core.errors import RecordError
from tongmai.core.text import Text

HEAD_OF = ["        here = record.get", '        get = (here("head") or EMPTY).get']
"""How the generated code reads a part and the record that it is of."""
_DATA_ERRORS = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError)


def part_scope(definition: Definition, head: Scope, declared: Stream | None) -> Scope:
    """The names of a part; the record's are read as ``head.name``."""
    path = definition.read_stream.partition("/")[2]
    lines = declared.lines.get(path) if declared is not None else None
    kinds = source_kinds(lines.fields) if lines is not None and lines.fields else None
    what = Text(f"field of {definition.read_stream}", f"源字段（{definition.read_stream}）")
    custom = lines.custom if lines is not None else ""
    return line_scope(kinds, what, head, lambda name: f"here({name!r})", custom, known=known_fields(lines))


def part_without_key(definition: Definition, manifest: Manifest | None, find: Callable[..., None]) -> bool:
    """Whether it reads a place in another stream's records without saying what identifies a part; that goes to ``find``."""
    data, document, stream = definition.data, definition.document, definition.read_stream
    if data.key or not definition.reads_source:
        return False
    if data.owned:
        find(document.key_mark("owned"), "part-without-key", "`owned` goes with `key`", "`owned` 需与 `key` 一起使用")
        return True
    unknown = manifest is None or not (
        stream in manifest.streams or (manifest.streams_from_settings and not manifest.streams)
    )
    parent, slash, place = stream.partition("/")
    if not (slash and unknown):
        return False
    find(
        document.mark("from"),
        "part-without-key",
        f"`{place}` is a place in the records of `{parent}`; say what identifies what stands there: `key: …`",
        f"`{place}` 是 `{parent}` 记录中的一处；请用 `key: …` 写明以什么标识其内容",
    )
    return True


def part_of(definition: Definition, scope: Scope, find: Callable[..., None]) -> list[str]:
    """Code of the function that gives a part's key; mistakes go to ``find``."""
    document, data = definition.document, definition.data
    if not definition.reads_source:
        return []
    if not data.key:
        return []
    parent, _, path = definition.read_stream.partition("/")
    if not (parent and path and all(path.split("."))):
        find(
            document.mark("from"),
            "part-without-path",
            f"`key` is for a part of a stream: write `from: {definition.data.source}/PLACE`",
            f"`key` 用于数据流的部分：请写作 `from: {definition.data.source}/位置`",
        )
    scope.notes, before = False, scope.reads
    piece = Expression(Place(data.key, document.mark("key")), scope).piece
    takes = Expression(definition.only_if, scope).piece.code if definition.only_if is not None else "True"
    scope.notes, scope.reads = True, before
    code = conversion(piece, FieldType("text"), scope.schema, scope.module)
    head = ["    here = record.get", '    get = (here("head") or EMPTY).get']
    return [
        "",
        "def key(record):",
        *head,
        f"    return {code}",
        "",
        "",
        "def takes(record):",
        *head,
        f"    return {takes}",
        "",
    ]


def bound_part(definition: Definition, namespace: Mapping[str, Any]) -> Part:
    """The part of a compiled mapping. ``namespace``: the generated module."""
    parent, _, path = definition.read_stream.partition("/")
    make = namespace["key"]

    def key(record: Mapping[str, Any]) -> str | None:
        try:
            found: str | None = make(record)
        except BadValueError as error:
            raise RecordError("", f"its key: {error.message}", code=error.code) from None
        except _DATA_ERRORS as error:
            raise RecordError("", f"its key cannot be made ({type(error).__name__}: {error})") from None
        return found

    asked = namespace["takes"]

    def takes(record: Mapping[str, Any]) -> bool:
        try:
            return bool(asked(record))
        except (BadValueError, *_DATA_ERRORS):
            return True  # said where the record is mapped

    return Part(definition.read_stream, parent, tuple(path.split(".")), definition.data.owned, takes, key)
