"""JSON Schemas of the files that a site writes: mappings, their tests, syncs, entities, terms, connections.

They know the content: an entity's fields with their words are completed in a mapping, entities and connections in syncs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, TypeAdapter

from tongmai.cli.reference.words import WORDS

if TYPE_CHECKING:
    from tongmai.sync.content import Content

Node = dict[str, Any]
FUNCTIONS_HINT: Final = "Functions / 函数: `value | function(arguments)`"


def schema(kind: str, content: Content) -> Node:
    """The JSON Schema of a kind of file."""
    made = KINDS[kind](content)
    for node in (made, *made.get("$defs", {}).values()):
        worded(node)
    return made


def worded(node: Node) -> None:
    """Say what each key means, in both languages."""
    for name, member in node.get("properties", {}).items():
        words = WORDS.get(f"{node.get('title')}.{name}")
        if words is not None:
            member["description"] = f"{words.en}\n\n{words.zh}"
        member.pop("title", None)


def _model(model: type[BaseModel]) -> Node:
    return model.model_json_schema(by_alias=True, mode="validation")


def _mapping(content: Content) -> Node:
    from mappings.language.definition import MappingFile

    made = _model(MappingFile)
    entities = content.schema.entities
    made["$defs"] = {**made.get("$defs", {}), "value": _value()}
    words = [{"const": name, "description": f"{one.label.en}\n\n{one.label.zh}"} for name, one in entities.items()]
    free = {"type": "string", "pattern": r"^[^.]+\..+$", "description": "system.stream / 系统.数据流"}
    for key in ("from", "to"):
        made["properties"][key] = {**made["properties"][key], "anyOf": [*words, free]}
        for part in ("type", "default"):
            made["properties"][key].pop(part, None)
    made["properties"]["fields"]["additionalProperties"] = {"$ref": "#/$defs/value"}
    made["allOf"] = [_fields_of(name, content) for name in entities]
    return made


def _value() -> Node:
    """The right side of a field."""
    keys = {
        "if": {"type": "string"},
        "then": {},
        "else": {},
        "const": {},
        "from": {"type": "string"},
        "each": {"type": "string"},
        "only_if": {"type": "string"},
        "fields": {"type": "object"},
    }
    return {
        "anyOf": [
            {"type": "string", "description": FUNCTIONS_HINT},
            {"type": "array", "items": {"type": ["string", "object"]}},
            {"type": "object", "properties": keys},
        ]
    }


def _fields_of(name: str, content: Content) -> Node:
    """What follows when a mapping goes to an entity: its fields are the ones to write."""
    entity = content.schema.entities[name]
    fields: Node = {}
    for one, spec in entity.fields.items():
        if spec.sum:
            continue
        label = f"{spec.label.en} / {spec.label.zh}" if spec.label is not None else one
        notes = [
            str(spec.type),
            *(["required / 必填"] if spec.required else []),
            *(["personal / 个人信息"] if spec.personal else []),
        ]
        if spec.type.name == "term":
            notes.append(
                "; ".join(f"{term} {each.zh}" for term, each in content.schema.terms[spec.type.arg].terms.items())
            )
        fields[one] = {"$ref": "#/$defs/value", "description": f"{label}\n\n{' · '.join(notes)}"}
    body = {"fields": {"properties": fields, "additionalProperties": False}}
    return {"if": {"properties": {"to": {"const": name}}, "required": ["to"]}, "then": {"properties": body}}


def _tests(content: Content) -> Node:
    from mappings.language.cases import Case

    made: Node = TypeAdapter(list[Case]).json_schema(by_alias=True, mode="validation")
    return made


def _sync(content: Content) -> Node:
    from tongmai.sync.specs import Group, Inbound, Outbound

    made: Node = TypeAdapter(Inbound | Outbound | Group).json_schema(by_alias=True, mode="validation")
    definitions = made["$defs"]
    connections = _words(content.specs.connections)
    for name in ("Read", "Write"):
        definitions[name]["properties"]["connection"] |= connections
    mappings = content.mappings.definitions
    definitions["Inbound"]["properties"]["map"] |= _words(name for name, one in mappings.items() if not one.outbound)
    definitions["Outbound"]["properties"]["map"] |= _words(name for name, one in mappings.items() if one.outbound)
    definitions["Outbound"]["properties"]["of"] |= _words(content.schema.entities)
    return made


def _words(names: Any) -> Node:
    """Known names are completed; others are for `tongmai check` to judge."""
    return {"anyOf": [{"enum": sorted(names)}, {"type": "string"}]}


def _entity(content: Content) -> Node:
    from masterdata.model.entity import Entity
    from masterdata.model.schema import Extension

    made: Node = TypeAdapter(Entity | Extension).json_schema(by_alias=True, mode="validation")
    _told_apart(made, "extend", "Extension", "Entity")
    made["$defs"]["Extension"]["properties"]["extend"] |= _words(content.schema.entities)
    types = ["text", "integer", "decimal", "boolean", "date", "datetime", "uscc", "phone", "email", "url", "lines"]
    types += [f"term({name})" for name in content.schema.terms] + [f"ref({name})" for name in content.schema.entities]
    one = {"anyOf": [{"enum": types}, {"type": "string"}]}
    made["$defs"]["FieldType"] = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 1}]}
    return made


def _terms(content: Content) -> Node:
    from masterdata.model.terms import ListChange, TermList

    made: Node = TypeAdapter(dict[str, TermList | ListChange]).json_schema(by_alias=True, mode="validation")
    _told_apart(made["additionalProperties"], "extends", "ListChange", "TermList")
    return made


def _told_apart(node: Node, key: str, with_it: str, without: str) -> None:
    """One of two models by a key, so that an editor says what is wrong with the one that is meant."""
    del node["anyOf"]
    node |= {
        "if": {"required": [key]},
        "then": {"$ref": f"#/$defs/{with_it}"},
        "else": {"$ref": f"#/$defs/{without}"},
    }


def _survivorship(content: Content) -> Node:
    from masterdata.model.survivorship import TESTS, SurvivorshipFile

    made = _model(SurvivorshipFile)
    words = [{"enum": sorted({word for each in TESTS.values() for word in each})}]
    rules = made["$defs"]["FieldRules"]["properties"]
    for key in ("never", "last"):
        rules[key] = {"anyOf": [*words, {"type": "array", "items": words[0]}], "default": []}
    made["properties"]["survivorship"]["enum"] = list(content.schema.entities)
    return made


def _value_maps(content: Content) -> Node:
    from mappings.language.valuemaps import ValueMap

    made: Node = TypeAdapter(dict[str, ValueMap]).json_schema(by_alias=True, mode="validation")
    return made


def _connections(content: Content) -> Node:
    from connectors import registry
    from tongmai.sync.specs import Connection

    made: Node = TypeAdapter(dict[str, Connection]).json_schema(by_alias=True, mode="validation")
    made["$defs"]["Connection"]["properties"]["connector"] |= _words(registry.names())
    return made


def _dictionary(content: Content) -> Node:
    from masterdata.model.terms import TermFile

    made = _model(TermFile)
    made["properties"]["list"] |= _words(content.schema.terms)
    return made


def _kpi(content: Content) -> Node:
    from masterdata.model.kpi import Kpi

    made = _model(Kpi)
    made["properties"]["of"] |= _words(content.schema.entities)
    return made


def _data_quality(content: Content) -> Node:
    from masterdata.model.quality import QualityRules

    made = _model(QualityRules)
    made["properties"]["quality"] |= _words(content.schema.entities)
    for section in ("completeness", "validity", "agreement", "uniqueness"):
        one = made["properties"][section]["additionalProperties"]
        made["properties"][section]["additionalProperties"] = {"anyOf": [{"type": "number"}, one]}
    return made


KINDS: Final[dict[str, Callable[[Content], Node]]] = {
    "mapping": _mapping,
    "mapping_test": _tests,
    "value_maps": _value_maps,
    "sync": _sync,
    "entity": _entity,
    "terms": _terms,
    "survivorship": _survivorship,
    "data_quality": _data_quality,
    "connections": _connections,
    "dictionary": _dictionary,
    "kpi": _kpi,
}
"""Kind of file: what makes its schema."""
