"""What matching remembers of the hub's records, in PostgreSQL. Changes are kept in memory until ``save``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from uuid import UUID

from masterdata.matching.book import Edge
from masterdata.matching.cluster import Pair
from masterdata.matching.scorer import Features, Scorer
from masterdata.store import Cursor, Database
from masterdata.survivorship import itself

KEPT = 60_000
"""So many records' features stay in memory from batch to batch."""


class Remembered:
    """Features of records seen before, by record and by the digest of what they were made of."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[bytes, Features]] = {}

    def get(self, record: int, mark: bytes) -> Features | None:
        """A record's features, if they were made of the same values."""
        found = self._known.get(record)
        return found[1] if found is not None and found[0] == mark else None

    def put(self, record: int, mark: bytes, features: Features) -> None:
        """Remember; of too many the oldest tenth is forgotten."""
        if len(self._known) >= KEPT:
            for old in list(islice(self._known, KEPT // 10)):
                self._known.pop(old, None)  # another thread may have been faster
        self._known.pop(record, None)
        self._known[record] = (mark, features)


class Stored:
    """The book (``matching.book.Book``) of one entity for one transaction.

    ``marks``: digests of the records that are put, by record. Nothing is written before ``save``; what was put is seen.
    """

    def __init__(
        self,
        database: Database,
        cursor: Cursor,
        entity: str,
        scorer: Scorer,
        memory: Remembered,
        marks: Mapping[int, bytes],
    ) -> None:
        self._database, self._cursor, self._entity = database, cursor, entity
        self._scorer, self._memory, self._marks = scorer, memory, marks
        self._put: dict[int, tuple[int, ...]] = {}
        self._features: dict[int, Features] = {}
        self._births: dict[int, UUID] = {}
        self._gone: set[int] = set()
        self._near: dict[int, dict[int, Edge]] = {}
        self._loaded: set[int] = set()
        self._anew: set[int] = set()
        self._had: set[int] = set()
        self._old_keys: dict[int, frozenset[int]] = {}
        self._mooted: set[Pair] = set()
        self._stewards = True

    def features(self, records: Collection[int]) -> Mapping[int, Features]:
        """Features of these records: remembered, or read again from what the records say."""
        missing = [one for one in records if one not in self._features and one not in self._gone]
        if missing:
            self._load(missing)
        return {one: self._features[one] for one in records if one in self._features}

    def rank(self, records: Collection[int]) -> Mapping[int, UUID]:
        """By their births: a record's own id, whenever it came."""
        missing = [one for one in records if one not in self._births]
        if missing:
            self._cursor.execute("select record_id, birth from hub.match_record where record_id = any(%s)", (missing,))
            self._births.update({row[0]: row[1] for row in self._cursor})
        return {one: self._births[one] for one in records}

    def newcomers(self, births: Mapping[int, UUID]) -> None:
        """Records that nothing is remembered of: nothing is looked up for them."""
        self._births.update(births)
        for record in births:
            self._old_keys[record] = frozenset()
            self._near.setdefault(record, {})
        self._loaded.update(births)

    def _load(self, records: Sequence[int]) -> None:
        self._cursor.execute(
            "select record_id, mark, birth from hub.match_record where record_id = any(%s)", (list(records),)
        )
        rows = self._cursor.fetchall()
        marks = {row[0]: bytes(row[1]) for row in rows}
        self._births.update({row[0]: row[2] for row in rows})
        for record, mark in marks.items():
            known = self._memory.get(record, mark)
            if known is not None:
                self._features[record] = known
        unknown = [one for one in marks if one not in self._features]
        if not unknown:
            return
        self._cursor.execute(
            "select record_id, fields, own from hub.contribution where record_id = any(%s)", (unknown,)
        )
        for record, fields, own in self._cursor.fetchall():
            self._features[record] = features = self._scorer.features(itself(fields, own))
            self._memory.put(record, marks[record], features)

    def holders(self, keys: Mapping[int, int]) -> Mapping[int, Collection[int]]:
        """By key the records that have it, a few more than its cap at most."""
        found: dict[int, set[int]] = {key: set() for key in keys}
        if not keys:
            return found
        changed = {*self._put, *self._gone}
        wanted = sorted(keys)
        self._cursor.execute(
            """select k.key, t.record_id from unnest(%s::bigint[], %s::bigint[]) k (key, most)
                 join lateral (select x.record_id from hub.match_token x
                                where x.entity = %s and x.key = k.key and not x.record_id = any(%s) limit k.most) t on true""",
            (wanted, [keys[key] + 1 for key in wanted], self._entity, sorted(changed)),
        )
        for key, record in self._cursor:
            found[key].add(record)
        for record, put in self._put.items():
            for key in put:
                if key in found:
                    found[key].add(record)
        return found

    def keys(self, records: Collection[int]) -> Mapping[int, Collection[int]]:
        """The keys that these records have."""
        self._load_keys([one for one in records if one not in self._put and one not in self._gone])
        return {
            one: self._put.get(one, ()) if one in self._put else self._old_keys.get(one, frozenset())
            for one in records
            if one not in self._gone
        }

    def _load_keys(self, records: Iterable[int]) -> None:
        missing = [one for one in records if one not in self._old_keys]
        if not missing:
            return
        self._cursor.execute("select record_id, key from hub.match_token where record_id = any(%s)", (missing,))
        rows: dict[int, set[int]] = {one: set() for one in missing}
        for record, key in self._cursor:
            rows[record].add(key)
        self._old_keys.update({one: frozenset(keys) for one, keys in rows.items()})

    def put(self, record: int, features: Features, keys: Collection[int]) -> None:
        """Remember a record in place of what was known of it."""
        self._gone.discard(record)
        self._put[record], self._features[record] = tuple(keys), features
        self._memory.put(record, self._marks[record], features)

    def remove(self, record: int) -> None:
        """Forget a record and its edges."""
        self._put.pop(record, None)
        self._features.pop(record, None)
        self._gone.add(record)
        self.replace_edges(record, ())

    def edges(self, records: Collection[int]) -> Collection[Edge]:
        """The edges of these records."""
        self._load_edges(records)
        return {edge for one in records for edge in self._near[one].values()}

    def _load_edges(self, records: Collection[int]) -> None:
        missing = [one for one in records if one not in self._loaded]
        if not missing:
            return
        self._loaded.update(missing)
        for one in missing:
            self._near.setdefault(one, {})
        self._cursor.execute(
            """select one, other, weight, veto, moot from hub.match_edge where one = any(%(ids)s)
               union select one, other, weight, veto, moot from hub.match_edge where other = any(%(ids)s)""",
            {"ids": missing},
        )
        wanted = set(missing)
        for row in self._cursor:
            edge = Edge(*row)
            self._had.update(wanted.intersection((edge.one, edge.other)))
            # A record that was weighed anew has said itself which edges it has.
            if edge.one in self._anew or edge.other in self._anew:
                continue
            if edge.one in wanted:
                self._near[edge.one][edge.other] = edge
            if edge.other in wanted:
                self._near[edge.other][edge.one] = edge

    def replace_edges(self, record: int, edges: Sequence[Edge]) -> None:
        """Remember these edges of a record and no others."""
        self._load_edges([record])
        for other in self._near[record]:
            self._near.get(other, {}).pop(record, None)
        self._near[record] = {}
        self._anew.add(record)
        for edge in edges:
            self._near.setdefault(edge.one, {})[edge.other] = edge
            self._near.setdefault(edge.other, {})[edge.one] = edge

    def decided(self, records: Collection[int]) -> Mapping[Pair, bool]:
        """Pairs with one of these that are decided to be the same, or not: by a steward's latest act, else since they were kept."""
        self._cursor.execute(
            """select distinct on (one, other) one, other, same from (
                 select one, other, same, act from hub.match_decision where one = any(%(ids)s) and ended_at is null
                 union all select one, other, same, act from hub.match_decision where other = any(%(ids)s) and ended_at is null) d
                 join hub.match_act a on a.id = d.act where a.kind = 'kept' or %(stewards)s
                order by one, other, a.kind = 'kept', act desc""",
            {"ids": list(records), "stewards": self._stewards},
        )
        return {(row[0], row[1]): row[2] for row in self._cursor}

    def moot(self, edges: Mapping[Pair, bool]) -> None:
        """Remember of each of these edges whether it is moot; not while it is asked what would be."""
        if not self._stewards:
            return
        for (one, other), moot in edges.items():
            edge = self._near.get(one, {}).get(other)
            if edge is not None and edge.moot != moot:
                self._near[one][other] = self._near[other][one] = edge._replace(moot=moot)
                self._mooted.add((one, other))

    @contextmanager
    def unsaid(self) -> Iterator[None]:
        """As if no steward had said anything."""
        self._stewards = False
        try:
            yield
        finally:
            self._stewards = True

    def stewarded(self) -> bool:
        """Whether stewards have said anything that is in force."""
        self._cursor.execute(
            """select exists (select 1 from hub.match_act a join hub.match_decision d on d.act = a.id
                               where a.entity = %s and a.kind <> 'kept' and a.undone_at is null and d.ended_at is null)""",
            (self._entity,),
        )
        row = self._cursor.fetchone()
        return bool(row and row[0])

    def save(self) -> None:
        """Write what was put, removed and weighed."""
        changed = sorted({*self._put, *self._gone})
        if changed:
            self._save_keys(changed)
        if self._anew:
            self._save_edges()
        mooted = [
            self._near[one][other] for one, other in sorted(self._mooted) if not self._anew.intersection((one, other))
        ]
        if mooted:
            self._cursor.execute(
                """update hub.match_edge e set moot = n.moot from unnest(%s::bigint[], %s::bigint[], %s::boolean[]) n (one, other, moot)
                    where e.one = n.one and e.other = n.other""",
                ([edge.one for edge in mooted], [edge.other for edge in mooted], [edge.moot for edge in mooted]),
            )

    def _save_keys(self, changed: Sequence[int]) -> None:
        had = [record for record in changed if self._old_keys.get(record, True)]
        if had:
            self._cursor.execute("delete from hub.match_token where record_id = any(%s)", (had,))
        rows = [(key, record) for record, keys in sorted(self._put.items()) for key in dict.fromkeys(keys)]
        self._cursor.execute(
            """insert into hub.match_token (entity, key, record_id)
               select %s, * from unnest(%s::bigint[], %s::bigint[])""",
            (self._entity, [key for key, _ in rows], [record for _, record in rows]),
        )
        if self._gone:
            self._cursor.execute("delete from hub.match_record where record_id = any(%s)", (sorted(self._gone),))

    def _save_edges(self) -> None:
        edges = sorted({edge for one in self._anew for edge in self._near[one].values()})
        had = sorted(self._anew & self._had)
        if had:
            self._cursor.execute("delete from hub.match_edge where one = any(%s)", (had,))
            self._cursor.execute("delete from hub.match_edge where other = any(%s)", (had,))
        if not edges:
            return
        columns = "one bigint, other bigint, weight integer, veto boolean, moot boolean"
        self._database.stage(self._cursor, "match_edge", columns, edges).execute(
            """insert into hub.match_edge (one, other, entity, weight, veto, moot)
               select one, other, %(entity)s, weight, veto, moot from {staged}""",
            entity=self._entity,
        )
