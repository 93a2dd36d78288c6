"""Find mistakes in an ``auth:`` section's texts and expressions while a manifest is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from connectors.sdk import moment
from connectors.sdk.auth.spec import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    Call,
    Choice,
    Login,
    OAuth2,
    Several,
    Sign,
    Tc3,
    TokenAnswer,
)
from connectors.sdk.expression import compile_expression
from connectors.sdk.places import roots
from tongmai.core.finding import Mistake

MOMENT = ("now", "nonce")
ANSWER = frozenset({"body", "status", "headers", "cookies"})
SEEN = (
    "method", "path", "host", "query", "headers", "body", "body_sha256", "body_sha1", "body_md5", "body_md5_base64",
    "parameters", "signed_headers", "signed_names",
)  # fmt: skip


def check(spec: Auth, settings: Collection[str]) -> None:
    """Raise ``Mistake`` for the first text that names what is not there, or that is no expression."""
    names = frozenset(settings) | frozenset(MOMENT)
    for tree, more in _trees(spec):
        roots(tree, names | frozenset(more))
    for nested in _nested(spec):
        check(nested, settings)
    if isinstance(spec, (OAuth2, Login)):
        _answer(spec.answer)


def _nested(spec: Auth) -> Iterable[Auth]:
    if isinstance(spec, Several):
        return spec.of
    if isinstance(spec, Choice):
        return spec.of.values()
    return (spec.auth,) if isinstance(spec, Login) and spec.auth else ()


def _trees(spec: Auth) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Every text or tree of texts, with the names that it may use beside the settings."""
    match spec:
        case ApiKey():
            yield spec.send.texts(), ()
        case Basic():
            yield [spec.user, spec.password], ()
        case Bearer():
            yield spec.token, ()
        case OAuth2():
            yield [spec.token_url, spec.client_id, spec.client_secret, spec.scope, spec.user, spec.password], ()
            yield [spec.refresh_token, spec.parameters], ()
            if spec.jwt:
                yield [spec.jwt.key, spec.jwt.claims, spec.jwt.header], ()
            yield spec.send.texts(), ("token", "part")
        case Login():
            yield _call(spec.request), ()
            if spec.logout:
                yield _call(spec.logout), ("token", "part")
            yield spec.send.texts(), ("token", "part")
        case Sign():
            yield [spec.secret, spec.set.texts()], ()
            yield list(spec.pieces), SEEN
            yield spec.send.texts(), ("signature", *SEEN)
        case Choice():
            yield spec.by, ()
        case Tc3():
            yield [spec.secret_id, spec.secret_key, spec.service, spec.token], ()


def _call(call: Call) -> list[Any]:
    return [call.url, call.headers, call.query, call.json_, call.form]


def _answer(answer: TokenAnswer) -> None:
    sources = [answer.token, answer.good, answer.busy, answer.why, answer.expires_in, answer.expires_at]
    for source in [*sources, answer.refresh_token, *answer.parts.values()]:
        if source:
            compile_expression(source, ANSWER)
    if not moment.known(answer.form):
        known = ", ".join(moment.NAMED)
        raise Mistake(f"`{answer.form}` is no form of a time ({known}, or a pattern)", f"`{answer.form}` 不是时间格式")
