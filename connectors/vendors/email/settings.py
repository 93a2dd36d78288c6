"""The ``streams`` and ``writes`` settings of a mail connection, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from connectors.sdk import entries
from connectors.sdk.manifest import Label
from connectors.sdk.strict import Strict

_HERE = ("127.0.0.1", "localhost", "::1")


class MailStream(Strict):
    """A folder that is read. ``after``: what is done with a mail once it is stored."""

    folder: str = Field(default="INBOX", min_length=1)
    key: Literal["message_id", "uid"]
    deletes: Literal["full-listing", "never"]
    after: Literal["nothing", "seen", "move"] = "nothing"
    move_to: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    label: Label | None = None

    @model_validator(mode="after")
    def _fits(self) -> MailStream:
        if (self.after == "move") != bool(self.move_to):
            raise ValueError("`after: move` and `move_to` go together")
        if self.after != "nothing" and self.deletes != "never":
            raise ValueError(f"with `after: {self.after}` a read lists only what is new: write `deletes: never`")
        return self


class MailWrite(Strict):
    """A kind of mail that is sent. ``to`` and ``subject`` stand where the payload has none."""

    stream: str
    our_key: str = ""
    to: Annotated[tuple[str, ...], BeforeValidator(entries.one_or_list)] = ()
    subject: str = ""
    label: Label | None = None


def parse(connection: str, settings: Mapping[str, Any]) -> tuple[dict[str, MailStream], dict[str, MailWrite]]:
    """Streams and writes by name. Raises ``ConfigurationError`` with all mistakes."""
    problems: list[str] = []
    streams = entries.typed("streams", settings["streams"], MailStream, problems)
    writes = entries.typed("writes", settings["writes"], MailWrite, problems)
    entries.read_back(writes, streams, problems)
    if streams and not settings.get("imap_host"):
        problems.append("`streams` need `imap_host`")
    if writes and not (settings.get("smtp_host") and (settings.get("sender") or settings.get("user"))):
        problems.append("`writes` need `smtp_host`, and `sender` or `user`")
    for host in (settings.get("imap_host"), settings.get("smtp_host")):
        if settings["security"] == "none" and host and host not in _HERE:
            problems.append(
                f"`security: none` with the host `{host}`: password and mails would cross the network in the open; "
                "write tls or starttls"
            )
    entries.refuse(connection, problems, MailStream, MailWrite, code="email-settings")
    return streams, writes
