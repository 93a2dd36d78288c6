"""Make the authority that a manifest's ``auth:`` section describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.sdk.auth.authority import Authority, Combined, Only
from connectors.sdk.auth.filled import Texts
from connectors.sdk.auth.fixed import Constant, UserAndPassword
from connectors.sdk.auth.login import LoginAuthority
from connectors.sdk.auth.oauth2 import OAuth2Authority
from connectors.sdk.auth.signing import Signing
from connectors.sdk.auth.spec import ApiKey, Auth, Basic, Bearer, Choice, Login, OAuth2, Several, Sign, Tc3
from connectors.sdk.auth.tc3 import Tc3Authority
from connectors.sdk.http import HttpClient
from tongmai.core.errors import ConfigurationError
from tongmai.core.secrets import Redactor


def authority(spec: Auth, settings: Mapping[str, Any], client: HttpClient, redact: Redactor) -> Authority:
    """The authority of a connection. Nothing is called yet. ``redact`` learns every token."""
    if client.redact is not redact:
        raise ValueError("client and authority must mask with the same Redactor")
    return _made(spec, Texts(settings), client)


def _made(spec: Auth, texts: Texts, client: HttpClient) -> Authority:
    made = _of_kind(spec, texts, client)
    return Only(spec.paths, made, lambda request: urlsplit(request.url(client.base)).path) if spec.paths else made


def _of_kind(spec: Auth, texts: Texts, client: HttpClient) -> Authority:
    match spec:
        case ApiKey() | Bearer():
            return Constant(spec, texts, client)
        case Basic():
            return UserAndPassword(spec, texts, client)
        case OAuth2():
            return OAuth2Authority(spec, texts, client)
        case Login():
            signs = _made(spec.auth, texts, client) if spec.auth else None
            return LoginAuthority(spec, texts, client, signs)
        case Sign():
            return Signing(spec, texts, client)
        case Tc3():
            return Tc3Authority(spec, texts, client)
        case Several():
            return Combined([_made(each, texts, client) for each in spec.of])
        case Choice():
            return _made(_chosen(spec, texts, client), texts, client)


def _chosen(spec: Choice, texts: Texts, client: HttpClient) -> Auth:
    name = texts.filled(spec.by)(texts.moment())
    if name not in spec.of:
        raise ConfigurationError(
            f"{client.name}: auth",
            f"`{name}` is none of {', '.join(spec.of)}",
            "correct the setting by which the kind of login is chosen",
            code="auth-choice",
        )
    return spec.of[name]
