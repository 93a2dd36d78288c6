"""Read YAML with every position kept, and check it against a typed model with all mistakes shown at once.

YAML 1.2 core rules: only ``true``/``false`` are booleans (``on``, ``yes``, ``no`` are text), ``007`` is text,
dates are text. Duplicate keys are mistakes. Anchors and tags are refused: a file reads as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from tongmai.core.finding import Finding, Mark, Mistake, nearest
from tongmai.core.text import Text

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_PLAIN_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}

Path_ = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass
class Document:
    """One YAML document: plain ``data`` and, by path, where each value and each key stands."""

    file: str
    data: Any = None
    values: dict[Path_, Mark] = field(default_factory=dict)
    keys: dict[Path_, Mark] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def mark(self, *path: str | int) -> Mark:
        """Where the value at ``path`` stands; the nearest parent's place when that path is not in the file."""
        return self._nearest(self.values, path)

    def key_mark(self, *path: str | int) -> Mark:
        """Where the key of ``path`` stands (its value's place for list items)."""
        return self.keys.get(path) or self.mark(*path)

    def add(self, mark: Mark, code: str, en: str, zh: str, suggestion: str = "") -> None:
        """Note a mistake."""
        self.findings.append(Finding(mark, code, Text(en, zh), suggestion))

    def _nearest(self, table: dict[Path_, Mark], path: Path_) -> Mark:
        for end in range(len(path), -1, -1):
            found = table.get(path[:end])
            if found:
                return found
        return Mark(self.file, 1, 1)


def load(file: str | Path) -> list[Document]:
    """Every document of a YAML file (usually one). Mistakes are in each document's ``findings``; never raises for them."""
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        document = Document(str(path))
        document.add(Mark(str(path), 1, 1), "yaml.encoding", f"not UTF-8: {error.reason}", "文件不是 UTF-8 编码")
        return [document]
    return loads(text, str(path))


def loads(text: str, file: str = "<text>") -> list[Document]:
    """As ``load``, from text."""
    loader = yaml.CSafeLoader(text)
    documents: list[Document] = []
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                break
            document = Document(file)
            document.data = _build(node, (), document)
            documents.append(document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Mark(file, mark.line + 1, mark.column + 1) if mark else Mark(file, 1, 1)
        broken = documents[-1] if documents else Document(file)
        if not documents:
            documents.append(broken)
        problem = error.problem or "cannot be read"
        broken.add(place, "yaml.syntax", f"not valid YAML: {problem}", f"YAML 语法错误：{problem}")
    except yaml.YAMLError as error:
        broken = Document(file)
        broken.add(Mark(file, 1, 1), "yaml.syntax", f"not valid YAML: {error}", f"YAML 语法错误：{error}")
        documents.append(broken)
    finally:
        loader.dispose()
    if not documents:
        empty = Document(file)
        empty.add(Mark(file, 1, 1), "yaml.empty", "the file is empty", "文件是空的")
        documents.append(empty)
    return documents


def check(document: Document, model: type[M], area: str, path: Path_ = ()) -> M | None:
    """``document``'s data (or the part at ``path``) as ``model``; None when it does not fit.

    Every mistake is added to ``document.findings`` with its place, code ``<area>.<kind>`` and a suggestion.
    """
    data = document.data
    for step in path:
        data = data[step]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        seen: set[tuple[Mark, str]] = set()
        for item in error.errors(include_url=False):
            finding = _from_pydantic(document, model, area, path, item)
            if (finding.mark, finding.code) not in seen:
                seen.add((finding.mark, finding.code))
                document.findings.append(finding)
        return None


def _build(node: yaml.Node, path: Path_, document: Document) -> Any:
    start, end = node.start_mark, node.end_mark
    length = end.column - start.column if end.line == start.line else 1
    document.values[path] = Mark(document.file, start.line + 1, start.column + 1, max(1, length))
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, index), document) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style in ("'", '"', "|", ">") else _plain(node.value)
    raise TypeError(f"unexpected YAML node {type(node).__name__}")


def _build_mapping(node: yaml.MappingNode, path: Path_, document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        start = key_node.start_mark
        mark = Mark(document.file, start.line + 1, start.column + 1, max(1, key_node.end_mark.column - start.column))
        if not isinstance(key_node, yaml.ScalarNode):
            document.add(mark, "yaml.key", "a key must be plain text", "键必须是文本")
            continue
        key = key_node.value
        if key in result:
            first = document.keys[(*path, key)].line
            document.add(
                mark,
                "yaml.duplicate-key",
                f"duplicate key `{key}` (first on line {first})",
                f"键 `{key}` 重复（第一次在第 {first} 行）",
            )
            continue
        document.keys[(*path, key)] = mark
        result[key] = _build(value_node, (*path, key), document)
    return result


def _plain(value: str) -> Any:
    if value in _PLAIN_WORDS:
        return _PLAIN_WORDS[value]
    if _INT.match(value):
        return int(value)
    if _FLOAT.match(value):
        return float(value)
    return value


def _from_pydantic(document: Document, model: type[BaseModel], area: str, path: Path_, item: Any) -> Finding:
    loc = tuple(part for part in item["loc"] if _real_step(document.data, path, item["loc"], part))
    full = (*path, *loc)
    kind = str(item["type"])
    if kind == "extra_forbidden":
        word = str(loc[-1])
        allowed = _allowed(model, document, loc[:-1])
        names = ", ".join(sorted(allowed)) or "-"
        return Finding(
            document.key_mark(*full),
            f"{area}.unknown-key",
            Text(f"unknown key `{word}` (allowed: {names})", f"未知的键 `{word}`（可用：{names}）"),
            nearest(word, allowed),
        )
    if kind == "missing":
        word = str(item["loc"][-1])
        return Finding(
            document.key_mark(*full[:-1]) if full[:-1] else document.mark(),
            f"{area}.missing-key",
            Text(f"`{word}` is missing", f"缺少 `{word}`"),
        )
    if kind in ("literal_error", "enum"):
        expected = re.findall(r"'([^']+)'", str(item.get("ctx", {}).get("expected", "")))
        got = str(item["input"])
        choices = ", ".join(expected)
        return Finding(
            document.mark(*full),
            f"{area}.bad-value",
            Text(f"`{got}` is not one of: {choices}", f"`{got}` 不在可用值之中：{choices}"),
            nearest(got, expected),
        )
    where = ".".join(str(part) for part in loc) or area
    said = item.get("ctx", {}).get("error")
    why = said.text if isinstance(said, Mistake) else Text(*[str(item["msg"]).removeprefix("Value error, ")] * 2)
    text = Text(f"`{where}`: {why.en}", f"`{where}` 的值不对：{why.zh}")
    return Finding(document.mark(*full), f"{area}.bad-value", text)


def _real_step(data: Any, path: Path_, loc: Iterable[Any], part: Any) -> bool:
    """Pydantic puts union branch names into ``loc``; keep only steps that can be in the file."""
    return not (
        isinstance(part, str)
        and (
            part.startswith(("function-", "list[", "dict[", "lax-or-strict"))
            or part in ("str", "int", "bool", "float", "tagged-union", "[key]", "nullable")
        )
        and not _has_key(data, path, loc, part)
    )


def _has_key(data: Any, path: Path_, loc: Iterable[Any], part: Any) -> bool:
    current = data
    for step in (*path, *loc):
        if isinstance(current, dict) and step == part and part in current:
            return True
        try:
            current = current[step]
        except (KeyError, IndexError, TypeError):
            continue
    return False


def _allowed(model: type[BaseModel], document: Document, loc: Path_) -> set[str]:
    current: Any = model
    for step in loc:
        current = _descend(current, step)
        if current is None:
            return set()
    if isinstance(current, type) and issubclass(current, BaseModel):
        return {info.alias or name for name, info in current.model_fields.items()}
    return set()


def _descend(current: Any, step: str | int) -> Any:
    """The model that the value under ``step`` is checked against, as far as annotations tell."""
    if isinstance(current, type) and issubclass(current, BaseModel):
        for name, info in current.model_fields.items():
            if (info.alias or name) == step:
                return _model_in(info.annotation)
        return _model_in(current)
    return current


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is not None:
        for arg in get_args(annotation):
            found = _model_in(arg)
            if found is not None:
                return found
    return None
