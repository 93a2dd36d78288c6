"""The table of all cells: on the console, and as one page in both languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape as escape_all
from pathlib import Path

from tests.faults.cell import Cell, Outcome
from tongmai.core.text import Text

escape = partial(escape_all, quote=False)

VERDICTS = {
    "passed": Text("passed", "通过"),
    "failed": Text("failed", "未通过"),
    "void": Text("void: not enough faults fired", "无效：故障触发不足"),
    "not run": Text("not run", "未运行"),
}
HEADS = (
    Text("Cell", "用例"), Text("Faults fired / at least", "故障触发 / 至少"), Text("Delivered in the run", "故障期间送达"),
    Text("Lost", "丢失"), Text("Doubled", "重复"), Text("Order", "乱序"), Text("Books", "账目"), Text("Seconds", "秒"),
    Text("Verdict", "结论"),
)  # fmt: skip
STYLE = """
:root { color-scheme: light dark; --line: #d6dbe1; --quiet: #5c6773; --good: #187a3c; --bad: #b3261e; --paper: #fff; --ink: #1b2126 }
@media (prefers-color-scheme: dark) { :root { --line: #39424b; --quiet: #9aa6b2; --good: #5cc98a; --bad: #ff8a80; --paper: #14181c; --ink: #e6eaee } }
body { font: 15px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--paper); color: var(--ink) }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line) }
th { font-weight: 600; font-size: .85rem; color: var(--quiet) } td.n { text-align: right; font-variant-numeric: tabular-nums }
small { color: var(--quiet); display: block } .passed { color: var(--good) } .failed, .void { color: var(--bad); font-weight: 600 } .not { color: var(--quiet) }
.sum b { font-size: 1.6rem } .sum { display: flex; gap: 2rem; margin: 1rem 0 2rem } ul { margin: .2rem 0 0; padding-left: 1.1rem; color: var(--bad); font-size: .85rem }
"""


def verdict_of(outcome: Outcome | None) -> str:
    """Its verdict, or that there is none yet."""
    return outcome.verdict if outcome else "not run"


def console(cells: Sequence[Cell], found: Mapping[str, Outcome]) -> str:
    """The table as text."""
    lines = [
        f"{'cell':<26} {'fired/planned':>15} {'delivered':>9} {'lost':>5} {'doubled':>7} {'order':>5} {'books':>5} {'s':>6}  verdict"
    ]
    for cell in cells:
        one = found.get(cell.name)
        if one is None:
            lines.append(f"{cell.name:<26} {'':>15} {'':>9} {'':>5} {'':>7} {'':>5} {'':>5} {'':>6}  not run")
            continue
        fired, least = sum(c.fired for c in one.counts), sum(c.least for c in one.counts)
        lines.append(
            f"{cell.name:<26} {f'{fired}/{least}':>15} {one.delivered:>9.1%} {one.lost:>5} {one.doubled:>7} {one.order:>5}"
            f" {one.books:>5} {one.seconds:>6.0f}  {one.verdict}"
        )
        lines += [f"    {note}" for note in one.notes]
    return "\n".join(lines)


def page(cells: Sequence[Cell], found: Mapping[str, Outcome], deals: int, seed: int, code: str) -> str:
    """The page as HTML that needs nothing else."""
    counts = Counter(verdict_of(found.get(cell.name)) for cell in cells)
    sums = "".join(
        f'<div class="{name.split()[0]}"><b>{counts[name]}</b> {_two(text)}</div>' for name, text in VERDICTS.items()
    )
    heads = "".join(f"<th>{_two(head)}</th>" for head in HEADS)
    rows = "\n".join(_row(cell, found.get(cell.name)) for cell in cells)
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>通脉 · 故障表 Faults</title><style>{STYLE}</style></head><body>"
        f"<h1>通脉 Tongmai · 故障表 Faults</h1><p>每个用例 {deals:,} 笔商机，从签约到回款；种子 {seed}，代码 {code}。"
        f"<br>Each cell takes {deals:,} deals from signature to payment; seed {seed}, code {code}.</p>"
        f'<div class="sum">{sums}</div><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></body></html>\n'
    )


def write(file: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)


def _row(cell: Cell, one: Outcome | None) -> str:
    verdict = verdict_of(one)
    what = f"<b>{escape(cell.name)}</b><small>{escape(cell.what.zh)}<br>{escape(cell.what.en)}</small>"
    mark = f'<td class="{verdict.split()[0]}">{_two(VERDICTS[verdict])}</td>'
    if one is None:
        return f"<tr><td>{what}</td>{'<td></td>' * 7}{mark}</tr>"
    fired = "".join(
        f"<small{' class=void' if c.void else ''}>{escape(c.name)}: {c.fired} / {c.least}</small>" for c in one.counts
    )
    notes = f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in one.notes)}</ul>" if one.notes else ""
    numbers = "".join(
        f'<td class="n">{n}</td>' for n in (one.lost, one.doubled, one.order, one.books, f"{one.seconds:.0f}")
    )
    return f'<tr><td>{what}{notes}</td><td>{fired}</td><td class="n">{one.delivered:.1%}</td>{numbers}{mark}</tr>'


def _two(text: Text) -> str:
    return f"{escape(text.zh)}<small>{escape(text.en)}</small>"
