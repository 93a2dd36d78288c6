"""How fast a compiled mapping is, beside the same mapping by hand and in other engines: ``python -m bench.mapping``.

28 fields of records of 1.5 KB, one core, best of several rounds; every engine's result is compared with ours before
anything is timed. What is not installed (``make peers``) is said to be missing.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.engines import by_hand, others
from bench.engines.task import ENTITY, MAPPING, RULES, records, terms, value_maps
from mappings.language import CompiledMapping, load_mappings
from masterdata.model import load_schema

ROOT = Path(__file__).resolve().parents[1]
COUNT = 10_000
BATCH = 1_000
Row = dict[str, Any]


def compiled(*, rules: bool) -> CompiledMapping:
    """The task's mapping in our language, with or without the entity's rules."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = {
            "entities/account/entity.yaml": ENTITY + (RULES if rules else ""),
            "entities/account/terms.yaml": terms(),
            "definitions/crm/accounts.yaml": MAPPING,
            "definitions/crm/terms.yaml": value_maps(),
        }
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text.lstrip(), encoding="utf-8")
        loaded = load_mappings([root / "definitions"], load_schema([root / "entities"]), lambda _: None)
        if "crm/accounts" not in loaded.by_name:
            sys.exit("\n".join(finding.render() for finding in loaded.findings))
        return loaded.by_name["crm/accounts"]


def best(run: Callable[[list[Row]], Any], rows: list[Row], rounds: int = 7) -> float:
    """Microseconds of processor time a record, of the fastest round, in batches as the engine takes them."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        for first in range(0, len(rows), BATCH):
            run(rows[first : first + BATCH])
        times.append(time.process_time() - start)
    return min(times) / len(rows) * 1e6


def main() -> None:
    """Print a table: engine, µs a record, times ours."""
    sys.path += [str(path) for path in ROOT.glob(".venv-peers/lib/python3*/site-packages")]
    rows = records(COUNT)
    size = len(json.dumps(rows[7], ensure_ascii=False).encode())
    plain, ruled = compiled(rules=False), compiled(rules=True)
    wanted = [mapped.fields for mapped in plain.run(rows, None)]
    _same("by hand", [row for row, _ in by_hand.run(rows)], wanted)
    ours = best(lambda given: plain.run(given, None), rows)
    hand = best(by_hand.run, rows)
    checked = best(lambda given: ruled.run(given, None), rows)
    table = [("Tongmai, generated Python", ours), ("by hand, a guard a field", hand)]
    for name, make, count in (
        ("JSONata in Rust (jsonatapy)", others.jsonata, COUNT),
        ("jmespath with own functions", others.jmespath, COUNT // 5),
        ("Airbyte manifest, AddFields", others.airbyte, COUNT // 100),
    ):
        try:
            engine = make()
        except ImportError as error:
            print(f"{name}: not there ({error.name}); `make peers` installs it")
            continue
        _same(name, engine(rows[:50]), wanted[:50])
        table.append((name, best(engine, rows[:count], 3)))
    print(f"{len(wanted[0])} fields, records of {size} bytes, µs a record")
    for name, took in table:
        print(f"{name:32} {took:10.1f}   {took / ours:7.2f} x ours")
    print(f"ours / by hand: {ours / hand:.2f}; five rules over the record: {checked - ours:.1f} µs")


def _same(name: str, got: list[Row], wanted: list[Row]) -> None:
    """Stop when an engine does something else. Numbers may come as numbers, times in another spelling."""
    for one, other in zip(got, wanted, strict=True):
        for field, value in other.items():
            if not _equal(one.get(field), value):
                sys.exit(f"{name}: {field} is {one.get(field)!r} where ours is {value!r}")


def _equal(got: Any, wanted: Any) -> bool:
    if got == wanted or str(got) == str(wanted) or (got in ("", None) and wanted is None):
        return True
    if isinstance(wanted, str) and "T" in wanted and wanted.endswith("Z"):
        return str(got)[:19] == wanted[:19] or str(got).isdigit()
    try:
        return float(got) == float(wanted)
    except (TypeError, ValueError):
        return False


if __name__ == "__main__":
    main()
