"""Signatures over declared pieces: made, and compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tongmai.core.errors import ConfigurationError

if TYPE_CHECKING:
    from connectors.sdk.webhook.model import Verify

WHSEC = "whsec_"


def same(one: str | bytes, other: str | bytes) -> bool:
    """Equality whose time does not tell where the difference is."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def make(how: Verify, settings: Mapping[str, Any], pieces: Mapping[str, bytes]) -> str:
    """The signature over ``pieces`` (by the names in ``over``), prefix included; for every kind with one secret."""
    if how.kind == "rsa":
        key = _rsa_key(str(settings[how.secret]), private=True)
        return how.prefix + encode(how, key.sign(*_rsa(how, covered(how, pieces), signing=True)))
    if how.kind == "hmac":
        key = secret_bytes(how.secret_form, str(settings[how.secret]), how.secret)
        return how.prefix + encode(how, hmac.digest(key, covered(how, pieces), how.hash))
    if how.kind == "sorted-sha1":
        whole = b"".join(sorted([str(settings[how.secret]).encode(), *(pieces[name] for name in how.over)]))
        return how.prefix + hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    return how.prefix + encode(how, hashlib.new(how.hash, covered(how, pieces), usedforsecurity=False).digest())


def fits(how: Verify, settings: Mapping[str, Any], pieces: Mapping[str, bytes], given: str) -> bool:
    """Whether ``given`` is the signature over ``pieces``."""
    if how.kind != "rsa":
        wanted = make(how, settings, pieces)
        # hex is written in both cases; base64 is not
        hexadecimal = how.kind == "sorted-sha1" or how.encoding == "hex"
        return same(given.lower(), wanted.lower()) if hexadecimal else same(given, wanted)
    from cryptography.exceptions import InvalidSignature

    key = _rsa_key(str(settings[how.secret]), private=False)
    try:
        if not given.startswith(how.prefix):
            return False
        key.verify(_decoded(how, given.removeprefix(how.prefix)), *_rsa(how, covered(how, pieces), signing=False))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def covered(how: Verify, pieces: Mapping[str, bytes]) -> bytes:
    """What is signed."""
    parts = [pieces[name] for name in how.over]
    return how.join.encode().join(sorted(parts) if how.sort else parts)


def encode(how: Verify, digest: bytes) -> str:
    """A digest in the declared encoding."""
    return digest.hex() if how.encoding == "hex" else base64.b64encode(digest).decode()


def secret_bytes(form: str, given: str, name: str) -> bytes:
    """The key inside a secret setting."""
    try:
        if form == "base64":
            return base64.b64decode(given, validate=True)
        if form == "hex":
            return bytes.fromhex(given)
        if form == "whsec":
            return base64.b64decode(given.removeprefix(WHSEC), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(
            f"setting `{name}`", f"it is not {form}", "copy it again from the system", code="webhook-secret"
        ) from None
    return given.encode()


def standard(keys: Sequence[bytes], event_id: str, timestamp: int, body: bytes) -> str:
    """The ``webhook-signature`` header of Standard Webhooks: one signature a key, so that keys can be exchanged at leisure."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)


def standard_keys(given: str, name: str) -> list[bytes]:
    """The keys of a setting, separated by spaces or commas."""
    words = given.replace(",", " ").split()
    keys = [secret_bytes("whsec", word, name) for word in words]
    if not keys or not all(keys):
        raise ConfigurationError(
            f"setting `{name}`",
            "it holds no key",
            "give one or more keys that begin with whsec_",
            code="webhook-secret",
        )
    return keys


def standard_fits(keys: Sequence[bytes], event_id: str, timestamp: str, body: bytes, given: str) -> bool:
    """Whether any of the given signatures is made with any of the keys."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    wanted = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    found = False
    for word in given.split(" ")[:16]:
        version, _, signature = word.partition(",")
        for one in wanted:
            found |= version == "v1" and same(signature, one)
    return found


def _rsa_key(pem: str, *, private: bool) -> Any:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        if private:
            key: Any = serialization.load_pem_private_key(pem.encode(), None)
        else:
            key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey if private else rsa.RSAPublicKey):
        kind = "private" if private else "public"
        raise ConfigurationError(
            "webhook key",
            f"it is no PEM of a {kind} RSA key",
            "copy it with its BEGIN and END lines",
            code="webhook-secret",
        )
    return key


def _rsa(how: Verify, signed: bytes, *, signing: bool) -> tuple[Any, ...]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    if how.padding == "pkcs1":
        return signed, padding.PKCS1v15(), hashes.SHA256()
    salt = padding.PSS.DIGEST_LENGTH if signing else padding.PSS.AUTO
    return signed, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256()


def _decoded(how: Verify, given: str) -> bytes:
    return bytes.fromhex(given) if how.encoding == "hex" else base64.b64decode(given, validate=True)


def _bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
