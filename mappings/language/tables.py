"""Reference tables beside the mappings: ``<system>/tables/<name>.csv``, the first column being the key."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from tongmai.core.finding import Finding, Mark
from tongmai.core.text import Text

FOLDER = "tables"
MAX_ROWS = 200_000


@dataclass(frozen=True)
class Table:
    """One table. ``rows``: key → the other columns in order; ``columns`` are their names."""

    name: str
    key: str
    columns: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]

    def as_rows(self) -> dict[str, str | dict[str, str]]:
        """Key → its row: a text where there is one column beside the key, an object otherwise."""
        if len(self.columns) == 1:
            return dict(self.column(self.columns[0]))
        return {key: dict(zip(self.columns, row, strict=True)) for key, row in self.rows.items()}

    def column(self, name: str) -> dict[str, str]:
        """Key → the value of one column, where it is not empty."""
        index = self.columns.index(name)
        return {key: row[index] for key, row in self.rows.items() if row[index]}


def load_table(file: Path) -> tuple[Table | None, list[Finding]]:
    """A CSV file with a heading, UTF-8 with or without a mark; every mistake with its line."""
    findings: list[Finding] = []

    def find(line: int, code: str, en: str, zh: str) -> None:
        findings.append(Finding(Mark(str(file), line, 1), f"table.{code}", Text(en, zh)))

    try:
        text = file.read_text(encoding="utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except UnicodeDecodeError:
        find(
            1, "encoding", "the file is not UTF-8; save it as `CSV UTF-8`", "文件不是 UTF-8 编码；请另存为 `CSV UTF-8`"
        )
        return None, findings
    except csv.Error as error:
        find(1, "shape", f"not a CSV table: {error}", f"不是有效的 CSV 表：{error}")
        return None, findings
    heading = [name.strip() for name in lines[0]] if lines else []
    if len(heading) < 2 or not all(heading) or len(set(heading)) != len(heading):
        find(
            1,
            "shape",
            "the first line names the key and at least one more column, each once",
            "首行应写键列和至少一个其他列名，且不重复",
        )
        return None, findings
    if len(lines) > MAX_ROWS:
        find(
            1,
            "too-long",
            f"more than {MAX_ROWS} rows: master data belongs in an entity",
            f"超过 {MAX_ROWS} 行：主数据应建为实体",
        )
        return None, findings
    rows: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines[1:], 2):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        if len(cells) != len(heading) or not cells[0]:
            find(
                number,
                "row",
                f"{len(heading)} columns are expected, the first not empty; there are {len(cells)}",
                f"应为 {len(heading)} 列且首列不为空，实际 {len(cells)} 列",
            )
        elif cells[0] in rows:
            find(number, "duplicate-key", f"the key `{cells[0]}` stands there twice", f"键 `{cells[0]}` 重复")
        else:
            rows[cells[0]] = tuple(cells[1:])
    return Table(file.stem, heading[0], tuple(heading[1:]), rows), findings
