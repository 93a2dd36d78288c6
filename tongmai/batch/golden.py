"""Golden records of a whole file: one per cluster, by the entity's rules of survivorship. No database."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from masterdata.model import Entity
from masterdata.survivorship import Contribution, survive
from tongmai.batch.records import records
from tongmai.batch.run import Matched

SEPARATOR = "; "
Record = tuple[str, str, dict[str, Any]]
CHANGED = "updated_at"


def golden_rows(entity: Entity, records: Iterable[Record], cluster_of: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """``cluster_id``, the golden fields, and ``why`` (field → reason), for each cluster.

    A cluster leaves as soon as its last record has come, so no more is held than the records of clusters that are still
    open. ``source`` of a record is taken for the role that trust and ownership speak of. A record that no cluster names
    stands alone.
    """
    left: dict[str, int] = {}
    for cluster in cluster_of.values():
        left[cluster] = left.get(cluster, 0) + 1
    waiting: dict[str, list[Record]] = {}
    for record in records:
        cluster = cluster_of.get(record[0], "")
        if record[0] not in cluster_of:
            yield _golden(entity, record[0], [record])
        elif left[cluster] == 1:
            yield _golden(entity, cluster, [*waiting.pop(cluster, ()), record])
        else:
            left[cluster] -= 1
            waiting.setdefault(cluster, []).append(record)
    for cluster in sorted(waiting):  # records that the clusters name and the file does not hold
        yield _golden(entity, cluster, waiting[cluster])


def write_golden(entity: Entity, found: Matched, file: Path, out: Path) -> int:
    """One row per cluster: ``cluster_id``, ``records`` (how many), the fields that any record fills, ``why`` as JSON.

    The same names as the entity's fields; lists are joined by ``; ``. Returns how many rows there are.
    """
    cluster_of = {key: found.ids[first] for key, first in zip(found.ids, found.resolved.entity, strict=True)}
    sizes = Counter(cluster_of.values())
    named = [column.field for column in found.how.columns if column.field]
    wanted = [name for name in entity.fields if name in named or name in _DERIVED]
    count = 0
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["cluster_id", "records", *wanted, "why"])
        for row in golden_rows(entity, records(file, found.how, entity), cluster_of):
            values = [_text(row.get(name)) for name in wanted]
            why = json.dumps({name: row["why"][name] for name in wanted if row["why"].get(name)}, ensure_ascii=False)
            writer.writerow([row["cluster_id"], sizes[row["cluster_id"]], *values, why])
            count += 1
    return count


_DERIVED = ("province", "city")
"""Fields that the rules derive from others."""


def _text(value: Any) -> str:
    if isinstance(value, list):
        return SEPARATOR.join(map(str, value))
    return "" if value is None else str(value)


def _golden(entity: Entity, cluster: str, members: list[Record]) -> dict[str, Any]:
    fields, why = survive(entity, [_contribution(entity, record) for record in members])
    return {"cluster_id": cluster, **fields, "why": why}


def _contribution(entity: Entity, record: Record) -> Contribution:
    key, source, given = record
    at = _moment(given.get(CHANGED))
    fields = {name: value for name, value in given.items() if name in entity.fields}
    return Contribution(0, source, source, "", key, fields, dict.fromkeys(fields, at))


def _moment(value: Any) -> str:
    """ISO text in UTC; nothing where it is no time."""
    text = str(value or "").strip().replace("/", "-").replace("年", "-").replace("月", "-").replace("日", "")
    date, apart, clock = text.replace("T", " ").partition(" ")
    parts = date.split("-")
    if len(parts) == 3 and all(part.isdigit() for part in parts):
        text = "-".join((parts[0].zfill(4), parts[1].zfill(2), parts[2].zfill(2))) + (f"T{clock}" if apart else "")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
