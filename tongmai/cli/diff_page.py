"""The comparison of two versions of a mapping as one page for people: no other file, no script, both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from mappings.language.compare_runs import Kind
from tongmai.cli.diff_report import KINDS, of_kind
from tongmai.cli.diff_style import STYLE
from tongmai.core.text import Text

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_NOTHING = {"en": "", "zh": ""}
_TILES = (
    ("read", Text("records compared", "条记录参与比较"), ""),
    ("changed", Text("get other values", "条取值变化"), "change"),
    ("failing", Text("newly refused", "条新被拒绝"), "bad"),
    ("accepted", Text("newly accepted", "条新被接受"), "good"),
    ("filtered", Text("newly left out", "条新被排除"), "change"),
    ("let_in", Text("newly taken in", "条新被纳入"), "change"),
)
_REST = (
    ("same", Text("come out as before", "条结果不变")),
    ("still_failing", Text("are refused by both versions", "条两版均被拒绝")),
    ("still_filtered", Text("are left out by both versions", "条两版均被排除")),
    ("unreadable", Text("cannot be decoded", "条无法解码")),
    ("passed_by", Text("are not for this target", "条不属于该目标")),
)


def render(report: Mapping[str, Any], lang: str) -> str:
    """The page; ``lang`` (``zh`` or ``en``) is the language it opens in."""
    title = Text(f"What changes in {report['mapping']}", f"映射 {report['mapping']} 的变化")
    checked = {one: " checked" if one == lang else "" for one in ("zh", "en")}
    return f"""<!doctype html>
<html lang="{"zh-CN" if lang == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title.in_language(lang))}</title>
<style>{STYLE}</style>
</head>
<body>
<input class="pick" type="radio" name="lang" id="zh"{checked["zh"]}><input class="pick" type="radio" name="lang" id="en"{checked["en"]}>
<div class="switch"><label for="zh">中文</label><label for="en">English</label></div>
<main>
{_head(report)}
{_tiles(report)}
{"".join(_shifts(report, ("failing",)))}
{_fields(report)}
{"".join(_shifts(report, [kind for kind in KINDS if kind != "failing"]))}
{_foot(report)}
</main>
</body>
</html>
"""


def _head(report: Mapping[str, Any]) -> str:
    way = Text("sent to the target", "写出到目标") if report["outbound"] else Text("taken into the hub", "读入中枢")
    same = Text(
        "Both versions have the same definition, so nothing can change.", "两个版本的定义完全相同，不会有任何变化。"
    )
    summary = _text(same) if report["same_definition"] else _both(report["summary"])
    calm = "" if report["changes"] else " calm"
    return f"""<header>
<p class="kind">{_text(Text("What would change", "映射变更预览"))} · {_both(report["entity"])} · {_text(way)}</p>
<h1>{escape(report["mapping"])}</h1>
<p class="versions"><span>{_both(report["old"]["what"])}</span><b>→</b><span>{_both(report["new"]["what"])}</span></p>
<p class="summary{calm}">{summary}</p>
</header>"""


def _tiles(report: Mapping[str, Any]) -> str:
    if report["same_definition"]:
        return ""
    records: Mapping[str, int] = report["records"]
    tiles = "".join(
        f'<div class="tile {kind if records[name] else "none"}"><b>{records[name]:,}</b><span>{_text(label)}</span></div>'
        for name, label, kind in _TILES
        if records[name] or name in ("read", "changed", "failing")
    )
    rest = [f"{records[name]:,} {_text(label)}" for name, label in _REST if records[name]]
    told = f'<p class="rest">{" · ".join(rest)}</p>' if rest else ""
    return f'<section class="tiles">{tiles}</section>{told}'


def _fields(report: Mapping[str, Any]) -> str:
    if not report["fields"]:
        return ""
    most = max(one["records"] for one in report["fields"])
    rows = "".join(_field(one, most, report["records"]["read"]) for one in report["fields"])
    heading = _text(Text("Fields that change", "变化的字段"))
    note = _text(Text("Each with up to three examples.", "每个字段最多列三个例子。"))
    return f"<section><h2>{heading}</h2><p class='note'>{note}</p>{rows}</section>"


def _field(one: Mapping[str, Any], most: int, read: int) -> str:
    share = one["records"] / read if read else 0
    percent = f"{share:.1%}" if share >= 0.001 else "&lt; 0.1%"
    gained = _count(one["gained"], Text("get a value they did not have", "条原来没有值"))
    lost = _count(one["lost"], Text("lose their value", "条将失去取值"))
    more = " · ".join(part for part in (gained, lost) if part)
    name = "" if one["field"] in one["label"]["en"] else f" <code>{escape(one['field'])}</code>"
    rows = "".join(
        f"<tr><th>{_who(each)}</th>{_cell('old', each)}<td class='arrow'>→</td>"
        f"{_cell('new', each)}<td class='alike'>{_alike(each)}</td></tr>"
        for each in one["examples"]
    )
    return f"""<article>
<div class="bar"><h3>{_both(one["label"])}{name}</h3><p><b>{one["records"]:,}</b> {_text(Text("records", "条"))} · {percent}</p></div>
<div class="track"><i style="width:{max(1.0, 100 * one["records"] / most):.1f}%"></i></div>
{f'<p class="more">{more}</p>' if more else ""}
<table>{rows}</table>
</article>"""


def _cell(which: str, each: Mapping[str, Any]) -> str:
    empty = " nothing" if each[which] in (None, "", []) else ""
    return f'<td class="{which}{empty}">{_both(each[f"{which}_shown"])}</td>'


def _alike(each: Mapping[str, Any]) -> str:
    return f"× {each['records']:,}" if each["records"] > 1 else ""


def _count(count: int, label: Text) -> str:
    return f"{count:,} {_text(label)}" if count else ""


def _shifts(report: Mapping[str, Any], kinds: Iterable[Kind]) -> Iterable[str]:
    for kind in kinds:
        title, shifts = KINDS[kind], of_kind(report, kind)
        if not shifts:
            continue
        rows = "".join(_shift(one) for one in shifts)
        tone = {"failing": "bad", "accepted": "good"}.get(kind, "plain")
        yield f'<section class="{tone}"><h2>{_text(title)}</h2>{rows}</section>'


def _shift(one: Mapping[str, Any]) -> str:
    code = f" <code>{escape(one['code'])}</code>" if one["code"] else ""
    rows = "".join(
        f"<tr><th>{_who(each)}</th><td>{_both(each.get('value', _NOTHING))}</td></tr>" for each in one["examples"]
    )
    return f"""<article>
<div class="bar"><h3>{_both(one["label"])}{code}</h3><p><b>{one["records"]:,}</b> {_text(Text("records", "条"))}</p></div>
<table>{rows}</table>
</article>"""


def _foot(report: Mapping[str, Any]) -> str:
    digests = f"{report['old']['digest'][:12]} → {report['new']['digest'][:12]}"
    told = Text(
        "Both versions ran over the same records. Nothing was written.", "两个版本处理了同一批记录，未写入任何数据。"
    )
    if report["same_definition"]:
        told = Text("No record had to be read.", "无需读取任何记录。")
    return f"<footer>{_text(told)} <code>{digests}</code></footer>"


def _who(each: Mapping[str, Any]) -> str:
    key, title = escape(each["key"]), escape(each["title"])
    shown = f"{title}<small>{key}</small>" if title and title != key else key
    line = each.get("line")
    return shown + (f"<small>{_text(Text(f'line {line}', f'第 {line} 行'))}</small>" if line else "")


def _text(text: Text) -> str:
    return _both({"en": text.en, "zh": text.zh})


def _both(words: Mapping[str, str]) -> str:
    if words["en"] == words["zh"]:
        return escape(words["en"])
    return f'<span lang="zh-CN">{escape(words["zh"])}</span><span lang="en">{escape(words["en"])}</span>'
