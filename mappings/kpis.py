"""KPIs compiled to SQL over the golden tables."""

from __future__ import annotations

from mappings.language.sql import to_sql
from masterdata.model.entity import Entity
from masterdata.model.kpi import Kpi, Kpis, Measure
from masterdata.model.schema import Schema
from tongmai.core.finding import Finding
from tongmai.core.yamlfile import Document

_FUNCTIONS = {"sum": "sum", "average": "avg", "least": "min", "most": "max"}


def compile_kpis(kpis: Kpis, schema: Schema) -> tuple[dict[str, str], list[Finding]]:
    """The query of each KPI without mistakes, by name; and every mistake in an expression."""
    made: dict[str, str] = {}
    findings: list[Finding] = []
    for name, (kpi, document) in kpis.found.items():
        one = _Query(kpi, document, schema)
        query = one.query()
        findings += one.findings
        if not any(each.severity == "error" for each in one.findings):
            made[name] = query
    return made, findings


class _Query:
    def __init__(self, kpi: Kpi, document: Document, schema: Schema) -> None:
        self.kpi = kpi
        self.document = document
        self.schema = schema
        self.entity: Entity = schema.entities[kpi.of]
        self.findings: list[Finding] = []

    def query(self) -> str:
        kpi = self.kpi
        value = self._measure(kpi.measure, "measure")
        if kpi.over is not None:
            value = f"({value})::numeric / nullif({self._measure(kpi.over, 'over')}, 0)"
        if kpi.complement:
            value = f"1 - {value}"
        columns, groups = self._columns()
        rows = [f"{self._alive()}"]
        if kpi.where:
            rows.append(self._sql(kpi.where, "boolean", "where"))
        if kpi.by is not None:
            rows.append(f'"{kpi.by.of}" is not null')
        text = f"select {', '.join([*columns, f'({value})::numeric as value', 'count(*) as records'])}"
        text += f' from golden."{kpi.of}" where {" and ".join(rows)}'
        return text + (f" group by {', '.join(groups)}" if groups else "")

    def _columns(self) -> tuple[list[str], list[str]]:
        kpi, columns = self.kpi, list[str]()
        if kpi.by is not None:
            at = f'"{kpi.by.of}"' + (
                " at time zone 'UTC'" if self.entity.fields[kpi.by.of].type.name == "datetime" else ""
            )
            columns.append(f"date_trunc('{kpi.by.per}', {at})::date as period")
        columns += [f'"{self.entity.column(name)}"' for name in kpi.each]
        return columns, [str(number + 1) for number in range(len(columns))]

    def _alive(self) -> str:
        spec = self.entity.fields.get("status")
        return "status is distinct from 'inactive'" if spec is not None else "true"

    def _measure(self, measure: Measure, path: str) -> str:
        kind, expression = measure.aggregate
        only = self._sql(measure.where, "boolean", path, "where") if measure.where else ""
        if kind == "count":
            held = self._sql(expression, "boolean", path, kind)
            return f"count(*) filter (where {' and '.join(part for part in (held, only) if part)})"
        value = self._sql(expression, "number", path, kind)
        return f"{_FUNCTIONS[kind]}({value})" + (f" filter (where {only})" if only else "")

    def _sql(self, text: str, wants: str, *path: str) -> str:
        found, findings = to_sql(text, self.entity, self.schema, self.document.mark(*path), wants=wants)
        self.findings += findings
        return found or "null"
