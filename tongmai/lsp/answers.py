"""Completion, hover and definition for a mapping file, from the content and what is typed. Words in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.sdk.manifest import Lines, Stream
from mappings.language.compile import Surroundings
from mappings.language.definition import MappingFile
from mappings.language.functions import FUNCTIONS
from masterdata.model.entity import Entity, Field, LineField
from tongmai.cli.reference.words import WORDS
from tongmai.core import yamlfile
from tongmai.core.text import Text
from tongmai.lsp.cursor import Cursor, at
from tongmai.sync.content import Content

_HEADS = ("from", "to", "extends", "reverses")


@dataclass(frozen=True)
class Item:
    """One completion: what is inserted, what kind of thing it is, a line and a longer text beside it."""

    label: str
    kind: str
    detail: str = ""
    doc: str = ""


@dataclass(frozen=True)
class Place:
    """A place in a file, line and column from 0."""

    file: str
    line: int
    column: int


class Mapping:
    """A mapping file that is being written. ``name``: `system/name`."""

    def __init__(self, content: Content, name: str, text: str) -> None:
        self.content, self.name, self.text = content, name, text
        self.system = name.partition("/")[0]
        self.source = _value(text, "from")
        self.target = _value(text, "to")
        self.around: Surroundings | None = content.mappings.surroundings.get(name)
        definition = content.mappings.definitions.get(name)
        if definition is not None and (definition.data.extends or definition.data.reverses):
            self.source, self.target = definition.data.source, definition.data.target
        self.outbound = bool(self.source) and "." not in self.source

    @property
    def entity(self) -> Entity | None:
        """The entity's side of the mapping."""
        return self.content.schema.entities.get(self.source if self.outbound else self.target)

    def complete(self, line: int, column: int) -> list[Item]:
        """What could stand at the cursor."""
        cursor = at(self.text, line, column)
        makers = {
            "top-key": self._keys,
            "head": self._heads,
            "field": self._left,
            "expression": self._right,
            "list-argument": self._arguments,
        }
        maker = makers.get(cursor.kind)
        return list(maker(cursor)) if maker is not None else []

    def hover(self, line: int, column: int) -> str:
        """What the word at the cursor means, in both languages; empty when nobody knows."""
        lines = self.text.split("\n")
        current = lines[line] if line < len(lines) else ""
        start, end = _word_at(current, column)
        word = current[start:end]
        if not word:
            return ""
        cursor = at(self.text, line, end)
        if cursor.kind == "top-key" or (cursor.kind == "head" and start < current.find(":")):
            return _both(WORDS.get(f"MappingFile.{word}"))
        return next((one.doc or one.detail for one in self._meanings(cursor, current, start) if one.label == word), "")

    def definition(self, line: int, column: int) -> Place | None:
        """Where the word at the cursor is declared: a fragment, a term list, an entity, another mapping."""
        lines = self.text.split("\n")
        current = lines[line] if line < len(lines) else ""
        start, end = _word_at(current, column, extra="/.")
        word = current[start:end]
        known = self.content.mappings.definitions.get(word)
        if known is not None:
            return Place(str(known.file), 0, 0)
        name = word.rpartition(".")[2]
        fragments = self.around.fragments.by_name if self.around is not None else {}
        if name in fragments:
            mark = fragments[name].mark
            return Place(mark.file, mark.line - 1, mark.column - 1)
        return self._declared(name)

    def _declared(self, name: str) -> Place | None:
        schema = self.content.schema
        for file in schema.files:
            if (name in schema.terms and file.name == "terms.yaml") or (
                name in schema.entities and file.name == "entity.yaml"
            ):
                document = yamlfile.load(file)[0]
                data = document.data if isinstance(document.data, dict) else {}
                if name in data or data.get("entity") == name:
                    mark = document.key_mark(name) if name in data else document.mark("entity")
                    return Place(str(file), mark.line - 1, mark.column - 1)
        return None

    def _meanings(self, cursor: Cursor, current: str, start: int) -> Iterator[Item]:
        colon = current.find(":")
        if colon < 0 or start < colon:
            yield from self._left(cursor if cursor.kind == "field" else Cursor("field", inside=cursor.inside))
            if self.outbound:
                return
        yield from self._fields(cursor.inside)
        yield from _functions(self)
        yield from self._lists()
        yield from self._heads(Cursor("head", key="to"))
        yield from self._heads(Cursor("head", key="from"))

    def _keys(self, cursor: Cursor) -> Iterator[Item]:
        there = set(re.findall(r"^(\w+):", self.text, re.MULTILINE))
        for name, info in MappingFile.model_fields.items():
            key = info.alias or name
            if key not in there:
                yield Item(f"{key}: ", "key", "", _both(WORDS.get(f"MappingFile.{key}")))

    def _heads(self, cursor: Cursor) -> Iterator[Item]:
        if cursor.key in ("extends", "reverses"):
            own = f"{self.system}/"
            yield from (Item(name, "mapping") for name in self.content.mappings.definitions if name.startswith(own))
        if cursor.key not in ("from", "to"):
            return
        for name, entity in self.content.schema.entities.items():
            yield Item(name, "entity", f"{entity.label.en} / {entity.label.zh}")
        manifest = self.around.manifest if self.around is not None else None
        if manifest is not None:
            known = manifest.streams if cursor.key == "from" else manifest.writes
            yield from (Item(f"{self.system}.{name}", "stream") for name in known)

    def _left(self, cursor: Cursor) -> Iterator[Item]:
        if self.outbound:
            yield from self._payload(cursor.inside)
            return
        if self.entity is None:
            return
        specs: dict[str, Field] | dict[str, LineField] = self.entity.fields
        if cursor.inside and cursor.inside in self.entity.fields:
            specs = self.entity.fields[cursor.inside].fields
        there = set(re.findall(r"^\s+([\w.]+):", self.text, re.MULTILINE))
        for name, spec in specs.items():
            if not (isinstance(spec, Field) and spec.sum) and (
                name not in there or name == cursor.word or not cursor.word
            ):
                yield Item(name, "field", str(spec.type), self._dictionary(name, spec))

    def _payload(self, inside: str) -> Iterator[Item]:
        manifest = self.around.manifest if self.around is not None else None
        write = manifest.writes.get(self.target.partition(".")[2]) if manifest is not None else None
        stream = manifest.streams.get(write.stream) if manifest is not None and write is not None else None
        if stream is not None:
            yield from _source_fields(stream, inside)

    def _right(self, cursor: Cursor) -> Iterator[Item]:
        if cursor.after_pipe:
            yield from _functions(self)
            return
        if cursor.before.endswith("var."):
            variables = self.around.variables if self.around is not None else {}
            yield from (Item(name, "variable", repr(value)) for name, value in variables.items())
            return
        yield from self._fields(cursor.inside)
        yield from _functions(self)

    def _fields(self, inside: str) -> Iterator[Item]:
        """The names that an expression may read."""
        if self.outbound:
            if self.entity is not None:
                yield Item("id", "field", "text", "The entity's id.\n\n实体编号。")
                for name, spec in self.entity.fields.items():
                    yield Item(name, "field", str(spec.type), self._dictionary(name, spec))
            return
        manifest = self.around.manifest if self.around is not None else None
        stream = manifest.streams.get(self.source.partition(".")[2].partition("/")[0]) if manifest is not None else None
        if stream is not None:
            yield from _source_fields(stream, inside)

    def _arguments(self, cursor: Cursor) -> Iterator[Item]:
        if cursor.function in ("term", "term_out", "alias"):
            yield from self._lists()
        elif cursor.function == "ref" and cursor.argument == 0:
            yield from (Item(name, "entity", one.label.zh) for name, one in self.content.schema.entities.items())
        elif cursor.function in ("ref", "remote_key"):
            manifest = self.around.manifest if self.around is not None else None
            yield from (Item(name, "stream") for name in (manifest.streams if manifest is not None else ()))
        elif cursor.function == "lookup" and cursor.argument == 0:
            yield from (Item(name, "table") for name in (self.around.tables if self.around is not None else ()))
        elif cursor.function == "lookup":
            table = (
                self.around.tables.get(cursor.before.rpartition("(")[2].partition(",")[0].strip())
                if self.around
                else None
            )
            yield from (Item(name, "column") for name in (table.columns if table is not None else ()))
        else:
            function = FUNCTIONS.get(cursor.function)
            words = [word for each in function.parameters for word in each.choices] if function is not None else []
            yield from (Item(word, "word") for word in words)
            yield from self._fields(cursor.inside)

    def _lists(self) -> Iterator[Item]:
        for name, one in self.content.schema.terms.items():
            terms = "\n".join(f"* `{term}` {each.en} / {each.zh}" for term, each in one.terms.items())
            yield Item(
                name, "terms", f"{one.label.en} / {one.label.zh}", f"**{one.label.en} / {one.label.zh}**\n\n{terms}"
            )

    def _dictionary(self, name: str, spec: Field | LineField) -> str:
        """What the dictionary says of a field."""
        label = f"**{spec.label.en} / {spec.label.zh}**" if spec.label is not None else f"**{name}**"
        notes = [f"`{spec.type}`"]
        if spec.required:
            notes.append("required / 必填")
        if isinstance(spec, Field):
            notes += [f"owner / 归属: {spec.owner}"] if spec.owner else []
            notes += ["personal / 个人信息"] if spec.personal else []
        terms = ""
        if spec.type.name == "term":
            known = self.content.schema.terms[spec.type.arg].terms
            terms = "\n\n" + "\n".join(f"* `{term}` {each.en} / {each.zh}" for term, each in known.items())
        return f"{label}\n\n{' · '.join(notes)}{terms}"


def _functions(mapping: Mapping) -> Iterator[Item]:
    for name, one in FUNCTIONS.items():
        if one.direction == "both" or one.direction == ("out" if mapping.outbound else "in"):
            example = f"`{one.example.expression}` → `{one.example.gives}`"
            yield Item(
                name, "function", one.signature, f"`{one.signature}`\n\n{one.doc.en}\n\n{one.doc.zh}\n\n{example}"
            )
    fragments = mapping.around.fragments.expressions() if mapping.around is not None else {}
    for name, fragment in fragments.items():
        assert fragment.place is not None
        yield Item(
            name,
            "function",
            fragment.signature,
            f"`{fragment.signature}`: `{fragment.place.text}`\n\n{fragment.relative}",
        )


def _source_fields(stream: Stream, inside: str) -> Iterator[Item]:
    lines: Lines | None = stream.lines.get(inside)
    for name, kind in (lines.fields if lines is not None else stream.fields).items():
        yield Item(name, "field", kind, f"`{name}`: {kind}")
    if lines is not None:
        yield from (Item(f"head.{name}", "field", kind) for name, kind in stream.fields.items())
    else:
        yield from (Item(name, "field", "lines") for name in stream.lines)


def _both(words: Text | None) -> str:
    return f"{words.en}\n\n{words.zh}" if words is not None else ""


def _value(text: str, key: str) -> str:
    found = re.search(rf"^{key}:[ \t]*([^\s#]+)", text, re.MULTILINE)
    return found[1].strip("'\"") if found else ""


def _word_at(line: str, column: int, extra: str = "") -> tuple[int, int]:
    signs = rf"[\w{re.escape(extra)}]"
    start = column
    while start > 0 and re.match(signs, line[start - 1]):
        start -= 1
    end = column
    while end < len(line) and re.match(signs, line[end]):
        end += 1
    return start, end


def mapping_name(file: Path) -> str:
    """`system/name` of a mapping file, empty for another file."""
    parts = file.parts
    if (
        file.suffix != ".yaml"
        or len(parts) < 3
        or file.stem.endswith("_test")
        or file.name in ("terms.yaml", "fragments.yaml")
    ):
        return ""
    return f"{parts[-2]}/{file.stem}" if parts[-3] in ("mappings", "definitions") else ""
