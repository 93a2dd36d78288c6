"""A record that was edited stays with the records it was one with, unless its legal code now contradicts theirs.

Two systems that are kept in step differ for a while after every edit, and people shorten names: that is no reason to take
records apart that deliveries rely on. What a steward says stands above it, and is left out of account here: when it is
taken back the records must be where they would be had it never been said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from masterdata.identity.book import Stored
from masterdata.matching.cluster import Pair
from masterdata.matching.online import settle
from masterdata.matching.scorer import Features, Scorer
from masterdata.store import Cursor

Companions = Mapping[int, frozenset[int]]


def release(cursor: Cursor, edited: Collection[int]) -> None:
    """What these records were kept with is looked at anew."""
    if edited:
        cursor.execute(
            """update hub.match_decision d set ended_at = now() from hub.match_act a
                where a.id = d.act and a.kind = 'kept' and d.ended_at is null and (d.one = any(%(ids)s) or d.other = any(%(ids)s))""",
            {"ids": list(edited)},
        )


def keep(
    cursor: Cursor,
    entity: str,
    run: str,
    scorer: Scorer,
    book: Stored,
    codes: Collection[str],
    before: Companions,
    clusters: Sequence[Sequence[int]],
) -> bool:
    """Say that edited records are one with those they were with (``before``); False where none would leave any.

    ``codes``: the comparisons of legal codes; where one of them forbids it an edited record may go. ``clusters``: what
    they would be now.
    """
    after = {record: frozenset(cluster) for cluster in clusters for record in cluster}
    torn = {record: mates for record, mates in before.items() if mates - after.get(record, frozenset((record,)))}
    if not torn:
        return False
    features = book.features(set(torn).union(*torn.values()))
    pairs: set[Pair] = set()
    for record, mates in torn.items():
        own = {_ordered(record, mate) for mate in mates if mate in features}
        if not any(_contradict(scorer, features[a], features[b], codes) for a, b in own):
            pairs |= own
    if not pairs:
        return False
    cursor.execute(
        """insert into hub.match_act (entity, kind, who, why, run_id)
           values (%s, 'kept', 'tongmai', 'edited, and nothing in it contradicts', %s) returning id""",
        (entity, run),
    )
    row = cursor.fetchone()
    assert row is not None
    cursor.execute(
        """insert into hub.match_decision (act, one, other, same)
           select %s, one, other, true from unnest(%s::bigint[], %s::bigint[]) p (one, other)""",
        (row[0], [one for one, _ in sorted(pairs)], [other for _, other in sorted(pairs)]),
    )
    return True


def _contradict(scorer: Scorer, one: Features, other: Features, codes: Collection[str]) -> bool:
    return any(veto.partition(":")[0] in codes for veto in scorer.score(one, other).vetoes)


def companions(cursor: Cursor, scorer: Scorer, book: Stored, records: Collection[int]) -> Companions:
    """The compared records that each of these is one entity with, whatever stewards say."""
    if not records:
        return {}
    if book.stewarded():
        with book.unsaid():
            clusters = settle(scorer, book, records, scorer.merge)
        wanted = set(records)
        found = {one: frozenset(cluster) - {one} for cluster in clusters for one in cluster if one in wanted}
        return {one: mates for one, mates in found.items() if mates}
    cursor.execute(
        """select r.id, array_agg(s.id) from hub.source_record r
             join hub.source_record s on s.entity_id = r.entity_id and s.id <> r.id
             join hub.match_record m on m.record_id = s.id
            where r.id = any(%s) group by 1""",
        (list(records),),
    )
    return {row[0]: frozenset(row[1]) for row in cursor}


def _ordered(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)
