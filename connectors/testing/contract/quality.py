"""``quality.yaml`` of a connector: what each rule stands at, and the tier that follows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.sdk.manifest import Manifest
from connectors.testing.contract.fixture import Fixture, features
from connectors.testing.contract.rule import FEATURES, RULES, TIERS, Rule
from tongmai.core import yamlfile
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Mistake, nearest


class Exempt(BaseModel):
    """A rule that does not fit this connector, with the reason in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exempt: str = Field(default="", min_length=0)
    todo: str = ""
    zh: str = Field(description="The same reason in Chinese.")

    @model_validator(mode="after")
    def _one(self) -> Exempt:
        if bool(self.exempt) == bool(self.todo):
            raise Mistake(
                "a rule is `done`, or has `exempt` or `todo` with a reason",
                "规则须为 `done`，或带理由的 `exempt`、`todo`",
            )
        if len(self.exempt or self.todo) < 15 or len(self.zh) < 6:
            raise Mistake("the reason is too short to be one", "理由太短")
        return self


class IndependentClient(BaseModel):
    """A client that others wrote, and the test in which it works against the simulator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str = Field(description="Its name where packages are found.")
    module: str = Field(description="What the test imports.")
    test: str = Field(description="The test's file, from the product's or the site's root.")


class Quality(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connector: str
    independent_client: IndependentClient | None = None
    rules: dict[str, str | Exempt]

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any) -> Any:
        rules = data.get("rules") if isinstance(data, dict) else None
        for name, state in (rules or {}).items():
            if name not in RULES:
                near = nearest(name, RULES)
                raise Mistake(
                    f"there is no rule `{name}`" + (f", did you mean `{near}`?" if near else ""),
                    f"没有规则 `{name}`" + (f"，是否指 `{near}`？" if near else ""),
                )
            if isinstance(state, str) and state != "done":
                raise Mistake(
                    f"`{name}` is `{state}`: write `done`, or a reason", f"`{name}` 为 `{state}`：应为 `done` 或理由"
                )
        return data


@dataclass(frozen=True)
class Standing:
    """How a rule stands: ``done``, ``exempt`` or ``todo``, and why."""

    state: str
    reason: str = ""
    reason_zh: str = ""


def load_quality(folder: Path, manifest: Manifest, fixture: Fixture) -> dict[str, Standing]:
    """Rule → how it stands, for every rule there is; what the file does not name is to do. Raises ``ConfigurationError``."""
    loaded = _load(folder)
    named = loaded.rules if loaded else {}
    has = features(manifest, fixture)
    return {name: _standing(rule, named.get(name), has) for name, rule in RULES.items()}


def independent_client(folder: Path) -> IndependentClient | None:
    """The client that ``quality.yaml`` names. Raises ``ConfigurationError``."""
    loaded = _load(folder)
    return loaded.independent_client if loaded else None


def _load(folder: Path) -> Quality | None:
    file = folder / "quality.yaml"
    if not file.is_file():
        return None
    document = yamlfile.load(file)[0]
    loaded = yamlfile.check(document, Quality, "quality") if not document.findings else None
    if loaded is None:
        raise ConfigurationError(
            f"{folder.name}/quality.yaml",
            f"{len(document.findings)} mistake(s)",
            code="bad-quality",
            findings=document.findings,
        )
    return loaded


def _standing(rule: Rule, entry: str | Exempt | None, has: set[str]) -> Standing:
    lacks = [FEATURES[need] for need in rule.needs if need not in has]
    if lacks and entry in (None, "done"):
        en, zh = "; ".join(each.en for each in lacks), "；".join(each.zh for each in lacks)
        return Standing("not for this", f"only for a connector where {en}", f"仅适用于{zh}的连接器")
    if entry is None:
        return Standing("todo", "not named in quality.yaml", "quality.yaml 中未列出")
    if isinstance(entry, str):
        return Standing("done")
    if entry.exempt:
        return Standing("exempt", entry.exempt, entry.zh)
    return Standing("todo", entry.todo, entry.zh)


def tier(standings: dict[str, Standing]) -> str:
    """The highest tier whose rules, and those of all tiers below, are done or exempt; empty for none."""
    reached = ""
    for each in (name for name in TIERS if any(rule.tier == name for rule in RULES.values())):
        if any(standings[name].state == "todo" for name, rule in RULES.items() if rule.tier == each):
            return reached
        reached = each
    return reached
