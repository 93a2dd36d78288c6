"""The typed models of ``dags/syncs/<name>.yaml`` and ``connections.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic import Field as Option

from tongmai.core import duration, yamlfile
from tongmai.core.finding import Finding, nearest
from tongmai.core.settings import content_folders, product_root, site_roots
from tongmai.core.text import Text
from tongmai.core.yamlfile import Document

GUARANTEES = ("effectively-once", "at-least-once, detectable", "at-least-once, blind", "at-most-once")


Duration = Annotated[timedelta, BeforeValidator(duration.parse)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(Strict):
    zh: str
    en: str


class Connection(Strict):
    """A configured connector. A setting may be ``{env: NAME, default: value}``; secrets are never here.

    ``receives``: what may be written there beside business data; personal fields go nowhere else.
    """

    connector: str
    role: str
    settings: dict[str, Any] = Option(default_factory=dict)
    receives: tuple[Literal["personal"], ...] = ()
    label: Label | None = None


class Read(Strict):
    """Where an inbound sync reads and how often."""

    connection: str
    stream: str
    every: Duration | None = None
    lookback: Duration = timedelta(0)
    drift: Literal["", "evolve", "quarantine", "freeze"] = ""


class Write(Strict):
    """Where an outbound sync writes. ``lanes``: how many writes may be under way at once; one entity is never in two."""

    connection: str
    object: str
    lanes: int = Option(default=2, ge=1, le=16)
    every: Duration | None = None


class Notify(Strict):
    """Who is told when a run fails or does not balance: a mail address list, or a webhook robot's connection name."""

    mail: tuple[str, ...] = ()
    webhook: tuple[str, ...] = ()


class Inbound(Strict):
    """A sync from a stream into the master data."""

    sync: str
    read: Read
    map: str
    deletes: Literal["deactivate", "ignore"] = "deactivate"
    left_out: Literal["deactivate", "keep"] = "deactivate"
    label: Label | None = None
    doc: Label | None = None
    tags: tuple[str, ...] = ()
    notify: Notify = Notify()


class Outbound(Strict):
    """A sync from golden records into a target object.

    ``baseline`` names the inbound sync that reads the target; the target is armed once that has run whole.
    """

    sync: str
    write: Write
    of: str
    map: str
    when: str = ""
    create: Literal["search-first", "never"] = "search-first"
    deletes: Literal["deactivate", "ignore"] = "deactivate"
    baseline: str
    guarantee: Literal["effectively-once", "at-least-once, detectable", "at-least-once, blind", "at-most-once"] = (
        "effectively-once"
    )
    doubt: Literal["ask", "resend"] = Option(
        default="ask",
        description="Where nothing can be looked up: a create whose outcome is unknown waits for a person, or is sent again.",
    )
    label: Label | None = None
    doc: Label | None = None
    tags: tuple[str, ...] = ()
    notify: Notify = Notify()


class Direct(Strict):
    """A sync from a stream straight into a target object, without an entity."""

    sync: str
    read: Read
    write: Write
    map: str
    deletes: Literal["deactivate", "ignore"] = "deactivate"
    left_out: Literal["deactivate", "keep"] = "deactivate"
    guarantee: Literal["effectively-once", "at-least-once, detectable", "at-least-once, blind", "at-most-once"] = (
        "effectively-once"
    )
    doubt: Literal["ask", "resend"] = "ask"
    label: Label | None = None
    doc: Label | None = None
    tags: tuple[str, ...] = ()
    notify: Notify = Notify()


class Group(Strict):
    """Syncs and flows that run one after the other under one name."""

    group: str
    syncs: tuple[str, ...] = Option(min_length=1)
    every: Duration | None = None
    label: Label | None = None
    doc: Label | None = None
    tags: tuple[str, ...] = ()
    notify: Notify = Notify()


Spec = Inbound | Outbound | Direct | Group
_KINDS: dict[tuple[str, ...], type[Spec]] = {
    ("read", "write"): Direct,
    ("read",): Inbound,
    ("write",): Outbound,
    ("syncs",): Group,
}


@dataclass
class Specs:
    """Every sync and connection by name, the files they came from, and every mistake found."""

    syncs: dict[str, Spec] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    roots: dict[str, Path] = field(default_factory=dict)  # connection → the folder its relative paths start from
    files: dict[str, Path] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def sync_files() -> dict[str, Path]:
    """Sync files by name (the file's stem is the sync's name), product first; nothing is parsed."""
    files: dict[str, Path] = {}
    for folder in content_folders("dags/syncs", "syncs"):
        for file in sorted(folder.glob("*.yaml")):
            files.setdefault(file.stem, file)
    return dict(sorted(files.items()))


def flow_files() -> dict[str, Path]:
    """Flow files by name, product first; nothing is parsed."""
    files: dict[str, Path] = {}
    for folder in content_folders("dags/flows", "flows"):
        for file in sorted(folder.glob("*.yaml")):
            files.setdefault(file.stem, file)
    return dict(sorted(files.items()))


def load_sync(file: Path, *, rest: bool = False) -> tuple[Spec | None, Document]:
    """One sync file by itself; its mistakes are in the document's findings. ``rest``: the spec is made of what is right
    in it, so that this can be checked too."""
    document = yamlfile.load(file)[0]
    data = document.data
    spec: Spec | None = None
    if document.findings and data is None:
        return None, document
    kind = next((model for keys, model in _KINDS.items() if isinstance(data, dict) and set(keys) <= set(data)), None)
    if kind is None:
        document.add(
            document.mark(),
            "sync.kind",
            "a sync has `read`, `write`, both of them, or `syncs`",
            "同步文件要有 `read`、`write`（或两者）或 `syncs`",
        )
    else:
        spec = yamlfile.check(document, kind, "sync", rest=rest)
    if spec is not None:
        key = "group" if isinstance(spec, Group) else "sync"
        if getattr(spec, key) != file.stem:
            document.add(
                document.mark(key),
                "sync.name",
                f"the file is called `{file.stem}`",
                f"文件名是 `{file.stem}`",
                file.stem,
            )
    return spec, document


def load_connections() -> Specs:
    """Only the connections, of the product and the site folders."""
    specs = Specs()
    for file in [root / "connections.yaml" for root in [product_root(), *site_roots()]]:
        if file.is_file():
            _connections(file, specs)
    return specs


def load_specs() -> Specs:
    """All syncs and connections of the product and the site folders, checked against each other."""
    specs = load_connections()
    seen: dict[str, Path] = {}
    for folder in content_folders("dags/syncs", "syncs"):
        for file in sorted(folder.glob("*.yaml")):
            spec, document = load_sync(file, rest=True)
            if file.stem in seen:
                document.add(
                    document.mark(),
                    "sync.exists",
                    f"sync `{file.stem}` exists already in {seen[file.stem]}",
                    f"同步 `{file.stem}` 已存在",
                )
            seen.setdefault(file.stem, file)
            if spec is not None and file.stem not in specs.syncs:
                specs.syncs[file.stem] = spec
                specs.files[file.stem] = file
                specs.documents[file.stem] = document
            else:
                specs.findings.extend(document.findings)
    _one_reader_a_stream(specs)
    for name, spec in specs.syncs.items():
        _check_links(specs, name, spec)
    return specs


def members(specs: Specs, name: str) -> Sequence[str]:
    """The syncs that run when ``name`` runs: a group's members, else the sync itself."""
    spec = specs.syncs[name]
    return spec.syncs if isinstance(spec, Group) else (name,)


def _connections(file: Path, specs: Specs) -> None:
    document = yamlfile.load(file)[0]
    if isinstance(document.data, dict):
        for name in document.data:
            found = yamlfile.check(document, Connection, "connection", (name,))
            if name in specs.connections:
                document.add(
                    document.key_mark(name),
                    "connection.exists",
                    f"connection `{name}` exists already",
                    f"连接 `{name}` 已存在",
                )
            elif found is not None:
                specs.connections[name] = found
                specs.roots[name] = file.parent
    elif not document.findings:
        document.add(document.mark(), "connection.shape", "connections by name are expected", "应为按名称列出的连接")
    specs.findings.extend(document.findings)


def _one_reader_a_stream(specs: Specs) -> None:
    """Two syncs of one stream would map each other's records anew for ever."""
    readers: dict[tuple[str, str], str] = {}
    for name, spec in specs.syncs.items():
        if not isinstance(spec, Inbound | Direct):
            continue
        first = readers.setdefault((spec.read.connection, spec.read.stream), name)
        if first != name:
            document = specs.documents[name]
            document.add(
                document.mark("read"),
                "sync.stream-taken",
                f"sync `{first}` reads this stream already",
                f"同步 `{first}` 已在读取该流",
            )


def _check_links(specs: Specs, name: str, spec: Spec) -> None:
    document = specs.documents[name]
    if isinstance(spec, Group):
        for index, member in enumerate(spec.syncs):
            known = {*specs.syncs, *flow_files()}
            _known(document, ("syncs", index), member, known, "sync.unknown-sync", Text("sync or flow", "同步或流程"))
            if isinstance(specs.syncs.get(member), Group):
                document.add(
                    document.mark("syncs", index), "sync.nested-group", "a group cannot hold a group", "组不能嵌套"
                )
    for side in ("read", "write"):
        end = getattr(spec, side, None)
        if isinstance(end, Read | Write):
            kind, path = Text("connection", "连接"), (side, "connection")
            _known(document, path, end.connection, specs.connections, "sync.unknown-connection", kind)
    if isinstance(spec, Outbound):
        inbound = {
            n for n, s in specs.syncs.items() if isinstance(s, Inbound) and s.read.connection == spec.write.connection
        }
        _known(
            document,
            ("baseline",),
            spec.baseline,
            inbound,
            "sync.unknown-sync",
            Text("inbound sync of this connection", "该连接的读入同步"),
        )
    specs.findings.extend(document.findings)


def _known(document: Document, path: tuple[str | int, ...], word: str, allowed: Any, code: str, kind: Text) -> None:
    if word not in allowed:
        names = ", ".join(sorted(allowed)) or "-"
        document.add(
            document.mark(*path),
            code,
            f"unknown {kind.en} `{word}` (there are: {names})",
            f"未知的{kind.zh} `{word}`（现有：{names}）",
            nearest(word, allowed),
        )
