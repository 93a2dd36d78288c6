"""The ``streams`` and ``writes`` settings of a mail connection, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from connectors.sdk.manifest import Label
from connectors.sdk.strict import Strict
from tongmai.core.errors import ConfigurationError

_HERE = ("127.0.0.1", "localhost", "::1")


def _one_or_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


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
    to: Annotated[tuple[str, ...], BeforeValidator(_one_or_list)] = ()
    subject: str = ""
    label: Label | None = None


M = TypeVar("M", bound=Strict)


def parse(connection: str, settings: Mapping[str, Any]) -> tuple[dict[str, MailStream], dict[str, MailWrite]]:
    """Streams and writes by name. Raises ``ConfigurationError`` with all mistakes."""
    problems: list[str] = []
    streams = _each("streams", settings["streams"], MailStream, problems)
    writes = _each("writes", settings["writes"], MailWrite, problems)
    for name, write in writes.items():
        if write.stream not in streams:
            problems.append(f"`writes.{name}.stream`: there is no stream `{write.stream}`")
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
    if problems:
        raise ConfigurationError(
            f"connection `{connection}`",
            "; ".join(problems),
            f"a stream has: {', '.join(MailStream.model_fields)}; a write has: {', '.join(MailWrite.model_fields)}",
            code="email-settings",
        )
    return streams, writes


def _each(key: str, setting: Any, model: type[M], problems: list[str]) -> dict[str, M]:
    if not isinstance(setting, Mapping):
        problems.append(f"`{key}`: a mapping of names is expected")
        return {}
    found: dict[str, M] = {}
    for name, data in setting.items():
        try:
            found[str(name)] = model.model_validate(data)
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False):
                place = ".".join(str(step) for step in (key, name, *item["loc"]))
                problems.append(f"`{place}`: {item['msg']}")
    return found
