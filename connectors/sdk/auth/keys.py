"""Private and public keys as people paste them into a setting: PEM, PEM on one line, base64 of DER."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from tongmai.core.errors import ConfigurationError


def private_key(text: str, what: str) -> PrivateKeyTypes:
    """The private key. Raises ``ConfigurationError``, without a word of the key."""
    pem = _pem(text)
    try:
        if pem:
            return serialization.load_pem_private_key(pem, None)
        return serialization.load_der_private_key(base64.b64decode(text, validate=False), None)
    except (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error):
        raise _bad(what, "private") from None


def public_key(text: str, what: str) -> PublicKeyTypes:
    """The public key. Raises ``ConfigurationError``."""
    pem = _pem(text)
    try:
        if pem:
            return serialization.load_pem_public_key(pem)
        return serialization.load_der_public_key(base64.b64decode(text, validate=False))
    except (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error):
        raise _bad(what, "public") from None


def _pem(text: str) -> bytes:
    """The PEM with real line breaks; empty when the text is none."""
    return text.replace("\\n", "\n").strip().encode() if "-----BEGIN" in text else b""


def _bad(what: str, kind: str) -> ConfigurationError:
    return ConfigurationError(
        what,
        f"it is no unencrypted {kind} key in PEM form, nor base64 of its DER form",
        "paste the whole key into the connection's secret; a line break may be written as \\n",
        code="signing-key",
    )
