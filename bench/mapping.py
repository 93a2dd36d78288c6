"""How fast a compiled mapping is, beside the same thing written by hand: ``python bench/mapping.py``.

28 simple fields over a generated entity, one core, best of seven. Both results are compared before anything is timed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mappings.language import Mapped, load_mappings
from masterdata.model import load_schema

COUNT = 20_000
TEXTS = [f"text_{n}" for n in range(14)]
NUMBERS = [f"number_{n}" for n in range(4)]
WHOLES = [f"whole_{n}" for n in range(4)]
FLAGS = [f"flag_{n}" for n in range(3)]
DAYS = [f"day_{n}" for n in range(3)]


def _files(root: Path) -> None:
    kinds = [(TEXTS, "text"), (NUMBERS, "decimal"), (WHOLES, "integer"), (FLAGS, "boolean"), (DAYS, "date")]
    lines = ["entity: row", "label: {zh: 行, en: Row}", "fields:"]
    lines += [f"  {name}: {{type: {kind}, label: {{zh: 列, en: Column}}}}" for names, kind in kinds for name in names]
    (root / "entities" / "row").mkdir(parents=True)
    (root / "entities" / "row" / "entity.yaml").write_text("\n".join(lines), encoding="utf-8")
    lines = ["mapping: bench/rows", "from: bench.rows", "to: row", "fields:"]
    lines += [f"  {name}: {name}" for names, _ in kinds for name in names]
    (root / "definitions" / "bench").mkdir(parents=True)
    (root / "definitions" / "bench" / "rows.yaml").write_text("\n".join(lines), encoding="utf-8")


def _records() -> list[dict[str, Any]]:
    out = []
    for n in range(COUNT):
        record: dict[str, Any] = {name: f"value {n} of {name}" for name in TEXTS}
        record |= {name: f"{n}.25" for name in NUMBERS} | dict.fromkeys(WHOLES, n) | dict.fromkeys(FLAGS, n % 2 == 0)
        record |= dict.fromkeys(DAYS, f"2026-01-{n % 28 + 1:02d}")
        out.append(record)
    return out


def _by_hand(records: list[dict[str, Any]]) -> list[Mapped]:
    """What a careful person writes: trim, empty to None, the same plain values."""
    from datetime import date
    from decimal import Decimal

    done = []
    for record in records:
        get = record.get
        fields: dict[str, Any] = {}
        for name in TEXTS:
            value = get(name)
            fields[name] = (str(value).strip() or None) if value is not None else None
        for name in NUMBERS:
            value = get(name)
            fields[name] = None if value in (None, "") else format(Decimal(value), "f")
        for name in WHOLES:
            value = get(name)
            fields[name] = None if value in (None, "") else int(value)
        for name in FLAGS:
            value = get(name)
            fields[name] = value if isinstance(value, bool) else None
        for name in DAYS:
            value = get(name)
            fields[name] = date.fromisoformat(value).isoformat() if value else None
        done.append(Mapped(fields))
    return done


def _best(run: Any, records: list[dict[str, Any]]) -> float:
    times = []
    for _ in range(7):
        start = time.perf_counter()
        run(records)
        times.append(time.perf_counter() - start)
    return min(times) / len(records) * 1e6


def main() -> None:
    """Print both speeds and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _files(root)
        schema = load_schema([root / "entities"])
        loaded = load_mappings([root / "definitions"], schema, lambda _: None)
        compiled = loaded.by_name["bench/rows"]
    records = _records()
    ours = compiled.run(records, None)
    if [each.fields for each in ours] != [each.fields for each in _by_hand(records)] or any(
        each.errors for each in ours
    ):
        sys.exit("the two mappings differ")
    generated = _best(lambda rows: compiled.run(rows, None), records)
    hand = _best(_by_hand, records)
    print(
        f"generated {generated:.1f} µs/record, by hand {hand:.1f} µs/record, ratio {generated / hand:.2f} (28 fields)"
    )


if __name__ == "__main__":
    main()
