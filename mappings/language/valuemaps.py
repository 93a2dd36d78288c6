"""Value maps of a system: ``<system>/terms.yaml``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic import Field as Option

from mappings.language.values import BadValueError, number, plain
from masterdata.model.schema import Schema
from tongmai.core import yamlfile
from tongmai.core.finding import Finding, nearest
from tongmai.core.yamlfile import Document


def _text(value: Any) -> Any:
    """Source values are compared as text: a plain 1 or true in the file is the text it was written as."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


def _cell(value: Any) -> Any:
    """A number of a table is the text it prints as."""
    return plain(Decimal(repr(value))) if isinstance(value, float) else _text(value)


def _rate(value: Any) -> str:
    try:
        exact = number(value)
    except BadValueError as error:
        raise ValueError(error.message) from None
    if exact is None or exact <= 0:
        raise ValueError("a rate is a number above 0")
    return plain(exact)


Word = Annotated[str, BeforeValidator(_text)]
Cell = Annotated[str, BeforeValidator(_cell)]
Rate = Annotated[str, BeforeValidator(_rate)]


class Reason(BaseModel):
    """Why a term is refused, in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str


def _with_reasons(value: Any) -> Any:
    """A plain list of terms gives no reasons."""
    return dict.fromkeys(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else value


class ValueMap(BaseModel):
    """One list: ``in`` source value → term, ``out`` term → target value, ``refused`` terms without counterpart and why.

    ``alias``: other spelling → agreed spelling, for lists that are no dictionary list. ``table``: key → a text, or an
    object of texts. ``rates``: currency → what one unit is worth in ``base``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    inward: dict[str, Word] = Option(default_factory=dict, alias="in")
    outward: dict[str, Word] | None = Option(default=None, alias="out")
    refused: Annotated[
        dict[str, Reason | None],
        BeforeValidator(_with_reasons, json_schema_input_type=dict[str, Reason | None] | list[str]),
    ] = Option(default_factory=dict)
    alias: dict[str, Word] = Option(default_factory=dict)
    table: dict[str, Cell | dict[str, Cell]] = Option(default_factory=dict)
    rates: dict[Annotated[str, Option(pattern="^[A-Z]{3}$")], Rate] = Option(default_factory=dict)
    base: Annotated[str, Option(pattern="^[A-Z]{3}$")] = "CNY"
    replaces: bool = False

    def every_rate(self) -> dict[str, str]:
        """What one unit of each currency is worth in ``base``, which is worth one."""
        return {**self.rates, self.base: "1"}

    def out(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        """Term → target value, and terms for which ``in`` names several (then ``out`` must choose)."""
        if self.outward is not None:
            return dict(self.outward), {}
        found: dict[str, list[str]] = {}
        for value, term in self.inward.items():
            found.setdefault(term, []).append(value)
        unique = {term: values[0] for term, values in found.items() if len(values) == 1}
        return unique, {term: values for term, values in found.items() if len(values) > 1}


class SystemMaps:
    """All value maps of one system with the files they came from."""

    def __init__(self) -> None:
        self.maps: dict[str, ValueMap] = {}
        self.places: dict[str, Document] = {}
        self.site: dict[str, bool] = {}


def load_value_maps(
    file: Path,
    system: SystemMaps,
    schema: Schema,
    *,
    site: bool,
    over: Callable[[str, ValueMap], ValueMap] = lambda _, found: found,
) -> list[Finding]:
    """Read one file into ``system``; gives every mistake found. ``over``: lays over a list's map what was added to it."""
    document = yamlfile.load(file)[0]
    if not isinstance(document.data, dict):
        if not document.findings:
            document.add(
                document.mark(),
                "valuemap.shape",
                "value maps by name of the list are expected",
                "应为按词表名称列出的取值对照",
            )
        return document.findings
    for name in document.data:
        if not isinstance(document.data[name], dict):
            document.add(
                document.mark(name),
                "valuemap.shape",
                f"`{name}` needs `in`, `out` or `alias`",
                f"`{name}` 下应有 `in`、`out` 或 `alias`",
            )
            continue
        found = yamlfile.check(document, ValueMap, "valuemap", (name,))
        if found is None:
            continue
        if name in system.maps and not found.replaces:
            there = Path(system.places[name].file).name
            document.add(
                document.key_mark(name),
                "valuemap.exists",
                f"value map `{name}` exists already ({there} of the product or an earlier site); write `replaces: true` to replace it",
                f"取值对照 `{name}` 已存在；要替换请写 `replaces: true`",
            )
            continue
        if found.replaces and name not in system.maps:
            document.add(
                document.mark(name, "replaces"),
                "valuemap.replaces-nothing",
                f"there is no value map `{name}` to replace",
                f"没有可替换的取值对照 `{name}`",
            )
        found = over(name, found)
        _check(document, name, found, schema)
        system.maps[name], system.places[name], system.site[name] = found, document, site
    return document.findings


def _check(document: Document, name: str, found: ValueMap, schema: Schema) -> None:
    terms = schema.terms.get(name)
    if terms is None:
        if found.inward or found.outward or found.refused:
            document.add(
                document.key_mark(name),
                "valuemap.unknown-term-list",
                f"unknown term list `{name}`",
                f"数据字典中没有词表 `{name}`",
                nearest(name, schema.terms),
            )
        return
    allowed = ", ".join(terms.terms)
    for value, term in found.inward.items():
        if term not in terms.terms:
            document.add(
                document.mark(name, "in", value),
                "valuemap.unknown-term",
                f"unknown term `{term}` of `{name}` (terms: {allowed})",
                f"词表 `{name}` 中没有词条 `{term}`（可用：{allowed}）",
                nearest(term, terms.terms),
            )
    for term in found.outward or {}:
        if term not in terms.terms:
            document.add(
                document.key_mark(name, "out", term),
                "valuemap.unknown-term",
                f"unknown term `{term}` of `{name}` (terms: {allowed})",
                f"词表 `{name}` 中没有词条 `{term}`（可用：{allowed}）",
                nearest(term, terms.terms),
            )
    for index, term in enumerate(found.refused):
        if term not in terms.terms:
            document.add(
                document.keys.get((name, "refused", term)) or document.mark(name, "refused", index),
                "valuemap.unknown-term",
                f"unknown term `{term}` of `{name}` (terms: {allowed})",
                f"词表 `{name}` 中没有词条 `{term}`（可用：{allowed}）",
                nearest(term, terms.terms),
            )
        elif term in (found.outward or {}):
            document.add(
                document.keys.get((name, "refused", term)) or document.mark(name, "refused", index),
                "valuemap.refused-and-out",
                f"`{term}` is refused and has an `out` value",
                f"`{term}` 同时出现在 `out` 和 `refused` 中",
            )
    if found.outward is not None:
        missing = [term for term in terms.terms if term not in found.outward and term not in found.refused]
        if missing:
            words = ", ".join(missing)
            document.add(
                document.key_mark(name, "out"),
                "valuemap.not-total",
                f"`out` says nothing of: {words}; give a value or list them under `refused`",
                f"`out` 未覆盖词条：{words}；请补充取值或列入 `refused`",
            )


def inward_of(name: str, maps: Mapping[str, ValueMap], schema: Schema) -> dict[str, str]:
    """Source value → term; where the system has no value map, its values must be the terms themselves. What was said for a
    retired term means the one that stands for it now."""
    found, terms = maps.get(name), schema.terms[name]
    said = dict(found.inward) if found is not None and found.inward else {term: term for term in terms.terms}
    return {value: terms.means(term) for value, term in said.items()}


def outward_of(
    name: str, maps: Mapping[str, ValueMap], schema: Schema
) -> tuple[dict[str, str], list[str], dict[str, list[str]]]:
    """Term → target value; terms nobody gave a value or refused; terms with several values in ``in``."""
    found = maps.get(name)
    if found is None or (found.outward is None and not found.inward):
        return {term: term for term in schema.terms[name].terms}, [], {}
    values, several = found.out()
    missing = [t for t in schema.terms[name].terms if t not in values and t not in found.refused and t not in several]
    open_several = {term: names for term, names in several.items() if term not in found.refused}
    return values, missing, open_several
