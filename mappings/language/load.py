"""Every mapping of the product and the site folders, compiled, with all mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from connectors.sdk.manifest import Manifest
from mappings.language.additions import extended, lay_over
from mappings.language.cases import TestFile, inherit, read_tests
from mappings.language.compile import Surroundings, compile_definition
from mappings.language.criteria import check_criteria
from mappings.language.definition import TEST_SUFFIX, Definition
from mappings.language.fragments import FILE as FRAGMENTS
from mappings.language.fragments import SHARED, Fragments, load_fragments
from mappings.language.inline import check_fragments
from mappings.language.reading import Draft, base_of, define, read_draft
from mappings.language.rules import check_rules, rule_sources
from mappings.language.tables import FOLDER as TABLES
from mappings.language.tables import Table, load_table
from mappings.language.types import CompiledMapping
from mappings.language.unused import unused
from mappings.language.valuemaps import SystemMaps, load_value_maps
from mappings.language.variables import FILE as VARIABLES
from mappings.language.variables import Variables, check_variables, load_variables
from mappings.language.workdays import load_calendars
from masterdata.model.schema import Schema
from tongmai.core.finding import Finding, Mark
from tongmai.core.text import Text
from tongmai.core.yamlfile import Document

Manifests = Callable[[str], Manifest | None]


@dataclass
class Mappings:
    """What was found. A mapping with mistakes is in ``definitions`` and not in ``by_name``."""

    by_name: dict[str, CompiledMapping] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    tests: dict[str, TestFile] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    surroundings: dict[str, Surroundings] = field(default_factory=dict)


@dataclass
class _Found:
    """What lies in the folders, before mappings are put together."""

    drafts: dict[str, list[Draft]] = field(default_factory=dict)
    maps: dict[str, SystemMaps] = field(default_factory=dict)
    fragments: dict[str, Fragments] = field(default_factory=dict)
    tables: dict[str, dict[str, Table]] = field(default_factory=dict)
    tests: dict[str, list[Path]] = field(default_factory=dict)
    variables: Variables = field(default_factory=Variables)
    documents: list[Document] = field(default_factory=list)
    table_files: dict[tuple[str, str], str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def whole(self) -> set[str]:
        """The systems whose mappings could all be read; the shared folder when all systems' could."""
        systems = {*self.fragments, *self.tables, *self.maps} - self.broken
        return systems - {SHARED} if self.broken else systems


def load_mappings(folders: Sequence[Path], schema: Schema, manifests: Manifests) -> Mappings:
    """Read ``<folder>/<system>/<name>.yaml`` with what lies beside (tests, value maps, fragments, tables), product first.

    ``manifests`` gives a connector's manifest by its name, or None for a folder that is no connector's.
    """
    result = Mappings()
    found = _Found()
    before = [(document, len(document.findings)) for document, _ in schema.additions]
    for order, folder in enumerate(folders):
        _scan(result, found, schema, folder, site=order > 0)
    lay_over(found.maps, {draft.system for drafts in found.drafts.values() for draft in drafts}, schema)
    for name, drafts in found.drafts.items():
        _define(result, found, name, drafts)
        if name not in result.definitions:
            found.broken.add(drafts[-1].system)
    check_variables(found.variables, result.definitions)
    result.findings += [finding for document in found.documents for finding in document.findings]
    calendars, files, findings = load_calendars([folder.parent / "calendars" for folder in folders])
    result.files += files
    result.findings += findings
    result.findings += check_rules(schema)
    result.findings += check_criteria(schema)
    shared, common = found.fragments.get(SHARED, Fragments()), found.tables.get(SHARED, {})
    for system in {SHARED, *found.fragments}:
        result.findings += check_fragments(found.fragments.get(system, Fragments()).over(shared), system, schema)
    rules = {name: rule_sources(schema, entity) for name, entity in schema.entities.items()}
    used: dict[str, set[str]] = {}
    for name, definition in result.definitions.items():
        system = definition.system
        around = Surroundings(
            schema,
            manifests(system),
            found.maps.get(system, SystemMaps()).maps,
            rules.get(definition.entity, ()),
            found.fragments.get(system, Fragments()).over(shared),
            {**common, **found.tables.get(system, {})},
            found.variables.of(definition),
            calendars,
        )
        if definition.direct:
            other = definition.source_system
            around.source, around.source_maps = manifests(other), found.maps.get(other, SystemMaps()).maps
        result.surroundings[name] = around
        compiled, findings = compile_definition(definition, around, used=used.setdefault(name, set()))
        result.findings += findings
        if compiled is not None and not any(finding.severity == "error" for finding in definition.document.findings):
            result.by_name[name] = compiled
    result.findings += [each for document, count in before for each in document.findings[count:]]
    result.findings += unused(
        used, result.definitions.values(), found.fragments, found.tables, found.table_files, found.maps, found.whole()
    )
    for name, files in found.tests.items():
        if name not in result.definitions:
            _tests_of_nothing(result, name, files)
    for name, definition in result.definitions.items():
        _read_tests(result, definition, found.tests.get(name, []), schema)
        if name not in result.tests and name not in found.tests:
            result.findings.append(_untested(definition))
    return result


def _scan(result: Mappings, found: _Found, schema: Schema, folder: Path, *, site: bool) -> None:
    for file in sorted(folder.glob("*/*.yaml")):
        result.files.append(file)
        system = file.parent.name
        if file.name == "terms.yaml":
            maps = found.maps.setdefault(system, SystemMaps())
            over = partial(extended, system=system, schema=schema)
            result.findings += load_value_maps(file, maps, schema, site=site, over=over)
        elif file.name == FRAGMENTS:
            found.documents.append(load_fragments(folder, file, found.fragments.setdefault(system, Fragments())))
        elif file.stem.endswith(TEST_SUFFIX):
            found.tests.setdefault(f"{system}/{file.stem.removesuffix(TEST_SUFFIX)}", []).append(file)
        else:
            draft, document = read_draft(folder, file)
            found.documents.append(document)
            if draft is None:
                found.broken.add(system)
            else:
                found.drafts.setdefault(draft.name, []).append(draft)
                _check_replaces(found.drafts[draft.name], site=site)
    for file in sorted(folder.glob(f"*/{TABLES}/*.csv")):
        result.files.append(file)
        table, findings = load_table(file)
        result.findings += findings
        if table is not None:
            found.tables.setdefault(file.parent.parent.name, {})[table.name] = table
            found.table_files[file.parent.parent.name, table.name] = str(file)
    if (folder / VARIABLES).is_file():
        result.files.append(folder / VARIABLES)
        found.documents.append(load_variables(folder / VARIABLES, found.variables))


def _check_replaces(drafts: list[Draft], *, site: bool) -> None:
    """A second file of a name says that it is one: it replaces the first, or extends it."""
    draft = drafts[-1]
    document, name = draft.document, draft.name
    if draft.data.replaces and (not site or len(drafts) == 1):
        document.add(
            document.key_mark("replaces"),
            "mapping.replaces-nothing",
            f"there is no product mapping `{name}` to replace",
            f"没有可替换的产品映射 `{name}`",
        )
    if len(drafts) > 1 and not draft.data.replaces and draft.data.extends != name:
        document.add(
            document.mark("mapping"),
            "mapping.exists",
            f"mapping `{name}` exists already; write `extends: {name}` to build on it or `replaces: true` to replace it",
            f"映射 `{name}` 已存在；要在其上扩展请写 `extends: {name}`，要替换请写 `replaces: true`",
        )
        drafts.pop()


def _define(result: Mappings, found: _Found, name: str, drafts: list[Draft], waiting: tuple[str, ...] = ()) -> None:
    """The definition of a name, its base first. ``waiting``: the names that are being made, to notice a ring."""
    if name in result.definitions:
        return
    own = found.fragments.get(drafts[-1].system, Fragments()).over(found.fragments.get(SHARED, Fragments()))
    for draft in drafts:
        base = None
        if draft.base and draft.base in (*waiting, *([name] if draft is drafts[0] else [])):
            key = "extends" if draft.data.extends else "reverses"
            draft.document.add(
                draft.document.mark(key),
                "mapping.base-ring",
                f"`{name}` builds on itself, through {' → '.join((*waiting, name, draft.base))}",
                f"`{name}` 最终以自身为基础：{' → '.join((*waiting, name, draft.base))}",
            )
            continue
        if draft.base:
            if draft.base != name and draft.base in found.drafts:
                _define(result, found, draft.base, found.drafts[draft.base], (*waiting, name))
            base = base_of(draft, result.definitions)
            if base is None:
                continue
        definition = define(draft, base, own)
        if definition is not None:
            result.definitions[name] = definition


def _untested(definition: Definition) -> Finding:
    wanted = f"{definition.file.stem}{TEST_SUFFIX}.yaml"
    return Finding(
        definition.document.mark("mapping"),
        "mapping.no-tests",
        Text(f"there is no test file `{wanted}` beside it", f"旁边没有测试文件 `{wanted}`"),
        severity="warning",
    )


def _tests_of_nothing(result: Mappings, name: str, files: list[Path]) -> None:
    for file in files:
        stem = file.stem.removesuffix(TEST_SUFFIX)
        if not any(other.stem == stem and other.parent == file.parent for other in result.files):
            result.findings.append(
                Finding(
                    Mark(str(file), 1, 1),
                    "mapping.test-of-nothing",
                    Text(f"there is no mapping `{name}`", f"没有映射 `{name}`"),
                )
            )


def _read_tests(result: Mappings, definition: Definition, files: list[Path], schema: Schema) -> None:
    tests = _tests_of(result, definition, files, schema)
    if tests is not None:
        result.tests[definition.name] = tests


def _tests_of(result: Mappings, definition: Definition, files: list[Path], schema: Schema) -> TestFile | None:
    """A mapping's own cases and those of what it extends; a mapping that replaces another has its own only."""
    base = definition.base if definition.data.extends else None
    same = base is not None and base.name == definition.name
    # A site that extends the product's mapping of the same name has a test file of its own, beside it.
    beside = [file for file in files if file.parent == definition.file.parent] if same else files
    tests = None
    if beside:
        tests, findings = read_tests(beside[-1], definition, schema)
        result.findings += findings
    if base is None:
        return tests
    others = [file for file in files if file not in beside]
    before = _tests_of(result, base, others, schema) if same else result.tests.get(base.name)
    if before is None:
        return tests
    return replace(tests or TestFile(before.file, ()), inherited=inherit(before, definition))
