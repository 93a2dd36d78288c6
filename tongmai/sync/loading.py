"""Clusters that another system, or a project before ours, has found: where they differ from ours, they become decisions.

The records themselves come by an ordinary sync, so they have a run, inbox rows, books and golden records like all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path
from uuid import UUID

from masterdata.store import Cursor, connect
from tongmai.core.csvfile import UTF8, CsvFile
from tongmai.core.errors import ConfigurationError, StateError
from tongmai.core.settings import database_url
from tongmai.sync.acts import MOST, Outcome, Verdict, bulk

Pairs = tuple[tuple[int, int], ...]
APART = 1_000_000
"""So many pairs of records may a file keep apart that the rules have joined: beyond that it is the rules that need a look."""


@dataclass
class Loaded:
    """``records``: named in the file; ``agreed``: its clusters that are one entity of ours and hold no other's records;
    ``joined`` and ``parted``: pairs of records decided; ``open``: clusters that still are not as given."""

    records: int = 0
    clusters: int = 0
    agreed: int = 0
    joined: int = 0
    parted: int = 0
    open: int = 0
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True)
class _Differs:
    merge: Pairs
    apart: Pairs
    clusters: frozenset[str]


def read_clusters(file: Path, encoding: str = UTF8) -> dict[str, str]:
    """Source key → cluster, from a file with the columns ``id, cluster_id``. Raises where it says too little or too much."""
    table = CsvFile(file, encoding)
    header = table.header()
    if not {"id", "cluster_id"} <= set(header):
        raise ConfigurationError(
            file.name,
            f"its columns are {', '.join(header)}",
            "give it the columns `id` (the record's key in its stream) and `cluster_id`",
            code="bad-clusters",
        )
    found: dict[str, str] = {}
    for line, row in table.rows():
        key, cluster = row["id"], row["cluster_id"]
        if not key or not cluster or key in found:
            raise ConfigurationError(
                f"{file.name}:{line}",
                f"the id `{key}` stands twice" if key in found else "an id or a cluster is empty",
                "name every record once, with its cluster",
                code="bad-clusters",
            )
        found[key] = cluster
    return found


def decide(
    entity: str, connection: str, stream: str, given: Mapping[str, str], *, who: str, why: str, dry_run: bool = False
) -> Loaded:
    """Let the records of a stream belong together as given. What a cluster has in common with records of other streams stays
    to the rules."""
    with connect(database_url()) as database, database.transaction() as cursor:
        records = _records(cursor, entity, connection, stream, given)
        found = _differs(cursor, records, given)
    clusters = set(given.values())
    loaded = Loaded(len(given), len(clusters), len(clusters) - len(found.clusters), len(found.merge), len(found.apart))
    verdicts = [Verdict(kind, pairs=pairs) for kind, pairs in (("merge", found.merge), ("apart", found.apart)) if pairs]
    if verdicts:
        loaded.outcomes = bulk(entity, verdicts, who=who, why=why, dry_run=dry_run)
        with connect(database_url()) as database, database.transaction() as cursor:
            loaded.open = len(_differs(cursor, records, given).clusters)
    return loaded


def _records(cursor: Cursor, entity: str, connection: str, stream: str, given: Mapping[str, str]) -> dict[str, int]:
    cursor.execute(
        """select r.source_key, r.id from hub.source_record r
             join hub.stream s on s.id = r.stream_id
             join hub.match_record m on m.record_id = r.id and m.entity = %s
            where s.connection = %s and s.stream = %s and r.source_key = any(%s)""",
        (entity, connection, stream, list(given)),
    )
    found = {row[0]: row[1] for row in cursor}
    missing = sorted(set(given) - set(found))
    if missing:
        raise StateError(
            f"{connection}.{stream}",
            f"{len(missing)} of {len(given)} ids are no records of {entity} that are compared: {', '.join(missing[:5])}",
            "run the sync that reads the stream, and look at `tongmai quarantine list`",
            code="unknown-record",
        )
    return found


def _differs(cursor: Cursor, records: Mapping[str, int], given: Mapping[str, str]) -> _Differs:
    """The pairs to be decided: all of a given cluster that is not one entity, and those of different ones within an entity."""
    cursor.execute("select id, entity_id from hub.source_record where id = any(%s)", (list(records.values()),))
    entity_of: dict[int, UUID] = {row[0]: row[1] for row in cursor}
    members: dict[str, list[int]] = {}
    inside: dict[UUID, dict[str, list[int]]] = {}
    for key, record in sorted(records.items()):
        members.setdefault(given[key], []).append(record)
        inside.setdefault(entity_of[record], {}).setdefault(given[key], []).append(record)
    merge: list[tuple[int, int]] = []
    apart: list[tuple[int, int]] = []
    differ: set[str] = set()
    for cluster, group in members.items():
        if len({entity_of[one] for one in group}) > 1:
            if len(group) > MOST:
                raise StateError(
                    f"cluster `{cluster}`",
                    f"it has {len(group)} records, allowed are {MOST}",
                    "look whether its records are really one",
                    code="too-many-records",
                )
            differ.add(cluster)
            merge += combinations(sorted(group), 2)
    _refuse_too_many(inside)
    for groups in inside.values():
        for one, other in combinations(sorted(groups), 2):
            differ |= {one, other}
            apart += ((min(a, b), max(a, b)) for a, b in product(groups[one], groups[other]))
    return _Differs(tuple(sorted(merge)), tuple(sorted(apart)), frozenset(differ))


def _refuse_too_many(inside: Mapping[UUID, Mapping[str, list[int]]]) -> None:
    """Raises before more pairs are made than memory should hold."""
    pairs = {entity: _between([len(group) for group in groups.values()]) for entity, groups in inside.items()}
    total = sum(pairs.values())
    if total <= APART:
        return
    worst = max(sorted(pairs), key=lambda one: pairs[one])
    raise StateError(
        "clusters of the file",
        f"{total:,} pairs of records would have to be kept apart that the rules have joined, allowed are {APART:,}; "
        f"entity {worst} alone holds records of {len(inside[worst])} clusters",
        f"look at `tongmai match explain {worst}`: map more of what tells them apart (codes, telephones, addresses), or load the file in parts",
        code="too-many-records",
    )


def _between(sizes: list[int]) -> int:
    """How many pairs of members of different groups there are."""
    return (sum(sizes) ** 2 - sum(size * size for size in sizes)) // 2
