"""Mapping files to definitions: what a file says, and what it takes over from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mappings.language.definition import Definition, MappingFile, relative_path
from mappings.language.fragments import Fragments, use_group
from mappings.language.inherit import inherited, merged, reversed_targets
from mappings.language.place import Place
from mappings.language.targets import check_unique, read_targets
from tongmai.core import yamlfile
from tongmai.core.finding import nearest
from tongmai.core.yamlfile import Document


@dataclass
class Draft:
    """A mapping file as it stands alone."""

    name: str
    file: Path
    relative: str
    system: str
    document: Document
    data: MappingFile

    @property
    def base(self) -> str:
        """The mapping that it extends or turns round, empty when it stands alone."""
        return self.data.extends or self.data.reverses


def read_draft(folder: Path, file: Path) -> tuple[Draft | None, Document]:
    """One mapping file; mistakes are in the document's findings."""
    document = yamlfile.load(file)[0]
    if document.data is None and document.findings:
        return None, document
    if not isinstance(document.data, dict):
        document.add(
            document.mark(),
            "mapping.shape",
            "a mapping with `mapping`, `from`, `to`, `fields` is expected",
            "应有 `mapping`、`from`、`to`、`fields`",
        )
        return None, document
    whole = _is_whole(document)
    data = yamlfile.check(document, MappingFile, "mapping", rest=True)
    if data is None or not whole:
        return None, document
    system = file.parent.relative_to(folder).as_posix()
    name = f"{system}/{file.stem}"
    if data.mapping != name:
        document.add(
            document.mark("mapping"), "mapping.name", f"the file is called `{name}`", f"按文件路径应为 `{name}`", name
        )
    return Draft(name, file, relative_path(folder, file), system, document, data), document


def _is_whole(document: Document) -> bool:
    """A file that builds on no other says everything itself."""
    data = document.data
    if data.get("extends") and data.get("reverses"):
        document.add(
            document.key_mark("reverses"),
            "mapping.two-bases",
            "a mapping extends another or reverses one, not both",
            "映射只能 `extends` 或 `reverses` 其一",
        )
        return False
    if data.get("extends") or data.get("reverses"):
        return True
    missing = [key for key in ("from", "to") if not data.get(key)]
    if not (data.get("fields") or data.get("use")):
        missing.append("fields")
    for key in missing:
        if key in data:
            document.add(document.mark(key), "mapping.bad-value", f"`{key}` is empty", f"`{key}` 为空")
        else:
            document.add(document.mark(), "mapping.missing-key", f"`{key}` is missing", f"缺少 `{key}`")
    return not missing


def define(draft: Draft, base: Definition | None, fragments: Fragments) -> Definition | None:
    """The whole definition; mistakes are in the draft's document."""
    document = draft.document
    data = merged(draft.data, base, document) if base is not None else draft.data
    direct = "." in data.source and "." in data.target
    outbound = direct or "." not in data.source
    remote, entity = (data.target, data.source) if outbound else (data.source, data.target)
    source_system, _, source_stream = data.source.partition(".") if direct else ("", "", "")
    key = "to" if outbound else "from"
    folder_name, _, stream = remote.partition(".")
    if not stream or (direct and not (source_system and source_stream)):
        document.add(
            document.mark(key if not stream else "from"),
            "mapping.direction",
            f"one side is `system.stream`, the other an entity, or both are `system.stream`; `{data.source}` and `{data.target}` are not",
            "一侧应为 `系统.数据流`，另一侧为实体；或两侧均为 `系统.数据流`",
        )
        return None
    entity = "" if direct else entity
    if folder_name != draft.system:
        document.add(
            document.mark(key),
            "mapping.system",
            f"the file is in the folder `{draft.system}`, not `{folder_name}`",
            f"文件在 `{draft.system}` 目录下，与 `{folder_name}` 不一致",
            f"{draft.system}.{stream}",
        )
    whole = Definition(
        draft.name, draft.file, draft.relative, draft.system, document, data, outbound, stream, entity, base=base,
        source_system=source_system, source_stream=source_stream,
    )  # fmt: skip
    whole.files[str(draft.file)] = draft.relative
    _fill(whole, draft, fragments)
    return whole


def _fill(whole: Definition, draft: Draft, fragments: Fragments) -> None:
    document, data, base = whole.document, draft.data, whole.base
    said = document.data.get("fields")  # of a wrong type, that is said already
    own = read_targets(document, whole.outbound, ("fields",), (), said if isinstance(said, dict) else {})
    for name, said in data.use.items():
        own += use_group(whole, name, said, fragments)
    check_unique(document, own)
    whole.own = frozenset(one.name for one in own)
    whole.variables = dict(data.variables)
    if data.only_if:
        whole.only_if = Place(data.only_if, document.mark("only_if"))
    if base is None:
        whole.targets = own
        if "drop" in document.data:
            document.add(
                document.key_mark("drop"), "mapping.drops-nothing", "there is nothing to drop", "没有可去掉的字段"
            )
        return
    whole.layers.append(base.document.data)
    whole.layers += base.layers
    whole.files |= base.files
    if data.extends:
        whole.variables = base.variables | whole.variables
        whole.only_if = whole.only_if or base.only_if
        whole.targets = inherited(whole, base, own)
    else:
        whole.targets = reversed_targets(whole, base, own)


def base_of(draft: Draft, definitions: Mapping[str, Definition]) -> Definition | None:
    """The definition that a draft builds on, or None with a finding."""
    found = definitions.get(draft.base)
    key = "extends" if draft.data.extends else "reverses"
    if found is None:
        names = ", ".join(sorted(name for name in definitions if name.startswith(f"{draft.system}/"))) or "-"
        draft.document.add(
            draft.document.mark(key),
            "mapping.unknown-base",
            f"there is no mapping `{draft.base}`, or it has mistakes of its own (this system has: {names})",
            f"没有映射 `{draft.base}`，或它本身有错误（本系统现有：{names}）",
            nearest(draft.base, definitions),
        )
    elif key == "reverses" and found.outbound:
        draft.document.add(
            draft.document.mark(key),
            "mapping.direction",
            f"`{draft.base}` goes out; only a mapping into an entity can be turned round",
            f"`{draft.base}` 是写出映射；只有读入映射才能反转",
        )
        return None
    return found
