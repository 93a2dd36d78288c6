"""Labels: pairs of records that somebody knows to be the same, or not."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from masterdata.matching.cluster import components
from masterdata.matching.columns import Columns, candidates
from masterdata.store import Cursor
from tongmai.core.csvfile import UTF8, CsvFile
from tongmai.core.errors import ConfigurationError

_SAME = frozenset({"same", "match", "merge", "1", "1.0", "yes", "true", "y", "相同", "是", "合并"})
_OTHER = frozenset({"different", "no match", "apart", "0", "0.0", "no", "false", "n", "不同", "否", "不是"})
_PAIRS = (("id_a", "id_b"), ("id_1", "id_2"), ("id1", "id2"), ("left_id", "right_id"), ("id_l", "id_r"), ("a", "b"))
_ANSWERS = ("same", "label", "match", "is_match", "verdict", "是否相同")
_WHOSE = ("entity_id", "cluster_id")


def read(file: Path, ids: Sequence[str], columns: Columns, encoding: str = UTF8) -> dict[tuple[int, int], bool]:
    """Pairs of record numbers → the same? The file holds ``id_a, id_b, same``, or ``id, entity_id``.

    Of the latter come all pairs that are the same, also those that no key would have found, and the candidates that are not;
    of a record that it does not name nothing is known.
    """
    number = {key: at for at, key in enumerate(ids)}
    table = CsvFile(file, encoding)
    header = table.header()
    whose = next((name for name in _WHOSE if name in header), "")
    if "id" in header and whose:
        return _of_entities({row["id"]: row[whose] for _, row in table.rows()}, number, columns, file)
    sides = next((pair for pair in _PAIRS if set(pair) <= set(header)), None)
    answer = next((name for name in _ANSWERS if name in header), "")
    if sides is None or not answer:
        raise ConfigurationError(
            f"{file.name}: these are no labels",
            f"columns `id_a, id_b, same` or `id, entity_id` are expected; there are {', '.join(header)}",
            "rename the columns",
            code="no-labels",
        )
    found: dict[tuple[int, int], bool] = {}
    for line, row in table.rows():
        pair, same = _pair(row, sides, number, f"{file.name}:{line}"), _truth(row[answer], f"{file.name}:{line}")
        if pair[0] == pair[1]:
            continue
        if found.setdefault(pair, same) != same:
            raise _contradicted(f"{file.name}:{line}", row[sides[0]], row[sides[1]])
    _agreeing(found, ids, file)
    return found


def _of_entities(
    whose: Mapping[str, str], number: Mapping[str, int], columns: Columns, file: Path
) -> dict[tuple[int, int], bool]:
    unknown = next((key for key in whose if key not in number), None)
    if unknown is not None:
        raise _unknown(file.name, unknown)
    named = {number[key]: entity for key, entity in whose.items()}
    left, right, _ = candidates(columns, columns.scorer.rules.generic)
    found = {
        (one, other): named[one] == named[other]
        for one, other in zip(left.tolist(), right.tolist(), strict=True)
        if one in named and other in named
    }
    members: dict[str, list[int]] = {}
    for one in sorted(named):
        members.setdefault(named[one], []).append(one)
    found.update((pair, True) for group in members.values() for pair in combinations(group, 2))
    return found


def _agreeing(found: Mapping[tuple[int, int], bool], ids: Sequence[str], file: Path) -> None:
    """Refuse labels by which two records are the same and are not."""
    groups = components(pair for pair, same in found.items() if same)
    group = {one: at for at, members in enumerate(groups) for one in members}
    for (one, other), same in sorted(found.items()):
        if not same and one in group and group[one] == group.get(other):
            raise _contradicted(file.name, ids[one], ids[other])


def _contradicted(where: str, one: str, other: str) -> ConfigurationError:
    return ConfigurationError(
        f"{where}: by these labels `{one}` and `{other}` are the same, and are not",
        "a pair has two answers, or others say that both are the same as a third",
        "correct one of the labels",
        code="no-label",
    )


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


def _pair(row: Mapping[str, str], sides: tuple[str, str], number: Mapping[str, int], where: str) -> tuple[int, int]:
    for side in sides:
        if row[side].strip() not in number:
            raise _unknown(where, row[side])
    one, other = (number[row[side].strip()] for side in sides)
    return min(one, other), max(one, other)


def _unknown(where: str, key: str) -> ConfigurationError:
    return ConfigurationError(
        f"{where}: no record `{key}`", "", "labels name records of the file", code="unknown-record"
    )


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
