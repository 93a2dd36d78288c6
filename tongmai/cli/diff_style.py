"""The look of the page that shows what changes: neutral, light and dark, for screen and paper."""

from __future__ import annotations

STYLE = """
:root { --paper: #f6f7f9; --card: #fff; --ink: #1b2330; --soft: #5c6778; --line: #dfe3e9; --tint: #eef1f5;
  --accent: #2f6690; --bad: #b3372f; --good: #2c7a4b; --was: #8a94a3; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181e; --card: #1c222a; --ink: #e6eaf0; --soft: #9aa6b5;
  --line: #2e3641; --tint: #242b35; --accent: #6ca6d0; --bad: #e5776e; --good: #67bd8a; --was: #7d8896; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1.5rem 3rem; }
.pick { position: absolute; opacity: 0; }
.switch { max-width: 60rem; margin: 0 auto; padding: 1rem 1.5rem 0; text-align: right; }
.switch label { display: inline-block; padding: .2rem .8rem; border: 1px solid var(--line); color: var(--soft); cursor: pointer; }
.switch label:first-child { border-radius: 1rem 0 0 1rem; border-right: 0; }
.switch label:last-child { border-radius: 0 1rem 1rem 0; }
#zh:checked ~ .switch label[for=zh], #en:checked ~ .switch label[for=en] { background: var(--ink); color: var(--paper); }
#zh:focus-visible ~ .switch label[for=zh], #en:focus-visible ~ .switch label[for=en] { outline: 2px solid var(--accent); }
#zh:checked ~ main span[lang=en], #en:checked ~ main span[lang=zh-CN] { display: none; }
header h1 { margin: .1rem 0 .3rem; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
.kind, .versions, .rest, .note, .more, footer { color: var(--soft); margin: 0; }
.versions b { margin: 0 .6rem; font-weight: 400; }
.summary { margin: 1.2rem 0; padding: .9rem 1.1rem; font-size: 1.15rem; background: var(--card);
  border-left: 4px solid var(--accent); border-radius: 4px; }
.summary.calm { border-color: var(--good); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 0 0 .6rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; }
.tile b { display: block; font-size: 1.8rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); }
.tile.change b { color: var(--accent); } .tile.bad b { color: var(--bad); } .tile.good b { color: var(--good); }
.tile.none b { color: var(--was); }
h2 { font-size: 1.2rem; margin: 2rem 0 .2rem; }
.bad h2 { color: var(--bad); } .good h2 { color: var(--good); }
article { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: .7rem 0;
  break-inside: avoid; }
.bar { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; }
.bar h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; } .bar p { margin: 0; white-space: nowrap; color: var(--soft); }
.bar p b { color: var(--ink); font-size: 1.1rem; font-variant-numeric: tabular-nums; }
.track { height: 6px; border-radius: 3px; background: var(--tint); margin: .4rem 0 .5rem; overflow: hidden; }
.track i { display: block; height: 100%; border-radius: 3px; background: var(--accent); }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { text-align: left; padding: .35rem .5rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; font-weight: 400; }
tr:first-child > * { border-top: 0; }
th { width: 36%; } th small { display: block; color: var(--soft); font-size: .8rem; }
td.old { color: var(--was); text-decoration: line-through; text-decoration-color: var(--was); }
td.arrow { width: 1.8rem; color: var(--soft); } td.new { font-weight: 600; }
td.nothing { color: var(--was); font-style: italic; font-weight: 400; text-decoration: none; }
td.alike { width: 5.5rem; text-align: right; color: var(--soft); font-variant-numeric: tabular-nums; }
code { font: .85em ui-monospace, Consolas, monospace; color: var(--soft); background: var(--tint); padding: .05em .35em;
  border-radius: 3px; font-weight: 400; }
footer { margin-top: 2.5rem; font-size: .85rem; }
@media (max-width: 40rem) { .bar { display: block; } header h1 { font-size: 1.5rem; }
  tr { display: grid; grid-template-columns: 1fr 1.5rem 1fr auto; border-top: 1px solid var(--line); padding: .3rem 0; }
  tr:first-child { border-top: 0; } th, td { border: 0; padding: .1rem .3rem .1rem 0; }
  th, td:nth-child(2):last-child { grid-column: 1 / -1; width: auto; } td.alike, td.arrow { width: auto; } }
@media print { .switch { display: none; } body { background: #fff; } }
"""
