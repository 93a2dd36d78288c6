"""What a rule is, and the list of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from connectors.testing.contract.stand import Stand
from tongmai.core.text import Text

Tier = Literal["bronze", "silver", "gold", "platinum"]
TIERS: Final[tuple[Tier, ...]] = ("bronze", "silver", "gold", "platinum")
TIER_WORDS: Final = {
    "": Text("none", "无"),
    "bronze": Text("bronze", "铜"),
    "silver": Text("silver", "银"),
    "gold": Text("gold", "金"),
    "platinum": Text("platinum", "白金"),
}


class NotForThisError(Exception):
    """The rule says nothing about this connector, as a rule of writes where nothing is written."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = Text(en, zh)


Check = Callable[[Stand], Iterator[Text]]


@dataclass(frozen=True)
class Rule:
    """``check`` yields a sentence for everything that is not as it must be. ``why`` is what happens when it is broken."""

    id: str
    tier: Tier
    title: Text
    why: Text
    check: Check
    needs: tuple[str, ...] = ()
    needs_system: bool = True

    @property
    def group(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


FEATURES: Final = {
    "http": Text("it speaks HTTP", "使用 HTTP"),
    "credentials": Text("it needs credentials", "需要凭据"),
    "pages": Text("a list has pages", "列表分页"),
    "token": Text("it logs in for a token or a session", "登录并取得令牌或会话"),
    "cursor": Text("it reads changes", "可读取变更"),
    "deletes": Text("it can tell what was deleted", "可发现删除"),
    "writes": Text("it writes", "可写入"),
    "batch": Text("it writes several records in one call", "可在一次调用中写入多条"),
    "our_key": Text("a target keeps our key", "目标保存我方主键"),
    "enforced": Text("a target enforces our key", "目标强制我方主键唯一"),
    "off": Text("a target can switch records off", "目标可停用记录"),
    "refuses": Text("a target refuses what is wrong", "目标会拒绝错误内容"),
    "limits": Text("it declares call limits", "声明了调用限额"),
    "webhooks": Text("it receives webhooks", "接收 Webhook"),
    "discovers": Text("it can list what the system has", "可列出系统中的对象"),
}
"""What a connector may have; a rule may need some of it."""

RULES: Final[dict[str, Rule]] = {}


def rule(
    id: str, tier: Tier, title: Text, why: Text, *, needs: tuple[str, ...] = (), needs_system: bool = True
) -> Callable[[Check], Check]:
    """Enter a check into the list. ``needs``: features without which it says nothing about a connector."""

    def enter(check: Check) -> Check:
        if id in RULES:
            raise ValueError(f"two rules are called {id}")
        RULES[id] = Rule(id, tier, title, why, check, needs, needs_system)
        return check

    return enter


def differ(what: str, what_zh: str, want: set[str], got: set[str]) -> Iterator[Text]:
    """Sentences about keys that are missing or too many."""
    missing, extra = sorted(want - got), sorted(got - want)
    if missing:
        some = ", ".join(missing[:5])
        yield Text(f"{what}: {len(missing)} missing ({some})", f"{what_zh}：缺少 {len(missing)} 条（{some}）")
    if extra:
        some = ", ".join(extra[:5])
        yield Text(f"{what}: {len(extra)} too many ({some})", f"{what_zh}：多出 {len(extra)} 条（{some}）")
