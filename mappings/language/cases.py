"""Tests beside a mapping: ``<name>_test.yaml``, a list of cases, run against the compiled mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Option

from mappings.language.definition import Definition
from mappings.language.types import CompiledMapping, Issue, Mapped
from mappings.language.values import number, plain
from masterdata.model.schema import Schema
from tongmai.core import yamlfile
from tongmai.core.finding import Finding, nearest
from tongmai.core.text import Text

_LINE_INDEX = re.compile(r"\[[0-9]+\](?=\.)")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedIssue(Strict):
    """An error or finding by its field and code."""

    field: str
    code: str


class ExpectedReference(Strict):
    """A reference that must come out; ``stream``, ``by`` and ``optional`` are compared when given."""

    entity: str
    key: str
    stream: str | None = None
    by: str | None = None
    optional: bool | None = None


class Case(Strict):
    """One case. ``expect`` names some of the fields, and of lines some of the fields of every line; errors that are not
    expected fail the case.

    ``keys``: for an outbound mapping, the key (or field) in the target of each referenced entity.
    """

    case: str
    given: dict[str, Any]
    expect: dict[str, Any] = Option(default_factory=dict)
    expect_error: ExpectedIssue | None = None
    expect_finding: ExpectedIssue | None = None
    expect_reference: dict[str, ExpectedReference] = Option(default_factory=dict)
    expect_filtered: bool = False
    keys: dict[str, str] = Option(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inherited:
    """A case of a mapping's base. ``own``: fields that the mapping writes in its own way, whose errors are its own."""

    file: Path
    line: int
    case: Case
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class TestFile:
    """The cases of one mapping with the line of each.

    ``inherited``: those of the mapping that it extends, with what it says itself left out.
    """

    __test__ = False

    file: Path
    cases: tuple[tuple[int, Case], ...]
    inherited: tuple[Inherited, ...] = ()


@dataclass
class CaseResult:
    """How one case went; ``differences`` name field, expected and got. ``place`` is ``file:line``."""

    mapping: str
    case: str
    place: str
    differences: list[Text] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True when nothing differs."""
        return not self.differences


def read_tests(file: Path, definition: Definition, schema: Schema) -> tuple[TestFile | None, list[Finding]]:
    """The cases of a file, checked against the mapping they test."""
    document = yamlfile.load(file)[0]
    if not isinstance(document.data, list):
        if not document.findings:
            document.add(document.mark(), "mapping.test-shape", "a list of cases is expected", "应为测试用例列表")
        return None, document.findings
    if not document.data:
        document.add(document.mark(), "mapping.test-shape", "there is no case in the file", "文件中没有测试用例")
    known = {target.path[0] for target in definition.targets}
    in_lines = {target.full_name for target in definition.every_target() if target.line_of}
    cases = []
    for index in range(len(document.data)):
        case = yamlfile.check(document, Case, "mapping.test", (index,))
        if case is None:
            continue
        if not (
            case.expect or case.expect_error or case.expect_finding or case.expect_reference or case.expect_filtered
        ):
            document.add(
                document.mark(index),
                "mapping.test-expects-nothing",
                f"case `{case.case}` expects nothing",
                f"用例 `{case.case}` 没有任何预期",
            )
        for part in ("expect", "expect_reference"):
            for name in getattr(case, part):
                if name not in known and _LINE_INDEX.sub("", name) not in in_lines:
                    document.add(
                        document.key_mark(index, part, name),
                        "mapping.unknown-target-field",
                        f"the mapping does not write `{name}`",
                        f"该映射不写字段 `{name}`",
                        nearest(name, known),
                    )
        for name in case.expect:
            if _LINE_INDEX.search(name):
                whole = name.partition("[")[0]
                document.add(
                    document.key_mark(index, "expect", name),
                    "mapping.test-shape",
                    f"expect the list: `{whole}: [{{…}}, {{…}}]`, each with some of its fields",
                    f"请写整个列表：`{whole}: [{{…}}, {{…}}]`，每行写部分字段即可",
                )
        cases.append((document.mark(index).line, case))
    return TestFile(file, tuple(cases)), document.findings


def run_tests(compiled: CompiledMapping, tests: TestFile) -> list[CaseResult]:
    """Every case against the mapping."""
    own = [_run_case(compiled, f"{tests.file}:{line}", case) for line, case in tests.cases]
    return own + [_run_case(compiled, f"{one.file}:{one.line}", one.case, one.own) for one in tests.inherited]


def inherit(tests: TestFile, definition: Definition) -> tuple[Inherited, ...]:
    """The cases of a base as they hold for a mapping that extends it."""
    data = definition.data
    own = definition.own | frozenset(data.drop)
    said_itself = "only_if" in definition.document.data
    kept = [
        *(Inherited(tests.file, line, case, own) for line, case in tests.cases),
        *(replace(one, own=one.own | own) for one in tests.inherited),
    ]
    found = []
    for one in kept:
        case = one.case
        issues = [each for each in (case.expect_error, case.expect_finding) if each is not None]
        if any(_top(each.field) in one.own for each in issues) or (case.expect_filtered and said_itself):
            continue
        case = case.model_copy(
            update={
                "expect": {name: each for name, each in case.expect.items() if name not in one.own},
                "expect_reference": {
                    name: each for name, each in case.expect_reference.items() if _top(name) not in one.own
                },
            }
        )
        found.append(replace(one, case=case))
    return tuple(found)


def _top(name: str) -> str:
    return re.split(r"[.\[]", name, maxsplit=1)[0]


def _run_case(compiled: CompiledMapping, place: str, case: Case, own: frozenset[str] = frozenset()) -> CaseResult:
    result = CaseResult(compiled.name, case.case, place)

    def resolve(entity_id: str, stream: str, field: str = "") -> str | None:
        return case.keys.get(entity_id)

    mapped = compiled.run([case.given], resolve)[0]
    mapped.errors = [each for each in mapped.errors if _top(each.field) not in own]
    if mapped.filtered != case.expect_filtered:
        got = ("filtered", "被过滤") if mapped.filtered else ("not filtered", "未被过滤")
        result.differences.append(Text(f"the record is {got[0]}", f"该记录{got[1]}"))
    _compare_fields(case.expect, mapped, result)
    _compare_references(case.expect_reference, mapped, result)
    _compare_errors(case, mapped, result)
    return result


def _compare_fields(expected: Mapping[str, Any], mapped: Mapped, result: CaseResult) -> None:
    for name, value in expected.items():
        wanted = _canonical(value)
        if name in mapped.references:
            result.differences.append(
                Text(f"{name}: is a reference; use expect_reference", f"{name}：是引用，请用 expect_reference")
            )
        elif name not in mapped.fields:
            result.differences.append(
                Text(f"{name}: expected {wanted!r}, got nothing", f"{name}：预期 {wanted!r}，没有取值")
            )
        elif not _same(wanted, mapped.fields[name]):
            got = mapped.fields[name]
            result.differences.append(
                Text(f"{name}: expected {wanted!r}, got {got!r}", f"{name}：预期 {wanted!r}，得到 {got!r}")
            )


def _compare_references(expected: Mapping[str, ExpectedReference], mapped: Mapped, result: CaseResult) -> None:
    for name, wanted in expected.items():
        got = mapped.references.get(name)
        parts = wanted.model_dump(exclude_none=True)
        if got is None or any(getattr(got, part) != value for part, value in parts.items()):
            result.differences.append(
                Text(f"{name}: expected reference {parts}, got {got}", f"{name}：预期引用 {parts}，得到 {got}")
            )


def _compare_errors(case: Case, mapped: Mapped, result: CaseResult) -> None:
    for wanted, got, zh in (
        (case.expect_error, mapped.errors, "错误"),
        (case.expect_finding, mapped.findings, "质量问题"),
    ):
        kind = "error" if got is mapped.errors else "finding"
        if wanted is not None and not any((each.field, each.code) == (wanted.field, wanted.code) for each in got):
            shown = _codes(got) or "-"
            result.differences.append(
                Text(
                    f"expected {kind} {wanted.field}: {wanted.code}, got {shown}",
                    f"预期{zh} {wanted.field}: {wanted.code}，得到 {shown}",
                )
            )
    expected = (case.expect_error.field, case.expect_error.code) if case.expect_error else None
    for each in mapped.errors:
        if (each.field, each.code) != expected:
            result.differences.append(
                Text(
                    f"unexpected error {each.field}: {each.code} ({each.message})",
                    f"意外的错误 {each.field}: {each.code}（{each.message}）",
                )
            )


def _codes(issues: list[Issue]) -> str:
    return ", ".join(f"{each.field}: {each.code}" for each in issues)


def _canonical(value: Any) -> Any:
    """YAML reads 10.5 as a float; the canonical form is exact text."""
    if isinstance(value, float):
        exact = number(value)
        return None if exact is None else plain(exact)
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    if isinstance(value, dict):
        return {name: _canonical(each) for name, each in value.items()}
    return value


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, list) and isinstance(got, list) and any(isinstance(each, dict) for each in got):
        return len(wanted) == len(got) and all(map(_same_line, wanted, got))
    if isinstance(wanted, int) and not isinstance(wanted, bool) and isinstance(got, str):
        return str(wanted) == got
    return bool(wanted == got) and isinstance(wanted, bool) == isinstance(got, bool)


def _same_line(wanted: Any, got: Any) -> bool:
    """Of a line only what the case names is compared."""
    if not isinstance(wanted, dict):
        return _same(wanted, got)
    return isinstance(got, dict) and all(name in got and _same_line(each, got[name]) for name, each in wanted.items())
