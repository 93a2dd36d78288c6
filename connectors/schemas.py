"""What a system told of itself, kept as ``schemas/<system>.yaml`` of a site folder and laid over its manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from connectors.sdk import Discovered
from connectors.sdk.manifest import Lines, Manifest, Stream, Write
from connectors.sdk.strict import Strict
from tongmai.core import yamlfile
from tongmai.core.finding import Finding

FOLDER = "schemas"
_NOTE = (
    "# What the system told of itself. Made by `tongmai connector discover NAME --save`; made anew by the next one.\n"
)
_MOST_VALUES = 500


class KnownField(Strict):
    """One field as the system described it."""

    type: str = ""
    label: str = ""
    values: dict[str, str] = Field(default_factory=dict)
    length: int = Field(default=0, ge=0)
    writable: bool | None = None
    fields: dict[str, KnownField] = Field(default_factory=dict)


class KnownStream(Strict):
    """One stream as the system described it."""

    label: str = ""
    key: tuple[str, ...] = ()
    fields: dict[str, KnownField] = Field(default_factory=dict)


class SchemaFile(Strict):
    """A whole ``schemas/<system>.yaml``. ``system``: a connector, or a connection whose settings declare its streams."""

    system: str
    streams: dict[str, KnownStream] = Field(default_factory=dict)


class DiscoveredLines(Lines):
    """Lines of which the system itself ``told`` these fields."""

    told: frozenset[str] = frozenset()


class DiscoveredStream(Stream):
    """A stream of which the system itself ``told`` these fields."""

    told: frozenset[str] = frozenset()


def load_schemas(folders: Iterable[Path]) -> tuple[dict[str, SchemaFile], list[Finding]]:
    """Every file of the folders by its system, a later folder's streams over an earlier one's; and every mistake."""
    found: dict[str, SchemaFile] = {}
    findings: list[Finding] = []
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")):
            document = yamlfile.load(file)[0]
            schema = None if document.data is None else yamlfile.check(document, SchemaFile, "schema")
            if schema is not None and schema.system != file.stem:
                document.add(
                    document.mark("system"),
                    "schema.name",
                    f"the file is called `{file.stem}`",
                    f"文件名是 `{file.stem}`",
                    file.stem,
                )
            findings += document.findings
            if schema is not None and not document.findings:
                before = found.get(schema.system)
                streams = {**before.streams, **schema.streams} if before is not None else schema.streams
                found[schema.system] = SchemaFile(system=schema.system, streams=streams)
    return found, findings


def laid_over(manifest: Manifest, schema: SchemaFile | None) -> Manifest:
    """The manifest with what the system told of its streams: their fields are then all known, the company's own too."""
    if schema is None:
        return manifest
    streams = {name: _stream(one, schema.streams.get(name)) for name, one in manifest.streams.items()}
    writes = {name: _write(one, schema.streams.get(one.stream)) for name, one in manifest.writes.items()}
    return manifest.model_copy(update={"streams": streams, "writes": writes})


def _stream(stream: Stream, known: KnownStream | None) -> Stream:
    if known is None or not known.fields:
        return stream
    flat = dict(flattened(known.fields))
    lists = {name: one for name, one in flat.items() if one.fields and _is_list(one)}
    lines: dict[str, Lines] = dict(stream.lines)
    for name, one in lists.items():
        inside = dict(flattened(one.fields))
        below = stream.lines.get(name, Lines())
        lines[name] = DiscoveredLines(
            **{**below.model_dump(), "custom": "", **_told(inside, below.fields, below.values, below.lengths)}
        )
    told = _told(flat, stream.fields, stream.values, stream.lengths)
    own = {name: getattr(stream, name) for name in Stream.model_fields}
    return DiscoveredStream.model_construct(**{**own, "custom": "", "lines": lines, **told})


def _told(
    flat: Mapping[str, KnownField],
    fields: Mapping[str, str],
    values: Mapping[str, dict[str, str]],
    lengths: Mapping[str, int],
) -> dict[str, Any]:
    # What the connector's author declared is the type that its records really have; the system adds what is not declared.
    return {
        "fields": {**{name: one.type for name, one in flat.items()}, **fields},
        "values": {**values, **{name: one.values for name, one in flat.items() if one.values}},
        "lengths": {**lengths, **{name: one.length for name, one in flat.items() if one.length}},
        "told": frozenset(set(flat) - set(fields)),
    }


def _write(write: Write, known: KnownStream | None) -> Write:
    """Where the system told which fields can be written, no other can."""
    told = dict(flattened(known.fields)) if known is not None else {}
    writable = {name: one.type for name, one in told.items() if one.writable}
    if not writable or write.fields:
        return write
    listed = {name: "list" for name in write.lines}
    ours = {write.our_key: "text"} if write.our_key else {}
    return write.model_copy(update={"fields": {**writable, **listed, **ours}})


def flattened(fields: Mapping[str, KnownField], before: str = "") -> Iterable[tuple[str, KnownField]]:
    """Every field with its whole name, `owner.name`; what is in a list's items belongs to the list."""
    for name, one in fields.items():
        yield before + name, one
        if one.fields and not _is_list(one):
            yield from flattened(one.fields, f"{before}{name}.")


def _is_list(one: KnownField) -> bool:
    return one.type.lower() in ("list", "lines", "array")


def described(found: Iterable[Discovered]) -> dict[str, KnownStream]:
    """What was discovered, as the file keeps it."""
    return {each.stream: KnownStream(label=each.label, key=each.key, fields=_fields(each)) for each in found}


def _fields(each: Discovered) -> dict[str, KnownField]:
    made: dict[str, KnownField] = {}
    for name, kind in each.fields.items():
        detail = each.details.get(name)
        if detail is None:
            made[name] = KnownField(type=kind)
            continue
        values = dict(detail.values) if len(detail.values) <= _MOST_VALUES else {}
        inside = {one: KnownField(type=type_) for one, type_ in detail.fields.items()}
        made[name] = KnownField(
            type=kind, label=detail.label, values=values, length=detail.length, writable=detail.writable, fields=inside
        )
    return made


def saved(file: Path, system: str, streams: Mapping[str, KnownStream]) -> str:
    """The text of the file with these streams in it; other streams of the file stay as they are."""
    before: dict[str, KnownStream] = {}
    if file.is_file():
        document = yamlfile.load(file)[0]
        schema = yamlfile.check(document, SchemaFile, "schema")
        before = schema.streams if schema is not None else {}
    whole = {**before, **streams}
    data = {
        "system": system,
        "streams": {name: one.model_dump(mode="json", exclude_defaults=True) for name, one in sorted(whole.items())},
    }
    return _NOTE + yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=120)
