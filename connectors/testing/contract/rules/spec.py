"""What stands in a connector's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.sdk.http_settings import HTTP_SETTINGS
from connectors.sdk.key import fields_of
from connectors.testing.contract.rule import rule
from connectors.testing.contract.stand import Stand
from tongmai.core.text import Text

MANIFEST_LINES = 300
HOOK_LINES = 200
_SECRET = re.compile(r"secret|password|private_key|passwd|access_key$")
FILL_IN = "<!-- fill in:"
"""How the scaffold marks what only a person knows."""
LEAST_TOLD = 200
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CHINESE = re.compile(r"[一-鿿]")


@rule(
    "spec.labels",
    "bronze",
    Text("Everything a user reads has a Chinese and an English name", "用户看到的一切都有中英文名称"),
    Text("A form with half of its labels missing cannot be filled in.", "缺少名称的表单无法填写。"),
    needs_system=False,
)
def labels(stand: Stand) -> Iterator[Text]:
    manifest = stand.manifest
    if not _CHINESE.search(manifest.label.zh):
        yield Text(
            "the connector's Chinese label has no Chinese: a brand without a Chinese name says what it is, as `Gitea 代码托管`",
            "连接器的中文名称没有中文：没有中文名的品牌请注明用途，如 `Gitea 代码托管`",
        )
    for name, setting in manifest.connection.items():
        if setting.label is None and name not in HTTP_SETTINGS:
            yield Text(f"setting `{name}` has no label", f"设置 `{name}` 没有名称")
    for kind, kind_zh, members in (("stream", "数据流", manifest.streams), ("write", "写入对象", manifest.writes)):
        for name, member in members.items():
            if member.label is None:
                yield Text(f"{kind} `{name}` has no label", f"{kind_zh} `{name}` 没有名称")


@rule(
    "spec.secrets",
    "bronze",
    Text("Secrets are declared as secrets", "机密设置声明为 secret"),
    Text(
        "A secret of type text would stand in files, logs and forms.", "类型为 text 的机密会出现在文件、日志和表单中。"
    ),
    needs_system=False,
)
def secrets(stand: Stand) -> Iterator[Text]:
    for name, setting in stand.manifest.connection.items():
        if _SECRET.search(name) and setting.type not in ("secret", "boolean", "path"):
            yield Text(f"setting `{name}` is {setting.type}", f"设置 `{name}` 的类型是 {setting.type}")


@rule(
    "spec.fields",
    "bronze",
    Text("Each stream names its key, its fields and what it tells about deletes", "每个数据流声明主键、字段和删除方式"),
    Text(
        "Mappings are checked against the fields: without them a typo is found in production.",
        "映射据此检查；没有字段，拼写错误要到生产才发现。",
    ),
    needs_system=False,
)
def fields(stand: Stand) -> Iterator[Text]:
    if stand.manifest.streams_from_settings:
        return
    for name, stream in stand.manifest.streams.items():
        if not stream.fields:
            yield Text(f"stream `{name}` declares no fields", f"数据流 `{name}` 没有声明字段")
            continue
        for part in fields_of(stream.key):
            if part.split(".")[0] not in stream.fields and part not in stream.fields:
                yield Text(
                    f"the key `{part}` of `{name}` is none of its fields", f"`{name}` 的主键 `{part}` 不在字段中"
                )


@rule(
    "spec.readme",
    "bronze",
    Text(
        "A README in both languages says how to get credentials and what is special",
        "中英文 README 说明如何取得凭据与注意事项",
    ),
    Text(
        "Most of the time lost with a new system is lost before the first call.",
        "接入新系统时，时间大多花在第一次调用之前。",
    ),
    needs_system=False,
)
def readme(stand: Stand) -> Iterator[Text]:
    for name in ("README.md", "README.zh-CN.md"):
        file = stand.folder / name
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if FILL_IN in text:
            yield Text(
                f"{name} has places that nobody filled in ({FILL_IN} …)", f"{name} 仍有未填写之处（{FILL_IN} …）"
            )
        elif len(_COMMENT.sub("", text).strip()) < LEAST_TOLD:
            yield Text(f"{name} is missing or says next to nothing", f"{name} 缺失或几乎没有内容")


@rule(
    "spec.small",
    "silver",
    Text("A manifest of at most 300 lines, hooks of at most 200", "清单不超过 300 行，钩子不超过 200 行"),
    Text("What needs more is a word that the manifest language lacks.", "超出说明清单语言缺少词汇。"),
    needs_system=False,
)
def small(stand: Stand) -> Iterator[Text]:
    lines = len((stand.folder / "connector.yaml").read_text(encoding="utf-8").splitlines())
    if lines > MANIFEST_LINES:
        yield Text(f"connector.yaml has {lines} lines", f"connector.yaml 有 {lines} 行")
    hooks = stand.folder / "hooks.py"
    count = len(hooks.read_text(encoding="utf-8").splitlines()) if hooks.is_file() else 0
    if count > HOOK_LINES:
        yield Text(f"hooks.py has {count} lines", f"hooks.py 有 {count} 行")


@rule(
    "spec.fixture",
    "bronze",
    Text("The suite can exercise every stream and every write", "契约测试覆盖每个数据流和写入对象"),
    Text("A stream that the suite does not know is not proved.", "契约测试不知道的数据流等于没有验证。"),
    needs_system=False,
)
def fixture(stand: Stand) -> Iterator[Text]:
    for kind, declared, known in (
        ("stream", stand.manifest.streams, stand.fixture.streams),
        ("write", stand.manifest.writes, stand.fixture.writes),
    ):
        for name in declared:
            if name not in known:
                yield Text(
                    f"fixtures/contract.yaml knows no {kind} `{name}`", f"fixtures/contract.yaml 中没有 {kind} `{name}`"
                )
