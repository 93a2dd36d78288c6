"""Every scheme against what senders and others may do: good, tampered, wrong secret, old, repeated later, pieces missing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from standardwebhooks import Webhook as Library
from standardwebhooks import WebhookVerificationError

from connectors.sdk.manifest import Manifest
from connectors.sdk.webhook import Accepted, Refused, Request, receive, send, signature
from connectors.sdk.webhook.send import standard_headers
from tests.connectors import webhook_examples as examples
from tongmai.core import yamlfile

NOW = 1_700_000_000.0
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = _RSA.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = (
    _RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
OTHER_PUBLIC = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
WHSEC = "whsec_" + base64.b64encode(b"standard webhooks secret").decode()
OTHER_WHSEC = "whsec_" + base64.b64encode(b"another secret of theirs").decode()

WECOM_EVENT = b"<xml><ChangeType><![CDATA[add_external_contact]]></ChangeType><ExternalUserID>k1</ExternalUserID></xml>"
# name → declaration, the receiver's settings, what is wrong in the settings of an impostor, an event with key k1
SCHEMES: dict[str, tuple[str, dict[str, str], dict[str, str], bytes]] = {
    "dingtalk": (
        examples.DINGTALK,
        {"token": "t0ken", "aes_key": examples.KEY43, "app_key": "app"},
        {"token": "other"},
        b'{"EventType": "user_add_org", "UserId": ["k1"]}',
    ),
    "wecom": (
        examples.WECOM,
        {"token": "t0ken", "aes_key": examples.KEY43, "corp_id": "corp"},
        {"token": "other"},
        WECOM_EVENT,
    ),
    "feishu": (
        examples.FEISHU,
        {"encrypt_key": "key", "verification_token": "v"},
        {"encrypt_key": "other"},
        b'{"uuid": "u-1", "event": {"type": "approval_instance", "instance_code": "k1"}}',
    ),
    "yonyou": (
        examples.YONYOU,
        {"app_secret": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "app_key": "app"},
        {"app_secret": "ffffffff-4b5a-6978-8796-a5b4c3d2e1f0"},
        b'{"type": "DEPT_ADD", "eventId": "e", "id": "k1"}',
    ),
    "fxiaoke": (
        examples.FXIAOKE,
        {"token": "t0ken", "aes_key": examples.KEY43},
        {"token": "other"},
        b'{"type": "Message", "content": {"id": "k1"}}',
    ),
    "jiandaoyun": (
        examples.JIANDAOYUN,
        {"secret": "s"},
        {"secret": "other"},
        b'{"op": "data_create", "data": {"_id": "k1", "updateTime": "2026-11-22T08:00:00.000Z"}}',
    ),
    "hmac": (examples.HMAC_HEX, {"secret": "s"}, {"secret": "other"}, b'{"id": "1", "key": "k1"}'),
    "frappe": (examples.FRAPPE, {"secret": "s"}, {"secret": "other"}, b'{"name": "k1"}'),
    "rsa": (examples.RSA, {"public_key": PUBLIC}, {"public_key": OTHER_PUBLIC}, b'{"key": "k1"}'),
    "pss": (examples.PSS, {"public_key": PUBLIC}, {"public_key": OTHER_PUBLIC}, b'{"key": "k1"}'),
    "standard": (examples.STANDARD, {"secret": WHSEC}, {"secret": OTHER_WHSEC}, b'{"type": "x", "data": {"id": "k1"}}'),
    "form": (examples.FORM, {"secret": "s"}, {"secret": "other"}, b"id=k1&name=%E5%BC%A0"),
    "token in the query": (examples.TOKEN_QUERY, {"secret": "s"}, {"secret": "other"}, b'{"id": "k1"}'),
    "bearer token": (examples.TOKEN_BEARER, {"secret": "s"}, {"secret": "other"}, b'{"id": "k1"}'),
    "basic": (examples.TOKEN_BASIC, {"secret": "s", "user": "张三"}, {"user": "other"}, b'{"id": "k1"}'),
}
UNSIGNED_BODY = ("token in the query", "bearer token", "basic")
AGED = [name for name, (text, *_) in SCHEMES.items() if "replay:" in text or "standard-webhooks" in text]
every = pytest.mark.parametrize("name", list(SCHEMES))


def made(name: str, now: float = NOW, **changes: str) -> Request:
    """What the system would send; ``changes`` are an impostor's settings."""
    text, settings, _, event = SCHEMES[name]
    own = {**settings, **changes}
    if "public_key" in own:
        own["public_key"] = PRIVATE
    return send(examples.webhook(text), own, event, now, path="/in/x/y", url="https://hub.example.cn/in/x/y")


def judged(name: str, request: Request, now: float = NOW, **changes: str) -> Any:
    text, settings, _, _ = SCHEMES[name]
    return receive(examples.webhook(text), {**settings, **changes}, request, now)


@every
def test_what_the_system_sends_is_taken(name: str) -> None:
    found = judged(name, made(name))
    assert isinstance(found, Accepted), found
    assert [event.key for event in found.events] == ["k1"]


@pytest.mark.parametrize("name", [name for name in SCHEMES if name not in UNSIGNED_BODY])  # a token covers no body
def test_a_changed_body_is_refused(name: str) -> None:
    request = made(name)
    middle = len(request.body) // 2
    for place in (middle, middle + 1):
        other = b"Q" if request.body[place : place + 1] != b"Q" else b"R"
        found = judged(name, replace(request, body=request.body[:place] + other + request.body[place + 1 :]))
        assert isinstance(found, Refused) and found.status in (400, 401), found


@every
def test_another_secret_is_refused_on_either_side(name: str) -> None:
    wrong = SCHEMES[name][2]
    found = judged(name, made(name), **wrong)
    assert isinstance(found, Refused) and found.status == 401, found
    if "public_key" not in wrong:
        assert isinstance(judged(name, made(name, **wrong)), Refused)


@pytest.mark.parametrize("name", AGED)
def test_an_old_or_early_request_is_refused_however_well_signed(name: str) -> None:
    request = made(name)
    for later in (1_000, -1_000):
        found = judged(name, request, NOW + later)
        assert isinstance(found, Refused) and found.code == "webhook-old"
    assert isinstance(judged(name, request, NOW + 30), Accepted)


@pytest.mark.parametrize("name", AGED)
def test_a_repeated_request_with_a_new_timestamp_is_refused(name: str) -> None:
    """The timestamp is covered by the signature: nobody can freshen up an old request."""
    text = SCHEMES[name][0]
    request, fresh = made(name), made(name, NOW + 5_000)
    webhook = examples.webhook(text)
    place = "header.webhook-timestamp" if webhook.verify.kind == "standard-webhooks" else webhook.timestamp[0]
    root, _, member = place.partition(".")
    if root == "header":
        member = member.lower()
        mixed = replace(request, headers={**request.headers, member: fresh.headers[member]})
    elif root == "query":
        mixed = replace(request, query={**request.query, member: fresh.query[member]})
    else:
        body = {**json.loads(request.body), member: json.loads(fresh.body)[member]}
        mixed = replace(request, body=json.dumps(body).encode())
    found = judged(name, mixed, NOW + 5_000)
    assert isinstance(found, Refused) and found.code == "webhook-signature", found


@every
def test_each_missing_header_and_parameter_is_refused(name: str) -> None:
    request = made(name)
    for header in set(request.headers) - {"content-type"}:
        less = {key: value for key, value in request.headers.items() if key != header}
        assert isinstance(judged(name, replace(request, headers=less)), Refused), header
    for parameter in request.query:
        less = {key: value for key, value in request.query.items() if key != parameter}
        assert isinstance(judged(name, replace(request, query=less)), Refused), parameter
    assert isinstance(judged(name, Request("POST", "/in/x/y")), Refused)


@every
def test_no_refusal_holds_a_secret(name: str) -> None:
    settings = SCHEMES[name][1]
    found = judged(name, replace(made(name), body=b"{"))
    if isinstance(found, Refused):
        assert not [one for one in settings.values() if len(one) > 3 and one in found.reason.en + found.reason.zh]
        assert found.reason.zh != found.reason.en


@pytest.mark.parametrize("name", [name for name in SCHEMES if name not in ("rsa", "pss")])  # they compare no secret
def test_signatures_are_compared_in_constant_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every decision goes through the one comparison: when that says no, nothing is taken."""
    calls: list[int] = []

    def no(one: object, other: object) -> bool:
        calls.append(1)
        return False

    monkeypatch.setattr(signature.hmac, "compare_digest", no)
    assert isinstance(judged(name, made(name)), Refused) and calls


def test_standard_webhooks_with_the_reference_library() -> None:
    webhook = examples.webhook(examples.STANDARD)
    body = '{"type": "x", "data": {"id": "k1"}}'
    stamp = datetime.now(UTC)
    theirs = Library(WHSEC).sign("msg_1", stamp, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(stamp.timestamp())), "webhook-signature": theirs}
    both = f"{OTHER_WHSEC} {WHSEC}"
    for keys in (WHSEC, both):
        found = receive(
            webhook, {"secret": keys}, Request("POST", headers=headers, body=body.encode()), stamp.timestamp()
        )
        assert isinstance(found, Accepted) and found.events[0].id == "msg_1"
    ours = standard_headers(both, "msg_2", int(stamp.timestamp()), body.encode())
    assert len(ours["webhook-signature"].split(" ")) == 2
    for key in (WHSEC, OTHER_WHSEC):
        assert Library(key).verify(body, ours) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Library(WHSEC).verify(body + " ", ours)


def test_jiandaoyun_by_its_own_words() -> None:
    """hex SHA-1 of ``<nonce>:<raw body>:<secret>:<timestamp>``, raw bytes as received."""
    body = b'{"op":"data_update", "data":{"_id":"k1","updateTime":"1"}}  '
    made = hashlib.sha1(b"n1:" + body + b":s3cret:1700000000").hexdigest()
    headers = {"x-jdy-signature": made, "x-jdy-deliverid": "d-1"}
    request = Request("POST", query={"timestamp": "1700000000", "nonce": "n1"}, headers=headers, body=body)
    found = receive(examples.webhook(examples.JIANDAOYUN), {"secret": "s3cret"}, request, NOW)
    assert isinstance(found, Accepted) and found.events[0].id == "d-1"
    assert found.events[0].raw == b'{"_id":"k1","updateTime":"1"}'


def test_hmac_by_its_own_words() -> None:
    body = b'{"id": "1", "key": "k1"}'
    made = hmac.new(b"s", b"1700000000.POST./in/x." + body, "sha256").hexdigest()
    request = Request("POST", "/in/x", headers={"x-time": "1700000000", "x-signature": "sha256=" + made}, body=body)
    assert isinstance(receive(examples.webhook(examples.HMAC_HEX), {"secret": "s"}, request, NOW), Accepted)
    bare = replace(request, headers={**request.headers, "x-signature": made})
    assert isinstance(receive(examples.webhook(examples.HMAC_HEX), {"secret": "s"}, bare, NOW), Refused)


def test_a_webhook_that_takes_unsigned_events_takes_them() -> None:
    found = receive(examples.webhook(examples.NONE), {}, Request("POST", body=b'{"id": 7}'), NOW)
    assert isinstance(found, Accepted) and found.events[0].key == "7"
    assert isinstance(receive(examples.webhook(examples.NONE), {}, Request("GET"), NOW), Refused)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>',
        b"<xml>" * 200 + b"</xml>" * 200,
        '<?xml version="1.0" encoding="UTF-16"?><xml/>'.encode("utf-16"),
        b"<xml",
    ],
)
def test_xml_that_could_do_harm_is_refused(body: bytes) -> None:
    plain = examples.NONE.replace("verify", "format: xml\nverify")
    found = receive(examples.webhook(plain), {}, Request("POST", body=body), NOW)
    assert isinstance(found, Refused) and found.code == "webhook-body"


MISTAKES: list[tuple[str, Callable[[str], str]]] = [
    ("accept_unsigned", lambda text: text.replace(", accept_unsigned: true", "")),
    ("needs `secret`", lambda text: "verify: {kind: hmac, over: [body], at: header.X}\n" + _events(text)),
    ("knows no `hash`", lambda text: "verify: {kind: token, secret: s, at: query.k, hash: sha1}\n" + _events(text)),
    ("proves nothing", lambda text: "verify: {kind: digest, secret: s, over: [body], at: query.k}\n" + _events(text)),
    ("is no place", lambda text: text.replace("event.id", "payload.id")),
    ("replay window", lambda text: "replay: {seconds: 5}\n" + text),
    ("no `nonce`", lambda text: "verify: {kind: hmac, secret: s, over: [body, nonce], at: query.k}\n" + _events(text)),
    ("overtake each other", lambda text: text.replace("keys: event.id", "keys: event.id, record: event")),
    ("only the type", lambda text: text.replace('"*"', "created")),
    ("encrypted answer", lambda text: text + "answer: {kind: encrypted, text: success}\n"),
    ("would be a handshake", lambda text: text + "handshakes: [{echo: query.challenge}]\n"),
    ("accept_any_owner", lambda text: text + "decrypt: {kind: aes-owner, text: body.e, key: k}\n"),
    ("unknown key `verifi`", lambda text: text.replace("verify", "verifi")),
]


def _events(text: str) -> str:
    return text[text.index("events:") :]


@pytest.mark.parametrize(("said", "spoil"), MISTAKES, ids=[said for said, _ in MISTAKES])
def test_a_declaration_that_is_unsafe_or_senseless_is_a_mistake(said: str, spoil: Callable[[str], str]) -> None:
    document = yamlfile.loads(spoil(examples.NONE))[0]
    assert yamlfile.check(document, examples.Webhook, "webhook") is None
    assert any(said in finding.message.en for finding in document.findings), document.findings


def test_a_manifest_whose_webhook_names_what_is_not_there_is_a_mistake() -> None:
    declared = yamlfile.loads(examples.TOKEN_QUERY)[0].data
    whole = {"connector": "x", "label": {"zh": "x", "en": "x"}, "kind": "generic", "streams": {"rows": {"key": "id"}}}
    Manifest.model_validate({**whole, "connection": {"secret": {"type": "secret"}}, "webhooks": {"w": declared}})
    with pytest.raises(ValueError, match="names the setting `secret`"):
        Manifest.model_validate({**whole, "webhooks": {"w": declared}})
    with pytest.raises(ValueError, match="names the stream `rows`"):
        Manifest.model_validate({**whole, "streams": {}, "connection": {"secret": {}}, "webhooks": {"w": declared}})


def test_the_sdk_and_its_webhooks_load_nothing_heavy() -> None:
    code = "import sys, connectors.sdk, connectors.sdk.webhook as w; print(sorted({'requests','tenacity','pydantic','cryptography'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
