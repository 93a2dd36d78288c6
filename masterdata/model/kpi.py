"""The typed model of ``kpis/<name>.yaml``: a named measure with one meaning, its formula and who answers for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Option

from masterdata.model.entity import Label, Strict
from masterdata.model.schema import Schema
from tongmai.core import yamlfile
from tongmai.core.finding import Finding, Mistake, nearest
from tongmai.core.yamlfile import Document

Per = Literal["day", "week", "month", "quarter", "year"]
AGGREGATES = ("count", "sum", "average", "least", "most")


class Measure(Strict):
    """One number over records: how many fulfil a condition, or a sum, average, least or most of an expression."""

    count: Annotated[
        str | None,
        BeforeValidator(lambda value: "true" if value is True else value, json_schema_input_type=str | bool | None),
    ] = None
    sum: str | None = None
    average: str | None = None
    least: str | None = None
    most: str | None = None
    where: str = ""

    @model_validator(mode="after")
    def _one(self) -> Measure:
        if len([name for name in AGGREGATES if getattr(self, name) is not None]) != 1:
            raise Mistake(
                f"a measure is exactly one of: {', '.join(AGGREGATES)}",
                f"度量应为以下之一且仅一个：{'、'.join(AGGREGATES)}",
            )
        return self

    @property
    def aggregate(self) -> tuple[str, str]:
        """The kind and its expression."""
        return next((name, str(getattr(self, name))) for name in AGGREGATES if getattr(self, name) is not None)


class Grain(Strict):
    """The dates by which records are put into periods."""

    of: str
    per: Per = "month"


class Kpi(Strict):
    """A whole file: ``measure``, divided by ``over`` where that is given, of the records of an entity that are alive and
    fulfil ``where``; for each period of ``by`` and each value of the fields ``each``."""

    kpi: str = Option(pattern="^[a-z][a-z0-9_]*$", max_length=50)
    label: Label
    doc: Label | None = None
    of: str
    measure: Measure
    over: Measure | None = None
    complement: bool = False
    where: str = ""
    by: Grain | None = None
    each: tuple[str, ...] = ()
    unit: Literal["count", "amount", "share", "days", "hours", "number"] = "number"
    better: Literal["higher", "lower"] = "higher"
    owner: Label
    version: int = Option(default=1, ge=1)
    replaces: bool = False


@dataclass
class Kpis:
    """Every KPI by name with its file, the files, and every mistake that needs no expression to be read."""

    found: dict[str, tuple[Kpi, Document]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def load_kpis(folders: Sequence[Path], schema: Schema) -> Kpis:
    """Read ``<folder>/*.yaml``, product first; a site's KPI of a name that exists says ``replaces: true``."""
    kpis = Kpis()
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")):
            kpis.files.append(file)
            document = yamlfile.load(file)[0]
            kpi = yamlfile.check(document, Kpi, "kpi")
            if kpi is not None and _fits(kpi, document, schema, kpis):
                kpis.found[kpi.kpi] = kpi, document
            kpis.findings += document.findings
    return kpis


def _fits(kpi: Kpi, document: Document, schema: Schema, kpis: Kpis) -> bool:
    before = len(document.findings)
    stem = Path(document.file).stem
    if kpi.kpi != stem:
        document.add(
            document.mark("kpi"), "kpi.name", f"the file is called `{stem}`", f"文件名是 `{stem}`，两者必须一致", stem
        )
    if (kpi.kpi in kpis.found) != kpi.replaces:
        en = "exists already; write `replaces: true` to replace it" if not kpi.replaces else "is not there to replace"
        zh = "已存在；要替换请写 `replaces: true`" if not kpi.replaces else "不存在，无法替换"
        document.add(document.mark("kpi"), "kpi.exists", f"KPI `{kpi.kpi}` {en}", f"指标 `{kpi.kpi}` {zh}")
    entity = schema.entities.get(kpi.of)
    if entity is None:
        document.add(
            document.mark("of"),
            "kpi.unknown-entity",
            f"unknown entity `{kpi.of}`",
            f"未知的实体 `{kpi.of}`",
            nearest(kpi.of, schema.entities),
        )
        return False
    dates = [name for name, spec in entity.fields.items() if str(spec.type) in ("date", "datetime")]
    plain = [
        name for name, spec in entity.fields.items() if not spec.type.many and not spec.fields and not spec.personal
    ]
    named = [(("by", "of"), kpi.by.of, dates)] if kpi.by else []
    named += [(("each", index), name, plain) for index, name in enumerate(kpi.each)]  # type: ignore[misc]
    for path, name, allowed in named:
        if name not in allowed:
            document.add(
                document.mark(*path),
                "kpi.unknown-field",
                f"`{kpi.of}` has no such field to go by: `{name}` (there are: {', '.join(allowed)})",
                f"实体 `{kpi.of}` 没有可用于此处的字段 `{name}`（可用：{', '.join(allowed)}）",
                nearest(name, allowed),
            )
    return len(document.findings) == before
