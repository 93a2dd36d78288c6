"""The data dictionary: a page for each entity, what each field means, where it comes from, where it goes.

``python -m tongmai.cli.reference.dictionary FOLDER`` writes the product's pages.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from masterdata.model.entity import Entity, Field, LineField
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
    return "\n".join([*lines, ""])


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
        lines.append(f"* {_label(rule.label, language)}: `{rule.holds}`")
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
        if isinstance(spec, Field) and spec.personal:
            notes.append(_say(language, "personal", "个人信息"))
        if isinstance(spec, Field) and spec.sum:
            notes.append(_say(language, f"sum of `{spec.sum}`", f"`{spec.sum}` 的合计"))
        owner = spec.owner if isinstance(spec, Field) else ""
        label = _label(spec.label, language)
        lines.append(f"| `{name}` | {label} | `{spec.type}` | {owner} | {', '.join(notes)} |")
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
            lines += [f"{owner}: {_label(terms.owner, language)}, {version} {terms.version}", ""]
        for term, each in terms.terms.items():
            lines.append(f"* `{term}` {_label(each, language)}")
            if each.next is not None:
                following = ", ".join(f"`{one}`" for one in each.next) or "-"
                lines.append(f"    * {_say(language, 'Then', '之后')}: {following}")
            for way, said in (
                (_say(language, "Enter", "进入"), each.enter),
                (_say(language, "Leave", "离开"), each.leave),
            ):
                if said is not None:
                    condition = f" (`{said.holds}`)" if said.holds else ""
                    lines.append(f"    * {way}: {_label(said, language)}{condition}")
    return lines


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
