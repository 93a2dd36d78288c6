"""JSON Schemas of the files of a connector, from their typed models, with words in both languages for an editor's hover."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from connectors.sdk.manifest import DEFAULTS, Manifest
from connectors.testing.contract import suite
from connectors.testing.contract.fixture import Fixture
from connectors.testing.contract.quality import Quality
from connectors.testing.contract.rule import RULES
from connectors.testing.declared.model import Simulated
from tongmai.cli import content_schemas
from tongmai.cli.reference.words import WORDS

if TYPE_CHECKING:
    from tongmai.sync.content import Content

FILES: Final[dict[str, tuple[type[BaseModel], str]]] = {
    "connector": (Manifest, "connector.yaml"),
    "simulator": (Simulated, "simulator.yaml"),
    "quality": (Quality, "quality.yaml"),
    "contract": (Fixture, "fixtures/contract.yaml"),
}
"""Kind of file: its model, and where it lies in a connector's folder."""
FOLDER: Final = ".schemas"
"""Where a site folder keeps its schemas."""
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SAME: Final = {"WriteRequestSpec": "Operation", "ReadRequestSpec": "CheckCall"}
"""Models whose keys are explained with another one."""
Node = dict[str, Any]


def schema(kind: str) -> Node:
    """The JSON Schema of a kind of file."""
    model, file = FILES[kind]
    made: Node = model.model_json_schema(by_alias=True, mode="validation")
    for node in (made, *made.get("$defs", {}).values()):
        _worded(node)
    if model is Manifest:
        _with_defaults(made)
    if model is Quality:
        _with_rules(made)
    return {"$schema": _DIALECT, **made, "title": file}


def text(kind: str) -> str:
    """The schema as a file."""
    return json.dumps(schema(kind), ensure_ascii=False, indent=1, default=str) + "\n"


def write_content(folder: Path, content: Content) -> list[Path]:
    """Write the schemas of the files that a site writes into a folder; they know the content."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in content_schemas.KINDS:
        made = {"$schema": _DIALECT, **content_schemas.schema(kind, content)}
        written.append(folder / f"{kind}.json")
        text = json.dumps(made, ensure_ascii=False, indent=1, default=str) + "\n"
        written[-1].write_text(text, encoding="utf-8")
    return written


def write(folder: Path) -> list[Path]:
    """Write every schema into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in FILES:
        written.append(folder / f"{kind}.json")
        written[-1].write_text(text(kind), encoding="utf-8")
    return written


def modeline(kind: str, file: Path, folder: Path) -> str:
    """The first line of a YAML file by which an editor finds its schema in ``folder``."""
    path = Path(os.path.relpath(folder / f"{kind}.json", file.parent)).as_posix()
    return f"# yaml-language-server: $schema={path}\n"


def _worded(node: Node) -> None:
    """Say what each key means, in both languages."""
    for name, member in node.get("properties", {}).items():
        title = _SAME.get(node["title"], node["title"])
        words = WORDS.get(f"{title}.{name}")
        if words is not None:
            member["description"] = f"{words.en}\n\n{words.zh}"
        member.pop("title", None)


def _with_defaults(made: Node) -> None:
    """What ``defaults`` gives need not stand in each entry, and an entry takes a member of it away by naming it empty."""
    definitions = made["$defs"]
    owed: Node = {}
    reached: set[str] = set()
    for section in DEFAULTS:
        name = _reference(made["properties"][section]["additionalProperties"])
        if required := definitions[name].pop("required", []):
            owed[section] = {"additionalProperties": {"required": required}}
        reached |= _reach(definitions, name)
    for name in reached:
        node = definitions[name]
        for member, shape in node.get("properties", {}).items():
            if member not in node.get("required", ()):
                node["properties"][member] = _or_nothing(shape)
    made["allOf"] = [{"if": {"not": {"required": ["defaults"]}}, "then": {"properties": owed}}]


def _with_rules(made: Node) -> None:
    """Each rule by its id, with what it asks."""
    assert suite.chosen([])  # this loads them
    state = {"anyOf": [{"const": "done"}, {"$ref": "#/$defs/Exempt"}]}
    rules = {each.id: {**state, "description": f"{each.title.en}\n\n{each.title.zh}"} for each in RULES.values()}
    node = made["properties"]["rules"]
    node.update(properties=rules, additionalProperties=False)


def _or_nothing(shape: Node) -> Node:
    """The same, or empty."""
    kept: Node = {name: shape[name] for name in ("description", "default") if name in shape}
    return {**kept, "anyOf": [{name: value for name, value in shape.items() if name not in kept}, {"type": "null"}]}


def _reach(definitions: Node, name: str) -> set[str]:
    found, queue = set(), [name]
    while queue:
        one = queue.pop()
        if one not in found:
            found.add(one)
            queue += _references(definitions[one])
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield _reference(node)
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _reference(node: Node) -> str:
    return str(node["$ref"]).rpartition("/")[2]
