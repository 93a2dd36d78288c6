"""Signed assertions (JSON Web Tokens, RFC 7519) that a token endpoint takes for a password."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from connectors.sdk.auth.keys import private_key
from tongmai.core.errors import ConfigurationError


def assertion(
    algorithm: str,
    key: str,
    claims: Mapping[str, str],
    header: Mapping[str, str],
    at: int,
    lifetime: int,
    what: str,
) -> str:
    """The compact form. ``at``: the second of issue. ``what`` names the key in errors."""
    head = {"alg": algorithm, "typ": "JWT", **header}
    body = {"iat": at, "exp": at + lifetime, "jti": str(uuid.uuid4()), **claims}
    text = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(body).encode())}"
    return f"{text}.{_encoded(_signature(algorithm, key, text.encode(), what))}"


def _signature(algorithm: str, key: str, data: bytes, what: str) -> bytes:
    if algorithm == "HS256":
        return hmac.new(key.encode(), data, hashlib.sha256).digest()
    found = private_key(key, what)
    if algorithm == "RS256" and isinstance(found, rsa.RSAPrivateKey):
        return found.sign(data, padding.PKCS1v15(), hashes.SHA256())
    if algorithm == "ES256" and isinstance(found, ec.EllipticCurvePrivateKey) and found.key_size == 256:
        r, s = decode_dss_signature(found.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    raise ConfigurationError(
        what,
        f"{algorithm} needs {'an RSA key' if algorithm == 'RS256' else 'a key on the curve P-256'}",
        "give the key that belongs to the algorithm, or change the algorithm",
        code="signing-key",
    )


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
