"""What a service says about itself: entity sets with keys and types. No document type, so no entities, is read."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from connectors.sdk import Detail, Discovered
from tongmai.core.errors import ProtocolError

_LARGEST = 32 * 1024 * 1024
_MOST_SETS = 10_000


class _Found:
    def __init__(self) -> None:
        self.types: dict[str, dict[str, Any]] = {}
        self.sets: dict[str, dict[str, str]] = {}
        self.namespace = ""
        self.at: dict[str, Any] | None = None
        self.in_key = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        match name:
            case "Schema":
                self.namespace = given.get("Namespace", "")
            case "EntityType":
                self.at = {"key": [], "fields": {}, "details": {}, "base": given.get("BaseType", "")}
                self.types[f"{self.namespace}.{given.get('Name', '')}"] = self.at
            case "Key":
                self.in_key = True
            case "PropertyRef" if self.in_key and self.at is not None:
                self.at["key"].append(given.get("Name", ""))
            case "Property" if self.at is not None:
                self.at["fields"][given.get("Name", "")] = given.get("Type", "Edm.String")
                self.at["details"][given.get("Name", "")] = _detail(given)
            case "EntitySet":
                self.sets[given.get("Name", "")] = given

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "EntityType":
            self.at = None
        elif name == "Key":
            self.in_key = False


def entity_sets(body: bytes, what: str) -> list[Discovered]:
    """Every entity set of a ``$metadata`` document. Raises ``ProtocolError``."""
    if len(body) > _LARGEST:
        raise _bad(what, f"it has {len(body):,} bytes, allowed are {_LARGEST:,}")
    found = _Found()

    def refuse(*_: Any) -> None:
        raise _bad(what, "it declares a document type; entities are not read")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = found.start
    parser.EndElementHandler = found.end
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise _bad(what, f"it is no whole XML: {error}") from None
    if not found.sets or len(found.sets) > _MOST_SETS:
        raise _bad(what, f"it names {len(found.sets)} entity sets")
    return [_set(name, given, found) for name, given in found.sets.items()]


def _set(name: str, given: dict[str, str], found: _Found) -> Discovered:
    key: list[str] = []
    fields: dict[str, str] = {}
    details: dict[str, Detail] = {}
    type_name, seen = given.get("EntityType", ""), set()
    while type_name in found.types and type_name not in seen:
        seen.add(type_name)
        own = found.types[type_name]
        key = key or own["key"]
        fields = {**own["fields"], **fields}
        details = {**own["details"], **details}
        type_name = own["base"]
    label = next((value for member, value in given.items() if member.endswith(":label")), "")
    off = [value for member, value in given.items() if member.endswith((":creatable", ":updatable"))]
    return Discovered(name, tuple(key), fields, label, off != ["false", "false"], details)


def _detail(given: dict[str, str]) -> Detail:
    label = next((value for member, value in given.items() if member.endswith(":label")), "")
    length = given.get("MaxLength", "")
    return Detail(label, {}, int(length) if length.isdigit() else 0)


def _bad(what: str, why: str) -> ProtocolError:
    return ProtocolError(what, why, "check base_url: it must be the root of the service", code="odata-metadata")
