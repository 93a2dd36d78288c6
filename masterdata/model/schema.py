"""All entities and term lists of the product and the site folders, checked against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic import Field as PydanticField

from masterdata.model import survival
from masterdata.model.dictionary import load_additions
from masterdata.model.entity import LINES, Entity, Field, LineField, Rule, Search
from masterdata.model.matching import MatchingRules
from masterdata.model.quality import QualitySource
from masterdata.model.quality_files import load_quality
from masterdata.model.registration import check_registration
from masterdata.model.survivorship import SurvivorshipFile
from masterdata.model.terms import ListChange, TermFile, TermList
from tongmai.core import yamlfile
from tongmai.core.finding import Finding, nearest
from tongmai.core.yamlfile import Document


@dataclass
class Schema:
    """What the hub knows: entities, term lists and matching rules by name, the files they came from, and every mistake.

    ``additions``: terms and values that sites added to the lists, each with its file.
    ``weights``: the file of learnt weights of an entity's matching rules; a site's takes the place of the product's.
    ``quality``: what good data of an entity is; no part of the digest, since no record is mapped or chosen by it.
    """

    entities: dict[str, Entity] = field(default_factory=dict)
    terms: dict[str, TermList] = field(default_factory=dict)
    matching: dict[str, MatchingRules] = field(default_factory=dict)
    weights: dict[str, Path] = field(default_factory=dict)
    quality: dict[str, QualitySource] = field(default_factory=dict)
    additions: list[tuple[Document, TermFile]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def digest(self) -> bytes:
        """16 bytes over every entity and term list."""
        state = blake2b(digest_size=16)
        for name in sorted(self.entities):
            state.update(self.entities[name].model_dump_json().encode())
        for name in sorted(self.terms):
            state.update(self.terms[name].model_dump_json().encode())
        for name in sorted(self.matching):
            state.update(self.matching[name].model_dump_json().encode())
        for name in sorted(self.weights):
            state.update(self.weights[name].read_bytes())
        return state.digest()


class Extension(BaseModel):
    """A site's addition to an entity of the product: ``extend: customer`` with more ``fields``, fields to ``search`` by, ``rules``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    extend: str
    fields: dict[str, Field] = PydanticField(default_factory=dict)
    search: Search = Search()
    rules: tuple[Rule, ...] = ()


def load_schema(folders: Sequence[Path], additions: Sequence[Path] = ()) -> Schema:
    """Read ``<folder>/<entity>/entity.yaml`` and ``terms.yaml`` of every folder, in order (product first).

    ``additions``: folders with terms that were added to the lists."""
    schema = Schema()
    documents: dict[str, Document] = {}
    extensions: list[tuple[Document, Extension]] = []
    rules: dict[str, Document] = {}
    survivals: dict[str, Document] = {}
    for folder in folders:
        for file in sorted(folder.glob("*/entity.yaml")):
            _entity_file(file, schema, documents, extensions)
        for file in sorted(folder.glob("*/terms.yaml")):
            _terms_file(file, schema)
        for file in sorted(folder.glob("*/matching.yaml")):
            _matching_file(file, schema, rules)
        for file in sorted(folder.glob("*/survivorship.yaml")):
            _survivorship_file(file, schema, documents, survivals)
        schema.weights.update({file.parent.name: file for file in sorted(folder.glob("*/weights.json"))})
    load_additions(schema, additions)
    for document, extension in extensions:
        _extend(schema, document, extension)
    for name, entity in schema.entities.items():
        _check_links(schema, entity, documents[name])
        schema.findings += survival.mistakes(entity, survivals.get(name, documents[name]), name in survivals)
    _take_over(schema, rules)
    judged = [file for folder in folders for file in sorted(folder.glob("*/quality.yaml"))]
    schema.files += judged
    schema.quality, mistakes = load_quality(judged, schema.entities)
    schema.findings += mistakes
    if rules:
        from masterdata.matching.check import check_rules  # it knows this room's models

        for name, document in rules.items():
            before = len(document.findings)
            check_rules(schema.matching[name], schema.entities, document)
            schema.findings.extend(document.findings[before:])
    return schema


def _entity_file(
    file: Path, schema: Schema, documents: dict[str, Document], extensions: list[tuple[Document, Extension]]
) -> None:
    document = yamlfile.load(file)[0]
    schema.files.append(file)
    if isinstance(document.data, dict) and "extend" in document.data:
        extension = yamlfile.check(document, Extension, "entity")
        if extension:
            extensions.append((document, extension))
    else:
        entity = yamlfile.check(document, Entity, "entity")
        if entity and entity.entity in schema.entities:
            document.add(
                document.mark("entity"),
                "entity.exists",
                f"entity `{entity.entity}` exists already; write `extend: {entity.entity}` to add fields",
                f"实体 `{entity.entity}` 已存在；要增加字段请写 `extend: {entity.entity}`",
            )
        elif entity:
            if entity.entity != file.parent.name:
                document.add(
                    document.mark("entity"),
                    "entity.name",
                    f"the folder is called `{file.parent.name}`",
                    f"文件夹名是 `{file.parent.name}`，两者必须一致",
                    file.parent.name,
                )
            schema.entities[entity.entity] = entity
            documents[entity.entity] = document
    schema.findings.extend(document.findings)


def _terms_file(file: Path, schema: Schema) -> None:
    document = yamlfile.load(file)[0]
    schema.files.append(file)
    if not isinstance(document.data, dict):
        document.add(document.mark(), "terms.shape", "term lists by name are expected", "应为按名称列出的词表")
    else:
        for name in document.data:
            if isinstance(document.data[name], dict) and "extends" in document.data[name]:
                _list_change(document, schema, name)
                continue
            found = yamlfile.check(document, TermList, "terms", (name,))
            if found is None:
                continue
            if name in schema.terms:
                document.add(
                    document.key_mark(name),
                    "terms.exists",
                    f"term list `{name}` exists already; write `extends: true` to say how strict it is or who decides on it",
                    f"词表 `{name}` 已存在；要改变其严格程度或归属请写 `extends: true`",
                )
                continue
            for word, term in found.terms.items():
                for index, following in enumerate(term.next or ()):
                    if following not in found.terms:
                        document.add(
                            document.mark(name, "terms", word, "next", index),
                            "terms.unknown-term",
                            f"unknown term `{following}`",
                            f"未知的词条 `{following}`",
                            nearest(following, found.terms),
                        )
                _check_instead(document, name, found, word)
            schema.terms[name] = found
    schema.findings.extend(document.findings)


def _list_change(document: Document, schema: Schema, name: str) -> None:
    change = yamlfile.check(document, ListChange, "terms", (name,))
    if name not in schema.terms:
        document.add(
            document.key_mark(name),
            "terms.extends-nothing",
            f"there is no term list `{name}` to extend",
            f"没有可扩展的词表 `{name}`",
            nearest(name, schema.terms),
        )
    elif change is not None:
        schema.terms[name] = change.onto(schema.terms[name])


def _check_instead(document: Document, name: str, found: TermList, word: str) -> None:
    """A term that is retired may say which one stands for it: one that is in use."""
    term = found.terms[word]
    if not term.instead:
        return
    mark = document.mark(name, "terms", word, "instead")
    if term.instead not in found.terms:
        document.add(
            mark,
            "terms.unknown-term",
            f"unknown term `{term.instead}`",
            f"未知的词条 `{term.instead}`",
            nearest(term.instead, found.terms),
        )
    elif not term.retired or found.terms[term.instead].retired:
        en = (
            f"`{term.instead}` is retired itself"
            if term.retired
            else f"`{word}` is not retired: `instead` says nothing"
        )
        zh = f"`{term.instead}` 本身已停用" if term.retired else f"`{word}` 未停用，`instead` 无意义"
        document.add(mark, "terms.instead", en, zh)


def _matching_file(file: Path, schema: Schema, documents: dict[str, Document]) -> None:
    """A later folder's rules take the place of an earlier one's: they are one thought, not a list to be added to."""
    document = yamlfile.load(file)[0]
    schema.files.append(file)
    rules = yamlfile.check(document, MatchingRules, "matching")
    schema.findings.extend(document.findings)
    if rules is not None:
        schema.matching[rules.matching] = rules
        documents[rules.matching] = document


def _survivorship_file(file: Path, schema: Schema, documents: dict[str, Document], found: dict[str, Document]) -> None:
    """The rules of an entity; a later folder's take the place of an earlier one's."""
    document = yamlfile.load(file)[0]
    schema.files.append(file)
    rules = yamlfile.check(document, SurvivorshipFile, "survivorship")
    entity = schema.entities.get(rules.survivorship) if rules else None
    if rules and entity is None:
        document.add(
            document.mark("survivorship"),
            "entity.unknown",
            f"unknown entity `{rules.survivorship}`",
            f"未知的实体 `{rules.survivorship}`",
            nearest(rules.survivorship, schema.entities),
        )
    elif rules and entity:
        beside = documents[entity.entity]
        if Path(beside.file).parent == file.parent and "survivorship" in beside.data:
            document.add(
                document.mark("survivorship"),
                "survivorship.twice",
                "entity.yaml beside this file has a section `survivorship` too; say it in one place",
                "同目录的 entity.yaml 中也有 `survivorship` 段；请只写在一处",
            )
        schema.entities[entity.entity] = entity.model_copy(update={"survivorship": rules.rules()})
        found[entity.entity] = document
    schema.findings.extend(document.findings)


def _take_over(schema: Schema, documents: dict[str, Document]) -> None:
    """Complete the rules that are like another entity's. That one stands on its own, so nothing goes in circles."""
    own = {name: rules for name, rules in schema.matching.items() if not rules.like}
    for name, rules in schema.matching.items():
        if not rules.like:
            continue
        if (base := own.get(rules.like)) is not None:
            schema.matching[name] = rules.over(base)
            if rules.like in schema.weights:
                schema.weights.setdefault(name, schema.weights[rules.like])
            continue
        document = documents[name]
        before = len(document.findings)
        document.add(
            document.mark("like"),
            "matching.like",
            f"`{rules.like}` has no matching rules of its own",
            f"`{rules.like}` 没有自己的匹配规则",
            nearest(rules.like, own),
        )
        schema.findings.extend(document.findings[before:])


def _extend(schema: Schema, document: Document, extension: Extension) -> None:
    before = len(document.findings)
    target = schema.entities.get(extension.extend)
    if target is None:
        document.add(
            document.mark("extend"),
            "entity.unknown",
            f"unknown entity `{extension.extend}`",
            f"未知的实体 `{extension.extend}`",
            nearest(extension.extend, schema.entities),
        )
    else:
        for name in extension.fields:
            if name in target.fields:
                document.add(
                    document.key_mark("fields", name),
                    "entity.field-exists",
                    f"`{extension.extend}` has a field `{name}` already",
                    f"`{extension.extend}` 已有字段 `{name}`",
                )
        fields = {**extension.fields, **target.fields}
        ordered = {
            name: fields[name] for name in [*target.fields, *(n for n in extension.fields if n not in target.fields)]
        }
        for name, spec in extension.fields.items():
            _check_types(schema, document, name, spec)
        found = target.model_copy(update={"fields": ordered, "rules": (*target.rules, *extension.rules)})
        told = len(document.findings)
        _check_search(schema, found.model_copy(update={"search": extension.search}), document)
        if len(document.findings) == told:  # what is wrong is told once, where it stands
            search = {how: (*getattr(target.search, how), *names) for how, names in extension.search.kinds()}
            found = found.model_copy(update={"search": target.search.model_copy(update=search)})
        schema.entities[extension.extend] = found
    schema.findings.extend(document.findings[before:])


def _check_links(schema: Schema, entity: Entity, document: Document) -> None:
    before = len(document.findings)
    for name, spec in entity.fields.items():
        _check_types(schema, document, name, spec)
        _check_sum(schema, entity, document, name, spec)
    matching = entity.matching
    named = {"legal_code": (matching.legal_code,), "name": (matching.name,), "exact": matching.exact}
    for part, names in named.items():
        for index, name in enumerate(names):
            if name and name not in entity.fields:
                document.add(
                    document.mark(*_matching_path(part, index)),
                    "entity.unknown-field",
                    f"unknown field `{name}`",
                    f"未知的字段 `{name}`",
                    nearest(name, entity.fields),
                )
            elif name and entity.fields[name].type.name == LINES:
                document.add(
                    document.mark(*_matching_path(part, index)),
                    "entity.lines-no-key",
                    f"`{name}` is a list of lines: no key of a record",
                    f"`{name}` 是明细列表，不能作为识别字段",
                )
    _check_search(schema, entity, document)
    check_registration(schema, entity, document)
    schema.findings.extend(document.findings[before:])


def _check_search(schema: Schema, entity: Entity, document: Document) -> None:
    for how, names in entity.search.kinds():
        for index, name in enumerate(names):
            kind = entity.fields[name].type.name if name in entity.fields else ""
            mark = document.mark("search", how, index)
            if not kind:
                document.add(
                    mark,
                    "entity.unknown-field",
                    f"unknown field `{name}`",
                    f"未知的字段 `{name}`",
                    nearest(name, entity.fields),
                )
            elif kind in ("ref", "term", "boolean", LINES):
                document.add(
                    mark,
                    "entity.not-searchable",
                    f"`{name}` is a {entity.fields[name].type}: nobody types it",
                    f"`{name}` 的类型为 {entity.fields[name].type}，不能作为搜索字段",
                )


def _check_sum(schema: Schema, entity: Entity, document: Document, name: str, spec: Field) -> None:
    if not spec.sum and not spec.by:
        return
    child_name, _, amount = spec.sum.partition(".")
    child = schema.entities.get(child_name)
    mark = document.mark("fields", name, "sum")
    if child is None:
        document.add(
            mark,
            "entity.unknown",
            f"unknown entity `{child_name}` in `sum` (write `<entity>.<field>`)",
            f"`sum` 中的实体 `{child_name}` 未知（写作 `实体.字段`）",
            nearest(child_name, schema.entities),
        )
        return
    if amount not in child.fields or child.fields[amount].type.name not in ("decimal", "integer"):
        numbers = [each for each, one in child.fields.items() if one.type.name in ("decimal", "integer")]
        document.add(
            mark,
            "entity.unknown-field",
            f"`{child_name}` has no number `{amount}`",
            f"实体 `{child_name}` 没有数值字段 `{amount}`",
            nearest(amount, numbers),
        )
    elif child.fields[amount].sum:
        document.add(
            mark,
            "entity.sum-of-sum",
            f"`{child_name}.{amount}` is a sum itself; sum what it sums up",
            f"`{child_name}.{amount}` 本身是合计字段，请直接合计其下级",
        )
    back = [each for each, one in child.fields.items() if str(one.type) == f"ref({entity.entity})"]
    if spec.by not in back:
        document.add(
            document.mark("fields", name, "by"),
            "entity.unknown-field",
            f"`{child_name}` does not refer to `{entity.entity}` by `{spec.by}`",
            f"`{child_name}` 没有以 `{spec.by}` 引用 `{entity.entity}`",
            nearest(spec.by, back),
        )
    if spec.type.name != "decimal" or spec.owner or spec.required:
        document.add(
            document.mark("fields", name, "type"),
            "entity.sum-type",
            "a sum is a plain `decimal`: nobody owns it and nobody has to bring it",
            "合计字段应为普通 `decimal`：没有归属系统，也不能必填",
        )


def _matching_path(part: str, index: int) -> tuple[str | int, ...]:
    return ("matching", part, index) if part == "exact" else ("matching", part)


def _check_types(schema: Schema, document: Document, name: str, spec: Field) -> None:
    """The type of a field, and of each field of its lines."""
    _check_type(schema, document, ("fields", name), spec)
    for line_field, line_spec in spec.fields.items():
        _check_type(schema, document, ("fields", name, "fields", line_field), line_spec)


def _check_type(schema: Schema, document: Document, path: tuple[str, ...], spec: Field | LineField) -> None:
    mark = document.mark(*path, "type")
    arg = spec.type.arg
    if spec.type.name == "term" and arg not in schema.terms:
        document.add(
            mark,
            "entity.unknown-term-list",
            f"unknown term list `{arg}`",
            f"未知的词表 `{arg}`",
            nearest(arg, schema.terms),
        )
    if spec.type.name == "ref" and arg not in schema.entities:
        document.add(
            mark, "entity.unknown", f"unknown entity `{arg}`", f"未知的实体 `{arg}`", nearest(arg, schema.entities)
        )
