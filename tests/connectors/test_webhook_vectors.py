"""Every callback vector of the fact sheets: what a system really sends is taken, and what we send is what it would."""

from __future__ import annotations

import hashlib
import json

import pytest

from connectors.sdk.webhook import Accepted, Handshaken, Refused, Request, cipher, receive, signature
from connectors.sdk.webhook.answer import sealed
from connectors.sdk.webhook.model import Decrypt, Verify
from tests.connectors import webhook_examples as examples

WECOM_A = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qh"
    "xchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s"
    "4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/u"
    "h9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
)
WECOM_C = (
    "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1700000000"
    "</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_external_contact]]></Event><ChangeType>"
    "<![CDATA[add_external_contact]]></ChangeType><UserID><![CDATA[zhangsan]]></UserID><ExternalUserID><![CDATA[wmTEST0001]]>"
    "</ExternalUserID></xml>"
)
YONYOU = (
    "CcR8EUkDYtQ3FWEr8dxi850sSZy+skRQ5qst0ffcdET+3wTuzsYDfsze/AOOTKa6mhEohggbI4/YYW1qsIaQjjJPGLpiNP7JuLsZBzJLerkEZeOQtAc/DwEva5GxrXEM"
    "7ab87Yk0/r5lA5BscWUk+o6S389FfKsuUE7lCE3OPeqjDngIRxU4xKwLivo+fqT7BSFFnLBA6Vrj87UE/+mrwA=="
)
FEISHU_B = "MDEyMzQ1Njc4OWFiY2RlZsePWBxlucOJ9vFW2LF+3QW+77OBr/cfI/4eyne/VpYD8YFavNAbWlDZ/wf3pSygAkAOE+SX01gF7CBmCArTnjGbRZ3xlyicaO0FSIQ6qGi8"
FEISHU_C = (
    '{"schema":"2.0","header":{"event_id":"ev-0001","event_type":"contact.user.deleted_v3","create_time":"1700000000000","token":'
    '"hubVerify","app_id":"cli_hub","tenant_key":"tk"},"event":{"object":{"open_id":"ou_1","user_id":"u1","name":"Zhang"},'
    '"old_object":{"department_ids":["od-1"]}}}'
)


def fixed(text: bytes):
    """Random bytes as the vector had them."""
    return lambda size: text[:size].ljust(size, text[:1])


def test_dingtalk_a_official_sample() -> None:
    webhook = examples.webhook(examples.DINGTALK)
    settings = examples.settings(
        token="123456", aes_key="1234567890123456789012345678901234567890123", app_key="dingsnotzck6pm5veliw"
    )
    encrypted = "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA=="
    assert (
        sealed(webhook, settings, "1614767836", "A7Co0cJLMzIDtMMI", encrypted)
        == "9a95a004dd16f5c307e849b994173f76aa26e5eb"
    )
    assert webhook.decrypt and cipher.decrypt(webhook.decrypt, settings, encrypted) == b"success"


DINGTALK_B = {"token": "hubToken2026", "aes_key": examples.KEY43, "app_key": "dingabcdef1234567890"}
DINGTALK_B_TEXT = "Q3stYC6hdFzMh9T8HCvyDLV8JeomtQuxZLosYEI28mjzSD5UpK2hp0QUc4H6M/N5zXGeT1K3f3aQt7xOv2/e83OhiKesRle5FZkR+b3tN23Op3VDeoRynvvYG4brBLiL"


def dingtalk_b(**changes: str) -> Request:
    query = {
        "msg_signature": "85f807b47e8dc2d6d30a98a0f8444aa4a4ab6ffe",
        "timestamp": "1700000000000",
        "nonce": "Zx8kQ2pL",
    }
    return Request("POST", query={**query, **changes}, body=json.dumps({"encrypt": DINGTALK_B_TEXT}).encode())


def test_dingtalk_b_the_address_check_is_answered_encrypted() -> None:
    webhook = examples.webhook(examples.DINGTALK)
    found = receive(webhook, DINGTALK_B, dingtalk_b(), 1_700_000_000, fixed(b"fedcba9876543210"))
    assert isinstance(found, Handshaken)
    reply = json.loads(found.reply.body)
    assert (
        reply["encrypt"] == "DpQeJfnf/MGZ/+GTIspwVDPodrl+l+35PT3ArKrLkox1btWi2FZzVM4n11P1sUTpNPvS0j0FzlWkTdQZgKNpQQ=="
    )
    assert set(reply) == {"msg_signature", "encrypt", "timeStamp", "nonce"}
    assert (
        sealed(webhook, DINGTALK_B, "1700000000000", "Zx8kQ2pL", reply["encrypt"])
        == "39f12c45aace778f47ff81ec6a770204e8137b4d"
    )
    assert reply["msg_signature"] == sealed(webhook, DINGTALK_B, reply["timeStamp"], reply["nonce"], reply["encrypt"])
    assert webhook.decrypt
    made = cipher.encrypt(webhook.decrypt, DINGTALK_B, b'{"EventType":"check_url"}', fixed(b"0123456789abcdef"))
    assert made == DINGTALK_B_TEXT


def test_dingtalk_takes_the_signature_under_its_other_name() -> None:
    request = dingtalk_b()
    query = {("signature" if name == "msg_signature" else name): value for name, value in request.query.items()}
    renamed = Request("POST", query=query, body=request.body)
    assert isinstance(receive(examples.webhook(examples.DINGTALK), DINGTALK_B, renamed, 1_700_000_000), Handshaken)


def test_dingtalk_refuses_a_text_that_was_meant_for_another_owner() -> None:
    found = receive(
        examples.webhook(examples.DINGTALK), {**DINGTALK_B, "app_key": "another"}, dingtalk_b(), 1_700_000_000
    )
    assert isinstance(found, Refused) and found.code == "webhook-encryption"


def test_dingtalk_robot_sign() -> None:
    how = Verify(
        kind="hmac", secret="secret", over=("timestamp", "secret"), join="\n", encoding="base64", at=("query.sign",)
    )
    secret = "SEC000000000000000000000hub"
    made = signature.make(how, {"secret": secret}, {"timestamp": b"1700000000000", "secret": secret.encode()})
    assert made == "ckjqLQ2dv6qYl/8BeYUd5cPghqWWXlK7NVKEaFbvTe8="


def test_wecom_a_official_sample() -> None:
    webhook = examples.webhook(examples.WECOM)
    settings = examples.settings(
        token="QDG6eK", aes_key="jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", corp_id="wx5823bf96d3bd56c7"
    )
    assert sealed(webhook, settings, "1409659813", "1372623149", WECOM_A) == "477715d11cdb4164915debcba66cb864d751f3e6"
    assert webhook.decrypt
    message = cipher.decrypt(webhook.decrypt, settings, WECOM_A).decode()
    assert "<Content><![CDATA[hello]]></Content>" in message and "<AgentID>218</AgentID>" in message


WECOM = {"token": "hubToken2026", "aes_key": examples.KEY43, "corp_id": "ww0123456789abcdef"}


def test_wecom_b_the_address_check_is_answered_with_the_bare_text() -> None:
    query = {
        "msg_signature": "33743d542bbf7ce85708deb992b2271c63191672",
        "timestamp": "1700000000",
        "nonce": "263014780",
        "echostr": "Q3stYC6hdFzMh9T8HCvyDN2W+JZYlB6F5rp0EbHQpspctDTzJP4efEeBXMUTywBP4Z3HTQ96t+iuoxL5uV1i7g==",
    }
    webhook = examples.webhook(examples.WECOM)
    found = receive(webhook, WECOM, Request("GET", query=query), 1_700_000_000)
    assert isinstance(found, Handshaken) and found.reply.body == b"8761987619387461"
    assert isinstance(receive(webhook, WECOM, Request("GET", query={**query, "nonce": "1"}), 1_700_000_000), Refused)


def test_wecom_c_event() -> None:
    webhook = examples.webhook(examples.WECOM)
    assert webhook.decrypt
    encrypted = cipher.encrypt(webhook.decrypt, WECOM, WECOM_C.encode(), fixed(b"fedcba9876543210"))
    assert len(encrypted) == 600
    assert hashlib.sha1(encrypted.encode()).hexdigest() == "1c6a2ba707557c97516ca691e29ac51d383fe80e"
    query = {
        "msg_signature": "03a08d9e12eb41e3afffb69078b9e54d5464e94b",
        "timestamp": "1700000000",
        "nonce": "263014780",
    }
    body = f"<xml><ToUserName><![CDATA[ww]]></ToUserName><AgentID>1</AgentID><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    found = receive(webhook, WECOM, Request("POST", query=query, body=body.encode()), 1_700_000_000)
    assert isinstance(found, Accepted), found
    (event,) = found.events
    assert (event.stream, event.key, event.op, event.raw) == ("customers", "wmTEST0001", "upsert", None)
    assert found.reply.body == b""


def test_feishu_a_official_sample() -> None:
    how = Decrypt(kind="aes-iv", text=("body.encrypt",), key="encrypt_key")
    encrypted = "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="
    assert cipher.decrypt(how, {"encrypt_key": "test key"}, encrypted) == b"hello world"


FEISHU = {"encrypt_key": "hub-encrypt-key", "verification_token": "hubVerify"}


def feishu(encrypted: str, made: str) -> Request:
    headers = {"x-lark-request-timestamp": "1700000000", "x-lark-request-nonce": "nonce01"}
    if made:
        headers["x-lark-signature"] = made
    return Request("POST", headers=headers, body=b'{"encrypt":"' + encrypted.encode() + b'"}')


@pytest.mark.parametrize("made", ["17e99cf39504e0114c0ee4b88fd8ea2f6dc7239cb833f3588473600b304f4584", ""])
def test_feishu_b_the_challenge_comes_back_signed_or_not(made: str) -> None:
    found = receive(examples.webhook(examples.FEISHU), FEISHU, feishu(FEISHU_B, made), 1_700_000_000)
    assert isinstance(found, Handshaken) and json.loads(found.reply.body) == {"challenge": "hub-challenge-1"}


def test_feishu_b_the_signature_is_the_vectors() -> None:
    webhook = examples.webhook(examples.FEISHU)
    body = feishu(FEISHU_B, "").body
    pieces = {"timestamp": b"1700000000", "nonce": b"nonce01", "secret": b"hub-encrypt-key", "body": body}
    made = signature.make(webhook.verify, FEISHU, pieces)
    assert made == "17e99cf39504e0114c0ee4b88fd8ea2f6dc7239cb833f3588473600b304f4584"
    assert webhook.decrypt
    plain = b'{"challenge":"hub-challenge-1","token":"hubVerify","type":"url_verification"}'
    assert cipher.encrypt(webhook.decrypt, FEISHU, plain, fixed(b"0123456789abcdef")) == FEISHU_B


def test_feishu_b_with_another_token_is_refused() -> None:
    request = feishu(FEISHU_B, "")
    found = receive(
        examples.webhook(examples.FEISHU), {**FEISHU, "verification_token": "other"}, request, 1_700_000_000
    )
    assert isinstance(found, Refused)


def test_feishu_c_event_and_one_wrong_digit() -> None:
    webhook = examples.webhook(examples.FEISHU)
    assert webhook.decrypt
    encrypted = cipher.encrypt(webhook.decrypt, FEISHU, FEISHU_C.encode(), fixed(b"fedcba9876543210"))
    good = "b20e0390ce67917e6a8f0a5bc14b3ac02d442db7edc1087cdc64fa57f41fc3f8"
    request = feishu(encrypted, good)
    assert len(request.body) == 422
    found = receive(webhook, FEISHU, request, 1_700_000_000)
    assert isinstance(found, Accepted) and json.loads(found.reply.body) == {"msg": "success"}
    (event,) = found.events
    assert (event.id, event.stream, event.key, event.op) == ("ev-0001", "employees", "u1", "delete")
    bad = receive(webhook, FEISHU, feishu(encrypted, good[:-1] + "9"), 1_700_000_000)
    assert isinstance(bad, Refused) and bad.code == "webhook-signature"
    unsigned = receive(webhook, FEISHU, feishu(encrypted, ""), 1_700_000_000)
    assert isinstance(unsigned, Refused) and unsigned.code == "webhook-unsigned", "only a challenge may come unsigned"


def test_yonyou_the_address_check() -> None:
    webhook = examples.webhook(examples.YONYOU)
    secret = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f00f1e2d3c"
    settings = examples.settings(app_secret=secret, app_key="k0000000000000000000000000000001")
    assert webhook.decrypt and cipher._key(webhook.decrypt, secret).hex() == (
        "d1fd5ed9dddce1be5aebdefcf3bf7a6b96f87377767b57f4d1fd5ed9dddcd34d"
    )
    plain = cipher.decrypt(webhook.decrypt, settings, YONYOU)
    assert plain == b'{"type":"CHECK_URL","eventId":"e-1","timestamp":1700000000000,"tenantId":"t1"}'
    body = {
        "signature": "/0ypb6cTKQ8Yfm1LpxaHgwIgpOFzm56TySfD6iJ2+nA=",
        "timestamp": 1700000000000,
        "nonce": "n0nce0000000001a",
        "encrypt": YONYOU,
    }
    found = receive(webhook, settings, Request("POST", body=json.dumps(body).encode()), 1_700_000_000)
    assert isinstance(found, Handshaken)
    reply = json.loads(found.reply.body)
    assert isinstance(reply["timestamp"], int)
    assert cipher.decrypt(webhook.decrypt, settings, reply["encrypt"]) == b"success"


def test_aliyun_eventbridge_hmac_over_the_address_and_header_lines() -> None:
    prefix = "x-eventbridge-signature"
    headers = {
        f"{prefix}-timestamp": "1700000000",
        f"{prefix}-method": "HMAC-SHA1",
        f"{prefix}-version": "1.0",
        f"{prefix}-url": "https://cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com/cert.pem",
    }
    over = ["url"]
    for name in headers:
        over += [f"text.\n{name}: ", f"header.{name}"]
    how = Verify(
        kind="hmac",
        secret="secret",
        hash="sha1",
        encoding="base64",
        over=(*over, "text.\n", "body"),
        at=(f"header.{prefix}",),
    )
    pieces = {name: name.removeprefix("text.").encode() for name in how.over if name.startswith("text.")}
    pieces |= {f"header.{name}": value.encode() for name, value in headers.items()}
    pieces |= {"url": b"https://hub.example.cn/eb?x=1", "body": b'{"id":"1"}'}
    assert signature.make(how, {"secret": "tempSecret"}, pieces) == "LQRIge3Yh8z2MtiaNeQPeP0O3B8="
    covered = hashlib.sha256(signature.covered(how, pieces)).hexdigest()
    assert covered == "a7a321d4846c2029cc5c481be0554bb23f0ae49047bed0c9955c25dc8cc68f83"
