"""Run rules against a connector."""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from connectors import registry
from connectors.testing import systems
from connectors.testing.contract import rules as _rules  # enters every rule
from connectors.testing.contract.fixture import Fixture, has_fixture, load_fixture
from connectors.testing.contract.quality import Standing, load_quality, tier
from connectors.testing.contract.rule import RULES, NotForThisError, Rule
from connectors.testing.contract.stand import Stand
from tongmai.core.errors import ConfigurationError, TongmaiError
from tongmai.core.finding import nearest
from tongmai.core.text import Text

__all__ = ["Verdict", "chosen", "run", "standings", "tier_of"]
assert _rules


_NO_REASON = Text("", "")


@dataclass(frozen=True)
class Verdict:
    """What one rule found. ``state``: kept, broken, exempt, todo, or not for this connector."""

    rule: Rule
    state: str
    problems: tuple[Text, ...] = ()
    reason: Text = _NO_REASON
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "rule": self.rule.id,
            "tier": self.rule.tier,
            "state": self.state,
            "problems": [{"en": each.en, "zh": each.zh} for each in self.problems],
            "reason": {"en": self.reason.en, "zh": self.reason.zh},
            "seconds": round(self.seconds, 3),
        }


def standings(name: str) -> dict[str, Standing]:
    """How every rule stands for a connector, by its quality.yaml."""
    folder = registry.folder(name)
    fixture = load_fixture(folder) if has_fixture(folder) else Fixture(connector=name)
    manifest = registry.manifest_of("suite", name, fixture.settings) if has_fixture(folder) else registry.manifest(name)
    return load_quality(folder, manifest, fixture)


def tier_of(name: str) -> str:
    """The connector's tier, by its quality.yaml; what it says is proved by ``run``."""
    return tier(standings(name))


def chosen(words: Iterable[str]) -> list[Rule]:
    """The rules named by id or by group (as ``read``); all when none is named. Raises ``ConfigurationError``."""
    wanted = list(words)
    if not wanted:
        return list(RULES.values())
    for word in wanted:
        if word not in RULES and not any(each.group == word for each in RULES.values()):
            near = nearest(word, RULES)
            raise ConfigurationError(
                f"rule `{word}`",
                "there is no such rule or group",
                f"did you mean `{near}`?" if near else "",
                code="unknown-rule",
            )
    return [each for each in RULES.values() if each.id in wanted or each.group in wanted]


def run(
    name: str, rules: Iterable[Rule], *, everything: bool = False, named: Collection[str] = ()
) -> Iterator[Verdict]:
    """Verdicts, one by one. Rules that are exempt or to do are only run with ``everything`` or when ``named`` by id.

    Raises ``ConfigurationError`` when the simulator does not load: no rule could say anything then.
    """
    stands = standings(name)
    systems.declared(name)
    for each in rules:
        standing = stands[each.id]
        if standing.state == "not for this" or (standing.state != "done" and not everything and each.id not in named):
            yield Verdict(each, standing.state, (), Text(standing.reason, standing.reason_zh))
            continue
        yield _one(name, each)


def _one(name: str, rule: Rule) -> Verdict:
    started = time.monotonic()
    try:
        stand = Stand(name)
        if rule.needs_system:
            with stand:
                problems = tuple(rule.check(stand))
        else:
            problems = tuple(rule.check(stand))
    except NotForThisError as reason:
        return Verdict(rule, "not for this", (), reason.text, time.monotonic() - started)
    except TongmaiError as error:
        problems = (Text(f"{type(error).__name__}: {error}", f"{type(error).__name__}：{error}"),)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
        problems = (Text(text, text),)
    return Verdict(rule, "broken" if problems else "kept", problems, _NO_REASON, time.monotonic() - started)
