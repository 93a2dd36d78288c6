"""Real servers for the contract suite on loopback: pymap for IMAP, aiosmtpd for SMTP, which delivers into a folder of it."""

from __future__ import annotations

import imaplib
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from connectors.testing.contract.fixture import Fixture

USER, PASSWORD = "hub@example.com", "stand-" + secrets.token_hex(8)
DELIVERED = "Notices"


class _Delivery:
    """Takes mails in. ``answers``: what DATA is answered with next, first come; ``broken``: hang up after DATA."""

    def __init__(self, system: MailSystem) -> None:
        self.system = system
        self.taken: list[bytes] = []
        self.envelopes: list[list[str]] = []
        self.answers: list[str] = []
        self.hang_up = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(bytes(envelope.content))
        self.envelopes.append(list(envelope.rcpt_tos))
        if self.hang_up:
            server.transport.abort()
            return "250 OK"
        self.system.append(DELIVERED, bytes(envelope.content))
        return "250 OK"


class MailSystem:
    """One mailbox."""

    faults_known = False

    def __init__(self) -> None:
        self.delivery = _Delivery(self)
        self._imap_port = _free_port()
        self._smtp_port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._smtp: Controller | None = None
        self._number = 0
        self._own: imaplib.IMAP4 | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from pymap.main import main; main()", "--host", "127.0.0.1", "--port", str(self._imap_port),
             "--no-tls", "--no-service", "managesieve", "--no-service", "admin", "dict", "--demo-user", USER,
             "--demo-password", PASSWORD],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                self.imap().create(DELIVERED)
                break
            except (OSError, imaplib.IMAP4.error):
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
        self._smtp = Controller(
            self.delivery, hostname="127.0.0.1", port=self._smtp_port, authenticator=_authenticate, auth_required=True,
            auth_require_tls=False,
        )  # fmt: skip
        self._smtp.start()

    def stop(self) -> None:
        self._own = None
        if self._smtp is not None:
            self._smtp.stop()
            self._smtp = None
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def imap(self) -> imaplib.IMAP4:
        """A connection of another program."""
        found = imaplib.IMAP4("127.0.0.1", self._imap_port, timeout=10)
        found.login(USER, PASSWORD)
        return found

    def append(self, folder: str, raw: bytes) -> None:
        with self._lock:  # mails are delivered in another thread
            self._own = self._own or self.imap()
            status, said = self._own.append(folder, "", "", raw)
        if status != "OK":
            raise RuntimeError(str(said))

    def settings(self) -> dict[str, Any]:
        return {
            "imap_host": "127.0.0.1", "imap_port": self._imap_port, "smtp_host": "127.0.0.1", "smtp_port": self._smtp_port,
            "user": USER, "password": PASSWORD, "security": "none",
        }  # fmt: skip

    def write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        if op in ("update", "delete"):
            self._remove(obj, key)
        if op == "delete":
            return key
        self._number += 1
        mail = EmailMessage()
        mail["From"] = "采购部 <buyer@example.org>"
        mail["To"] = USER
        mail["Subject"] = str(fields.get("subject") or f"订单 {self._number}")
        mail["Date"] = "Sun, 22 Nov 2026 08:00:00 +0800"
        mail["Message-ID"] = key = key or f"<order-{self._number}@example.org>"
        mail.set_content(str(fields.get("text") or "请尽快发货"))
        self.append(obj, mail.as_bytes())
        return key

    def keys(self, obj: str) -> set[str]:
        return set(self._listed(obj))

    def faults(self, faults: Sequence[dict[str, Any]]) -> None:
        if faults:
            raise NotImplementedError("real servers have no faults to switch on")

    def fired(self) -> int:
        return 0

    def calls(self) -> dict[str, int]:
        return {}

    def forget(self) -> None: ...

    def ledger(self) -> list[dict[str, Any]]:
        return [
            {"object": "notice", "op": "update" if message_from_bytes(raw)["In-Reply-To"] else "create"}
            for raw in self.delivery.taken
        ]

    def expire(self) -> None: ...

    def advance(self, seconds: float) -> None: ...

    def _listed(self, folder: str) -> dict[str, str]:
        """Message-ID → UID."""
        with self._lock:
            return self._found(folder)

    def _found(self, folder: str) -> dict[str, str]:
        self._own = imap = self._own or self.imap()
        imap.select(folder, readonly=True)
        found = {}
        for item in imap.uid("FETCH", "1:*", "(UID BODY.PEEK[HEADER])")[1]:
            if isinstance(item, tuple):
                uid = re.search(rb"UID (\d+)", item[0])
                assert uid is not None
                found[str(message_from_bytes(item[1])["Message-ID"])] = uid[1].decode()
        return found

    def _remove(self, folder: str, key: str) -> None:
        uid = self._listed(folder)[key]
        imap = self.imap()
        imap.select(folder)
        imap.uid("STORE", uid, "+FLAGS", r"(\Deleted)")
        imap.expunge()
        imap.logout()


def create(fixture: Fixture) -> MailSystem:
    """The stand of the suite."""
    return MailSystem()


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
