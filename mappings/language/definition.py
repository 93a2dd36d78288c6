"""A mapping as data: what is read from where into what, before any expression is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Option

from mappings.language.place import Place
from tongmai.core.finding import Mark
from tongmai.core.yamlfile import Document

TEST_SUFFIX = "_test"
Policy = Literal["finding", "quarantine", "empty"]


class MappingFile(BaseModel):
    """The keys of a mapping file; ``fields`` are read by hand for the sake of their places."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mapping: str
    draft: bool = False
    source: str = Option(default="", alias="from")
    target: str = Option(default="", alias="to")
    extends: str = ""
    reverses: str = ""
    drop: tuple[str, ...] = ()
    variables: dict[str, Any] = Option(default_factory=dict)
    use: dict[str, Any] = Option(default_factory=dict)
    only_if: str = ""
    fields: dict[str, Any] = Option(default_factory=dict)
    bad_value: dict[str, Policy] = Option(default_factory=dict)
    search: tuple[str, ...] = ()
    create_only: tuple[str, ...] = ()
    if_empty: tuple[str, ...] = ()
    key: str = ""
    owned: bool = False
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression."""

    place: Place


@dataclass(frozen=True, slots=True)
class Const:
    """A constant as YAML gave it."""

    value: Any
    mark: Mark


@dataclass(frozen=True, slots=True)
class Choice:
    """``{if, then, else}``."""

    test: Place
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Many:
    """A list of values."""

    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Each:
    """``{each, only_if, fields}``: a list of lines, every one with fields of its own."""

    source: Place
    only_if: Place | None
    targets: tuple[Target, ...]
    mark: Mark


Node = Expr | Const | Choice | Many | Each


@dataclass(frozen=True, slots=True)
class Target:
    """One field that is written. ``path`` has several steps in a nested payload. ``line_of``: the list it is a field of,
    ``depth``: how many lists it stands in.

    ``bindings``: what the parameters stand for when the field comes from a fragment.
    """

    path: tuple[str, ...]
    node: Node
    mark: Mark
    line_of: str = ""
    depth: int = 0
    bindings: Mapping[str, Place] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The path with dots."""
        return ".".join(self.path)

    @property
    def full_name(self) -> str:
        """The name, behind the list's for a field of a line: ``lines.price``."""
        return f"{self.line_of}.{self.name}" if self.line_of else self.name


@dataclass
class Definition:
    """One mapping, with what it inherits. ``system`` is its folder; ``relative`` the file's path as messages name it.

    A direct one goes from a stream (``source_system``, ``source_stream``) to a payload, past every entity; to whoever asks
    for the side that is written it is ``outbound``.

    ``files``: for each file that a part comes from, that path. ``layers``: the data of the mappings it extends and the
    fragments it uses. ``own``: names of the fields that the file itself says something about.
    """

    name: str
    file: Path
    relative: str
    system: str
    document: Document
    data: MappingFile
    outbound: bool
    stream: str
    entity: str
    targets: list[Target] = field(default_factory=list)
    only_if: Place | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    layers: list[Any] = field(default_factory=list)
    base: Definition | None = None
    own: frozenset[str] = frozenset()
    source_system: str = ""
    source_stream: str = ""

    @property
    def direct(self) -> bool:
        """Whether it goes from a stream to a payload."""
        return bool(self.source_system)

    @property
    def reads_source(self) -> bool:
        """Whether the names on the right are those of a system's stream, not an entity's."""
        return self.direct or not self.outbound

    @property
    def read_stream(self) -> str:
        """The stream whose records it takes; of an outbound one, the object that it writes."""
        return self.source_stream if self.direct else self.stream

    @property
    def parent(self) -> str:
        """The stream that this one is a part of; empty for a stream of its own."""
        return self.read_stream.partition("/")[0] if self.data.key else ""

    def place(self, mark: Mark) -> str:
        """``file:line`` for an issue."""
        return f"{self.files.get(mark.file, self.relative)}:{mark.line}"

    def every_target(self) -> list[Target]:
        """The fields, each list followed by the fields of its lines."""
        return [one for each in self.targets for one in with_lines(each)]


def with_lines(target: Target) -> list[Target]:
    """A field, and if it is a list, the fields of its lines."""
    below = target.node.targets if isinstance(target.node, Each) else ()
    return [target, *(one for each in below for one in with_lines(each))]


def relative_path(folder: Path, file: Path) -> str:
    """The path below the checkout or the site folder, the same on every machine."""
    base = folder.parent.parent if folder.name == "definitions" else folder.parent
    return file.relative_to(base).as_posix()
