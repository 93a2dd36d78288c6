"""Signatures that the vendors publish, or that their own clients make: each must come out to the last byte."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import TypeAdapter

from connectors.sdk.auth import filled
from connectors.sdk.auth.authority import Authority
from connectors.sdk.auth.open import authority
from connectors.sdk.auth.spec import Auth
from connectors.sdk.http import HttpClient
from connectors.sdk.outgoing import Outgoing
from tests.connectors.sdk.words import http_settings
from tongmai.core.secrets import Redactor

AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
"""1700000000."""
TOP = """
kind: sign
set: {query: {app_key: "12345678", sign_method: "{sign_method}", format: json, v: "2.0", session: "{session}",
  timestamp: "{now | time('%Y-%m-%d %H:%M:%S', 'Asia/Shanghai')}"}}
parameters: {assign: "", join: "", without: [sign], skip_empty: true}
join: ""
pieces: PIECES
algorithm: ALGORITHM
secret: "{secret}"
encoding: HEX
send: {query: {sign: "{signature}"}}
"""
TRADES = [
    ("method", "taobao.trades.sold.increment.get"), ("fields", "tid,status,modified,payment"),
    ("start_modified", "2023-11-15 05:00:00"), ("end_modified", "2023-11-15 06:00:00"), ("page_no", "1"),
    ("page_size", "100"), ("use_has_next", "true"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filled, "now", lambda: AT)


def _open(text: str, base: str = "https://api.example.com", **settings: Any) -> Authority:
    spec: Auth = TypeAdapter(Auth).validate_python(yaml.safe_load(text))
    whole = http_settings(base, **settings)
    redact = Redactor()
    return authority(spec, whole, HttpClient(whole, redact), redact)


def _signed(text: str, request: Outgoing, base: str = "https://api.example.com", **settings: Any) -> Outgoing:
    opened = _open(text, base, **settings)
    for _ in range(2):  # signing again replaces
        assert opened.sign(request) == ""
    assert opened.refused("") is False
    return request


def _top(algorithm: str, method: str, **more: Any) -> str:
    pieces = '["{secret}", "{parameters}", "{secret}"]' if algorithm == "md5" else '["{parameters}"]'
    return TOP.replace("PIECES", pieces).replace("ALGORITHM", algorithm)


@pytest.mark.parametrize(
    ("algorithm", "name", "more", "sign"),
    [
        ("md5", "md5", [], "A317B4404B7A9E77C051FF2FFA8D6823"),
        ("hmac-md5", "hmac", [], "93F70B75A35182EB6A2C153BD8A8565D"),
        ("hmac-sha256", "hmac-sha256", [], "0D1987048DFB66F5F6D854E4A4B62E55D4A5987C6220F20878EE89D537C30DAC"),
        ("md5", "md5", [("title", "会员")], "BBA9382EC545C7BCF040A7A22484D40F"),
    ],
)
@pytest.mark.parametrize("in_form", [True, False])
def test_taobao_top(algorithm: str, name: str, more: list[tuple[str, str]], sign: str, in_form: bool) -> None:
    from urllib.parse import urlencode

    pairs = TRADES + more
    request = Outgoing("POST", "/router/rest", [] if in_form else list(pairs))
    if in_form:
        request.set_header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        request.body = urlencode(pairs).encode()
    _signed(_top(algorithm, name), request, sign_method=name, session="hubSession", secret="hubTopSecret")
    assert dict(request.query)["sign"] == sign and len([each for each in request.query if each[0] == "sign"]) == 1


def test_taobao_top_published_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filled, "now", lambda: datetime(2016, 1, 1, 4, 0, tzinfo=UTC))
    pairs = [("method", "taobao.item.seller.get"), ("fields", "num_iid,title,nick,price,num"), ("num_iid", "11223344")]
    request = Outgoing("GET", "/router/rest", pairs)
    _signed(_top("md5", "md5"), request, sign_method="md5", session="test", secret="helloworld")
    assert dict(request.query)["sign"] == "66987CB115214E59E6EC978214934FB8"


def test_yonyou_token_signature_is_encoded_once() -> None:
    text = """
kind: sign
set: {query: {appKey: "{app_key}", timestamp: "{now | epoch_ms}"}}
parameters: {assign: "", join: "", without: [signature]}
pieces: ["{parameters}"]
secret: "{app_secret}"
encoding: base64
send: {query: {signature: "{signature}"}}
"""
    request = Outgoing("GET", "/iuap-api-auth/open-auth/selfAppAuth/base/v1/getAccessToken")
    _signed(text, request, app_key="k0000000000000000000000000000001", app_secret="s0000000000000000000000000000002")
    assert request.url("https://h").endswith("signature=87mn3HTFx8LO0ZmhCBFt0%2BQp7BeSC9dmtym5RI8hY7M%3D")


def test_yonyou_nc_cloud() -> None:
    text = """
kind: sign
pieces: ["{client_id}", "{body}", "{pub_key}"]
join: ""
algorithm: sha256
send: {headers: {client_id: "{client_id}", signature: "{signature}"}}
"""
    settings = {"client_id": "app1", "pub_key": "UFVCS0VZREVNTw==", "client_secret": "secret1"}
    request = _signed(text, Outgoing("POST", "/nccloud/api/x", body=b'{"a":1}'), **settings)
    assert request.headers["signature"] == "68475aa1fb89fb5dfc4199b7c37c5e1ec4a36ed64117401d80b08c2ced5b4731"
    token = text.replace('["{client_id}", "{body}", "{pub_key}"]', '["{client_id}{client_secret}{pub_key}{salt}"]')
    request = _signed(token, Outgoing("POST", "/x"), salt="E8r85Vy8wMRj92h6PZzx0g==", **settings)
    assert request.headers["signature"] == "ad97b7bcee3fd51a7ffc0a9c40ccbc2071802cf183a3cfb5487076400a30f6f4"


def test_aliyun_eventbridge() -> None:
    text = """
kind: sign
set: {headers: {date: "{now | time('%a, %d %b %Y %H:%M:%S GMT')}", x-acs-signature-method: HMAC-SHA1,
  x-acs-signature-version: "1.0", x-acs-signature-nonce: "{given_nonce}", x-eventbridge-version: "2015-06-06"}}
signed_headers: ["x-acs-*"]
pieces: ["{method}", "{headers['content-md5']}", "{headers['content-type']}", "{headers.date}", "{signed_headers}", "{path}"]
algorithm: hmac-sha1
secret: "{key}"
encoding: base64
send: {headers: {authorization: "acs:{key_id}:{signature}"}}
"""
    kind = "application/cloudevents-batch+json; charset=utf-8"
    request = Outgoing("POST", "/openapi/putEvents", [], {"Content-Type": kind}, b"[]")
    _signed(text, request, key="hubAkSecret", key_id="ak", given_nonce="nonce-0001")
    assert request.headers["date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert request.headers["authorization"] == "acs:ak:2OhMBncUr4wvmH+pk+FQqeHJq+g="


def test_tencent_tc3() -> None:
    body = (
        b'{"EventBusId": "eb-hub00001", "EventList": [{"Source": "hub.crm", "Type": "customer.updated", '
        b'"Subject": "C001", "Data": "{\\"id\\":\\"C001\\"}"}]}'
    )
    text = 'kind: tc3\nsecret_id: "{id}"\nsecret_key: "{key}"\nservice: eb'
    request = Outgoing("POST", "/", [], {"content-type": "application/json"}, body)
    _signed(text, request, "https://eb.tencentcloudapi.com", id="AKID", key="hubTcSecretKey")
    assert request.headers["Authorization"] == (
        "TC3-HMAC-SHA256 Credential=AKID/2023-11-14/eb/tc3_request, SignedHeaders=content-type;host, "
        "Signature=f7987af92ba0739a8bc9a998c0dbe086aed39d33328d2aecee727866b3256492"
    )
    assert request.headers["X-TC-Timestamp"] == "1700000000"


def test_dingtalk_robot() -> None:
    text = """
kind: sign
pieces: ["{now | epoch_ms}", "{robot_secret}"]
secret: "{robot_secret}"
encoding: base64
send: {query: {timestamp: "{now | epoch_ms}", sign: "{signature}"}}
"""
    request = _signed(text, Outgoing("POST", "/robot/send"), robot_secret="SEC000000000000000000000hub")
    assert request.url("https://h") == (
        "https://h/robot/send?timestamp=1700000000000&sign=ckjqLQ2dv6qYl%2F8BeYUd5cPghqWWXlK7NVKEaFbvTe8%3D"
    )


def test_feishu_robot_signs_nothing_with_a_key_that_holds_the_time() -> None:
    text = """
kind: sign
pieces: [""]
secret: "{now | epoch}\\n{robot_secret}"
encoding: base64
send: {body: {timestamp: "{now | epoch}", sign: "{signature}"}}
"""
    import hashlib
    import hmac

    request = _signed(
        text.replace("\\n", "\\n"), Outgoing("POST", "/hook", body=b'{"msg_type":"text"}'), robot_secret="s"
    )
    wanted = base64.b64encode(hmac.new(b"1700000000\ns", b"", hashlib.sha256).digest()).decode()
    assert request.body == f'{{"msg_type":"text","sign":"{wanted}","timestamp":"1700000000"}}'.encode()


def test_mingdao_organisation_signature_is_base64_of_hex() -> None:
    import hashlib

    text = """
kind: sign
pieces: ["AppKey={app_key}&SecretKey={secret}&Timestamp={now | epoch_ms}"]
algorithm: sha256
encoding: base64-of-hex
send: {query: {appKey: "{app_key}", timestamp: "{now | epoch_ms}", sign: "{signature}"}}
"""
    request = _signed(text, Outgoing("GET", "/x"), app_key="k", secret="s")
    hexed = hashlib.sha256(b"AppKey=k&SecretKey=s&Timestamp=1700000000000").hexdigest()
    assert dict(request.query)["sign"] == base64.b64encode(hexed.encode()).decode()


def test_weaver_md5_keys() -> None:
    text = """
kind: api_key
send: {headers: {token: "{identifier + (now | epoch_ms) | md5 | upper}", old: "{'hubsys' + 'hubpass' + (now | time('%Y%m%d%H%M%S', 'Asia/Shanghai')) | md5}"}}
"""
    request = _signed(text, Outgoing("GET", "/x"), identifier="hubIdentifier")
    assert request.headers["token"] == "64EE570C8615B3363DB631CCD85EF230"
    assert request.headers["old"] == "489567fe798bbcb93b6548fd5bd2dae9"


SPK = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCujfvyBWJYNSppVUCerk87fSSOZyBrgMaEmFKJVO+Sarrr+F0l8bdtn4wbGC8BwDz1/rlwlotyCWs"
    "B8o+TM7vQ8VBNRXsa7hKAorfelSpWQKPCGYQxsWBToGsgSmubn3F3HMHnw8Ib8CdMSWCZtS9lidlDznKyxc+D1bA6LXadyQIDAQAB"
)
KEY = (
    "MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBAK6N+/IFYlg1KmlVQJ6uTzt9JI5nIGuAxoSYUolU75Jquuv4XSXxt22fjBsYLwHAPPX+"
    "uXCWi3IJawHyj5Mzu9DxUE1FexruEoCit96VKlZAo8IZhDGxYFOgayBKa5ufcXccwefDwhvwJ0xJYJm1L2WJ2UPOcrLFz4PVsDotdp3JAgMBAAECgYAUuA"
    "+2u4Lf23esRw1DiIcpFYKYUI9dk0x9AqORX36MT5TeW32a+mT+Yxi7QpSZzZquzExwm73zjECiW4tFOrfJNBtAqEM7k8wQqmh6dyFSz2bY2+ZRlQv2+tCG"
    "lT7zTl+9H7Lb8LYYfzLqxRLOokejhX/zIxAohx/pVxpln0GIzQJBANBbim/Unxr3sLVl6IvlYAi3nGInV30yxC+9rLpI+3C6XmLKHp3W/0oChaNH1zPhdYI"
    "5tClW+hWEYwIEuUAcy0sCQQDWd79DcFIP3eHY0COHjHE94+lWHETRPDQ5LRfBDbXTdO7RmONCWcdF515cMl9psxtVZ6kVUZL/lwjFESLRiZq7AkAcLXUQYK"
    "HPxNWKAqkrWi7dnu8wOv/S962egzk7zCjs+tdO5uSzFeNaf/LQvSN2abQ5k1IxEQkrJcc5+6eN6xb3AkAeLBKYZkDlQo33drDI7RUxY9L77lYwKYwfTxy8a"
    "DVgXl8K1buDJiZGy1oXFm8d67i4tzCucx9/Hbx6HQMM/5LpAkBLBxNmAwSc9AWo1EmgpcQtf51+q+ICJKRsf9LEyepJBJrz0EM+SzOayVc3i9vW2Id+MfXz"
    "/aIdlq0rqZUKIgko"
)


@pytest.mark.parametrize("as_pem", [True, False])
def test_weaver_rsa_encrypts_for_the_server(as_pem: bool) -> None:
    private = serialization.load_der_private_key(base64.b64decode(KEY), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    given = (
        "f8+rBUd6Gi9wRtvMyZgqtj9ZVP6Og7R10ip9S4CRedurpR5XNO+o6uoWZMu0iNmiffp8L/6TzhikLi8B0YoM6DoFzJhHBEMMiLSTyMQKzagsDm3Ix1rQW8"
        "mpHz3ha5jZqiJ8xUB7TCOBJPzZNZdCrBXQMH87ZOWfMqUkpLyO4p8="
    )
    assert private.decrypt(base64.b64decode(given), padding.PKCS1v15()) == b"1", "the sheet's own vector"
    key = f"-----BEGIN PUBLIC KEY-----\\n{SPK}\\n-----END PUBLIC KEY-----" if as_pem else SPK
    text = """
kind: sign
pieces: ["{user_id}"]
algorithm: rsa-encrypt
secret: "{spk}"
encoding: base64
send: {headers: {userid: "{signature}"}}
"""
    request = _signed(text, Outgoing("POST", "/x"), spk=key, user_id="1")
    assert private.decrypt(base64.b64decode(request.headers["userid"]), padding.PKCS1v15()) == b"1"


def test_moka_signs_the_sorted_query_with_rsa_md5() -> None:
    private = serialization.load_der_private_key(base64.b64decode(KEY), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    from cryptography.hazmat.primitives import hashes

    text = """
kind: sign
nonce: digits
nonce_length: 8
set: {query: {entCode: "{ent_code}", nonce: "{nonce}", timestamp: "{now | epoch_ms}"}}
parameters: {of: [query], without: [sign]}
pieces: ["{parameters}"]
algorithm: rsa-md5
secret: "{key}"
encoding: base64
send: {query: {sign: "{signature}"}}
"""
    request = _signed(text, Outgoing("GET", "/x", [("apiCode", "a/b")]), key=KEY, ent_code="e1")
    query = dict(request.query)
    signed = f"apiCode=a/b&entCode=e1&nonce={query['nonce']}&timestamp=1700000000000"
    assert len(query["nonce"]) == 8
    private.public_key().verify(base64.b64decode(query["sign"]), signed.encode(), padding.PKCS1v15(), hashes.MD5())
