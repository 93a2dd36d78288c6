"""Encrypted texts of callbacks: AES-256-CBC with an owner behind the message, and with the IV in front.

DingTalk, WeCom, Yonyou and Fxiaoke share the first layout: 16 random bytes, the length of the message in 4 bytes, the message,
the owner; padded to blocks of 32, so a strict PKCS#7 of 16 refuses it. Feishu has the second.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.sdk.webhook.model import Decrypt

_BLOCK = 32
_KEY_TEXT = 43


class CipherError(ValueError):
    """The text cannot be decrypted, or the key is no key. Says nothing of what was in it."""


def decrypt(how: Decrypt, settings: Mapping[str, Any], encrypted: str) -> bytes:
    """The message inside ``encrypted``. Raises ``CipherError``."""
    try:
        data = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError):
        raise CipherError("not base64") from None
    key = _key(how, str(settings[how.key]))
    if how.kind == "aes-iv":
        return _unpad(_aes(key, data[:16], data[16:], encrypting=False), 16)
    inner = _unpad(_aes(key, key[:16], data, encrypting=False), _BLOCK)
    length = int.from_bytes(inner[16:20], "big")
    if len(inner) < 20 + length:
        raise CipherError("shorter than it says")
    message, tail = inner[20 : 20 + length], inner[20 + length :]
    if not how.accept_any_owner and not hmac.compare_digest(tail, str(settings[how.owner]).encode()):
        raise CipherError("meant for another owner")
    return message


def encrypt(how: Decrypt, settings: Mapping[str, Any], message: bytes, entropy: Callable[[int], bytes]) -> str:
    """The text that ``decrypt`` turns back into ``message``."""
    key = _key(how, str(settings[how.key]))
    if how.kind == "aes-iv":
        iv = entropy(16)
        return base64.b64encode(iv + _aes(key, iv, _pad(message, 16), encrypting=True)).decode()
    owner = str(settings[how.owner]).encode() if how.owner else b""
    inner = entropy(16) + len(message).to_bytes(4, "big") + message + owner
    return base64.b64encode(_aes(key, key[:16], _pad(inner, _BLOCK), encrypting=True)).decode()


def _key(how: Decrypt, given: str) -> bytes:
    if how.kind == "aes-iv":
        return hashlib.sha256(given.encode()).digest()
    if how.key_form == "padded":  # Yonyou makes it of the application's secret
        given = given.replace("-", "")[:_KEY_TEXT].ljust(_KEY_TEXT, "0")
    try:
        key = base64.b64decode(given + "=", validate=True)
    except (binascii.Error, ValueError):
        raise CipherError("the key is not base64") from None
    if len(key) != 32:
        raise CipherError(f"the key has {len(key)} bytes, 32 are needed")
    return key


def _aes(key: bytes, iv: bytes, data: bytes, *, encrypting: bool) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if not data or len(data) % 16 or len(iv) != 16:
        raise CipherError("not a whole number of blocks")
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    work = cipher.encryptor() if encrypting else cipher.decryptor()
    return bytes(work.update(data) + work.finalize())


def _pad(data: bytes, block: int) -> bytes:
    size = block - len(data) % block
    return data + bytes([size]) * size


def _unpad(data: bytes, block: int) -> bytes:
    size = data[-1]
    if not 1 <= size <= block or len(data) < size or not hmac.compare_digest(data[-size:], bytes([size]) * size):
        raise CipherError("wrong padding: another key, or a changed text")
    return data[:-size]
