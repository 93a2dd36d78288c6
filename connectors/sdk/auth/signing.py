"""Signatures over pieces of a request."""

from __future__ import annotations

import base64
import hashlib
import hmac
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.sdk.auth.authority import Fixed
from connectors.sdk.auth.check import SEEN
from connectors.sdk.auth.filled import Putting, Texts, form_of
from connectors.sdk.auth.keys import private_key, public_key
from connectors.sdk.auth.spec import Parameters, Sign
from connectors.sdk.http import HttpClient
from connectors.sdk.outgoing import Outgoing
from tongmai.core.errors import ConfigurationError

_RSA: dict[str, hashes.HashAlgorithm] = {
    "rsa-sha256": hashes.SHA256(),
    "rsa-sha1": hashes.SHA1(),  # noqa: S303 (some vendors sign so)
    "rsa-md5": hashes.MD5(),  # noqa: S303
}


class Signing(Fixed):
    """Signs every call anew."""

    def __init__(self, spec: Sign, texts: Texts, client: HttpClient) -> None:
        self._spec = spec
        self._texts = texts
        self._client = client
        self._set = Putting(spec.set, texts)
        self._send = Putting(spec.send, texts, "signature", *SEEN)
        self._secret = texts.filled(spec.secret)
        self._pieces = [texts.filled(piece, *SEEN) for piece in spec.pieces]

    def sign(self, request: Outgoing) -> str:
        if not self._client.trusts(request):
            return ""
        spec, what = self._spec, self._client.what(request)
        scope = self._texts.moment(spec.nonce, spec.nonce_length)
        self._set.put(request, scope, what)
        scope.update(seen(request, self._client.base, spec.parameters, spec.signed_headers))
        text = spec.join.join(piece(scope) for piece in self._pieces)
        signature = encoded(digest(spec.algorithm, self._secret(scope), text.encode(), what), spec.encoding)
        self._send.put(request, {**scope, "signature": signature}, what)
        return ""


def digest(algorithm: str, secret: str, data: bytes, what: str) -> bytes:
    """The signature's bytes. ``what`` names the place in errors."""
    if algorithm.startswith("hmac-"):
        return hmac.new(secret.encode(), data, algorithm.removeprefix("hmac-")).digest()
    if not algorithm.startswith("rsa-"):
        return hashlib.new(algorithm, data).digest()
    if algorithm.endswith("-encrypt"):
        key = public_key(secret, what)
        if isinstance(key, rsa.RSAPublicKey):
            return _encrypted(key, algorithm, data, what)
    else:
        private = private_key(secret, what)
        if isinstance(private, rsa.RSAPrivateKey):
            return private.sign(data, padding.PKCS1v15(), _RSA[algorithm])
    raise ConfigurationError(what, f"{algorithm} needs an RSA key", "give an RSA key", code="signing-key")


def _encrypted(key: rsa.RSAPublicKey, algorithm: str, data: bytes, what: str) -> bytes:
    sha = hashes.SHA256()
    pad: padding.AsymmetricPadding = (
        padding.OAEP(padding.MGF1(sha), sha, None) if algorithm == "rsa-oaep-encrypt" else padding.PKCS1v15()
    )
    try:
        return key.encrypt(data, pad)
    except ValueError:
        why = f"{len(data)} bytes are too many for a key of {key.key_size} bits"
        raise ConfigurationError(what, why, "check the key and what is encrypted", code="signing-key") from None


def encoded(data: bytes, encoding: str) -> str:
    """The signature as text."""
    if encoding == "base64":
        return base64.b64encode(data).decode()
    if encoding == "base64-of-hex":
        return base64.b64encode(data.hex().encode()).decode()
    return data.hex().upper() if encoding == "HEX" else data.hex()


def seen(request: Outgoing, base: str, parameters: Parameters, signed: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a signature may look at, of the request as it will be sent."""
    url = urlsplit(request.url(base))
    headers = {"host": url.netloc, **{name.lower(): value.strip() for name, value in request.headers.items()}}
    chosen = sorted(name for name in headers if any(fnmatchcase(name, pattern.lower()) for pattern in signed))
    query = parse_qsl(url.query, keep_blank_values=True)
    return {
        "method": request.method,
        "path": url.path or "/",
        "host": url.netloc,
        "query": dict(query),
        "headers": headers,
        "body": request.body.decode("utf-8", "replace"),
        "body_sha256": hashlib.sha256(request.body).hexdigest(),
        "body_sha1": hashlib.sha1(request.body).hexdigest(),  # noqa: S324 (some vendors sign so)
        "body_md5": hashlib.md5(request.body).hexdigest(),  # noqa: S324
        "body_md5_base64": base64.b64encode(hashlib.md5(request.body).digest()).decode(),  # noqa: S324
        "parameters": _sorted(parameters, query, request),
        "signed_headers": "\n".join(f"{name}:{headers[name]}" for name in chosen),
        "signed_names": ";".join(chosen),
    }


def _sorted(spec: Parameters, query: list[tuple[str, str]], request: Outgoing) -> str:
    pairs: list[tuple[str, str]] = []
    if "query" in spec.of:
        pairs += query
    if "form" in spec.of:
        pairs += form_of(request)
    kept = [pair for pair in pairs if pair[0] not in spec.without and (pair[1] or not spec.skip_empty)]
    if spec.encoded:
        kept = [(quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in kept]
    return spec.join.join(f"{name}{spec.assign}{value}" for name, value in sorted(kept))
