"""The table of mutants: on the terminal, and in docs/explanation/mutation-proof.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.mutants.checkout import Verdict
from tests.mutants.mutant import Mutant
from tongmai.core.settings import product_root

PAGE = product_root() / "docs" / "explanation" / "mutation-proof.md"
BEGIN, END = "<!-- table: make mutants -->", "<!-- end of table -->"
_HEAD = (
    "| Mutant 变异体 | The guard it takes away 被去掉的保护 | Where 位置 | Scenario 场景 | Invariant that falls 被破坏的不变量 |",
    "|---|---|---|---|---|",
)


def line(name: str, verdict: Verdict) -> str:
    """One line for the terminal."""
    return (
        f"{verdict.verdict:9} {verdict.seconds:6.1f} s  {name:32} {verdict.invariant}: {verdict.detail[:110]}".rstrip(
            ": "
        )
    )


def table(mutants: Sequence[Mutant], verdicts: Mapping[str, Verdict]) -> str:
    """The table of the page. Times are left out: they differ from run to run."""
    rows = []
    for one in mutants:
        found = verdicts.get(one.name, Verdict("not played"))
        fell = found.invariant if found.verdict == "caught" else f"**{found.verdict}**"
        guard = f"{one.takes_away.en}<br>{one.takes_away.zh}"
        rows.append(f"| `{one.name}` | {guard} | `{one.file}` | {one.scenario} | {fell} |")
    return "\n".join((*_HEAD, *rows))


def write_page(mutants: Sequence[Mutant], verdicts: Mapping[str, Verdict]) -> None:
    """Replace the table in the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(mutants, verdicts)}\n{END}{after}", encoding="utf-8")
