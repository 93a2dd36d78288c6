"""The typed model of a manifest's ``auth:`` section.

Texts may hold places over the connection's settings (``{app_key}``), over ``now`` (a time: ``{now | epoch_ms}``) and
``nonce``; further names are said where they can be used. ``now`` and ``nonce`` stay the same within one request.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from connectors.sdk.strict import Strict
from tongmai.core.finding import Mistake


class Put(Strict):
    """Where something goes in a request: by header, query parameter, cookie, or member of a JSON or form body."""

    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)
    cookies: dict[str, str] = Field(default_factory=dict)
    body: dict[str, str] = Field(default_factory=dict)

    def texts(self) -> list[str]:
        """Every text that may hold places."""
        return [text for each in (self.headers, self.query, self.cookies, self.body) for text in each.values()]


class Kind(Strict):
    """What every kind has."""

    paths: tuple[str, ...] = Field(
        default=(),
        description="Only for requests whose path fits one of these patterns (`*/v2/*`); for all when not given.",
    )


class ApiKey(Kind):
    """Fixed values beside every call: keys, static tokens."""

    kind: Literal["api_key"]
    send: Put


class Basic(Kind):
    """User and password in the Authorization header."""

    kind: Literal["basic"]
    user: str
    password: str


class Bearer(Kind):
    """A token that does not change, in the Authorization header."""

    kind: Literal["bearer"]
    token: str


class TokenAnswer(Strict):
    """What a token call answers: expressions over ``body``, ``status``, ``headers`` and ``cookies``."""

    token: str = "body.access_token"  # noqa: S105 (an expression)
    good: str = Field(default="", description="What must be true; if it is not, the credentials were refused.")
    busy: str = Field(default="", description="True when the call is to be tried again later.")
    why: str = Field(
        default="body.error_description | default(body.error)", description="The system's own words when it refuses."
    )
    expires_in: str = Field(default="body.expires_in", description="How long the token is good.")
    unit: Literal["s", "ms"] = Field(default="s", description="The unit of `expires_in`.")
    expires_at: str = Field(default="", description="The moment it ends, instead of `expires_in`.")
    form: str = Field(default="epoch", description="How `expires_at` is written: epoch, epoch_ms, iso, or a pattern.")
    lifetime: float = Field(
        default=3600, gt=0, description="Seconds it is taken for good when the answer says nothing."
    )
    at_most: float = Field(default=0, ge=0, description="Seconds after which it is renewed, whatever the answer says.")
    refresh_token: str = "body.refresh_token"  # noqa: S105
    parts: dict[str, str] = Field(
        default_factory=dict, description="Further values of the answer to send with calls: `{part.name}`."
    )


class Jwt(Strict):
    """A signed assertion. ``iat``, ``exp`` and ``jti`` are added."""

    algorithm: Literal["RS256", "ES256", "HS256"] = "RS256"
    key: str = Field(description="The private key (PEM) or, for HS256, the shared secret.")
    claims: dict[str, str]
    header: dict[str, str] = Field(default_factory=dict, description="Further header members, as `kid`.")
    lifetime: int = Field(default=180, gt=0, description="Seconds from `iat` to `exp`.")


_BEARER = Put(headers={"Authorization": "Bearer {token}"})


class OAuth2(Kind):
    """An OAuth 2.0 token endpoint. ``send`` may use ``token`` and ``part``."""

    kind: Literal["oauth2"]
    grant: Literal["client_credentials", "refresh_token", "jwt_bearer", "password"]
    token_url: str
    client_id: str = ""
    client_secret: str = ""
    credentials: Literal["basic", "form", "json", "query"] = Field(
        default="form",
        description="Where client id and secret go; the other parameters go along (with `basic`: a form).",
    )
    scope: str = ""
    parameters: dict[str, str] = Field(default_factory=dict, description="Further parameters of the token call.")
    user: str = ""
    password: str = Field(default="", description="For `password`; glued parts as `{password}{security_token}`.")
    refresh_token: str = Field(default="", description="For `refresh_token`: the one to begin with.")
    single_use: bool = Field(
        default=False,
        description="A refresh token is good once: the new one must be kept where it outlives this process.",
    )
    jwt: Jwt | None = None
    answer: TokenAnswer = TokenAnswer()
    send: Put = _BEARER
    skew: float = Field(default=60, ge=0, description="Seconds before its end at which a token is renewed.")

    @model_validator(mode="after")
    def _grant_is_whole(self) -> OAuth2:
        needed = {
            "client_credentials": ("client_id",),
            "refresh_token": ("refresh_token",),
            "jwt_bearer": ("jwt",),
            "password": ("user", "password"),
        }
        missing = [name for name in needed[self.grant] if not getattr(self, name)]
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            raise Mistake(f"grant {self.grant} needs {names}", f"grant {self.grant} 需要 {names}")
        return self


class Call(Strict):
    """One request as it is sent."""

    method: Literal["GET", "POST", "PUT", "DELETE"] = "POST"
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)
    json_: object = Field(default=None, alias="json", description="A tree of members whose texts may hold places.")
    form: dict[str, str] = Field(default_factory=dict)


class Login(Kind):
    """Any request whose answer brings a token, a session or a cookie. ``send`` may use ``token`` and ``part``."""

    kind: Literal["login"]
    request: Call
    auth: Auth | None = Field(default=None, description="What signs the login itself.")
    answer: TokenAnswer
    send: Put = _BEARER
    logout: Call | None = Field(
        default=None, description="Sent when a connection whose session no other process shares is closed."
    )
    skew: float = Field(default=60, ge=0)


class Parameters(Strict):
    """The text ``{parameters}``: query and form parameters sorted by name."""

    of: tuple[Literal["query", "form"], ...] = ("query", "form")
    assign: str = Field(default="=", description="Between name and value.")
    join: str = Field(default="&", description="Between two parameters.")
    encoded: bool = Field(default=False, description="Names and values are percent-encoded (RFC 3986).")
    without: tuple[str, ...] = Field(default=(), description="Parameters that are not signed, as the signature itself.")
    skip_empty: bool = False


class Sign(Kind):
    """A signature over pieces of the request.

    Pieces may use ``method``, ``path``, ``host``, ``query`` and ``headers`` (by name, in lower case), ``body`` (text),
    ``body_sha256``, ``body_sha1``, ``body_md5`` (hex) and ``body_md5_base64``, ``parameters``, ``signed_headers`` (lines
    ``name:value``) and ``signed_names``. ``set`` is put into the request first; ``send`` may use ``signature``.
    """

    kind: Literal["sign"]
    set: Put = Put()
    pieces: tuple[str, ...]
    join: str = "\n"
    algorithm: Literal[
        "hmac-sha256", "hmac-sha1", "hmac-sha512", "hmac-md5", "sha256", "sha1", "sha512", "md5",
        "rsa-sha256", "rsa-sha1", "rsa-md5", "rsa-encrypt", "rsa-oaep-encrypt",
    ] = "hmac-sha256"  # fmt: skip
    secret: str = Field(
        default="", description="Key of an HMAC; for RSA a key as PEM or base64 of DER. Plain hashes have none."
    )
    encoding: Literal["hex", "HEX", "base64", "base64-of-hex"] = "hex"
    parameters: Parameters = Parameters()
    signed_headers: tuple[str, ...] = Field(default=(), description="Names or patterns (`x-acs-*`), sorted by name.")
    nonce: Literal["hex", "digits", "uuid"] = "hex"
    nonce_length: int = Field(default=16, ge=4, le=64)
    send: Put

    @model_validator(mode="after")
    def _secret_is_there(self) -> Sign:
        if self.algorithm.startswith(("hmac", "rsa")) and not self.secret:
            raise Mistake(f"`secret` is missing for {self.algorithm}", f"{self.algorithm} 需要 `secret`")
        return self


class Tc3(Kind):
    """Tencent Cloud's TC3-HMAC-SHA256 over the headers content-type and host, and the whole body."""

    kind: Literal["tc3"]
    secret_id: str
    secret_key: str
    service: str
    token: str = Field(default="", description="A temporary credential's token, sent as X-TC-Token.")


class Several(Kind):
    """Several at once, put on in this order, as a token and then a signature over the request with it."""

    kind: Literal["several"]
    of: tuple[Auth, ...] = Field(min_length=2)


class Choice(Kind):
    """One of several, chosen by a setting."""

    kind: Literal["choice"]
    by: str = Field(description="A place whose value names one of `of`.")
    of: dict[str, Auth] = Field(min_length=2)


Auth: TypeAlias = Annotated[
    ApiKey | Basic | Bearer | OAuth2 | Login | Sign | Tc3 | Several | Choice, Field(discriminator="kind")
]
Login.model_rebuild()
Several.model_rebuild()
Choice.model_rebuild()
