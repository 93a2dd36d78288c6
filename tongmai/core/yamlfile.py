"""Read YAML with every position kept, and check it against a typed model with all mistakes shown at once.

YAML 1.2 core rules: only ``true``/``false`` are booleans (``on``, ``yes``, ``no`` are text), ``007`` is text,
dates are text. Duplicate keys are mistakes. Anchors and tags are refused: a file reads as it stands.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from tongmai.core import unsaved
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

DEEPEST = 60
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
        text = unsaved.read(path)
    except UnicodeDecodeError as error:
        document = Document(str(path))
        document.add(Mark(str(path), 1, 1), "yaml.encoding", f"not UTF-8: {error.reason}", "文件不是 UTF-8 编码")
        return [document]
    return loads(text, str(path))


def loads(text: str, file: str = "<text>") -> list[Document]:
    """As ``load``, from text. What was read once is remembered; every caller gets data and findings of its own."""
    return [
        replace(one, data=pickle.loads(data), findings=list(one.findings))  # noqa: S301 - our own copy, never from outside
        for one, data in _read(text, file)
    ]


@lru_cache(maxsize=1024)
def _read(text: str, file: str) -> tuple[tuple[Document, bytes], ...]:
    """Documents with a copy of their data, which a caller may change."""
    return tuple((replace(one, data=None), pickle.dumps(one.data)) for one in _parse(text, file))


def _parse(text: str, file: str) -> list[Document]:
    loader = yaml.CBaseLoader(text)  # it resolves no tags: what a plain word means is said below
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
    except RecursionError:
        broken = Document(file)
        deep = Mark(file, 1, 1)
        broken.add(deep, "yaml.too-deep", f"nested more than {DEEPEST} levels deep", f"嵌套超过 {DEEPEST} 层")
        documents.append(broken)
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


def check(document: Document, model: type[M], area: str, path: Path_ = (), *, rest: bool = False) -> M | None:
    """``document``'s data (or the part at ``path``) as ``model``; None when it does not fit.

    Every mistake is added to ``document.findings`` with its place, code ``<area>.<kind>`` and a suggestion. ``rest``:
    the model is made of the keys without mistakes where that can be, so that what depends on them is checked too.
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
        wrong = {item["loc"][0] for item in error.errors(include_url=False) if item["loc"]}
        if not rest or not isinstance(data, dict) or not wrong & set(data):
            return None
        try:
            return model.model_validate({key: value for key, value in data.items() if key not in wrong})
        except ValidationError:
            return None  # its mistakes are said already, or follow from what was left out


def _build(node: yaml.Node, path: Path_, document: Document) -> Any:
    start, end = node.start_mark, node.end_mark
    if len(path) > DEEPEST:
        mark = Mark(document.file, start.line + 1, start.column + 1)
        document.add(mark, "yaml.too-deep", f"nested more than {DEEPEST} levels deep", f"嵌套超过 {DEEPEST} 层")
        return None
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
    kind = str(item["type"])
    loc = _steps(document.data, path, item["loc"], names_a_key=kind in ("extra_forbidden", "missing"))
    full = (*path, *loc)
    if kind == "extra_forbidden":
        word = str(loc[-1])
        allowed = _allowed(model, document.data, path, loc[:-1])
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
    if kind == "union_tag_not_found":
        word = str(item["ctx"]["discriminator"]).strip("'")
        return Finding(document.key_mark(*full), f"{area}.missing-key", Text(f"`{word}` is missing", f"缺少 `{word}`"))
    if kind == "union_tag_invalid":
        word, got = str(item["ctx"]["discriminator"]).strip("'"), str(item["ctx"]["tag"])
        expected = re.findall(r"'([^']+)'", str(item["ctx"]["expected_tags"]))
        choices = ", ".join(expected)
        return Finding(
            document.mark(*full, word),
            f"{area}.bad-value",
            Text(f"`{got}` is not one of: {choices}", f"`{got}` 不在可用值之中：{choices}"),
            nearest(got, expected),
        )
    where = ".".join(str(part) for part in loc) or area
    said = item.get("ctx", {}).get("error")
    why = said.text if isinstance(said, Mistake) else Text(*[str(item["msg"]).removeprefix("Value error, ")] * 2)
    text = Text(f"`{where}`: {why.en}", f"`{where}` 的值不对：{why.zh}")
    return Finding(document.mark(*full), f"{area}.bad-value", text)


def _steps(data: Any, path: Path_, loc: Iterable[Any], *, names_a_key: bool) -> Path_:
    """Pydantic puts names of union branches into ``loc``; keep only steps that can be in the file.

    ``names_a_key``: the last part is a key of the file, whatever it is called.
    """
    current = data
    for step in path:
        current = current[step]
    parts, kept = list(loc), list[str | int]()
    for index, part in enumerate(parts):
        here = isinstance(current, dict) and part in current
        own = names_a_key and index == len(parts) - 1
        if isinstance(part, str) and not here and not own and _is_branch(part, current):
            continue
        kept.append(part)
        try:
            current = current[part]
        except (KeyError, IndexError, TypeError):
            current = None
    return tuple(kept)


def _is_branch(part: str, current: Any) -> bool:
    if isinstance(current, dict) and part in [value for value in current.values() if isinstance(value, str)]:
        return True  # the value of a `kind:`
    return part.startswith(("function-", "list[", "dict[", "lax-or-strict")) or part in (
        "str", "int", "bool", "float", "tagged-union", "[key]", "nullable",
    )  # fmt: skip


def _allowed(model: type[BaseModel], data: Any, path: Path_, loc: Path_) -> set[str]:
    """The keys that the mapping at ``loc`` may have, as far as annotations tell."""
    for step in path:
        data = data[step]
    models: list[type[BaseModel]] = [model]
    for step in loc:
        chosen = _chosen(models, data)
        fields = {info.alias or name: info for name, info in chosen.model_fields.items()} if chosen else {}
        if step in fields and isinstance(step, str):
            models = _models_in(fields[step].annotation)
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return set()
    found = _chosen(models, data)
    return {info.alias or name for name, info in found.model_fields.items()} if found else set()


def _chosen(models: list[type[BaseModel]], data: Any) -> type[BaseModel] | None:
    """Of the branches of a union, the one that the data's own words (as ``kind: …``) choose; else the first."""
    for model in models if isinstance(data, dict) else ():
        words = {
            name: get_args(info.annotation)
            for name, info in model.model_fields.items()
            if get_origin(info.annotation) is Literal
        }
        if words and all(data.get(name) in allowed for name, allowed in words.items() if name in data):
            return model
    return models[0] if models else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for arg in get_args(annotation) for found in _models_in(arg)]
