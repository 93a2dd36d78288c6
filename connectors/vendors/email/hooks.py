"""Read the mails of folders and send notices. A mail is marked or moved only after the hub has stored it."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sdk import CheckResult, Connector, Page, ReadRequest, Record, Writer, fingerprint, wire
from connectors.sdk.declared.rows import gone
from connectors.sdk.entries import chosen
from connectors.sdk.given import Given
from connectors.sdk.manifest import Manifest
from connectors.sdk.settings import CONNECTION_NAME
from connectors.vendors.email.box import Box
from connectors.vendors.email.parse import mail
from connectors.vendors.email.post import Post
from connectors.vendors.email.settings import MailStream, MailWrite, parse
from tongmai.core.errors import ConfigurationError
from tongmai.core.failpoint import reach

log = logging.getLogger("tongmai.connectors.email")


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open a mailbox; nothing is sent before the first use."""
    name = str(settings[CONNECTION_NAME])
    streams, writes = parse(name, settings)
    tls = ssl.create_default_context(cafile=settings.get("ca_file") or None) if settings["security"] != "none" else None
    return MailConnector(name, settings, tls, streams, writes)


class MailConnector:
    """One mailbox."""

    def __init__(
        self,
        name: str,
        settings: Mapping[str, Any],
        tls: ssl.SSLContext | None,
        streams: Mapping[str, MailStream],
        writes: Mapping[str, MailWrite],
    ) -> None:
        self._where = f"connection `{name}`"
        self._settings = settings
        self._tls = tls
        self._streams = streams
        self._writes = writes
        self._box = Box(self._where, settings, tls)
        self._size = max(1, int(settings["page_size"]))
        self._given: Given[int] = Given()

    def check(self) -> CheckResult:
        """Log in to both servers; every folder is there."""
        for stream in self._streams.values():
            self._box.validity(stream.folder, write=stream.after != "nothing")
        said = ""
        for name in list(self._writes)[:1]:
            said = self._post(name).reached()
        return CheckResult(True, f"{len(self._streams)} folder(s) {said}".strip())

    def read(self, request: ReadRequest) -> Iterator[Page]:
        stream = chosen(self._where, "stream", request.stream, self._streams)
        validity = self._box.validity(stream.folder, write=stream.after != "nothing")
        if request.keys:
            yield Page(
                [record for key in dict.fromkeys(request.keys) for record in self._by_key(stream, validity, key)]
            )
            return
        after = 0 if request.full else self._after(request, validity)
        criteria = ["UNSEEN"] if stream.after == "seen" else ["ALL"]
        if request.since is not None:
            criteria += ["SINCE", f"{request.since:%d}-{_MONTHS[request.since.month - 1]}-{request.since:%Y}"]
        elif after:
            criteria = [*criteria, "UID", f"{after + 1}:*"] if criteria != ["ALL"] else ["UID", f"{after + 1}:*"]
        uids = [uid for uid in self._box.search(*criteria) if uid > after]  # `n:*` always gives the last one
        yield from self._pages(request, stream, validity, uids)

    def stored(self, checkpoint: str) -> None:
        """Mark or move all mails up to and with that page."""
        for name, uids in self._given.stored(checkpoint):
            stream = self._streams[name]
            reach("email.before-mark")
            self._box.validity(stream.folder, write=True)
            if stream.after == "seen":
                self._box.seen(list(uids))
            elif stream.after == "move":
                self._box.make(stream.move_to)
                self._box.move(list(uids), stream.move_to)

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        return self._post(target)

    def close(self) -> None:
        self._box.close()

    def _pages(self, request: ReadRequest, stream: MailStream, validity: str, uids: list[int]) -> Iterator[Page]:
        self._given.forget(request.stream)
        complete = request.full and stream.deletes == "full-listing"
        for start in range(0, len(uids), self._size):
            some = uids[start : start + self._size]
            sizes = self._box.sizes(some)
            records = [self._record(stream, validity, uid, sizes[uid]) for uid in some if uid in sizes]
            checkpoint = json.dumps({"uidvalidity": validity, "uid": some[-1]})
            if stream.after != "nothing":
                self._given.note(checkpoint, request.stream, some)
            # A broken mail's Message-ID is not known: nothing may be taken for deleted then.
            complete = complete and all(record is not None and record.op != "broken" for record in records)
            last = start + self._size >= len(uids)
            yield Page([record for record in records if record is not None], checkpoint, complete=complete and last)
        if not uids and complete:
            yield Page((), complete=True)

    def _after(self, request: ReadRequest, validity: str) -> int:
        """The last UID that was read; 0 where the folder was made anew since, for its UIDs mean other mails then."""
        if request.checkpoint is None or request.since is not None:
            return 0
        try:
            mark = json.loads(request.checkpoint)
            before, uid = str(mark["uidvalidity"]), int(mark["uid"])
        except (ValueError, TypeError, KeyError):
            raise ConfigurationError(
                f"{self._where}: checkpoint", f"`{request.checkpoint[:80]}` is none of this stream",
                "read it in full once", code="bad-checkpoint",
            ) from None  # fmt: skip
        if before == validity:
            return uid
        log.warning("folder was made anew, it is read from its beginning stream=%s", request.stream)
        return 0

    def _record(self, stream: MailStream, validity: str, uid: int, size: int) -> Record | None:
        """The mail's record; None when it went away meanwhile."""
        place = f"{validity}.{uid}"
        limit = int(self._settings["max_mail_bytes"])
        raw = self._box.fetch(uid, "HEADER" if size > limit else "")
        if raw is None:
            return None
        if size > limit:
            return _broken(place, raw[:65536], f"the mail has {size:,} bytes, allowed are {limit:,} (max_mail_bytes)")
        try:
            data = mail(raw, place, int(self._settings["max_attachment_bytes"]))
        except (ValueError, LookupError, RecursionError) as error:
            return _broken(place, raw[:65536], f"the mail cannot be taken apart: {error}")
        key = data[stream.key]
        if not key:
            return _broken(place, raw[:65536], "the mail has no Message-ID: read the stream with `key: uid`")
        return wire.record(key, data, () if stream.key == "uid" else ("uid",), version=data["date"])

    def _by_key(self, stream: MailStream, validity: str, key: str) -> list[Record]:
        uids: list[int] = []
        if stream.key == "uid":
            before, _, uid = key.partition(".")
            uids = self._box.search("UID", uid) if before == validity and uid.isdigit() else []
        elif key.isascii() and key.isprintable():
            escaped = key.replace("\\", "\\\\").replace('"', '\\"')
            uids = self._box.search("HEADER", "Message-ID", f'"{escaped}"')
        sizes = self._box.sizes(uids) if uids else {}
        found = [self._record(stream, validity, uid, size) for uid, size in sizes.items()]
        records = [record for record in found if record is not None and record.key == key]
        if records or stream.deletes == "never":
            return records[-1:]  # a mail that was moved away is not gone
        return [gone(key)]

    def _post(self, target: str) -> Post:
        write = chosen(self._where, "write", target, self._writes)
        return Post(f"{self._where}: write `{target}`", self._settings, self._tls, write)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _broken(place: str, raw: bytes, problem: str) -> Record:
    return Record(f"mail {place}", raw, fingerprint(raw + problem.encode()), op="broken", problem=problem)
