"""One IMAP account: log in, choose a folder, list and fetch by UID, mark and move. Errors in our words."""

from __future__ import annotations

import base64
import imaplib
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    ProtocolError,
    RetryableError,
    TongmaiError,
)

_UID_SIZE = re.compile(rb"(?=.*\bUID (\d+))(?=.*\bRFC822\.SIZE (\d+))", re.DOTALL)
_MOST_AT_ONCE = 200


class Box:
    """Connected at the first use; a broken connection is made anew by the next run."""

    def __init__(self, where: str, settings: Mapping[str, Any], tls: ssl.SSLContext | None) -> None:
        self._where = where
        self._settings = settings
        self._tls = tls
        self._imap: imaplib.IMAP4 | None = None
        self._open = ("", False)
        self._can: frozenset[str] = frozenset()

    def validity(self, folder: str, *, write: bool) -> str:
        """Choose a folder; gives its UIDVALIDITY: UIDs mean something only together with it."""
        imap = self._connected()
        with self._told(f"folder `{folder}`"):
            if self._open != (folder, write):
                status, said = imap.select(_quoted(folder), readonly=not write)
                if status != "OK":
                    self._open = ("", False)
                    raise ConfigurationError(
                        f"{self._where}: folder `{folder}`", _text(said), "correct `folder`", code="email-folder"
                    )
                self._open = (folder, write)
            found = imap.response("UIDVALIDITY")[1]
            if not found or found[0] is None:
                status, said = imap.status(_quoted(folder), "(UIDVALIDITY)")
                match = re.search(r"UIDVALIDITY (\d+)", _text(said))
                if not match:
                    raise ProtocolError(
                        f"{self._where}: folder `{folder}`", "the server tells no UIDVALIDITY",
                        "mails cannot be told apart there", code="email-protocol",
                    )  # fmt: skip
                return match[1]
        return bytes(found[0]).decode()

    def search(self, *criteria: str) -> list[int]:
        """UIDs in the open folder, ascending."""
        said = self._uid("SEARCH", *criteria)
        return sorted({int(word) for line in said if isinstance(line, bytes) for word in line.split()})

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """The size of each mail that is (still) there."""
        found: dict[int, int] = {}
        for start in range(0, len(uids), _MOST_AT_ONCE):
            some = ",".join(map(str, uids[start : start + _MOST_AT_ONCE]))
            for line in self._uid("FETCH", some, "(UID RFC822.SIZE)"):
                match = _UID_SIZE.search(line) if isinstance(line, bytes) else None
                if match:
                    found[int(match[1])] = int(match[2])
        return found

    def fetch(self, uid: int, what: str = "") -> bytes | None:
        """A mail, or the part of it that ``what`` names, without marking it as read; None when it is gone."""
        for item in self._uid("FETCH", str(uid), f"(BODY.PEEK[{what}])"):
            if isinstance(item, tuple):
                return bytes(item[1])
        return None

    def seen(self, uids: Sequence[int]) -> None:
        """Mark as read."""
        for start in range(0, len(uids), _MOST_AT_ONCE):
            self._uid("STORE", ",".join(map(str, uids[start : start + _MOST_AT_ONCE])), "+FLAGS.SILENT", r"(\Seen)")

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move; where the server cannot, copy and remove just these. One that is gone already is no error."""
        self._connected()
        for start in range(0, len(uids), _MOST_AT_ONCE):
            some = ",".join(map(str, uids[start : start + _MOST_AT_ONCE]))
            if "MOVE" in self._can:
                self._uid("MOVE", some, _quoted(folder))
            elif "UIDPLUS" in self._can:
                self._uid("COPY", some, _quoted(folder))
                self._uid("STORE", some, "+FLAGS.SILENT", r"(\Deleted)")
                self._uid("EXPUNGE", some)
            else:
                raise ConfigurationError(
                    self._where,
                    "the server has neither MOVE nor UIDPLUS: removing one mail would remove others too",
                    "write `after: seen`",
                    code="email-settings",
                )

    def make(self, folder: str) -> None:
        """Make a folder where there is none."""
        imap = self._connected()
        with self._told(f"folder `{folder}`"):
            if imap.status(_quoted(folder), "(MESSAGES)")[0] != "OK":
                status, said = imap.create(_quoted(folder))
                if status != "OK":
                    raise ConfigurationError(
                        f"{self._where}: folder `{folder}`", _text(said), "make it in the mailbox", code="email-folder"
                    )

    def close(self) -> None:
        imap, self._imap = self._imap, None
        if imap is not None:
            with suppress(imaplib.IMAP4.error, OSError):  # nothing is lost by a goodbye that was not heard
                imap.logout()

    def _uid(self, command: str, *arguments: str) -> list[Any]:
        imap = self._connected()
        with self._told(f"{command} in `{self._open[0]}`"):
            status, said = imap.uid(command, *arguments)
            if status != "OK":
                raise FatalError(
                    f"{self._where}: {command} in `{self._open[0]}`", _text(said), "check the rights of the mailbox",
                    code="email-refused",
                )  # fmt: skip
            return [line for line in said if line is not None]

    def _connected(self) -> imaplib.IMAP4:
        if self._imap is not None:
            return self._imap
        host, timeout = str(self._settings["imap_host"]), float(self._settings["timeout"])
        security = self._settings["security"]
        port = int(self._settings["imap_port"]) or (993 if security == "tls" else 143)
        with self._told("connect"):
            imap: imaplib.IMAP4
            if security == "tls":
                imap = imaplib.IMAP4_SSL(host, port, ssl_context=self._tls, timeout=timeout)
            else:
                imap = imaplib.IMAP4(host, port, timeout=timeout)
                if security == "starttls":
                    imap.starttls(self._tls)
        self._log_in(imap)
        self._imap = imap
        return imap

    def _log_in(self, imap: imaplib.IMAP4) -> None:
        try:
            imap.login(str(self._settings.get("user") or ""), str(self._settings.get("password") or ""))
        except imaplib.IMAP4.abort as error:
            raise self._away("log in", error) from None
        except imaplib.IMAP4.error:
            raise AuthenticationError(
                f"{self._where}: log in",
                "the mail server refused user or password",
                "many providers want an app password (授权码) and IMAP switched on in the mailbox's settings",
                code="email-login",
            ) from None
        with self._told("log in"):
            # What a server can do it often tells only after the login; the library remembers what it told before.
            self._can = frozenset(_text(imap.capability()[1]).upper().split())
            if "ID" in self._can:  # some providers refuse folders to a program that did not say its name
                imap.xatom("ID", '("name" "tongmai")')

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except imaplib.IMAP4.abort as error:
            raise self._away(what, error) from None
        except ssl.SSLCertVerificationError as error:
            raise FatalError(
                f"{self._where}: {what}", f"no trusted TLS connection: {error.verify_message}",
                "name the CA's PEM file in `ca_file`", code="email-tls",
            ) from None  # fmt: skip
        except OSError as error:
            raise self._away(what, error) from None
        except imaplib.IMAP4.error as error:
            raise FatalError(
                f"{self._where}: {what}", str(error)[:300], "look at the server's log", code="email-refused"
            ) from None

    def _away(self, what: str, error: Exception) -> TongmaiError:
        self._imap, self._open = None, ("", False)
        return RetryableError(
            f"{self._where}: {what}", f"{type(error).__name__} {error}"[:200], "it is tried again", code="email-away"
        )


def _quoted(folder: str) -> str:
    """A folder's name on the wire: modified UTF-7 (RFC 3501), in quotes."""
    found, pending = "", ""
    for char in [*folder, ""]:
        if char and not " " <= char <= "~":
            pending += char
            continue
        if pending:
            found += "&" + base64.b64encode(pending.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
            pending = ""
        found += "&-" if char == "&" else char
    return '"' + found.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(said: Any) -> str:
    return b" ".join(line for line in said if isinstance(line, bytes)).decode("utf-8", "replace")[:300]
