"""Mistakes in an ``auth:`` section are found while the manifest is read, at their line, with a suggestion."""

from __future__ import annotations

import pytest

from connectors.sdk.manifest import Manifest
from tongmai.core import yamlfile

_HEAD = """connector: x
label: {zh: 甲, en: A}
kind: crm
http: true
connection:
  key: {type: secret}
auth:
"""


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("kind: oauth2\n  grant: client_credentials\n  tokn_url: x\n  client_id: a", 10, "did you mean `token_url`?"),
        ("kind: oauht2", 8, "did you mean `oauth2`?"),
        ("grant: password", 7, "`kind` is missing"),
        ("kind: oauth2\n  grant: client_credentialz\n  token_url: x", 9, "did you mean `client_credentials`?"),
        ("kind: oauth2\n  grant: password\n  token_url: x\n  user: u", 8, "grant password needs `password`"),
        ("kind: bearer\n  token: '{kez}'", 8, "there is no `kez` here, did you mean `key`?"),
        ("kind: sign\n  pieces: ['{token}']\n  secret: s\n  send: {}", 8, "there is no `token` here"),
        ("kind: sign\n  pieces: ['{body}']\n  send: {}", 8, "`secret` is missing for hmac-sha256"),
        ("kind: login\n  request: {url: /x}\n  answer: {token: 'body.('}", 8, "`body.(` is not an expression"),
        ("kind: login\n  request: {url: /x}\n  answer: {token: body.t, form: never}", 8, "`never` is no form of a time"),
        (
            "kind: several\n  of:\n    - {kind: bearer, token: x}\n    - {kind: sign, pieces: [a], secret: s, send: {header: {}}}",
            11,
            "did you mean `headers`?",
        ),
        ("kind: several\n  of:\n    - {kind: bearer, token: x}\n    - {kind: bearer, tokn: x}", 11, "did you mean `token`?"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_where_it_stands(text: str, line: int, said: str) -> None:
    document = yamlfile.loads(f"{_HEAD}  {text}\n", "connector.yaml")[0]
    assert yamlfile.check(document, Manifest, "connector") is None
    found = [finding for finding in document.findings if said in finding.line()]
    assert found and found[0].mark.line == line, [each.line() for each in document.findings]


def test_a_good_one_is_taken() -> None:
    text = _HEAD + "  kind: api_key\n  send: {headers: {X-Key: '{key}'}, query: {t: '{now | epoch}'}}\n"
    document = yamlfile.loads(text, "connector.yaml")[0]
    manifest = yamlfile.check(document, Manifest, "connector")
    assert manifest is not None and manifest.auth is not None and manifest.auth.kind == "api_key"
