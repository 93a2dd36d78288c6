"""Tokens over real HTTP: every grant and login, where tokens go, when they are renewed, what a refusal says."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import TypeAdapter

from connectors.sdk import token
from connectors.sdk.auth.authority import Authority
from connectors.sdk.auth.open import authority
from connectors.sdk.auth.spec import Auth
from connectors.sdk.http import HttpClient
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.token import ProcessTokens
from connectors.testing.simulator import Reply, Request, json_reply
from tests.connectors.sdk.words import http_settings
from tongmai.core.errors import AuthenticationError, ConfigurationError, RetryableError
from tongmai.core.secrets import Redactor

Script = Callable[[Callable[[Request], Reply]], tuple[str, list[Request]]]


@pytest.fixture(autouse=True)
def tokens() -> Iterator[ProcessTokens]:
    """A store of this test's own."""
    store = ProcessTokens()
    before = token.use(store)
    yield store
    token.use(before)


def _open(text: str, url: str, **settings: Any) -> Authority:
    spec: Auth = TypeAdapter(Auth).validate_python(yaml.safe_load(text))
    whole = http_settings(url, retries=1, **settings)
    redact = Redactor()
    return authority(spec, whole, HttpClient(whole, redact), redact)


def _form(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def _giving(**members: Any) -> Callable[[Request], Reply]:
    count = [0]

    def answer(_: Request) -> Reply:
        count[0] += 1
        return json_reply({"access_token": f"t{count[0]}", **members})

    return answer


CLIENT = """
kind: oauth2
grant: client_credentials
token_url: "{base_url}/token"
client_id: "{id}"
client_secret: "{secret}"
scope: all
parameters: {tenant_id: "{tenant}"}
"""
KNOWN = {"id": "me+you", "secret": "s3cret:&", "tenant": "T1"}


@pytest.mark.parametrize("way", ["basic", "form", "json", "query"])
def test_client_credentials_go_where_the_vendor_wants_them(script: Script, way: str) -> None:
    url, seen = script(_giving(expires_in=7200))
    opened = _open(CLIENT + f"credentials: {way}", url, **KNOWN)
    request = Outgoing("GET", "/x")
    opened.sign(request)
    assert request.headers == {"Authorization": "Bearer t1"}
    (asked,) = seen
    rest = {"grant_type": "client_credentials", "scope": "all", "tenant_id": "T1"}
    who = {"client_id": "me+you", "client_secret": "s3cret:&"}
    if way == "basic":
        pair = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        assert pair == "me%2Byou:s3cret%3A%26" and _form(asked) == rest
    elif way == "query":
        assert {name: value[0] for name, value in parse_qs(asked.query).items()} == {**who, **rest} and not asked.body
    else:
        assert (json.loads(asked.body) if way == "json" else _form(asked)) == {**who, **rest}


def test_password_with_a_glued_security_token(script: Script) -> None:
    url, seen = script(_giving())
    text = """
kind: oauth2
grant: password
token_url: "{base_url}/token"
client_id: c
user: "{user}"
password: "{password}{security_token}"
"""
    _open(text, url, user="u", password="pw", security_token="ABCD").sign(Outgoing("GET", "/x"))
    assert _form(seen[0]) == {"client_id": "c", "grant_type": "password", "username": "u", "password": "pwABCD"}


def _pem(key: Any) -> str:
    form = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "HS256"])
def test_jwt_bearer(script: Script, algorithm: str) -> None:
    url, seen = script(_giving())
    text = f"""
kind: oauth2
grant: jwt_bearer
token_url: "{{base_url}}/token"
jwt: {{algorithm: {algorithm}, key: "{{key}}", claims: {{iss: "{{id}}", sub: "{{user}}", aud: "https://login"}}, header: {{kid: k1}}}}
"""
    key: Any = (
        rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
    )
    given, check = ("a shared secret of some length!!", "a shared secret of some length!!")
    if algorithm != "HS256":
        given, check = _pem(key).replace("\n", "\\n"), key.public_key()
    _open(text, url, key=given, id="app", user="u@x").sign(Outgoing("GET", "/x"))
    sent = _form(seen[0])
    assert sent["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(sent["assertion"], check, algorithms=[algorithm], audience="https://login")
    assert (claims["iss"], claims["sub"]) == ("app", "u@x") and claims["exp"] - claims["iat"] == 180
    assert jwt.get_unverified_header(sent["assertion"]) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    with pytest.raises(ConfigurationError) as caught:
        _open(text, url, key="-----BEGIN nonsense s3cret", id="app", user="u2").sign(Outgoing("GET", "/x")) if (
            algorithm != "HS256"
        ) else _open(text.replace("HS256", "RS256"), url, key="nonsense s3cret", id="a", user="u").sign(
            Outgoing("GET", "/x")
        )
    assert caught.value.code == "signing-key" and "s3cret" not in str(caught.value)


REFRESH = """
kind: oauth2
grant: refresh_token
token_url: "{base_url}/token"
client_id: c
refresh_token: "{first}"
single_use: true
"""


class Durable(ProcessTokens):
    """As a store that outlives the process."""

    durable = True


def _rotating(request: Request, good: list[str], used: list[str]) -> Reply:
    given = _form(request)["refresh_token"]
    if given != good[-1]:
        return json_reply({"error": "invalid_grant", "error_description": "used before"}, 400)
    used.append(given)
    good.append(f"r{len(good) + 1}")
    return json_reply({"access_token": f"t{len(good)}", "refresh_token": good[-1], "expires_in": 3600})


def test_a_refresh_token_that_is_good_once(script: Script, tokens: ProcessTokens) -> None:
    good, used = ["r1"], list[str]()
    url, _ = script(lambda request: _rotating(request, good, used))
    with pytest.raises(ConfigurationError) as caught:
        _open(REFRESH, url, first="r1").sign(Outgoing("GET", "/x"))
    assert caught.value.code == "token-not-durable" and used == []
    token.use(Durable())
    opened = _open(REFRESH, url, first="r1")
    for number in range(3):
        request = Outgoing("GET", "/x")
        mark = opened.sign(request)
        assert request.headers["Authorization"] == f"Bearer t{number + 2}"
        assert opened.refused(mark) is True
    assert used == ["r1", "r2", "r3", "r4"]
    again = _open(REFRESH, url, first="r1")
    again.sign(Outgoing("GET", "/x"))
    assert used == ["r1", "r2", "r3", "r4"], "another connection of the same account has the token"


def test_the_next_refresh_token_is_kept_before_the_access_token_is_used(script: Script) -> None:
    good, used = ["r1"], list[str]()
    url, _ = script(lambda request: _rotating(request, good, used))

    class Full(Durable):
        def save(self, key: Any, token: Any) -> None:
            raise OSError("disk full")

    token.use(Full())
    request = Outgoing("GET", "/x")
    with pytest.raises(OSError):
        _open(REFRESH, url, first="r1").sign(request)
    assert request.headers == {}


def test_a_lost_answer_to_a_refresh_is_not_asked_for_again_at_once(script: Script) -> None:
    url, seen = script(lambda _: Reply(b"", 502))
    token.use(Durable())
    with pytest.raises(RetryableError):
        _open(REFRESH, url, first="r1").sign(Outgoing("GET", "/x"))
    assert len(seen) == 1
    url, seen = script(lambda _: Reply(b"", 502))
    with pytest.raises(RetryableError):
        _open(CLIENT, url, **KNOWN).sign(Outgoing("GET", "/x"))
    assert len(seen) == 2, "other token calls are tried again"


@pytest.mark.parametrize(
    ("answer", "members", "seconds"),
    [
        ("{}", {"expires_in": "7200"}, 7200),
        ("{expires_in: body.data.ms, unit: ms}", {"data": {"ms": 90000}}, 90),
        ("{expires_at: body.at}", {"at": "AT+500"}, 500),
        ("{expires_at: body.at, form: epoch_ms}", {"at": "MS+500"}, 500),
        ("{lifetime: 120}", {}, 120),
        ("{at_most: 100}", {"expires_in": 7200}, 100),
        ("{expires_in: '3600 if (body.expires_in | number) > 100000000 else body.expires_in'}",
         {"expires_in": "1479202744"}, 3600),
    ],
)  # fmt: skip
def test_when_a_token_ends(
    script: Script, tokens: ProcessTokens, answer: str, members: dict[str, Any], seconds: float
) -> None:
    now = time.time()
    for name, value in members.items():
        if value == "AT+500":
            members[name] = int(now) + 500
        elif value == "MS+500":
            members[name] = int(now + 500) * 1000
    url, _ = script(_giving(**members))
    _open(CLIENT + f"skew: 1\nanswer: {answer}", url, **KNOWN).sign(Outgoing("GET", "/x"))
    (kept,) = tokens._tokens.values()
    assert abs(kept.expires - now - seconds) < 3


@pytest.mark.parametrize(
    ("reply", "answer", "error", "code"),
    [
        (json_reply({"error": "invalid_client", "error_description": "no s3cret:& here"}, 401), "{}", AuthenticationError, "token-refused"),
        (json_reply({"errcode": 40001, "errmsg": "bad"}), "{good: body.errcode == 0, why: body.errmsg}", AuthenticationError, "token-refused"),
        (json_reply({"errcode": 0}), "{good: body.errcode == 0}", AuthenticationError, "no-token"),
        (json_reply({"code": 7}), "{busy: body.code == 7}", RetryableError, "http-busy"),
        (json_reply({}, 429), "{}", RetryableError, "http-busy"),
        (Reply(b"<html>", content_type="text/html"), "{}", AuthenticationError, "no-token"),
    ],
)  # fmt: skip
def test_what_a_token_call_may_answer(
    script: Script, reply: Reply, answer: str, error: type[Exception], code: str
) -> None:
    url, _ = script(lambda _: reply)
    with pytest.raises(error) as caught:
        _open(CLIENT + f"answer: {answer}", url, **KNOWN).sign(Outgoing("GET", "/x"))
    assert caught.value.code == code  # type: ignore[attr-defined]


LOGIN = """
kind: login
request: {method: POST, url: /login, json: {user: "{user}", password: "{password}", at: "{now | epoch}"}}
answer: {good: body.ok, token: cookies.sid, parts: {csrf: body.csrf}, why: body.message}
send: {cookies: {sid: "{token}"}, headers: {X-CSRF: "{part.csrf}"}}
logout: {method: POST, url: "/logout", headers: {Cookie: "sid={token}"}}
"""


def test_a_login_session_with_cookie_and_its_end(script: Script, tokens: ProcessTokens) -> None:
    live: set[str] = set()

    def answer(request: Request) -> Reply:
        if request.path == "/logout":
            live.discard(request.headers["cookie"].removeprefix("sid="))
            return Reply(b"")
        given = json.loads(request.body)
        if given["password"] != "right":
            return json_reply({"ok": False, "message": "who are you"})
        sid = f"s{len(live) + 1}"
        live.add(sid)
        return json_reply({"ok": True, "csrf": "c1"}, headers=(("Set-Cookie", f"sid={sid}; Path=/; HttpOnly"),))

    url, seen = script(answer)
    opened = _open(LOGIN, url, user="u", password="right")
    request = Outgoing("GET", "/x", headers={"Cookie": "lang=zh; sid=old"})
    mark = opened.sign(request)
    assert request.headers == {"Cookie": "lang=zh; sid=s1", "X-CSRF": "c1"}
    assert isinstance(json.loads(seen[0].body)["at"], int), "a single place keeps its kind"
    assert opened.refused(mark)
    opened.sign(request)
    assert request.headers["Cookie"] == "lang=zh; sid=s2" and live == {"s1", "s2"}
    opened.close()
    assert live == {"s1"}
    with pytest.raises(AuthenticationError, match="who are you"):
        _open(LOGIN, url, user="u", password="wrong").sign(Outgoing("GET", "/x"))


@pytest.mark.parametrize(
    ("send", "request_", "wanted"),
    [
        ("{query: {access_token: '{token}'}}", Outgoing("GET", "/x", [("access_token", "old"), ("a", "1")]),
         ([("a", "1"), ("access_token", "t1")], b"")),
        ("{body: {token: '{token}', corp: '{id}'}}", Outgoing("POST", "/x", body=b'{"n":1.10}'),
         ([], b'{"corp":"me+you","n":1.10,"token":"t1"}')),
        ("{body: {token: '{token}'}}",
         Outgoing("POST", "/x", headers={"content-type": "application/x-www-form-urlencoded"}, body=b"a=%26"),
         ([], b"a=%26&token=t1")),
    ],
)  # fmt: skip
def test_where_a_token_goes(script: Script, send: str, request_: Outgoing, wanted: Any) -> None:
    url, _ = script(_giving())
    opened = _open(CLIENT + f"send: {send}", url, **KNOWN)
    for _ in range(2):
        opened.sign(request_)
    assert (request_.query, request_.body) == wanted


@pytest.mark.parametrize("body", [b"[1]", b"text"])
def test_a_body_that_takes_no_token_is_said(script: Script, body: bytes) -> None:
    url, _ = script(_giving())
    opened = _open(CLIENT + "send: {body: {token: '{token}'}}", url, **KNOWN)
    kind = {"Content-Type": "text/plain"} if body == b"text" else {}
    with pytest.raises(ConfigurationError) as caught:
        opened.sign(Outgoing("POST", "/x", headers=kind, body=body))
    assert caught.value.code == "auth-body"


def test_keys_basic_and_bearer() -> None:
    url = "https://api.example.com"
    both = Outgoing("GET", "/x")
    _open("kind: api_key\nsend: {headers: {EngineCode: '{code}', EngineSecret: '{key}'}}", url, code="c", key="k").sign(
        both
    )
    assert both.headers == {"EngineCode": "c", "EngineSecret": "k"}
    basic = Outgoing("GET", "/x")
    _open("kind: basic\nuser: '{user}'\npassword: ''", url, user="钥").sign(basic)
    assert base64.b64decode(basic.headers["Authorization"].removeprefix("Basic ")).decode() == "钥:"
    bearer = Outgoing("GET", "/x")
    opened = _open("kind: bearer\ntoken: '{key}'", url, key="k")
    assert opened.sign(bearer) == "" and bearer.headers["Authorization"] == "Bearer k" and not opened.refused("")
    with pytest.raises(ConfigurationError, match="line break"):
        _open("kind: bearer\ntoken: '{key}'", url, key="k\r\nX: y").sign(Outgoing("GET", "/x"))


@pytest.mark.parametrize("kind", [CLIENT, "kind: basic\nuser: u\npassword: p", "kind: bearer\ntoken: x",
    "kind: api_key\nsend: {query: {key: x}}", "kind: sign\npieces: [x]\nsecret: s\nsend: {headers: {S: '{signature}'}}",
    "kind: tc3\nsecret_id: a\nsecret_key: b\nservice: c"])  # fmt: skip
def test_credentials_stay_with_the_connections_own_hosts(script: Script, kind: str) -> None:
    url, seen = script(_giving())
    request = Outgoing("GET", "http://files.example.com/x")
    assert _open(kind, url, **KNOWN).sign(request) == ""
    assert (request.headers, request.query, seen) == ({}, [], [])


def test_a_token_then_a_signature_over_the_request_with_it(script: Script) -> None:
    import hashlib

    url, _ = script(_giving())
    text = """
kind: several
of:
  - {kind: oauth2, grant: client_credentials, token_url: "{base_url}/token", client_id: c, send: {query: {access_token: "{token}"}}}
  - {kind: sign, pieces: ["{parameters}"], algorithm: sha256, parameters: {without: [sign]}, send: {query: {sign: "{signature}"}}}
"""
    opened = _open(text, url)
    for number in (1, 2):
        request = Outgoing("GET", "/x")
        mark = opened.sign(request)
        wanted = hashlib.sha256(f"access_token=t{number}".encode()).hexdigest()
        assert request.query == [("access_token", f"t{number}"), ("sign", wanted)]
        assert mark and opened.refused(mark) is True


def test_a_login_that_is_signed_itself(script: Script) -> None:
    text = """
kind: login
request: {method: GET, url: "/getAccessToken"}
auth:
  kind: sign
  set: {query: {appKey: "{app_key}", timestamp: "{now | epoch_ms}"}}
  parameters: {assign: "", join: "", without: [signature]}
  pieces: ["{parameters}"]
  secret: "{app_secret}"
  encoding: base64
  send: {query: {signature: "{signature}"}}
answer: {good: body.code == "00000", token: body.data.access_token, expires_in: body.data.expire, why: body.message}
send: {query: {access_token: "{token}"}}
"""
    url, seen = script(lambda _: json_reply({"code": "00000", "data": {"access_token": "a+b", "expire": 7200}}))
    request = Outgoing("GET", "/business")
    _open(text, url, app_key="k", app_secret="s").sign(request)
    assert set(parse_qs(seen[0].query)) == {"appKey", "timestamp", "signature"}
    assert request.url("http://h").endswith("?access_token=a%2Bb")


def test_a_token_is_renewed_once_however_many_saw_it_refused(script: Script) -> None:
    """Also where the vendor hands out the same value again."""
    url, seen = script(lambda _: json_reply({"access_token": "same", "expires_in": 7200}))
    opened = [_open(CLIENT, url, **KNOWN) for _ in range(2)]
    marks = [each.sign(Outgoing("GET", "/x")) for each in opened for _ in range(4)]
    assert len(seen) == 1 and len(set(marks)) == 1 and "same" not in marks
    threads = [threading.Thread(target=opened[number % 2].refused, args=(mark,)) for number, mark in enumerate(marks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(seen) == 2


def test_a_short_lived_token_is_used_for_half_its_time(script: Script) -> None:
    url, seen = script(_giving(expires_in=30))
    opened = _open(CLIENT, url, **KNOWN)
    for _ in range(3):
        opened.sign(Outgoing("GET", "/x"))
    assert len(seen) == 1
