"""The typed model of ``connector.yaml``: what a system is called, needs, offers and can promise."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.sdk.http_settings import HTTP_SETTINGS


class Strict(BaseModel):
    """Unknown keys are mistakes; values are frozen once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    volatile: tuple[str, ...] = Field(
        default=(), description="Top-level members that change without the record changing; not in its fingerprint."
    )


class Write(Strict):
    """Something that can be written, and what the system promises about it."""

    stream: str = Field(description="The stream in which written records can be read back.")
    our_key: str = Field(default="", description="The field that holds our idempotency key.")
    key_enforced: bool = Field(default=False, description="The target refuses a second record with our key.")
    search: tuple[str, ...] = Field(default=(), description="Fields by which records can be looked up.")
    lines: dict[str, Lines] = Field(
        default_factory=dict, description="Lists inside a payload, by the name of the member that holds them."
    )
    deactivate: bool = False
    label: Label | None = None


class Manifest(Strict):
    """A whole ``connector.yaml``."""

    connector: str
    label: Label
    kind: Literal["crm", "erp", "oa", "hr", "lowcode", "shop", "pos", "file", "database", "generic"]
    replaces: bool = Field(
        default=False, description="This folder takes the place of an earlier connector of that name."
    )
    http: bool = Field(default=False, description="Speaks HTTP: the standard HTTP settings join `connection`.")
    connection: dict[str, Setting] = Field(default_factory=dict)
    streams: dict[str, Stream] = Field(default_factory=dict)
    streams_from_settings: bool = Field(
        default=False,
        description="Streams are declared per connection (files, databases), under its `streams` setting.",
    )
    writes: dict[str, Write] = Field(default_factory=dict)
    quota: Label | None = None

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
