"""A rule that nothing can break proves nothing: each of these falls when its connector is spoilt in one place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors import registry
from connectors.sdk.contract import Discovering
from connectors.sdk.declared.connector import DiscoveringConnector
from connectors.testing.contract import suite
from connectors.testing.contract.fixture import features, load_fixture
from connectors.testing.contract.quality import TIERS
from connectors.testing.contract.rule import RULES
from connectors.testing.contract.stand import Stand
from tongmai.core.settings import product_root

EXAMPLES = {"acme": "acme_crm", "gitea": "gitea"}
Spoil = Callable[[str, str, str, str], None]


@pytest.fixture
def spoil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spoil:
    """Gives what spoils a file of an example connector, in a site of its own."""

    def change(name: str, file: str, old: str, new: str) -> None:
        shutil.copytree(product_root() / "docs/examples" / EXAMPLES[name], tmp_path / name)
        path = tmp_path / name / "connectors" / name / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")
        monkeypatch.setenv("TONGMAI_PATH", str(tmp_path / name))

    return change


def said(name: str, rule: str) -> str:
    (verdict,) = suite.run(name, [RULES[rule]], named=[rule])
    return f"{verdict.state}: {'; '.join(each.en for each in verdict.problems)}"


SIGNED = (
    "verify: {kind: hmac, secret: webhook_secret, over: [timestamp, text.., body], at: header.X-Acme-Signature, "
    'prefix: "sha256="}\n    replay: {seconds: 300}'
)
CUT = "page: {by: offset, at: offset, size: limit, most: 9, clamp: true}"
CONTRACT, MANIFEST, README = "fixtures/contract.yaml", "connector.yaml", "README.md"


@pytest.mark.parametrize(
    ("rule", "name", "file", "old", "new", "problem"),
    [
        ("limit.kept", "acme", MANIFEST, "per: 1 second}", "per: 1 second, paths: [/elsewhere]}", "refused"),
        ("limit.kept", "acme", CONTRACT, "limits_met: {calls_per_second: 4}", "limits_met: {}", "no call had to wait"),
        ("webhook.known", "acme", CONTRACT, "  changes:", "  other:", "knows no webhook `changes`"),
        ("webhook.arrives", "acme", MANIFEST, "keys: event.data.id}", "keys: event.data.nr}", "broken"),
        ("webhook.arrives", "acme", CONTRACT, 'key: "{first.contact}"', "key: A1", "A1 is expected"),
        (
            "webhook.forged",
            "acme",
            MANIFEST,
            SIGNED,
            "verify: {kind: none, accept_unsigned: true}",
            "no signature: it is accepted",
        ),
        ("webhook.handshake", "acme", MANIFEST, ", echo: event.challenge", "", "lacks `try-1`"),
        ("webhook.handshake", "acme", MANIFEST, "event.challenge", "event.test", "accepted"),
        ("drift.reported", "acme", CONTRACT, "drift: {priority: high, city: 12}", "", "has `drift`"),
        ("drift.reported", "acme", CONTRACT, "city: 12}", "city: other}", "`city`"),
        ("write.off-and-on", "gitea", MANIFEST, "body: {state: closed}", "body: {state: open}", "still has it on"),
        ("write.off-and-on", "gitea", MANIFEST, "body: {state: open}", "body: {state: closed}", "still has it off"),
        ("write.off-and-on", "gitea", CONTRACT, "    off: {state: closed}\n", "", "does not say how `off` looks"),
        ("read.by-key", "acme", MANIFEST, 'one: {get: "/v2/contacts/{keys[0]}", row: body}', "", "no `one`"),
        ("change.found", "gitea", MANIFEST, "state: all, ", "", "missing"),
        ("spec.readme", "acme", README, "#", "<!-- fill in: all -->\n#", "nobody filled in"),
        ("proof.client", "acme", MANIFEST, "kind: crm", "kind: erp", "names no `independent_client`"),
    ],
)
def test_a_rule_falls_when_what_it_is_about_is_spoilt(
    spoil: Spoil, rule: str, name: str, file: str, old: str, new: str, problem: str
) -> None:
    spoil(name, file, old, new)
    found = said(name, rule)
    assert found.startswith("broken") and problem in found, found


@pytest.mark.parametrize(
    ("module", "test", "problem"),
    [
        ("simple_salesforce", "tests/contract/no_such.py", "there is no test"),
        ("simple_salesforce", "tests/contract/test_rules.py", "does not import"),
        ("pytest", "tests/contract/test_rules.py", "kept"),
    ],
)
def test_a_named_client_is_looked_up_in_its_test(spoil: Spoil, module: str, test: str, problem: str) -> None:
    named = f"connector: acme\nindependent_client: {{package: x, module: {module}, test: {test}}}"
    spoil("acme", "quality.yaml", "connector: acme", named)
    assert problem in said("acme", "proof.client")


def test_what_is_not_listed_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = DiscoveringConnector.discover
    monkeypatch.setattr(DiscoveringConnector, "discover", lambda self: whole(self)[1:])
    assert "Account is not listed" in said("salesforce", "discover.lists")


@pytest.mark.parametrize("name", registry.names())
def test_who_can_discover_says_so(name: str) -> None:
    fixture = load_fixture(registry.folder(name))
    with Stand(name) as stand:
        assert isinstance(stand.open(), Discovering) == ("discovers" in features(stand.manifest, fixture))


def test_every_tier_has_rules_of_its_own() -> None:
    for tier in TIERS:
        assert sum(rule.tier == tier for rule in RULES.values()) >= 5, tier


def test_a_page_that_the_system_cuts_is_not_the_last_one(spoil: Spoil) -> None:
    spoil("acme", "simulator.yaml", "page: {by: offset, at: offset, size: limit}", CUT)
    settings = registry.folder("acme") / CONTRACT
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("page_size: 7,", "page_size: 90,"), encoding="utf-8")
    assert said("acme", "read.full").startswith("kept")
