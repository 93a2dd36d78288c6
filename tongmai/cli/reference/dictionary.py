"""The data dictionary: a page for each entity, what each field means, where it comes from, where it goes.

``python -m tongmai.cli.reference.dictionary FOLDER`` writes the product's pages.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from masterdata.model.entity import Entity, Field, LineField
from masterdata.model.kpi import Measure
from masterdata.model.terms import Term
from tongmai.core.text import Text
from tongmai.sync.content import Content, load_content
from tongmai.sync.lineage import Edge, edges

LANGUAGES = ("en", "zh")


def pages(content: Content) -> dict[str, str]:
    """File name → Markdown: an index and a page an entity, in both languages (``.zh-CN.md``)."""
    every = edges(content)
    made = {}
    for language in LANGUAGES:
        suffix = ".md" if language == "en" else ".zh-CN.md"
        made[f"README{suffix}"] = _index(content, language, suffix)
        for name, entity in content.schema.entities.items():
            own = [one for one in every if one.entity == name]
            made[f"{name}{suffix}"] = _page(content, entity, own, language, suffix)
    return made


def _say(language: str, en: str, zh: str) -> str:
    return en if language == "en" else zh


def _label(text: Text | object, language: str) -> str:
    return str(getattr(text, language)) if text is not None else ""


def _index(content: Content, language: str, suffix: str) -> str:
    other = "README.zh-CN.md" if language == "en" else "README.md"
    lines = [
        f"# {_say(language, 'Data dictionary', '数据字典')}",
        "",
        f"[{_say(language, '中文', 'English')}]({other})",
        "",
        _say(
            language,
            "Made by `make docs` from entities, mappings and syncs; do not edit.",
            "由 `make docs` 根据实体、映射和同步生成，请勿手工修改。",
        ),
        "",
        f"| {_say(language, 'Entity', '实体')} | | {_say(language, 'Fields', '字段数')} |",
        "|---|---|--:|",
    ]
    for name, entity in content.schema.entities.items():
        lines.append(f"| [`{name}`]({name}{suffix}) | {_label(entity.label, language)} | {len(entity.fields)} |")
    return "\n".join([*lines, "", *_kpis(content, language, suffix)])


def _kpis(content: Content, language: str, suffix: str) -> list[str]:
    """What each KPI measures, of what, and who answers for it."""
    head = ("KPI", "", "Of", "Measure", "Owner") if language == "en" else ("指标", "", "实体", "度量", "归属")
    lines = [f"## {_say(language, 'KPIs', '指标')}", "", f"| {' | '.join(head)} |", "|---|---|---|---|---|"]
    for name, (kpi, _) in content.kpis.found.items():
        measure = _measured(kpi.measure, language) + (f" ÷ {_measured(kpi.over, language)}" if kpi.over else "")
        measure = f"1 − {measure}" if kpi.complement else measure
        where = f"{_say(language, ', where', '，条件')} `{kpi.where}`" if kpi.where else ""
        told = f"{measure}{where}".replace("|", "\\|")
        of = f"[`{kpi.of}`]({kpi.of}{suffix})"
        lines.append(
            f"| `bi.kpi_{name}` | {_label(kpi.label, language)} | {of} | {told} | {_label(kpi.owner, language)} |"
        )
    return [*lines, ""]


_MEASURES = {
    "count": Text("number of", "计数"),
    "sum": Text("sum of", "合计"),
    "average": Text("average of", "平均"),
    "least": Text("least of", "最小"),
    "most": Text("most of", "最大"),
}


def _measured(measure: Measure, language: str) -> str:
    kind, expression = measure.aggregate
    word = _label(_MEASURES[kind], language)
    what = "" if expression == "true" else f" `{expression}`"
    every = _say(language, " records", "") if kind == "count" and not what else ""
    where = f" {_say(language, 'where', '其中')} `{measure.where}`" if measure.where else ""
    return f"{word}{what}{every}{where}"


def _page(content: Content, entity: Entity, own: Sequence[Edge], language: str, suffix: str) -> str:
    other = f"{entity.entity}.zh-CN.md" if language == "en" else f"{entity.entity}.md"
    title = f"{_label(entity.label, language)} (`{entity.entity}`)"
    lines = [
        f"# {title}",
        "",
        f"[{_say(language, '中文', 'English')}]({other}) · [{_say(language, 'all entities', '全部实体')}](README{suffix})",
        "",
        *_table(entity.fields, language),
        "",
    ]
    for name, spec in entity.fields.items():
        if spec.fields:
            lines += [f"## {_label(spec.label, language)} (`{name}`)", "", *_table(spec.fields, language), ""]
    for rule in entity.rules:
        if rule is entity.rules[0]:
            lines += [f"## {_say(language, 'Rules', '规则')}", ""]
        strict = _say(language, " (else quarantine)", "（否则进入隔离区）") if rule.otherwise == "quarantine" else ""
        lines.append(f"* {_label(rule.label, language)}{_colon(language)}`{rule.holds}`{strict}")
    lines += _decided(content, entity, language)
    lines += _ways(own, language)
    lines += _lists(content, entity, language)
    return "\n".join(lines).rstrip() + "\n"


def _table(fields: dict[str, Field] | dict[str, LineField], language: str) -> list[str]:
    head = [
        _say(language, "Field", "字段"),
        _say(language, "Meaning", "含义"),
        _say(language, "Type", "类型"),
        _say(language, "Owner", "归属"),
        _say(language, "Notes", "说明"),
    ]
    lines = [f"| {' | '.join(head)} |", "|---|---|---|---|---|"]
    for name, spec in fields.items():
        notes = []
        if spec.required:
            notes.append(_say(language, "required", "必填"))
        elif spec.expected:
            notes.append(_say(language, "expected", "应填"))
        if spec.personal:
            notes.append(_say(language, "personal", "个人信息"))
        if isinstance(spec, Field) and spec.sum:
            notes.append(_say(language, f"sum of `{spec.sum}`", f"`{spec.sum}` 的合计"))
        owner = spec.owner if isinstance(spec, Field) else ""
        label = _label(spec.label, language)
        lines.append(f"| `{name}` | {label} | `{spec.type}` | {owner} | {_comma(language).join(notes)} |")
    return lines


def _ways(own: Sequence[Edge], language: str) -> list[str]:
    """Where each field comes from and goes to."""
    lines: list[str] = []
    for inbound, title in (
        (True, _say(language, "Where it comes from", "来源")),
        (False, _say(language, "Where it goes", "去向")),
    ):
        found = [one for one in own if one.inbound == inbound]
        if not found:
            continue
        field, system = _say(language, "Field", "字段"), _say(language, "System, object", "系统与对象")
        rule = _say(language, "Rule", "规则")
        other = _say(language, "Source fields", "来源字段") if inbound else _say(language, "Target field", "目标字段")
        lines += ["", f"## {title}", "", f"| {field} | {system} | {other} | {rule} |", "|---|---|---|---|"]
        rows = sorted({_row(one) for one in found})
        lines += [f"| {' | '.join(row)} |" for row in rows]
    return lines


def _row(one: Edge) -> tuple[str, str, str, str]:
    others = ", ".join(f"`{name}`" for name in one.others)
    own, theirs = (f"`{one.field}`", others) if one.inbound else (others, f"`{one.field}`")
    rule = one.rule.replace("|", "\\|").replace("\n", " ")
    return own, f"`{one.system}.{one.stream}`", theirs, f"`{rule}` ({one.place.rpartition('/')[2]})"


def _lists(content: Content, entity: Entity, language: str) -> list[str]:
    """The terms that the entity's fields take."""
    types = [spec.type for spec in entity.fields.values()]
    types += [line.type for spec in entity.fields.values() for line in spec.fields.values()]
    names = dict.fromkeys(each.arg for each in types if each.name == "term")
    lines: list[str] = []
    for name in names:
        terms = content.schema.terms[name]
        lines += ["", f"## {_label(terms.label, language)} (`{name}`)", ""]
        if terms.owner is not None:
            owner = _say(language, "Owner", "归属")
            version = _say(language, "version", "版本")
            whose = f"{owner}{_colon(language)}{_label(terms.owner, language)}"
            lines += [f"{whose}{_say(language, ', ', '，')}{version} {terms.version}", ""]
        for term, each in terms.terms.items():
            lines.append(f"* `{term}` {_label(each, language)}{_retired(each, language)}")
            if each.next is not None:
                following = _comma(language).join(f"`{one}`" for one in each.next) or _say(language, "nothing", "无")
                lines.append(f"    * {_say(language, 'Then', '之后')}{_colon(language)}{following}")
            for way, said in (
                (_say(language, "Enter", "进入"), each.enter),
                (_say(language, "Leave", "离开"), each.leave),
            ):
                if said is not None:
                    condition = _say(language, f" (`{said.holds}`)", f"（`{said.holds}`）") if said.holds else ""
                    lines.append(f"    * {way}{_colon(language)}{_label(said, language)}{condition}")
    return lines


def _retired(term: Term, language: str) -> str:
    if not term.retired:
        return ""
    if not term.instead:
        return _say(language, " (retired)", "（已停用）")
    return _say(language, f" (retired, now `{term.instead}`)", f"（已停用，改用 `{term.instead}`）")


def _decided(content: Content, entity: Entity, language: str) -> list[str]:
    """How records of it are joined, who wins, by what it is searched, what a registration holds."""
    colon, comma = _colon(language), _comma(language)

    def names(fields: Iterable[str]) -> str:
        return comma.join(f"`{name}`" for name in fields)

    told: list[tuple[str, str]] = []
    keys = entity.matching
    if entity.entity in content.schema.matching:
        told.append(
            (_say(language, "Joined", "合并"), _say(language, "by weight (matching.yaml)", "按权重（matching.yaml）"))
        )
    elif found := [name for name in (keys.legal_code, *keys.exact, keys.name) if name]:
        told.append((_say(language, "Joined by", "合并依据"), names(found)))
    rules = entity.survivorship
    if rules.trust:
        order = sorted(rules.trust.items(), key=lambda each: -each[1])
        told.append((_say(language, "Trust", "可信度"), comma.join(f"{role} {trust}" for role, trust in order)))
    if rules.half_life:
        days = _say(language, f"after {rules.half_life} days", f"每 {rules.half_life} 天")
        told.append((_say(language, "Trust halves", "可信度减半"), days))
    told.append(
        (
            _say(language, "Where nobody owns a field", "无归属字段的取值"),
            _say(language, " > ", "，其次 ").join(rules.rank),
        )
    )
    told += [
        (_say(language, f"Searched as {how}", f"搜索（{how}）"), names(fields)) for how, fields in entity.search.kinds()
    ]
    if entity.registration is not None:
        said = entity.registration
        of, same = names([said.of]), names(said.same)
        text = _say(
            language,
            f"the same {of} with the same {_either(same)} is held until `{said.until}`, or {said.days} days from `{said.on}`",
            f"同一 {of} 且 {same} 之一相同即撞单，保护至 `{said.until}`，未填则自 `{said.on}` 起 {said.days} 天",
        )
        told.append((_say(language, "Registration", "报备"), text))
    title = _say(language, "How it is found and decided", "合并、取值与搜索")
    return ["", f"## {title}", "", *(f"* {word}{colon}{text}" for word, text in told)]


def _either(names: str) -> str:
    return names.replace(", ", " or ")


def _colon(language: str) -> str:
    return _say(language, ": ", "：")


def _comma(language: str) -> str:
    return _say(language, ", ", "、")


def write(folder: Path, content: Content) -> list[Path]:
    """Write every page."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in pages(content).items():
        written.append(folder / name)
        written[-1].write_text(text, encoding="utf-8")
    return written


if __name__ == "__main__":
    write(Path(sys.argv[1]), load_content())
