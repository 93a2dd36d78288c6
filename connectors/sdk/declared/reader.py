"""Reads a declared stream: whole, its changes in windows, or by key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.sdk import moment, places
from connectors.sdk.contract import ReadRequest
from connectors.sdk.declared.answers import CursorDeadError, GoneError
from connectors.sdk.declared.caller import Caller
from connectors.sdk.declared.checkpoint import Mark
from connectors.sdk.declared.model import Gone, One, ReadRequestSpec
from connectors.sdk.declared.paging import Pager, Walk
from connectors.sdk.declared.request import Request
from connectors.sdk.declared.rows import Row, RowMaker, gone, inside, listed
from connectors.sdk.declared.texts import ANSWER, READING, ROW
from connectors.sdk.expression import compile_expression
from connectors.sdk.functions import as_text
from connectors.sdk.manifest import Stream
from tongmai.core.clock import now
from tongmai.core.errors import ConfigurationError, ProtocolError, RetryableError
from tongmai.core.record import Page, Record

GONE_STEP = timedelta(hours=1)
"""How far deletes must be known beyond a checkpoint's mark before the mark moves."""
WALKS = 6
"""How often a list whose rows keep moving is walked."""
Parents = Callable[[str], Iterator[dict[str, Any]]]


class StreamReader:
    """Reads one stream of one connection. ``parents`` gives the rows of another stream, decoded."""

    def __init__(
        self, caller: Caller, name: str, stream: Stream, parents: Parents, hook: Callable[..., Any] | None = None
    ) -> None:
        if stream.read is None:
            raise ProtocolError(f"{caller.name}: {name}", "the stream has no `read`", "declare it", code="no-read")
        self._caller = caller
        self._what = f"{caller.name}: {name}"
        self._name = name
        self._read = stream.read
        self._parents = parents
        self._key = stream.key
        hooked = (lambda row: hook(name, row)) if hook else None
        self._maker = RowMaker(self._what, stream, caller.settings, hooked, caller.own_names)
        self._dropping = bool(self._read.only or hook)
        self._pager = Pager(caller, self._list_request(), self._read.rows, self._read.page, stream.key, self._row_key)
        since = self._read.since
        gone = self._read.gone
        wanted = compile_expression(gone.when, caller.names)(caller.settings) if gone and gone.when else gone
        self._deletes = gone if wanted else None
        self._covered: datetime | None = None
        self._offered = _offered(caller, name, stream)
        self._zone = as_text(places.filling(since.zone, caller.names)(caller.settings)) if since else ""
        self._maker.zone(self._zone)

    def _list_request(self) -> Request:
        spec = self._read if self._read.listed else self._read.one or ReadRequestSpec(get="/")
        return self._caller.request(spec, stream=self._name)

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages as ``Connector.read`` gives them."""
        since = self._read.since
        if request.keys:
            yield from (Page(records) for records in self._by_key(request.keys))
        elif not self._read.listed:
            yield Page((), ended=True)
        elif since is None:
            yield from self._whole(None)
        elif request.full or (request.checkpoint is None and request.since is None):
            if since.oldest is not None:
                yield from self._changes(Mark(), now() - since.oldest)
                yield Page((), ended=True)
            else:
                yield from self._whole(Mark.parse(request.checkpoint, self._what))
        else:
            mark = Mark.parse(request.checkpoint, self._what)
            start = request.since or (mark.at - request.lookback - since.overlap if mark.at else None)
            yield from self._changes(mark, start, request.lookback)

    # -- whole -------------------------------------------------------------------------------------------------------

    def _whole(self, before: Mark | None) -> Iterator[Page]:
        """Everything; the last page is complete, and carries the checkpoint of what was seen."""
        mark = before or Mark()
        if self._deletes is not None and self._deletes.oldest is not None:
            mark = replace(mark, gone=now())
        held: list[Record] = []
        for rows in self._rows(None, None):
            mark = mark.seen(rows)
            if held:
                yield Page(held)
            held = [row.record for row in rows]
        broken = self._broken  # a broken row's key is not known, so nothing may be taken for deleted
        checkpoint = mark.text() if self._read.since is not None and mark.at is not None else None
        yield Page(
            held, checkpoint=checkpoint, complete=self._read.complete and not broken, ended=not self._read.complete
        )

    # -- changes -----------------------------------------------------------------------------------------------------

    def _changes(self, mark: Mark, start: datetime | None, lookback: timedelta = timedelta(0)) -> Iterator[Page]:
        since = self._read.since
        assert since is not None
        if mark.open:
            records, mark = self._again(mark)
            yield Page(records)
        self._remembered(mark)
        end = now() - since.lag
        if since.oldest is not None:
            # A minute less than the vendor's limit: its clock moves on while we read.
            start = max(start or end - since.oldest, now() - since.oldest + timedelta(minutes=1))
        for low, high in windows(start, end, since.window):
            for rows in self._rows(low, high):
                self._lie_within(rows, low)
                mark = mark.seen(rows)
                ready = since.order == "ascending"
                yield Page([row.record for row in rows], checkpoint=mark.text() if ready else None)
            if self._deletes is not None and self._deletes.oldest is None and low is not None:
                yield from self._deleted(low, high)
            yield Page((), checkpoint=mark.text() if mark.at is not None else None)
        if self._deletes is not None and self._deletes.oldest is not None:
            yield from self._since_known(self._deletes, mark, end, lookback)

    def _again(self, mark: Mark) -> tuple[list[Record], Mark]:
        """What was unfinished, read by key; what is finished or gone need not be read again."""
        keys = sorted(mark.open)
        rows, lost = self._asked(keys)
        records = [*(row.record for row in rows), *(gone(key) for key in lost)]
        return records, replace(mark, open=mark.open - set(lost)).seen(rows)

    def _remembered(self, mark: Mark) -> None:
        """What was deleted longer ago than the vendor tells is found by a whole read only."""
        oldest = self._deletes.oldest if self._deletes else None
        known = mark.gone or mark.at
        if oldest is not None and known is not None and known < now() - oldest:
            raise ConfigurationError(
                self._what,
                f"deletes are known up to {known.isoformat(timespec='minutes')}, and the system tells of the last "
                f"{oldest.days} days only",
                "read the stream in full once",
                code="deletes-forgotten",
            )

    def _since_known(self, spec: Gone, mark: Mark, end: datetime, lookback: timedelta) -> Iterator[Page]:
        """Deletes since those that are known; the mark moves in steps, so that a checkpoint is not new each time."""
        known = mark.gone or mark.at
        if known is None or spec.oldest is None:
            return
        since = self._read.since
        overlap = lookback + (since.overlap if since else timedelta(0))
        low = max(known - overlap, now() - spec.oldest + timedelta(minutes=1))
        yield from self._deleted(low, max(end, low))
        covered = self._covered if self._covered is not None else end
        if covered - known >= GONE_STEP or mark.gone is None:
            yield Page((), checkpoint=replace(mark, gone=covered).text() if mark.at is not None else None)

    def _deleted(self, low: datetime, high: datetime) -> Iterator[Page]:
        spec = self._deletes
        assert spec is not None
        told = compile_expression(spec.covered, ANSWER | self._caller.names) if spec.covered else None
        self._covered = None
        key = compile_expression(spec.key, ANSWER | frozenset({"row", "parent"}) | self._caller.names)
        pager = Pager(
            self._caller, self._caller.request(spec, stream=self._name), spec.rows, spec.page, self._key, self._row_key
        )
        for rows, heard in pager.walk(self._scope(low, high, None), Walk()):
            said = told(heard.scope) if told else None
            self._covered = moment.read(said, "iso") if said else self._covered
            keys = [key({**self._caller.settings, "row": self._maker.data(raw)}) for raw in rows]
            yield Page([gone(as_text(each)) for each in keys if each not in (None, "")])

    def _lie_within(self, rows: Sequence[Row], low: datetime | None) -> None:
        since = self._read.since
        if since is None or not since.checked or low is None:
            return
        least = low - moment.step(since.format)
        for row in rows:
            if row.at is not None and row.at < least:
                raise ProtocolError(
                    self._what,
                    f"asked for changes since {low.isoformat()}, got one of {row.at.isoformat()}: the filter was dropped",
                    "correct `since` in the manifest, or write `checked: false` when the vendor's filter is only coarse",
                    code="filter-dropped",
                )

    # -- rows --------------------------------------------------------------------------------------------------------

    def _rows(self, low: datetime | None, high: datetime | None) -> Iterator[list[Row]]:
        """Rows of a window, over all parents; a row that was given already is not given again."""
        self._broken = False
        once = self._read.over is not None
        given: dict[str, bytes] | None = {} if once or self._pager.steady != "sorted" else None
        queue = list(self._over())
        if self._read.over is not None and self._read.over.root:
            yield [row for rows in self._fetched([as_text(each) for each in queue]) for row in rows]
        while queue:
            parent = queue.pop(0)
            for rows in self._steady(low, high, parent, given, once):
                self._broken = self._broken or any(row.record.op == "broken" for row in rows)
                if self._read.over is not None and self._read.over.tree is not None:
                    queue.extend(row.record.key for row in rows)
                yield rows

    def _steady(
        self, low: datetime | None, high: datetime | None, parent: Any, given: dict[str, bytes] | None, once: bool
    ) -> Iterator[list[Row]]:
        """Walks of one list until nothing moved."""
        steady = self._pager.steady
        if steady == "total" and self._dropping:
            steady = "repeat"  # rows that are left out would be missing from the total
        for walked in range(WALKS):
            walk = Walk()
            news = 0
            met: set[str] = set()
            try:
                for raws, heard in self._pager.walk(self._scope(low, high, parent), walk):
                    rows = self._made(raws, {"parent": parent, "body": heard.scope["body"]})
                    if steady == "total":
                        met.update(row.record.key for row in rows)
                    fresh = rows
                    if given is not None:
                        fresh = [row for row in rows if _new(row.record, given, once)]
                        given.update((row.record.key, row.record.fingerprint) for row in fresh)
                    news += len(fresh)
                    yield fresh
            except CursorDeadError:
                continue
            except GoneError as error:
                raise ProtocolError(error.what, error.why, "check the path in the manifest", code=error.code) from None
            # A wrong path and an empty system look alike: nothing may be taken for deleted.
            self._broken = self._broken or walk.nothing
            if steady == "total" and (walk.moved or (walk.total is not None and len(met) < walk.total)):
                continue
            if steady == "repeat" and walk.pages > 1 and (news or not walked):
                continue
            return
        raise RetryableError(
            self._what,
            f"rows moved between pages in each of {WALKS} walks",
            "read it at a quieter time",
            code="moving-rows",
        )

    def _made(self, raws: list[Any], scope: Mapping[str, Any]) -> list[Row]:
        if self._read.details:
            keys = [key for key in (self._listed_key(raw, scope) for raw in raws) if key]
            return [row for rows in self._fetched(list(dict.fromkeys(keys))) for row in rows]
        return [row for row in (self._maker.make(raw, scope) for raw in raws) if row is not None]

    def _listed_key(self, raw: Any, scope: Mapping[str, Any]) -> str:
        if not self._read.key:
            return self._maker.key_of(raw)
        key = compile_expression(self._read.key, ROW | self._caller.names)
        return as_text(key({**self._caller.settings, **scope, "row": self._maker.data(raw)}))

    def _over(self) -> Iterator[Any]:
        over = self._read.over
        if over is None:
            yield None
        elif over.stream:
            yield from self._parents(over.stream)
        elif over.tree is not None:
            yield places.shape(over.tree, self._caller.names)(self._caller.settings)
        elif isinstance(over.values, str):
            found = places.filling(over.values, self._caller.names)(self._caller.settings)
            yield from found if isinstance(found, (list, tuple)) else [found] if found not in (None, "") else []
        else:
            yield from over.values

    def _scope(self, low: datetime | None, high: datetime | None, parent: Any) -> dict[str, Any]:
        return {
            **self._caller.settings,
            **self._offered,
            "window": {"start": low, "end": high},
            "parent": parent,
            "now": now(),
            "page": {},
        }

    def _row_key(self, raw: Any, path: str = "") -> str:
        return as_text(inside(self._maker.data(raw), path)) if path else self._maker.key_of(raw)

    # -- by key ------------------------------------------------------------------------------------------------------

    def _by_key(self, keys: Sequence[str]) -> Iterator[list[Record]]:
        """Records of these keys; what the system does not have (any more) is gone."""
        wanted = list(dict.fromkeys(keys))
        if self._read.one is None and not self._read.listed:
            raise ConfigurationError(
                self._what, "its records cannot be read back", "they can only be written", code="no-read"
            )
        if self._read.one is None:
            found = {
                row.record.key: row.record
                for rows in self._rows(None, None)
                for row in rows
                if row.record.key in wanted
            }
            lost = [key for key in wanted if key not in found]
            if lost and self._broken:
                raise ProtocolError(
                    self._what,
                    f"{', '.join(lost[:5])} cannot be looked for: the list has rows without a key, or no rows at all",
                    "correct `rows` and `key` in the manifest, or declare `one`",
                    code="no-row",
                )
            yield [found.get(key) or gone(key) for key in wanted]
            return
        size = self._read.one.size
        for start in range(0, len(wanted), size):
            rows, lost = self._asked(wanted[start : start + size])
            yield [*(row.record for row in rows), *(gone(key) for key in lost)]

    def _asked(self, keys: list[str]) -> tuple[list[Row], list[str]]:
        """The rows of these keys, and the keys that the system does not have (any more)."""
        found: list[Row] = []
        lost: list[str] = []
        size = self._read.one.size if self._read.one else 1
        for start in range(0, len(keys), size):
            some = keys[start : start + size]
            rows = [row for part in self._fetched(some) for row in part]
            found += rows
            # A broken row's key is not known: it may be any of those that were asked for.
            if not any(row.record.op == "broken" for row in rows):
                there = {row.record.key for row in rows}
                lost += [key for key in some if key not in there]
        return found, lost

    def _fetched(self, keys: list[str]) -> Iterator[list[Row]]:
        one = self._read.one
        assert one is not None
        request = self._caller.request(one, stream=self._name)
        place = compile_expression(one.rows or one.row, ANSWER | self._caller.names)
        told_gone = compile_expression(one.gone, ANSWER | self._caller.names) if one.gone else None
        add = places.shape(one.add, READING | self._caller.names) if one.add else None
        for start in range(0, len(keys), one.size):
            some = keys[start : start + one.size]
            scope = {**self._scope(None, None, None), "keys": some, "row": {"key": some[0]}}
            try:
                heard = self._caller.call(request, scope)
            except GoneError:
                continue
            if told_gone is not None and told_gone(heard.scope):
                continue
            value = place(heard.scope)
            if value is None:
                raise self._without_row(one, some)
            raws = listed(value, self._what) if one.rows else [value]
            if add is not None:
                raws = [{**self._maker.data(raw), **add(scope)} for raw in raws]
            yield [row for row in (self._maker.make(raw, {"body": heard.scope["body"]}) for raw in raws) if row]

    def _without_row(self, one: One, keys: list[str]) -> ProtocolError:
        """A wrong path and a deleted record look alike: which it is, the manifest has to say."""
        word = "rows" if one.rows else "row"
        say = (
            f"`rows: {one.rows} | default([])`"
            if one.rows
            else f"`gone`, as `gone: not {one.row}`, or give that answer the meaning `gone` under `errors`"
        )
        return ProtocolError(
            f"{self._what} by key",
            f"asked for {', '.join(keys[:5])}, got a good answer that has nothing at `{word}: {one.rows or one.row}`",
            f"correct `{word}` of `one` in the manifest; where this answer means that the record is gone, write {say}",
            code="no-row",
        )


def windows(
    start: datetime | None, end: datetime, widest: timedelta | None
) -> Iterator[tuple[datetime | None, datetime]]:
    """The windows from ``start`` to ``end``, none wider than ``widest``."""
    if start is None or widest is None:
        yield start, end
        return
    low = start
    while True:
        high = min(end, low + widest)
        yield low, max(low, high)
        if high >= end:
            return
        low = high


def _new(record: Record, given: Mapping[str, bytes], once: bool) -> bool:
    known = given.get(record.key)
    return known is None or (not once and known != record.fingerprint)


def _offered(caller: Caller, name: str, stream: Stream) -> dict[str, Any]:
    """What requests may read of the stream itself: its name, and the fields to ask for."""
    own: dict[str, Any] = {"object": name, "fields": [caller.own_names.get(each, each) for each in stream.fields]}
    if stream.read and stream.read.fields:
        scope = {**caller.settings, **own}
        own["fields"] = places.filling(stream.read.fields, READING | caller.names)(scope)
    return own
