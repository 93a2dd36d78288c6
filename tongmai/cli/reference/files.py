"""The page of YAML files, from the typed models; a field without its words is an error."""

from __future__ import annotations

from datetime import timedelta
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from connectors.sdk import manifest
from connectors.vendors.file.streams import FileStream
from mappings.language.cases import Case
from mappings.language.definition import MappingFile
from mappings.language.valuemaps import ValueMap
from masterdata.model import entity, terms
from tongmai.cli.reference import NOTE_EN, NOTE_ZH
from tongmai.cli.reference.words import WORDS
from tongmai.core.text import Text
from tongmai.flows import spec as flow
from tongmai.sync import specs

SECTIONS: tuple[tuple[Text, str, tuple[type[BaseModel], ...]], ...] = (
    (Text("Connections", "连接"), "connections.yaml", (specs.Connection,)),
    (Text("Streams of a file connection", "文件连接的数据流"), "connections.yaml: settings.streams", (FileStream,)),
    (Text("A sync that reads", "读入同步"), "dags/syncs/NAME.yaml", (specs.Inbound, specs.Read)),
    (Text("A sync that writes", "写出同步"), "dags/syncs/NAME.yaml", (specs.Outbound, specs.Write)),
    (Text("A group of syncs", "同步组"), "dags/syncs/NAME.yaml", (specs.Group, specs.Notify)),
    (Text("A flow", "流程"), "dags/flows/NAME.yaml", (flow.Flow, flow.Step)),
    (
        Text("An entity", "实体"),
        "masterdata/entities/ENTITY/entity.yaml",
        (entity.Entity, entity.Field, entity.LineField, entity.Matching, entity.Survivorship, entity.Rule),
    ),
    (Text("Term lists", "词表"), "masterdata/entities/ENTITY/terms.yaml", (terms.TermList, terms.Term)),
    (Text("A mapping", "映射"), "mappings/definitions/SYSTEM/NAME.yaml", (MappingFile,)),
    (Text("Value maps of a system", "系统的值表"), "mappings/definitions/SYSTEM/terms.yaml", (ValueMap,)),
    (Text("Tests of a mapping", "映射测试"), "mappings/definitions/SYSTEM/NAME_test.yaml", (Case,)),
    (
        Text("A connector's manifest", "连接器清单"),
        "connectors/vendors/SYSTEM/connector.yaml",
        (manifest.Manifest, manifest.Setting, manifest.Stream, manifest.Lines, manifest.Write),
    ),
)
_INTRO = Text(
    "All files are YAML 1.2: only `true` and `false` are booleans, `007` is text. Unknown and duplicate keys are mistakes; "
    "`tongmai check` shows all mistakes with their places. In a site folder the paths are `connections.yaml`, `syncs/`, `flows/`, "
    "`mappings/SYSTEM/`, `masterdata/ENTITY/`, `connectors/SYSTEM/`. `label` and `doc` are `{zh: …, en: …}`. A duration is "
    "`30 seconds`, `5 minutes`, `1 hour`, `2 days`.",
    "所有文件都是 YAML 1.2：只有 `true`、`false` 是布尔值，`007` 是文本。未知的键和重复的键都是错误；`tongmai check` 列出全部错误及位置。"
    "在站点目录中，路径为 `connections.yaml`、`syncs/`、`flows/`、`mappings/系统/`、`masterdata/实体/`、`connectors/系统/`。"
    "`label` 和 `doc` 写作 `{zh: …, en: …}`。时长写作 `30 seconds`、`5 minutes`、`1 hour`、`2 days`。",
)

_PLAIN: dict[Any, Text] = {
    str: Text("text", "文本"),
    bool: Text("true or false", "true 或 false"),
    int: Text("number", "数字"),
    timedelta: Text("duration", "时长"),
    Any: Text("anything", "任意"),
    entity.FieldType: Text("type", "类型"),
}


def page() -> str:
    """Markdown in the reader's language."""
    lines = ["# " + str(Text("Files", "文件")), "", str(Text(NOTE_EN, NOTE_ZH)), "", str(_INTRO), ""]
    for title, file, models in SECTIONS:
        lines += [f"## {title}", "", f"`{file}`", ""]
        for model in models:
            if model is not models[0]:
                lines += [f"### {model.__name__}", ""]
            lines += _table(model)
    return "\n".join(lines)


def field_names(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model as they are written in a file."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _table(model: type[BaseModel]) -> list[str]:
    head = f"| {Text('Key', '键')} | {Text('Type', '类型')} | {Text('Default', '默认')} | {Text('Meaning', '含义')} |"
    lines = [head, "|---|---|---|---|"]
    for name, info in field_names(model).items():
        words = str(WORDS[f"{model.__name__}.{name}"]).replace("|", "\\|")
        lines.append(f"| `{name}` | {_type(info)} | {_default(info)} | {words} |")
    return [*lines, ""]


def _type(info: FieldInfo) -> str:
    return _name(info.annotation)


def _name(kind: Any) -> str:
    """A Python type as a person writes it."""
    origin, arguments = get_origin(kind), [one for one in get_args(kind) if one is not NoneType]
    if origin is Annotated or (origin in (Union, UnionType) and len(arguments) == 1):
        return _name(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in arguments if word)
    if origin is tuple:
        return f"{Text('list of', '列表：')} {_name(arguments[0])}"
    if origin is dict:
        return f"{Text('by name', '按名称')}: {_name(arguments[1])}"
    return str(_PLAIN.get(kind) or kind.__name__)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return str(Text("**required**", "**必填**"))
    value: Any = info.default
    if value is PydanticUndefined or value is None or value in ((), "", timedelta(0)) or isinstance(value, BaseModel):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
