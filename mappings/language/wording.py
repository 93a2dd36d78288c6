"""How fields and values of a mapping's result are shown to people: labels, terms by their names, personal data masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mappings.language.changes import ABSENT, whole_field
from mappings.language.types import CompiledMapping, Issue, Mapped, Reference
from masterdata.model.entity import Entity, Field, LineField
from masterdata.model.schema import Schema
from tongmai.core.codes import explain
from tongmai.core.text import Text

MASK = "••••"
_LEAST = 2
_NOT_GIVEN = Text("not given", "未提供")
_EMPTY = Text("empty", "空")
_TRUE, _FALSE = Text("yes", "是"), Text("no", "否")


@dataclass(frozen=True)
class Wording:
    """The words for one mapping: by its entity and terms now, then as they were (``schemas``). ``show_personal``: no masks."""

    mappings: tuple[CompiledMapping, ...]
    schemas: tuple[Schema, ...]
    show_personal: bool = False

    @property
    def entity(self) -> Text:
        """What one record is."""
        name = self.mappings[0].entity
        for entity in self.entities():
            return Text(entity.label.en, entity.label.zh)
        return Text(name, name)

    def titles(self) -> tuple[str, ...]:
        """Fields that may name a record for people, best first; none that is personal."""
        for entity in self.entities():
            mapping = self.mappings[0]
            names = dict.fromkeys([entity.matching.name, "name", "number", "title", *entity.matching.exact])
            if mapping.outbound:
                wanted = [to for name in names for to, reads in mapping.reads_of.items() if reads == {name}]
            else:
                wanted = [name for name in names if name in entity.fields]
            return tuple(name for name in wanted if self.show_personal or not self.personal(name))
        return ()

    def label(self, field: str) -> Text:
        """A field's name for people; a payload's field with what it is made of."""
        if not field:
            return Text("the record", "整条记录")
        if self.mappings[0].outbound:
            labels = [label for name in sorted(self._reads(field)) if (label := self._label(name))][:2]
            en, zh = " + ".join(one.en for one in labels), " + ".join(one.zh for one in labels)
            return Text(f"{field} ({en})", f"{field}（{zh}）") if labels else Text(field, field)
        return self._label(field) or Text(field, field)

    def short_label(self, field: str) -> str:
        """A field's name where there is little room, inbound with its label behind."""
        label = None if self.mappings[0].outbound else self._label(field)
        return f"{field} ({label})" if label else field

    def value(self, field: str, value: Any) -> Text:
        """A value in words. One of a personal field is masked; that it is empty is no secret."""
        if value is ABSENT:
            return _NOT_GIVEN
        if value is None or value in ("", []):
            return _EMPTY
        if self.hidden(field):
            return Text(MASK, MASK)
        return self._shown(field, value)

    def hidden(self, field: str) -> bool:
        """Whether a field's values are masked."""
        return not self.show_personal and self.personal(field)

    def is_term(self, field: str, value: str) -> bool:
        """Whether a value is a term of the dictionary."""
        return self._term(field, value) is not None

    def raw(self, field: str, value: Any) -> Any:
        """A value for machines, masked as for people; a reference as ``{entity, key, …}``."""
        if value is ABSENT or value is None:
            return None
        if value not in ("", []) and self.hidden(field):
            return MASK
        if isinstance(value, Reference):
            return {
                "entity": value.entity, "key": value.key, "stream": value.stream, "optional": value.optional, "by": value.by,
            }  # fmt: skip
        if isinstance(value, list):
            return [
                {name: self.raw(f"{field}.{name}", one) for name, one in each.items()}
                if isinstance(each, dict)
                else self.raw(field, each)
                for each in value
            ]
        if isinstance(value, dict):
            return {name: self.raw(f"{field}.{name}", one) for name, one in value.items()}
        return value

    def personal(self, field: str) -> bool:
        """Whether a field holds a person's data: as the entity says, outbound of whatever a payload's field is made of."""
        name = whole_field(field)
        if not self.mappings[0].outbound:
            return self._is_personal(name)
        return any(map(self._is_personal, self._reads(name)))

    def issue(self, issue: Issue, private: frozenset[str]) -> Issue:
        """An issue as it may be shown: what quotes a person's data is masked."""
        if self.show_personal:
            return issue
        quotes = self.personal(issue.field)
        words = explain(issue.code)
        message = (words.en if words else MASK) if quotes and issue.value else self.masked(issue.message, private)
        value = MASK if quotes and issue.value else self.masked(issue.value, private)
        return Issue(issue.field, issue.code, message, issue.place, value)

    def masked(self, text: str, private: frozenset[str]) -> str:
        """A text without a record's personal texts."""
        if self.show_personal:
            return text
        for one in sorted(private, key=len, reverse=True):
            text = text.replace(one, MASK)
        return text

    def sources(self) -> frozenset[str]:
        """Fields of the source that a personal field is made of."""
        found = {one for mapping in self.mappings for name, one in _all_reads(mapping) if self.personal(name)}
        if self.mappings[0].outbound:
            found |= {name for entity in self.entities() for name in entity.fields if self._is_personal(name)}
        return frozenset(found)

    def private(self, record: Mapping[str, Any], results: Iterable[Mapped]) -> frozenset[str]:
        """The texts of one record that are a person's data, as they came and as they were mapped."""
        if self.show_personal:
            return frozenset()
        found: set[str] = set()
        for name in self.sources():
            for step in (name, name.partition(".")[0], name.removeprefix("head.").partition(".")[0]):
                if step in record:
                    found.update(_texts(record[step]))
                    break
        for mapped in results:
            for name, value in mapped.fields.items():
                if self.personal(name):
                    found.update(_texts(value))
        return frozenset(one for one in found if len(one) >= _LEAST)

    def entities(self) -> Iterator[Entity]:
        """The mapping's entity in each of the schemas that have it."""
        name = self.mappings[0].entity
        return (schema.entities[name] for schema in self.schemas if name in schema.entities)

    def _spec(self, name: str) -> Field | LineField | None:
        top, _, below = name.partition(".")
        for entity in self.entities():
            spec = entity.fields.get(top)
            if spec is not None and (not below or below in spec.fields):
                return spec.fields[below] if below else spec
        return None

    def _is_personal(self, name: str) -> bool:
        spec = self._spec(name)
        if isinstance(spec, Field) and spec.fields:
            return spec.personal
        whole = self._spec(name.partition(".")[0])
        return bool((spec and spec.personal) or (whole and whole.personal))

    def _label(self, name: str) -> Text | None:
        spec, whole = self._spec(name), self._spec(name.partition(".")[0])
        if spec is None:
            return None
        if spec is whole or whole is None:
            return Text(spec.label.en, spec.label.zh)
        return Text(f"{whole.label.en} · {spec.label.en}", f"{whole.label.zh} · {spec.label.zh}")

    def _reads(self, field: str) -> set[str]:
        """Canonical fields that a payload's field, or the field it stands in, is made of."""
        found: set[str] = set()
        for mapping in self.mappings:
            reads = mapping.line_reads.get(field)
            if reads is None:
                reads = mapping.reads_of.get(field) or mapping.reads_of.get(field.partition(".")[0], frozenset())
            found |= {name.removeprefix("head.") for name in reads}
        return found

    def _shown(self, field: str, value: Any) -> Text:
        if isinstance(value, bool):
            return _TRUE if value else _FALSE
        if isinstance(value, Reference):
            told = [value.by or value.stream, *(["optional"] if value.optional else [])]
            en = ", ".join(one for one in told if one)
            zh = en.replace(", ", "，").replace("optional", "可选")
            return Text(f"{value.key} ({en})", f"{value.key}（{zh}）") if en else Text(value.key, value.key)
        if isinstance(value, list):
            if any(isinstance(each, dict) for each in value):
                return Text(f"{len(value)} line(s)", f"{len(value)} 行")
            parts = [self._shown(field, each) for each in value]
            return Text(", ".join(one.en for one in parts), "、".join(one.zh for one in parts))
        if isinstance(value, str):
            return self._term(field, value) or Text(visible(value), visible(value))
        return Text(str(value), str(value))

    def _term(self, field: str, value: str) -> Text | None:
        spec = None if self.mappings[0].outbound else self._spec(field)
        if spec is None or spec.type.name != "term":
            return None
        for schema in self.schemas:
            terms = schema.terms.get(spec.type.arg)
            if terms is not None and value in terms.terms:
                return Text(terms.terms[value].en, terms.terms[value].zh)
        return None


def visible(text: str) -> str:
    """Text with blanks at its ends, tabs and line breaks made visible: they are often all that changes."""
    core = text.strip(" \u3000\u00a0")
    if len(core) != len(text):
        start = text.find(core) if core else 0
        text = "␣" * start + core + "␣" * (len(text) - start - len(core))
    return text.replace("\n", "⏎").replace("\t", "⇥").replace("\r", "␍")


def issue_label(wording: Wording, field: str, code: str) -> Text:
    """What an issue is about, in words of the reader."""
    words = explain(code)
    if words is None:  # a rule of the entity's own, which says in its label what it is about
        rules = [rule for entity in wording.entities() for rule in entity.rules]
        return next((Text(rule.label.en, rule.label.zh) for rule in rules if rule.code == code), Text(code, code))
    label = wording.label(field)
    return Text(f"{label.en}: {words.en}", f"{label.zh}：{words.zh}") if field else words


def _all_reads(mapping: CompiledMapping) -> Iterator[tuple[str, str]]:
    for reads_of in (mapping.reads_of, mapping.line_reads):
        yield from ((name, one) for name, reads in reads_of.items() for one in reads)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    else:
        yield str(value)
