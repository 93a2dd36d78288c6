"""Send one mail to all of its recipients or to none; its Message-ID comes from our key."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, getaddresses, parseaddr
from typing import Any

from connectors.sdk import RemoteRecord, Written, wire
from connectors.sdk.gate import pass_gate
from connectors.vendors.email.settings import MailWrite
from tongmai.core.clock import now
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)

_MEND = "mend the record or the mapping, then replay it"


class Post:
    """Sends the mails of one kind. Each has a connection of its own: servers close idle ones."""

    def __init__(self, where: str, settings: Mapping[str, Any], tls: ssl.SSLContext | None, write: MailWrite) -> None:
        self._where = where
        self._settings = settings
        self._tls = tls
        self._write = write
        self._sender = str(settings.get("sender") or settings.get("user") or "")
        self._domain = parseaddr(self._sender)[1].rpartition("@")[2] or "tongmai"

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        raise self._cannot("find", "a mail that was sent cannot be looked up")

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """Send; the same key always gives the same Message-ID, so that mailboxes and people can tell a repeated mail."""
        id = self._id(key)
        self._send(self._mail(payload, id))
        return Written(id)

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """A further mail that answers the first."""
        mark = hashlib.sha256(f"{remote_key}\n{now().timestamp()}\n".encode() + wire.canonical(dict(payload)))
        mail = self._mail(payload, self._id(mark.hexdigest()))
        mail["In-Reply-To"] = mail["References"] = remote_key
        self._send(mail)
        return Written(remote_key)

    def deactivate(self, remote_key: str) -> Written:
        raise self._cannot("deactivate", "a mail cannot be called back")

    def activate(self, remote_key: str) -> Written:
        raise self._cannot("activate", "a mail cannot be called back")

    def reached(self) -> str:
        """Log in and say goodbye; gives what the server calls itself."""
        smtp = self._connected()
        try:
            code, said = smtp.noop()
            return f"{code} {said.decode('utf-8', 'replace')}"[:100]
        finally:
            self._leave(smtp)

    def _id(self, key: str) -> str:
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{self._domain}>"

    def _mail(self, payload: Mapping[str, Any], id: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        try:
            mail["From"] = self._sender
            mail["To"] = ", ".join(_listed(payload.get("to")) or self._write.to)
            if payload.get("cc"):
                mail["Cc"] = ", ".join(_listed(payload["cc"]))
            if payload.get("reply_to"):
                mail["Reply-To"] = ", ".join(_listed(payload["reply_to"]))
            mail["Subject"] = str(payload.get("subject") or self._write.subject)
            mail["Message-ID"] = id
            mail["Date"] = format_datetime(now())
            mail["Auto-Submitted"] = "auto-generated"
            mail.set_content(str(payload.get("text") or ""))
        except (ValueError, IndexError) as error:
            raise RemoteRefusedError(
                self._where, f"no mail can be made of it: {error}", _MEND, code="email-bad"
            ) from None
        if not self._recipients(mail) or not mail["Subject"]:
            raise RemoteRefusedError(
                self._where, "a mail needs `to` and `subject`, and there is none here", _MEND, code="email-bad"
            )
        return mail

    def _recipients(self, mail: EmailMessage) -> list[str]:
        found = getaddresses([str(mail[name]) for name in ("To", "Cc") if mail[name]])
        return list(dict.fromkeys(address for _, address in found if address))

    def _send(self, mail: EmailMessage) -> None:
        smtp = self._connected()
        try:
            utf8 = not all(address.isascii() for address in [self._sender, *self._recipients(mail)])
            options = ["SMTPUTF8"] if utf8 and smtp.has_extn("smtputf8") else []
            self._expect(smtp.mail(parseaddr(self._sender)[1], options), "the sender")
            for address in self._recipients(mail):
                self._expect(smtp.rcpt(address), address)  # one refused recipient: nobody gets it
            body = mail.as_bytes(policy=SMTPUTF8 if options else SMTP)
            pass_gate()
            self._data(smtp, body)
        except smtplib.SMTPException as error:
            raise self._error(error) from None
        except OSError as error:
            raise self._away(error) from None
        finally:
            self._leave(smtp)

    def _data(self, smtp: smtplib.SMTP, body: bytes) -> None:
        try:
            answer = smtp.data(body)
        except smtplib.SMTPDataError as error:
            answer = (
                error.smtp_code,
                error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode(),
            )
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise OutcomeUnknownError(
                self._where, f"the connection broke while the mail was sent: {type(error).__name__}",
                "it may arrive twice, with one Message-ID", code="email-doubtful",
            ) from None  # fmt: skip
        self._expect(answer, "the mail")

    def _expect(self, answer: tuple[int, bytes], what: str) -> None:
        code, said = answer
        if code in (250, 251):
            return
        why = f"{what}: {code} {said.decode('utf-8', 'replace')}"[:300]
        if 400 <= code < 500:
            raise RetryableError(self._where, why, "the server asks to come again later", code="email-later")
        raise RemoteRefusedError(self._where, why, _MEND, code="email-refused")

    def _connected(self) -> smtplib.SMTP:
        security = self._settings["security"]
        host, timeout = str(self._settings["smtp_host"]), float(self._settings["timeout"])
        port = int(self._settings["smtp_port"]) or {"tls": 465, "starttls": 587}.get(security, 25)
        try:
            smtp: smtplib.SMTP
            if security == "tls":
                assert self._tls is not None
                smtp = smtplib.SMTP_SSL(host, port, timeout=timeout, context=self._tls)
            else:
                smtp = smtplib.SMTP(host, port, timeout=timeout)
                if security == "starttls":
                    smtp.starttls(context=self._tls)
            smtp.ehlo_or_helo_if_needed()
            if self._settings.get("user"):
                smtp.login(str(self._settings["user"]), str(self._settings.get("password") or ""))
        except ssl.SSLCertVerificationError as error:
            raise FatalError(
                self._where, f"no trusted TLS connection: {error.verify_message}", "name the CA's PEM file in `ca_file`",
                code="email-tls",
            ) from None  # fmt: skip
        except smtplib.SMTPException as error:
            raise self._error(error) from None
        except OSError as error:
            raise self._away(error) from None
        return smtp

    def _leave(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.quit()
        except (smtplib.SMTPException, OSError):
            smtp.close()

    def _error(self, error: smtplib.SMTPException) -> TongmaiError:
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return AuthenticationError(
                self._where,
                f"the mail server refused user or password ({error.smtp_code})",
                "many providers want an app password (授权码) and SMTP switched on in the mailbox's settings",
                code="email-login",
            )
        if isinstance(error, smtplib.SMTPServerDisconnected | smtplib.SMTPConnectError):
            return self._away(error)
        return FatalError(
            self._where, f"{type(error).__name__} {error}"[:300], "look at the server's log", code="email-refused"
        )

    def _away(self, error: Exception) -> TongmaiError:
        return RetryableError(
            self._where,
            f"{type(error).__name__} {error}"[:200],
            "nothing was sent; it is tried again",
            code="email-away",
        )

    def _cannot(self, what: str, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self._where}: {what}",
            why,
            "choose another delete policy or search for this target",
            code="email-settings",
        )


def _listed(value: Any) -> tuple[str, ...]:
    if value in (None, ""):
        return ()
    return tuple(str(each) for each in value) if isinstance(value, (list, tuple)) else (str(value),)
