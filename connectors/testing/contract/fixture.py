"""``fixtures/contract.yaml`` of a connector: what the suite needs to know to exercise it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from connectors.sdk.manifest import Manifest
from connectors.sdk.strict import Strict
from tongmai.core import yamlfile
from tongmai.core.errors import ConfigurationError

_FIRST = re.compile(r"\{first\.([^}]+)\}")


class StreamFixture(Strict):
    """One stream: what a person in the system's own screens writes."""

    object: str = Field(default="", description="The simulator's name for it; the stream's own when not given.")
    insert: dict[str, Any] = Field(default_factory=dict, description="A new record. `{n}` becomes a fresh number.")
    change: dict[str, Any] = Field(
        default_factory=dict, description="A change of a record. `{n}` becomes a fresh number."
    )
    faults: str = Field(default="", description="The part of a path that its reads have: faults strike only there.")
    keep: tuple[str, ...] = Field(default=(), description="Keys that nobody can delete, as the root of a tree.")
    incremental: bool | None = Field(default=None, description="It reads changes; by the manifest when not given.")
    drift: dict[str, Any] = Field(
        default_factory=dict,
        description="Members that no record has had, or that become of another kind (text, number, boolean, object, list).",
    )


class WriteFixture(Strict):
    """One writable object."""

    create: dict[str, Any] = Field(description="A payload. `{n}` becomes a fresh number, `{key}` our key.")
    update: dict[str, Any] = Field(default_factory=dict, description="A payload that changes it.")
    refused: dict[str, Any] = Field(
        default_factory=dict, description="A payload that the system refuses for what is in it."
    )
    object: str = Field(default="", description="The name in the simulator's ledger; the write's own when not given.")
    faults: str = Field(default="", description="The part of a path that its creates have: faults strike only there.")
    off: dict[str, Any] | Literal["gone"] | None = Field(
        default=None,
        description="How a record that is switched off looks in the system itself: members and their values, or `gone`.",
    )


class WebhookFixture(Strict):
    """One webhook: what the system sends, and what has to become of it."""

    event: dict[str, Any] = Field(description="An event as the system tells it. `{n}`, `{first.OBJECT}` as in streams.")
    stream: str = Field(description="The stream that it is about.")
    key: str = Field(description="The key of the record that it is about.")
    handshake: dict[str, Any] = Field(default_factory=dict, description="What the system sends to try the address.")
    answer: str = Field(default="", description="What has to stand in the (decrypted) answer to the handshake.")


class Fixture(Strict):
    """The whole file."""

    connector: str
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings for the suite, as small pages.")
    bad_credentials: dict[str, Any] = Field(
        default_factory=dict, description="Settings with which `check` must be refused."
    )
    customers: int = Field(default=40, description="How much the simulator is seeded with.")
    limits: bool = Field(default=True, description="Whether the simulator's call limits apply in the suite.")
    streams: dict[str, StreamFixture] = Field(default_factory=dict)
    writes: dict[str, WriteFixture] = Field(default_factory=dict)
    slow_down: dict[str, Any] = Field(
        default_factory=dict, description="The fault by which this system says `slow down`; HTTP 429 when not given."
    )
    paged: bool = Field(default=True, description="Some list is longer than a page in the suite.")
    limits_met: dict[str, Any] = Field(
        default_factory=dict, description="Settings that make the call limits so small that the suite meets them."
    )
    webhooks: dict[str, WebhookFixture] = Field(default_factory=dict)
    discovers: bool = Field(
        default=False, description="It lists what the system has; by the manifest's `discover` when not given."
    )
    discovered: dict[str, str] = Field(
        default_factory=dict, description="Stream → the name that `discover` gives it, where they differ."
    )
    token_path: str = Field(default="", description="The part of a path by which tokens or sessions are fetched.")


def has_fixture(folder: Path) -> bool:
    """Whether the connector's folder has one."""
    return (folder / "fixtures" / "contract.yaml").is_file()


def load_fixture(folder: Path) -> Fixture:
    """The fixture of a connector's folder. Raises ``ConfigurationError``."""
    file = folder / "fixtures" / "contract.yaml"
    if not file.is_file():
        raise ConfigurationError(
            f"connector `{folder.name}`",
            f"it has no {file.name} in fixtures/",
            "write it (see `tongmai connector new`)",
            code="no-fixture",
        )
    document = yamlfile.load(file)[0]
    loaded = yamlfile.check(document, Fixture, "contract") if not document.findings else None
    if loaded is None:
        raise ConfigurationError(
            f"{file.parent.parent.name}/fixtures/contract.yaml",
            f"{len(document.findings)} mistake(s)",
            code="bad-fixture",
            findings=document.findings,
        )
    return loaded


def filled(tree: Any, first: Callable[[str], Any], **names: Any) -> Any:
    """A tree of members with ``{n}``, ``{key}`` in its texts replaced; a text that is only ``{n}`` becomes the value.

    ``{first.OBJECT}`` is the first key of the system's own OBJECT, for references.
    """
    if isinstance(tree, str):
        found = _FIRST.search(tree)
        if found:
            names = {**names, f"first.{found[1]}": first(found[1])}
        for name, value in names.items():
            if tree == "{" + name + "}":
                return value
            tree = tree.replace("{" + name + "}", str(value))
        return tree
    if isinstance(tree, dict):
        return {name: filled(value, first, **names) for name, value in tree.items()}
    return [filled(value, first, **names) for value in tree] if isinstance(tree, list) else tree


def features(manifest: Manifest, fixture: Fixture) -> set[str]:
    """What the connector has, as rules ask for it."""
    writes = [manifest.writes[name] for name in fixture.writes if name in manifest.writes]
    calls = [write.calls for write in writes if write.calls]
    streams = [(manifest.streams.get(name), each.incremental) for name, each in fixture.streams.items()]
    have = {
        "http": manifest.http,
        "credentials": any(setting.type == "secret" for setting in manifest.connection.values()),
        "pages": fixture.paged
        and any(known is None or known.read is None or bool(known.read.page) for known, _ in streams),
        "token": bool(fixture.token_path),
        "cursor": any(asked if asked is not None else bool(known and known.cursor) for known, asked in streams),
        "deletes": any(known is None or known.deletes != "never" for known, _ in streams),
        "writes": bool(fixture.writes),
        "batch": any(each.create_many for each in calls),
        "our_key": any(write.our_key for write in writes),
        "enforced": any(write.key_enforced for write in writes),
        "off": any(write.deactivate for write in writes),
        "refuses": any(each.refused for each in fixture.writes.values()),
        "limits": bool(getattr(manifest, "limits", ())),
        "webhooks": bool(manifest.webhooks) or bool(fixture.webhooks),
        "discovers": manifest.discover is not None or fixture.discovers,
    }
    return {name for name, there in have.items() if there}
