"""Labels: pairs of records that somebody knows to be the same, or not."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from masterdata.matching.columns import Columns, candidates
from masterdata.store import Cursor
from tongmai.core.csvfile import UTF8, CsvFile
from tongmai.core.errors import ConfigurationError

_SAME = frozenset({"same", "match", "1", "yes", "true", "y", "相同", "是"})
_OTHER = frozenset({"different", "no match", "0", "no", "false", "n", "不同", "否"})


def read(file: Path, ids: Sequence[str], columns: Columns, encoding: str = UTF8) -> dict[tuple[int, int], bool]:
    """Pairs of record numbers → the same? The file holds ``id_a, id_b, same``, or ``id, entity_id`` for every record.

    Of the latter come all pairs that are the same, also those that no key would have found, and the candidates that are not.
    """
    number = {key: at for at, key in enumerate(ids)}
    table = CsvFile(file, encoding)
    header = table.header()
    if {"id", "entity_id"} <= set(header):
        whose = {row["id"]: row["entity_id"] for _, row in table.rows()}
        left, right, _ = candidates(columns, columns.scorer.rules.generic)
        named = [whose.get(key, key) for key in ids]
        found = {
            (one, other): named[one] == named[other] for one, other in zip(left.tolist(), right.tolist(), strict=True)
        }
        members: dict[str, list[int]] = {}
        for one, entity in enumerate(named):
            members.setdefault(entity, []).append(one)
        found.update((pair, True) for group in members.values() for pair in combinations(group, 2))
        return found
    if not {"id_a", "id_b", "same"} <= set(header):
        raise ConfigurationError(
            f"{file.name}: these are no labels",
            f"columns `id_a, id_b, same` or `id, entity_id` are expected; there are {', '.join(header)}",
            "rename the columns",
            code="no-labels",
        )
    return {
        _pair(row, number, f"{file.name}:{line}"): _truth(row["same"], f"{file.name}:{line}")
        for line, row in table.rows()
    }


def decided(cursor: Cursor, entity: str) -> dict[tuple[int, int], bool]:
    """What stewards said and did not take back: pairs of record ids → the same? What we kept together ourselves teaches
    nothing; a pair that is deleted or not compared is left out."""
    cursor.execute(
        """select distinct on (d.one, d.other) d.one, d.other, d.same
             from hub.match_decision d
             join hub.match_act a on a.id = d.act and a.kind <> 'kept' and a.entity = %s
             join hub.match_record x on x.record_id = d.one
             join hub.match_record y on y.record_id = d.other
             join hub.source_record r on r.id = d.one and not r.deleted
             join hub.source_record s on s.id = d.other and not s.deleted
            where d.ended_at is null order by d.one, d.other, d.act desc""",
        (entity,),
    )
    return {(row[0], row[1]): row[2] for row in cursor}


def write(cursor: Cursor, entity: str, out: Path) -> int:
    """Stewards' decisions as ``id_a, id_b, same``, each record as ``connection/stream/key``; returns how many."""
    found = decided(cursor, entity)
    cursor.execute(
        """select r.id, s.connection || '/' || s.stream || '/' || r.source_key
             from hub.source_record r join hub.stream s on s.id = r.stream_id where r.id = any(%s)""",
        (sorted({one for pair in found for one in pair}),),
    )
    name = {row[0]: row[1] for row in cursor}
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id_a", "id_b", "same"])
        writer.writerows(
            (name[one], name[other], "same" if same else "different") for (one, other), same in found.items()
        )
    return len(found)


def _pair(row: dict[str, str], number: dict[str, int], where: str) -> tuple[int, int]:
    unknown = [row[side] for side in ("id_a", "id_b") if row[side] not in number]
    if unknown:
        raise ConfigurationError(
            f"{where}: no record `{unknown[0]}`", "", "labels name records of the file", code="unknown-record"
        )
    one, other = number[row["id_a"]], number[row["id_b"]]
    return min(one, other), max(one, other)


def _truth(text: str, where: str) -> bool:
    word = text.strip().lower()
    if word in _SAME or word in _OTHER:
        return word in _SAME
    raise ConfigurationError(
        f"{where}: `{text}` is no answer",
        "allowed: same, different (or 1, 0)",
        "correct the label",
        code="no-label",
    )
