"""The page of YAML files, from the typed models; a field without its words is an error."""

from __future__ import annotations

from datetime import timedelta
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from connectors import schemas
from connectors.sdk import limit, manifest
from connectors.sdk.auth import spec as auth
from connectors.sdk.declared import model as declared
from connectors.sdk.webhook import model as webhook
from connectors.testing.contract import fixture
from connectors.testing.contract.quality import IndependentClient, Quality
from connectors.testing.declared import model as simulated
from connectors.vendors.file.streams import FileStream, FileWrite, Ready
from connectors.vendors.sql.settings import Deleted, SqlStream, SqlWrite, Switch
from mappings.language.cases import Case
from mappings.language.definition import MappingFile
from mappings.language.valuemaps import Reason, ValueMap
from mappings.language.workdays import CalendarFile
from masterdata.model import entity, kpi, matching, quality, survivorship, terms
from tongmai.cli.reference import NOTE_EN, NOTE_ZH
from tongmai.cli.reference.words import WORDS
from tongmai.core.text import Text
from tongmai.flows import spec as flow
from tongmai.sync import specs

SECTIONS: tuple[tuple[Text, str, tuple[type[BaseModel], ...]], ...] = (
    (Text("Connections", "连接"), "connections.yaml", (specs.Connection,)),
    (
        Text("Streams of a file connection", "文件连接的数据流"),
        "connections.yaml: settings.streams",
        (FileStream, Ready),
    ),
    (Text("Writes of a file connection", "文件连接的写出"), "connections.yaml: settings.writes", (FileWrite,)),
    (
        Text("Streams of a database connection", "数据库连接的数据流"),
        "connections.yaml: settings.streams",
        (SqlStream, Deleted),
    ),
    (
        Text("Writes of a database connection", "数据库连接的写入"),
        "connections.yaml: settings.writes",
        (SqlWrite, Switch),
    ),
    (Text("A sync that reads", "读入同步"), "dags/syncs/NAME.yaml", (specs.Inbound, specs.Read)),
    (Text("A sync that writes", "写出同步"), "dags/syncs/NAME.yaml", (specs.Outbound, specs.Write)),
    (Text("A direct sync", "直连同步"), "dags/syncs/NAME.yaml", (specs.Direct,)),
    (Text("A group of syncs", "同步组"), "dags/syncs/NAME.yaml", (specs.Group, specs.Notify)),
    (Text("A flow", "流程"), "dags/flows/NAME.yaml", (flow.Flow, flow.Step)),
    (
        Text("Matching rules", "匹配规则"),
        "masterdata/entities/ENTITY/matching.yaml",
        (matching.MatchingRules, matching.Comparison, matching.Thresholds),
    ),
    (
        Text("An entity", "实体"),
        "masterdata/entities/ENTITY/entity.yaml",
        (
            entity.Entity,
            entity.Field,
            entity.LineField,
            entity.Matching,
            entity.Search,
            entity.Registration,
            survivorship.Survivorship,
            entity.Rule,
        ),
    ),
    (
        Text("Survivorship: who wins each field", "取值规则：各字段由谁决定"),
        "masterdata/entities/ENTITY/survivorship.yaml",
        (survivorship.SurvivorshipFile, survivorship.FieldRules),
    ),
    (
        Text("Data quality of an entity", "实体的数据质量"),
        "masterdata/entities/ENTITY/quality.yaml",
        (
            quality.QualityRules,
            quality.Completeness,
            quality.Validity,
            quality.Consistency,
            quality.Agreement,
            quality.Timeliness,
            quality.Uniqueness,
        ),
    ),
    (
        Text("Term lists", "词表"),
        "masterdata/entities/ENTITY/terms.yaml",
        (terms.TermList, terms.Term, terms.Criterion, terms.ListChange),
    ),
    (
        Text("A term that a site adds", "站点增加的词条"),
        "dictionary/LIST.TERM.yaml",
        (terms.TermFile, terms.SystemValue),
    ),
    (Text("A KPI", "指标"), "masterdata/kpis/NAME.yaml", (kpi.Kpi, kpi.Measure, kpi.Grain)),
    (Text("A mapping", "映射"), "mappings/definitions/SYSTEM/NAME.yaml", (MappingFile,)),
    (Text("Value maps of a system", "系统的值表"), "mappings/definitions/SYSTEM/terms.yaml", (ValueMap, Reason)),
    (
        Text("What a system told of itself", "系统的自述"),
        "schemas/SYSTEM.yaml",
        (schemas.SchemaFile, schemas.KnownStream, schemas.KnownField),
    ),
    (Text("A calendar of working days", "工作日历"), "mappings/calendars/NAME.yaml", (CalendarFile,)),
    (Text("Tests of a mapping", "映射测试"), "mappings/definitions/SYSTEM/NAME_test.yaml", (Case,)),
    (
        Text("A connector's manifest", "连接器清单"),
        "connectors/vendors/SYSTEM/connector.yaml",
        (manifest.Manifest, manifest.Setting, manifest.Stream, manifest.Lines, manifest.Write),
    ),
    (
        Text("What a connector's requests and answers have in common", "连接器请求与应答的共同部分"),
        "connectors/vendors/SYSTEM/connector.yaml",
        (declared.Requests, declared.ErrorRule, declared.CheckCall, declared.Discover, declared.Defaults),
    ),
    (
        Text("How a stream is read", "如何读取数据流"),
        "connectors/vendors/SYSTEM/connector.yaml: streams.NAME.read",
        (declared.Read, declared.Page, declared.Since, declared.Over, declared.One, declared.Gone),
    ),
    (
        Text("How an object is written", "如何写入对象"),
        "connectors/vendors/SYSTEM/connector.yaml: writes.NAME.calls",
        (declared.Calls, declared.Operation, declared.Find, declared.Batch, declared.Bulk, declared.BulkResult),
    ),
    (
        Text("Authentication of a connector", "连接器的认证"),
        "connectors/vendors/SYSTEM/connector.yaml: auth",
        (
            auth.ApiKey,
            auth.Basic,
            auth.Bearer,
            auth.OAuth2,
            auth.Jwt,
            auth.TokenAnswer,
            auth.Login,
            auth.Call,
            auth.Sign,
            auth.Parameters,
            auth.Tc3,
            auth.Several,
            auth.Choice,
            auth.Put,
        ),
    ),
    (
        Text("Call limits of a connector", "连接器的调用限额"),
        "connectors/vendors/SYSTEM/connector.yaml: limits",
        (limit.Limit,),
    ),
    (
        Text("A webhook of a connector", "连接器的 Webhook"),
        "connectors/vendors/SYSTEM/connector.yaml: webhooks.NAME",
        (
            webhook.Webhook,
            webhook.Verify,
            webhook.Decrypt,
            webhook.Replay,
            webhook.Handshake,
            webhook.Events,
            webhook.Route,
            webhook.Answer,
        ),
    ),
    (
        Text("A connector's simulator", "连接器的模拟器"),
        "connectors/vendors/SYSTEM/simulator.yaml",
        (
            simulated.Simulated,
            simulated.Access,
            simulated.SimulatedLogin,
            simulated.Answers,
            simulated.SimulatedLimit,
            simulated.Object,
            simulated.Listing,
            simulated.PageBy,
        ),
    ),
    (
        Text("What the contract suite writes", "契约测试写入的内容"),
        "connectors/vendors/SYSTEM/fixtures/contract.yaml",
        (fixture.Fixture, fixture.StreamFixture, fixture.WriteFixture, fixture.WebhookFixture),
    ),
    (
        Text("A connector's quality", "连接器的质量"),
        "connectors/vendors/SYSTEM/quality.yaml",
        (Quality, IndependentClient),
    ),
)
_INTRO = Text(
    "All files are YAML 1.2: only `true` and `false` are booleans, `007` is text. Unknown and duplicate keys are mistakes; "
    "`tongmai check` shows all mistakes with their places. In a site folder the paths are `connections.yaml`, `syncs/`, `flows/`, "
    "`mappings/SYSTEM/`, `masterdata/ENTITY/`, `dictionary/`, `kpis/`, `connectors/SYSTEM/`. `label` and `doc` are `{zh: …, en: …}`. A duration is "
    "`30 seconds`, `5 minutes`, `1 hour`, `2 days`.",
    "所有文件都是 YAML 1.2：只有 `true`、`false` 是布尔值，`007` 是文本。未知的键和重复的键都是错误；`tongmai check` 列出全部错误及位置。"
    "在站点目录中，路径为 `connections.yaml`、`syncs/`、`flows/`、`mappings/系统/`、`masterdata/实体/`、`dictionary/`、`kpis/`、`connectors/系统/`。"
    "`label` 和 `doc` 写作 `{zh: …, en: …}`。时长写作 `30 seconds`、`5 minutes`、`1 hour`、`2 days`。",
)

_PLAIN: dict[Any, Text] = {
    str: Text("text", "文本"),
    bool: Text("true or false", "true 或 false"),
    int: Text("number", "数字"),
    timedelta: Text("duration", "时长"),
    float: Text("number", "数字"),
    Any: Text("anything", "任意"),
    object: Text("anything", "任意"),
    entity.FieldType: Text("type", "类型"),
}


def page() -> str:
    """Markdown in the reader's language."""
    lines = ["# " + str(Text("Files", "文件")), "", str(Text(NOTE_EN, NOTE_ZH)), "", str(_INTRO), ""]
    for title, file, models in SECTIONS:
        lines += [f"## {title}", "", f"`{file}`", ""]
        for model in models:
            if model is not models[0] or model is auth.ApiKey:
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
    if kind == survivorship.Days:
        return str(Text("age, as `18 months`", "期限，如 `18 months`"))
    origin, arguments = get_origin(kind), [one for one in get_args(kind) if one is not NoneType]
    if origin is Annotated or (origin in (Union, UnionType) and len(arguments) == 1):
        return _name(arguments[0])
    if origin in (Union, UnionType):
        return ", ".join(_name(one) for one in arguments)
    if origin is Literal:
        return ", ".join(f"`{str(word).lower() if isinstance(word, bool) else word}`" for word in arguments if word)
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
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
