"""A small world to map into: one entity, its dictionary, mappings compiled from text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.sdk.manifest import Manifest
from mappings.language import CompiledMapping, Mapped, Mappings, load_mappings
from masterdata.model import Schema, load_schema

ENTITY = """
entity: thing
label: {zh: 东西, en: Thing}
fields:
  name:   {type: text, required: true, label: {zh: 名称, en: Name}}
  note:   {type: text, expected: true, label: {zh: 备注, en: Note}}
  count:  {type: integer, label: {zh: 数量, en: Count}}
  price:  {type: decimal, label: {zh: 价格, en: Price}}
  day:    {type: date, label: {zh: 日期, en: Day}}
  until:  {type: date, label: {zh: 截止, en: Until}}
  at:     {type: datetime, label: {zh: 时间, en: At}}
  good:   {type: boolean, label: {zh: 良好, en: Good}}
  code:   {type: uscc, label: {zh: 代码, en: Code}}
  phones: {type: [phone], label: {zh: 电话, en: Phones}}
  mail:   {type: email, label: {zh: 邮箱, en: Mail}}
  site:   {type: url, label: {zh: 网址, en: Site}}
  state:  {type: term(state), label: {zh: 状态, en: State}}
  parent: {type: ref(thing), label: {zh: 上级, en: Parent}}
rules:
  - holds: until >= day
    code: ends-before-it-begins
    label: {zh: 截止早于开始, en: It ends before it begins}
    otherwise: quarantine
  - holds: state != "open" or price > 0
    code: open-and-free
    label: {zh: 在售必须有价, en: What is open has a price}
"""
TERMS = """
state:
  label: {zh: 状态, en: State}
  terms:
    open: {zh: 开, en: Open}
    shut: {zh: 关, en: Shut}
    gone: {zh: 没了, en: Gone}
other_state:
  label: {zh: 另一状态, en: Other state}
  terms:
    one: {zh: 一, en: One}
"""
VALUES = """
state:
  in: {O: open, S: shut, "0": shut}
  out: {open: O, shut: S}
  refused: [gone]
spelling:
  alias: {colour: color}
"""
REGIONS = """
code,name,manager
310000,上海市,E01
110000,北京市,
"""


class World:
    """A folder of entities and a folder of mappings that a test fills."""

    def __init__(self, root: Path) -> None:
        self.entities = root / "entities"
        self.folder = root / "mappings" / "definitions"
        self.manifest: Manifest | None = None
        self.sites: list[Path] = []
        self.write(self.entities / "thing" / "entity.yaml", ENTITY)
        self.write(self.entities / "thing" / "terms.yaml", TERMS)
        self.write(self.folder / "acme" / "terms.yaml", VALUES)
        self.write(self.folder / "acme" / "tables" / "regions.csv", REGIONS)

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
        return path

    def mapping(self, fields: str, *, head: str = "", name: str = "things") -> Path:
        """An inbound mapping with these indented field lines."""
        text = f"mapping: acme/{name}\nfrom: acme.Things\nto: thing\n{head}fields:\n{fields.strip(chr(10))}\n"
        return self.write(self.folder / "acme" / f"{name}.yaml", text)

    def out(self, fields: str, *, head: str = "") -> Path:
        """An outbound mapping."""
        text = f"mapping: acme/things.out\nfrom: thing\nto: acme.Things\n{head}fields:\n{fields.strip(chr(10))}\n"
        return self.write(self.folder / "acme" / "things.out.yaml", text)

    def schema(self) -> Schema:
        schema = load_schema([self.entities])
        assert not schema.findings, [finding.line() for finding in schema.findings]
        return schema

    def load(self) -> Mappings:
        return load_mappings([self.folder, *self.sites], self.schema(), lambda system: self.manifest)

    def site(self, name: str, text: str) -> Path:
        """A file of the site's mappings folder."""
        folder = self.folder.parent.parent / "site" / "mappings"
        self.sites = [folder]
        return self.write(folder / name, text)

    def errors(self) -> list[tuple[str, int, int, str, str]]:
        """(file, line, column, code, suggestion) of every error."""
        return [
            (Path(f.mark.file).name, f.mark.line, f.mark.column, f.code.removeprefix("mapping."), f.suggestion)
            for f in self.load().findings
            if f.severity == "error"
        ]

    def compiled(self, fields: str, *, head: str = "") -> CompiledMapping:
        self.mapping(fields, head=head)
        loaded = self.load()
        assert not [f.line() for f in loaded.findings if f.severity == "error"]
        return loaded.by_name["acme/things"]

    def compiled_out(self, fields: str, *, head: str = "") -> CompiledMapping:
        self.out(fields, head=head)
        loaded = self.load()
        assert not [f.line() for f in loaded.findings if f.severity == "error"]
        return loaded.by_name["acme/things.out"]

    def map(self, fields: str, record: dict[str, object], *, head: str = "") -> Mapped:
        """One record through a mapping of these fields (a name is added)."""
        return self.compiled("  name: \"'n' | text\"\n" + fields.strip("\n"), head=head).run([record], None)[0]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


Evaluate = Callable[..., object]


@pytest.fixture
def give(world: World) -> Evaluate:
    """``give(expression, record, field)`` maps one field and gives its canonical value; errors fail the test."""

    def evaluate(expression: str, record: dict[str, object], field: str = "note") -> object:
        quoted = "'" + expression.replace("'", "''") + "'"
        mapped = world.map(f"  {field}: {quoted}", record)
        assert not mapped.errors, mapped.errors
        return mapped.references.get(field) or mapped.fields[field]

    return evaluate
