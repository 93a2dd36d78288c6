"""The webhooks of real systems, declared as a manifest declares them, with the settings their vectors were made with."""

from __future__ import annotations

from typing import Any

from connectors.sdk.webhook.model import Webhook
from tongmai.core import yamlfile

KEY43 = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

DINGTALK = """
timestamp: query.timestamp
nonce: query.nonce
verify: {kind: sorted-sha1, secret: token, over: [timestamp, nonce, encrypted], at: [query.msg_signature, query.signature]}
decrypt: {kind: aes-owner, text: body.encrypt, key: aes_key, owner: app_key}
replay: {seconds: 300, unit: ms}
handshakes:
  - {when: event.EventType, equals: [check_url]}
answer:
  kind: encrypted
  text: success
  names: {signature: msg_signature, encrypted: encrypt, timestamp: timeStamp, nonce: nonce}
events:
  type: event.EventType
  types:
    user_add_org: {stream: employees, keys: event.UserId}
    user_modify_org: {stream: employees, keys: event.UserId}
    user_leave_org: {stream: employees, keys: event.UserId, operation: delete}
"""
WECOM = """
format: xml
timestamp: query.timestamp
nonce: query.nonce
verify: {kind: sorted-sha1, secret: token, over: [timestamp, nonce, encrypted], at: query.msg_signature}
decrypt: {kind: aes-owner, text: [body.Encrypt, query.echostr], key: aes_key, owner: corp_id}
replay: {seconds: 300}
handshakes:
  - {method: GET, echo: decrypted}
events:
  type: event.ChangeType
  types:
    add_external_contact: {stream: customers, keys: event.ExternalUserID}
    del_external_contact: {stream: customers, keys: event.ExternalUserID, operation: delete}
"""
FEISHU = """
timestamp: header.X-Lark-Request-Timestamp
nonce: header.X-Lark-Request-Nonce
verify: {kind: digest, secret: encrypt_key, over: [timestamp, nonce, secret, body], at: header.X-Lark-Signature}
decrypt: {kind: aes-iv, text: body.encrypt, key: encrypt_key}
replay: {seconds: 300}
handshakes:
  - when: event.type
    equals: [url_verification]
    echo: event.challenge
    name: challenge
    unsigned: true
    token: verification_token
    token_at: event.token
answer: {kind: json, json: {msg: success}}
events:
  id: [event.header.event_id, event.uuid]
  type: [event.header.event_type, event.event.type]
  types:
    contact.user.updated_v3: {stream: employees, keys: event.event.object.user_id}
    contact.user.deleted_v3: {stream: employees, keys: event.event.object.user_id, operation: delete}
    approval_instance: {stream: approvals, keys: event.event.instance_code}
"""
YONYOU = """
timestamp: body.timestamp
nonce: body.nonce
verify: {kind: hmac, secret: app_secret, over: [nonce, encrypted, timestamp], sort: true, encoding: base64, at: body.signature}
decrypt: {kind: aes-owner, text: body.encrypt, key: app_secret, key_form: padded, owner: app_key}
replay: {seconds: 300, unit: ms}
handshakes:
  - {when: event.type, equals: [CHECK_URL]}
answer:
  kind: encrypted
  text: success
  timestamp_as: number
  names: {signature: signature, encrypted: encrypt, timestamp: timestamp, nonce: nonce}
events:
  id: event.eventId
  type: event.type
  types: {"*": {stream: orders, keys: [event.archiveId, event.id]}}
"""
FXIAOKE = """
timestamp: body.timeStamp
nonce: body.nonce
verify: {kind: sorted-sha1, secret: token, over: [timestamp, nonce, encrypted], at: body.sig}
decrypt: {kind: aes-owner, text: body.content, key: aes_key, accept_any_owner: true}
replay: {seconds: 500, unit: ms}
answer: {kind: text, text: success}
events:
  type: event.type
  types: {"*": {stream: messages, keys: event.content.id}}
"""
JIANDAOYUN = """
timestamp: query.timestamp
nonce: query.nonce
verify: {kind: digest, hash: sha1, secret: secret, over: [nonce, body, secret, timestamp], join: ":", at: header.X-JDY-Signature}
replay: {seconds: 300}
events:
  id: header.X-JDY-DeliverId
  type: event.op
  types:
    data_create: {stream: rows, keys: event.data._id, record: event.data, version: event.data.updateTime}
    data_update: {stream: rows, keys: event.data._id, record: event.data, version: event.data.updateTime}
    data_remove: {stream: rows, keys: event.data._id, operation: delete}
"""
HMAC_HEX = """
timestamp: header.X-Time
verify: {kind: hmac, secret: secret, over: [timestamp, method, path, body], join: ".", prefix: "sha256=", at: header.X-Signature}
replay: {seconds: 60}
events:
  id: event.id
  types: {"*": {stream: rows, keys: event.key}}
"""
FRAPPE = """
verify: {kind: hmac, secret: secret, over: [body], encoding: base64, at: header.X-Frappe-Webhook-Signature}
events:
  types: {"*": {stream: rows, keys: event.name}}
"""
RSA = """
timestamp: header.X-Time
verify: {kind: rsa, secret: public_key, over: [timestamp, body], encoding: base64, at: header.X-Signature}
replay: {seconds: 60}
events:
  types: {"*": {stream: rows, keys: event.key}}
"""
PSS = RSA.replace("kind: rsa", "kind: rsa, padding: pss")
STANDARD = """
verify: {kind: standard-webhooks, secret: secret}
events:
  type: event.type
  types: {"*": {stream: rows, keys: event.data.id}}
"""
TOKEN_QUERY = """
verify: {kind: token, secret: secret, at: query.key}
events:
  types: {"*": {stream: rows, keys: event.id}}
"""
TOKEN_BEARER = TOKEN_QUERY.replace("at: query.key", "at: header.Authorization, prefix: 'Bearer '")
TOKEN_BASIC = TOKEN_QUERY.replace("at: query.key", "at: header.Authorization, user: user")
TOKEN_BODY = TOKEN_QUERY.replace("at: query.key", "at: body.token")
FORM = """
format: form
verify: {kind: hmac, secret: secret, over: [body], at: header.X-Signature}
events:
  types: {"*": {stream: rows, keys: event.id}}
"""
NONE = """
verify: {kind: none, accept_unsigned: true}
events:
  types: {"*": {stream: rows, keys: event.id}}
"""


def webhook(text: str) -> Webhook:
    """A declared webhook; mistakes fail the test with their places."""
    document = yamlfile.loads(text)[0]
    found = yamlfile.check(document, Webhook, "webhook") if not document.findings else None
    assert found is not None, "\n".join(finding.render() for finding in document.findings)
    return found


def settings(**values: Any) -> dict[str, Any]:
    """Settings as an opened connection has them."""
    return values
