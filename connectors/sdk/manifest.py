"""The typed model of ``connector.yaml``: what a system is called, needs, offers and can promise."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from connectors.sdk.auth.check import check
from connectors.sdk.auth.spec import Auth
from connectors.sdk.declared.model import Calls, CheckCall, Defaults, Discover, ErrorRule, Read, Requests
from connectors.sdk.declared.texts import SettingPlaces
from connectors.sdk.http_settings import HTTP_SETTINGS
from connectors.sdk.limit import Limit
from connectors.sdk.strict import Strict
from connectors.sdk.webhook.model import Webhook
from tongmai.core.finding import Mistake


class Label(Strict):
    """A name for people."""

    zh: str
    en: str


class Setting(Strict):
    """One setting of a connection. ``secret`` values never stand in YAML and never reach a log."""

    type: Literal["text", "secret", "url", "integer", "boolean", "number", "path", "choice", "object"] = "text"
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    label: Label | None = None
    help: Label | None = None
    from_connection: Literal["", "host", "login", "password", "schema", "port"] = Field(
        default="", description="The part of an Airflow connection that also fills this setting."
    )


class Lines(Strict):
    """A list inside a record, as the lines of an order. ``fields`` name what a line has, with their source types."""

    key: str = Field(default="", description="The field that tells one line from another.")
    fields: dict[str, str] = Field(default_factory=dict)
    custom: str = Field(default="", description="A pattern of names that a company gives its own fields of a line.")
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="The only values that a field of a line has, each with its label."
    )
    lengths: dict[str, int] = Field(default_factory=dict, description="Most characters of a text field of a line.")


class Stream(Strict):
    """Something that can be read. ``fields`` name what a mapping may use, with their source types."""

    key: str
    cursor: str = ""
    label: Label | None = None
    deletes: Literal["visible", "full-listing", "never"] = "full-listing"
    fields: dict[str, str] = Field(default_factory=dict)
    lines: dict[str, Lines] = Field(
        default_factory=dict, description="Lists inside a record, by the name of the member that holds them."
    )
    custom: str = Field(
        default="",
        description="A pattern (as `*__c`) of names that a company gives its own fields: usable without being listed.",
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="The only values that a field has, each with its label: mappings are checked against them.",
    )
    lengths: dict[str, int] = Field(default_factory=dict, description="Most characters of a text field.")
    volatile: tuple[str, ...] = Field(
        default=(), description="Top-level members that change without the record changing; not in its fingerprint."
    )
    drift: Literal["evolve", "quarantine", "freeze"] = Field(
        default="evolve",
        description="What follows when its records have something new: take it in and report it, keep those records apart "
        "until a person accepts it, or stop the stream.",
    )
    canonical: bool = Field(
        default=False, description="Answers give the members of a record in changing order: its fingerprint sorts them."
    )
    read: Read | None = Field(default=None, description="How it is read, where no hooks read it.")


class Write(Strict):
    """Something that can be written, and what the system promises about it."""

    stream: str = Field(description="The stream in which written records can be read back.")
    our_key: str = Field(default="", description="The field that holds our idempotency key.")
    key_enforced: bool = Field(default=False, description="The target refuses a second record with our key.")
    search: tuple[str, ...] = Field(default=(), description="Fields by which records can be looked up.")
    lines: dict[str, Lines] = Field(
        default_factory=dict, description="Lists inside a payload, by the name of the member that holds them."
    )
    required: tuple[str, ...] = Field(
        default=(), description="Fields without which the system refuses a new record: a mapping writes each of them."
    )
    fields: dict[str, str] = Field(
        default_factory=dict, description="Every field that can be written, with its type; nothing: any name is taken."
    )
    custom: str = Field(default="", description="A pattern of names that a company gives its own fields.")
    deactivate: bool = False
    numbers: bool = Field(
        default=False,
        description="Values of fields that the stream declares as decimal or integer are sent as JSON numbers, not as text.",
    )
    label: Label | None = None
    calls: Calls | None = Field(default=None, description="The calls that write it, where no hooks write it.")


DEFAULTS: Final = {"streams": "stream", "writes": "write"}
"""The section of a manifest, and what its entries have in common."""


class Manifest(Strict):
    """A whole ``connector.yaml``."""

    connector: str
    label: Label
    kind: Literal["crm", "erp", "oa", "hr", "lowcode", "shop", "pos", "ticketing", "file", "database", "generic"]
    replaces: bool = Field(
        default=False, description="This folder takes the place of an earlier connector of that name."
    )
    http: bool = Field(default=False, description="Speaks HTTP: the standard HTTP settings join `connection`.")
    connection: dict[str, Setting] = Field(default_factory=dict)
    auth: Auth | None = Field(default=None, description="How calls prove who we are.")
    account: tuple[str, ...] = Field(
        default=(), description="Settings that tell the vendor's accounts apart; limits are counted for each account."
    )
    limits: tuple[Limit, ...] = Field(default=(), description="What the vendor allows, counted for the whole account.")
    streams: dict[str, Stream] = Field(default_factory=dict)
    streams_from_settings: bool = Field(
        default=False,
        description="Streams are declared per connection (files, databases), under its `streams` setting.",
    )
    api_from_settings: bool = Field(
        default=False,
        description="The whole API (auth, errors, check, streams, writes) is declared per connection, under its `api` setting.",
    )
    writes: dict[str, Write] = Field(default_factory=dict)
    webhooks: dict[str, Webhook] = Field(
        default_factory=dict, description="Addresses at which the system tells us of changes, by name."
    )
    webhooks_from_settings: bool = Field(
        default=False, description="Webhooks are declared per connection, under its `webhooks` setting."
    )
    writes_from_settings: bool = Field(
        default=False,
        description="What can be written is declared per connection, under its `writes` setting.",
    )
    quota: Label | None = None
    requests: Requests = Field(default_factory=Requests, description="What every request carries.")
    errors: tuple[ErrorRule, ...] = Field(default=(), description="What answers mean; the first row that holds counts.")
    check: CheckCall | None = Field(default=None, description="The cheapest useful call.")
    defaults: Defaults | None = Field(
        default=None,
        description="What streams and writes have in common; places read `object`, the stream's or write's name.",
    )
    names: dict[str, SettingPlaces] = Field(
        default_factory=dict,
        description="Fields that each company calls by a name of its own: the name in mappings, and that of a connection.",
    )
    discover: Discover | None = Field(default=None, description="How the system tells which fields it has.")

    @model_validator(mode="after")
    def _declared_whole(self) -> Manifest:
        """A connector that declares calls says how to check a connection, and speaks HTTP."""
        declares = any(stream.read for stream in self.streams.values()) or any(w.calls for w in self.writes.values())
        if declares and not (self.http and self.check):
            raise Mistake(
                "streams or writes are declared: write `http: true` and a `check` call too",
                "声明了读取或写入：还需要 `http: true` 和 `check` 调用",
            )
        return self

    @model_validator(mode="after")
    def _webhooks_name_what_is_there(self) -> Manifest:
        for name, webhook in self.webhooks.items():
            settings = sorted(webhook.settings - set(self.connection))
            streams = sorted(webhook.streams - set(self.streams)) if not self.streams_from_settings else []
            for word, kind_en, kind_zh in (
                *((one, "setting", "设置") for one in settings),
                *((one, "stream", "数据流") for one in streams),
            ):
                raise Mistake(
                    f"webhook `{name}` names the {kind_en} `{word}`, which is not there",
                    f"webhook `{name}` 使用了不存在的{kind_zh} `{word}`",
                )
        return self

    @model_validator(mode="before")
    @classmethod
    def _with_http_settings(cls, data: Any) -> Any:
        """Put the standard HTTP settings before the vendor's own, which may change their defaults and texts."""
        if not isinstance(data, dict) or data.get("http") is not True:
            return data
        own = data.get("connection") or {}
        if not isinstance(own, dict):
            return data
        merged: dict[str, Any] = {name: dict(setting) for name, setting in HTTP_SETTINGS.items()}
        for name, setting in own.items():
            merged[name] = {**merged.get(name, {}), **setting} if isinstance(setting, dict) else setting
        return {**data, "connection": merged}

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        """Put what all have in common into each stream and each write."""
        defaults = data.get("defaults") if isinstance(data, dict) else None
        if not isinstance(defaults, dict):
            return data
        made = dict(data)
        for section, member in DEFAULTS.items():
            if isinstance(defaults.get(member), dict) and isinstance(data.get(section), dict):
                made[section] = {name: _over(defaults[member], own) for name, own in data[section].items()}
        return made

    @field_validator("auth")
    @classmethod
    def _auth_names_what_is_there(cls, value: Auth | None, info: ValidationInfo) -> Auth | None:
        if value is not None and "connection" in info.data:
            check(value, info.data["connection"])
        return value

    @field_validator("account")
    @classmethod
    def _account_names_settings(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for name in value:
            if name not in info.data.get("connection", {}):
                raise Mistake(f"there is no setting `{name}` in `connection`", f"`connection` 中没有设置 `{name}`")
        return value

    @field_validator("limits")
    @classmethod
    def _limits_name_what_is_there(cls, value: tuple[Limit, ...], info: ValidationInfo) -> tuple[Limit, ...]:
        for limit in value if "connection" in info.data else ():
            limit.check(info.data["connection"])
        names = [limit.name for limit in value if limit.name]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            raise Mistake(f"two limits are called `{twice}`", f"有两个限额都叫 `{twice}`")
        return value


def _over(below: Any, above: Any) -> Any:
    """``above`` laid over ``below``, member by member; nothing takes a member away."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    merged = {**below, **{name: _over(below.get(name), value) for name, value in above.items()}}
    return {name: value for name, value in merged.items() if value is not None}
