"""Records for trying a mapping: as they are stored in the hub, or read live. Nothing here can write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from connectors.sdk import CheckResult, Connector, ReadRequest, Writer
from mappings.language.rules import compile_condition
from mappings.language.types import CompiledMapping, Resolve
from masterdata.store import Database, connect
from masterdata.store.database import forget_plans
from tongmai.core.errors import ConfigurationError, FatalError, RecordError
from tongmai.core.finding import nearest
from tongmai.core.record import Page
from tongmai.flows.spec import HUB, stream_of
from tongmai.sync.connections import open_named
from tongmai.sync.content import Content
from tongmai.sync.parts import PartReader, cut
from tongmai.sync.remote_keys import Keys, load_keys
from tongmai.sync.specs import Direct, Inbound, Outbound

BATCH = 500

_INBOUND = """
select r.source_key, r.stream_id, i.op, i.raw, i.problem,
       (select q.overlay from hub.quarantined_record q
         where q.record_id = r.id and q.inbox_id = r.inbox_id and q.overlay is not null order by q.id desc limit 1)
  from (select id, source_key, stream_id, inbox_id from hub.source_record
         where stream_id = any(%(streams)s) and not deleted and inbox_id is not null
         order by inbox_id desc limit %(limit)s) r
  join hub.inbox i on i.id = r.inbox_id and i.op <> 'delete'
 order by r.inbox_id desc
"""
_OUTBOUND = """
select e.id::text, v.fields from hub.entity e
  join hub.entity_version v on v.entity_id = e.id and v.version = e.version
 where e.entity = %(entity)s and e.redirect_to is null
 order by e.updated_at desc, e.id limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Given:
    """One record to be mapped. ``problem``: why there is none, where it cannot be decoded."""

    key: str
    record: Mapping[str, Any]
    problem: str = ""


@dataclass
class Batch:
    """Some records. ``resolve``: how an outbound mapping finds keys. ``passed_by``: records that the target does not get."""

    given: list[Given] = field(default_factory=list)
    resolve: Resolve | None = None
    passed_by: int = 0

    @property
    def readable(self) -> list[Given]:
        """Those that can be mapped."""
        return [one for one in self.given if not one.problem]


@contextmanager
def read_only(url: str) -> Iterator[Database]:
    """The hub database in a session in which PostgreSQL itself refuses every write."""
    with connect(url) as database:
        database.connection.execute("set default_transaction_read_only = on")
        yield database


class ReadingConnector:
    """A connection that can be read and not written. Reading acknowledges nothing: no file is moved, no message taken."""

    def __init__(self, connector: Connector, name: str) -> None:
        self._connector, self._name = connector, name

    def check(self) -> CheckResult:
        """As the connection answers."""
        return self._connector.check()

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """As the connection reads."""
        return self._connector.read(request)

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        """As the connection decodes."""
        return self._connector.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        """Always refused."""
        raise FatalError(
            f"connection `{self._name}`: write `{target}`",
            "it was opened to be read only",
            "write through a sync",
            code="read-only-connection",
        )

    def close(self) -> None:
        """Close the connection."""
        self._connector.close()


def recorded(
    database: Database, content: Content, mappings: Sequence[CompiledMapping], limit: int | None, connection: str = ""
) -> Iterator[Batch]:
    """The last ``limit`` stored records that a mapping reads, newest first: source records, outbound golden records.

    ``mappings``: the versions of it that will run over them, the present one last.
    """
    read = _golden if mappings[-1].outbound and not mappings[-1].direct else _stored
    return read(database, content, mappings, limit, connection)


def streams_of(content: Content, mapping: CompiledMapping, connection: str = "") -> list[tuple[str, str]]:
    """The (connection, stream) pairs whose records go through an inbound mapping; without a sync, the ones that could."""
    every = content.specs.syncs.values()
    syncs = [one.read for one in every if isinstance(one, Inbound | Direct) and one.map == mapping.name]
    found = {(one.connection, one.stream) for one in syncs}
    for flow in content.flows.flows.values():
        found |= {(HUB, stream_of(flow.flow, step.create)) for step in flow.creates if step.map == mapping.name}
    if not found:
        known = content.specs.connections
        system, stream = mapping.source_system or mapping.system, mapping.source_stream or mapping.stream
        found = {(name, stream) for name, one in known.items() if system in (name, one.connector)}
    return sorted(one for one in found if connection in ("", one[0]))


def live(content: Content, mapping: CompiledMapping, connection: str, stream: str, limit: int) -> Batch:
    """Up to ``limit`` records read now from a connection, which is opened to be read only."""
    if mapping.outbound and not mapping.direct:
        raise ConfigurationError(
            f"mapping `{mapping.name}`",
            "it goes outwards: its records are the hub's own golden records",
            "give --recorded, or a file of golden records",
            code="mapping-direction",
        )
    if mapping.part is not None:
        part = mapping.part
        whole = part.parent if stream == part.stream else stream
        return Batch(parts_of(read_now(content, connection, whole, limit), part.path, limit, part.key))
    return Batch(read_now(content, connection, stream, limit))


def parts_of(
    given: Sequence[Given],
    path: tuple[str, ...],
    limit: int,
    key: Callable[[Mapping[str, Any]], str | None] | None = None,
) -> list[Given]:
    """Up to ``limit`` parts of records, as a sync of them would read them. ``key`` gives a part's own."""
    found: list[Given] = []
    for one in given:
        if one.problem:
            found.append(one)
            continue
        try:
            made = [(f"{one.key}/{number}", each) for number, each in enumerate(cut(one.record, path))]
        except RecordError as error:
            found.append(Given(f"{one.key}/", {}, error.why or error.what))
            continue
        found += [Given(place, {}, each) if isinstance(each, str) else _part(place, each, key) for place, each in made]
    return found[:limit]


def _part(place: str, record: Mapping[str, Any], key: Callable[[Mapping[str, Any]], str | None] | None) -> Given:
    if key is None:
        return Given(place, record)
    try:
        own = key(record)
    except RecordError as error:
        return Given(place, {}, error.why or error.what)
    return Given(own, record) if own is not None else Given(place, {}, "its key is empty")


def read_now(content: Content, connection: str, stream: str, limit: int) -> list[Given]:
    """Up to ``limit`` records of a stream, read now over a connection that cannot write. Nothing is stored."""
    known_connection(content, connection)
    connector = ReadingConnector(open_named(content, connection), connection)
    try:
        pages = connector.read(ReadRequest(stream))
        records = (each for page in pages for each in page.records if each.op != "delete")
        return [_given(connector, stream, each.key, each.op, each.raw, each.problem) for each in islice(records, limit)]
    finally:
        connector.close()


def known_connection(content: Content, name: str) -> None:
    """Raise when there is no such connection."""
    known = content.specs.connections
    if name not in known and name != HUB:
        near = nearest(name, known)
        raise ConfigurationError(
            f"connection `{name}`",
            f"there is no such connection (there are: {', '.join(sorted(known)) or '-'})",
            f"did you mean `{near}`?" if near else "add it to connections.yaml",
            code="unknown-connection",
        )


def _stored(
    database: Database,
    content: Content,
    mappings: Sequence[CompiledMapping],
    limit: int | None,
    connection: str,
) -> Iterator[Batch]:
    mapping = mappings[-1]
    wanted = streams_of(content, mapping, connection)
    with database.transaction() as cursor:
        cursor.execute("select id, connection, stream from hub.stream")
        streams = {row[0]: (row[1], row[2]) for row in cursor if (row[1], row[2]) in wanted}
    opened: dict[str, Connector] = {}
    readers: dict[int, Connector] = {}
    try:
        for stream_id, (name, _) in streams.items():
            if name not in opened:
                opened[name] = ReadingConnector(open_named(content, name), name)
            part = mapping.part
            readers[stream_id] = (
                PartReader(database, opened[name], name, part, stream_id) if part is not None else opened[name]
            )
        for rows in _rows(database, _INBOUND, {"streams": list(streams), "limit": limit}):
            yield Batch(
                [
                    _given(readers[stream_id], streams[stream_id][1], key, op, bytes(raw), problem, overlay)
                    for key, stream_id, op, raw, problem, overlay in rows
                ]
            )
    finally:
        for connector in opened.values():
            connector.close()


def _golden(
    database: Database,
    content: Content,
    mappings: Sequence[CompiledMapping],
    limit: int | None,
    connection: str,
) -> Iterator[Batch]:
    mapping = mappings[-1]
    spec = _outbound(content, mapping, connection)
    entity = content.entity(mapping.entity)
    when = None
    if spec is not None and spec.when:
        mark = content.specs.documents[spec.sync].mark("when")
        when = compile_condition(spec.when, entity, content.schema, mark)[0]
    fields = frozenset().union(*(one.remote_fields for one in mappings))
    where = spec.write.connection if spec is not None else connection
    for rows in _rows(database, _OUTBOUND, {"entity": entity.entity, "limit": limit}):
        records = [{**row, "id": key} for key, row in rows]
        wanted = when(records) if when is not None else [True] * len(records)
        sent = [
            one
            for one, yes in zip(records, wanted, strict=True)
            if yes and (spec is None or one.get("status") != "inactive")
        ]
        with database.transaction() as cursor:
            keys = load_keys(cursor, entity, where, fields, sent)
        yield Batch([Given(one["id"], one) for one in sent], _resolver(keys), len(records) - len(sent))


def _resolver(keys: Keys) -> Resolve:
    def resolve(entity_id: str, stream: str, field: str = "") -> str | None:
        return keys.get((entity_id, stream, field))

    return resolve


def _outbound(content: Content, mapping: CompiledMapping, connection: str) -> Outbound | None:
    """The sync that sends through a mapping; None when none does. Of several, the one that writes to ``connection``."""
    found = [
        one
        for one in content.specs.syncs.values()
        if isinstance(one, Outbound) and one.map == mapping.name and connection in ("", one.write.connection)
    ]
    if len({one.write.connection for one in found}) > 1:
        names = ", ".join(sorted(one.write.connection for one in found))
        raise ConfigurationError(
            f"mapping `{mapping.name}`",
            f"it sends to several connections, which have keys of their own: {names}",
            "choose one with --connection",
            code="several-connections",
        )
    return found[0] if found else None


def _rows(database: Database, sql: str, values: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Rows in batches through a cursor of the server's: a stream of any length takes the memory of one batch."""
    with database.transaction() as plain, database.connection.cursor(name="recorded") as cursor:
        forget_plans(plain)  # the newest first by index, row by row: nothing wide is sorted
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(BATCH):
            yield rows


def _given(
    connector: Connector,
    stream: str,
    key: str,
    op: str,
    raw: bytes,
    problem: str,
    overlay: Mapping[str, Any] | None = None,
) -> Given:
    """A record as a run would map it, with what a person mended of it in quarantine."""
    if op == "broken" and overlay is None:
        return Given(key, {}, problem)
    try:
        record = {} if op == "broken" else connector.decode(stream, raw)
    except RecordError as error:
        return Given(key, {}, error.why or error.what)
    return Given(key, {**record, **overlay} if overlay else record)
