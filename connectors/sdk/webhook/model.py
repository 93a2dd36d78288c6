"""The typed model of a manifest's ``webhooks:`` section.

A *place* says where a value lies: ``header.NAME``, ``query.NAME``, ``body.a.b`` (the body as it came), ``event.a.b`` (the body, or
what was decrypted from it), ``item.a`` (one of ``events.each``), ``decrypted`` (the bare text). Of several places the first that
holds something counts. ``over`` and ``join`` say what a signature covers: places, and ``body`` (the raw bytes), ``secret``,
``timestamp``, ``nonce``, ``encrypted``, ``method``, ``path``, ``url``, ``text.LITERAL``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from connectors.sdk.strict import Strict
from tongmai.core.finding import Mistake

ROOTS = ("header", "query", "body", "event", "item")
BARE = ("decrypted", "event", "body", "item")
WORDS = ("body", "secret", "timestamp", "nonce", "encrypted", "method", "path", "url")
NEEDS: dict[str, tuple[str, ...]] = {
    "hmac": ("secret", "over", "at"),
    "sorted-sha1": ("secret", "over", "at"),
    "digest": ("secret", "over", "at"),
    "rsa": ("secret", "over", "at"),
    "standard-webhooks": ("secret",),
    "token": ("secret", "at"),
    "none": (),
}
TAKES: dict[str, tuple[str, ...]] = {
    "hmac": ("secret_form", "hash", "encoding", "join", "sort", "prefix"),
    "sorted-sha1": ("prefix",),
    "digest": ("hash", "encoding", "join", "sort", "prefix"),
    "rsa": ("padding", "encoding", "join", "sort", "prefix"),
    "standard-webhooks": (),
    "token": ("prefix", "user"),
    "none": ("accept_unsigned",),
}


def place(text: str) -> str:
    """A place, or a mistake that says which there are."""
    root, _, rest = text.partition(".")
    if text in BARE or (root in ROOTS and rest and all(rest.split("."))):
        return text
    raise Mistake(
        f"`{text}` is no place (header.NAME, query.NAME, body.a.b, event.a.b, item.a, decrypted)",
        f"`{text}` 不是可用的位置（header.名称、query.名称、body.a.b、event.a.b、item.a、decrypted）",
    )


def piece(text: str) -> str:
    """A piece of what a signature covers, or a mistake."""
    return text if text in WORDS or text.startswith("text.") else place(text)


def _one_or_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Place = Annotated[str, AfterValidator(place)]
Places = Annotated[tuple[Place, ...], BeforeValidator(_one_or_list, json_schema_input_type=str | tuple[str, ...])]
Piece = Annotated[str, AfterValidator(piece)]


class Verify(Strict):
    """How a request proves who sent it."""

    kind: Literal["hmac", "sorted-sha1", "digest", "rsa", "standard-webhooks", "token", "none"]
    secret: str = ""
    secret_form: Literal["plain", "base64", "hex", "whsec"] = "plain"  # noqa: S105
    hash: Literal["md5", "sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    padding: Literal["pkcs1", "pss"] = "pkcs1"
    over: tuple[Piece, ...] = ()
    join: str = ""
    sort: bool = False
    at: Places = ()
    prefix: str = ""
    user: str = ""
    accept_unsigned: bool = False

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Verify:
        needs = NEEDS[self.kind]
        missing = [name for name in needs if not getattr(self, name)]
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            raise Mistake(f"kind `{self.kind}` needs {names}", f"方式 `{self.kind}` 需要 {names}")
        extra = sorted(self.model_fields_set - {"kind", *needs, *TAKES[self.kind]})
        if extra:
            names = ", ".join(f"`{name}`" for name in extra)
            raise Mistake(f"kind `{self.kind}` knows no {names}", f"方式 `{self.kind}` 没有 {names}")
        if self.kind == "none" and not self.accept_unsigned:
            raise Mistake(
                "anybody could send events: say `accept_unsigned: true` if that is meant",
                "任何人都能发送事件：确实如此请写 `accept_unsigned: true`",
            )
        if self.kind == "digest" and "secret" not in self.over:
            raise Mistake(
                "a digest without `secret` in `over` proves nothing", "`over` 中没有 `secret` 的摘要不能证明来源"
            )
        return self


class Decrypt(Strict):
    """How the event is taken out of the encrypted text."""

    kind: Literal["aes-owner", "aes-iv"]
    text: Places = Field(min_length=1)
    key: str
    key_form: Literal["encoded", "padded"] = "encoded"
    owner: str = ""
    accept_any_owner: bool = False

    @model_validator(mode="after")
    def _owner_is_said(self) -> Decrypt:
        if self.kind == "aes-owner" and not self.owner and not self.accept_any_owner:
            raise Mistake(
                "`owner` names the setting that the text has to end with; where there is none say `accept_any_owner: true`",
                "`owner` 指明明文末尾应有的接收方设置；确实没有请写 `accept_any_owner: true`",
            )
        return self


class Replay(Strict):
    """How old a request may be."""

    seconds: int = Field(default=300, ge=1, le=86_400)
    unit: Literal["s", "ms"] = "s"


class Handshake(Strict):
    """A request that only tests the address. It is one when ``method``, ``when`` and ``equals`` all fit."""

    method: Literal["", "GET", "POST"] = ""
    when: Places = ()
    equals: tuple[str, ...] = ()
    echo: Places = ()
    name: str = ""
    unsigned: bool = False
    token: str = ""
    token_at: Places = ()

    @model_validator(mode="after")
    def _is_told_apart(self) -> Handshake:
        if not self.method and not self.when:
            raise Mistake(
                "every event would be a handshake: say `method` or `when`",
                "所有事件都会被当作验证请求：请写 `method` 或 `when`",
            )
        if bool(self.token) != bool(self.token_at):
            raise Mistake("`token` and `token_at` go together", "`token` 与 `token_at` 须同时写")
        return self


class Answer(Strict):
    """What an accepted event is answered with."""

    kind: Literal["empty", "text", "json", "encrypted"] = "empty"
    text: str = ""
    json_body: dict[str, Any] = Field(default_factory=dict, alias="json")
    names: dict[Literal["signature", "timestamp", "nonce", "encrypted"], str] = Field(default_factory=dict)
    unit: Literal["s", "ms"] = "ms"
    timestamp_as: Literal["text", "number"] = "text"


class Route(Strict):
    """What an event of one type means for one stream."""

    stream: str = ""
    keys: Places = ()
    within: Places = Field(default=(), description="The first part of the key, where keys have two parts (`a|b`).")
    record: Place | None = None
    version: Places = ()
    accept_disorder: bool = False
    operation: Literal["upsert", "delete"] = "upsert"
    delete_when: Places = ()
    delete_values: tuple[str, ...] = ()
    ignore: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> Route:
        if self.ignore:
            return self
        if not self.stream or not self.keys:
            raise Mistake(
                "`stream` and `keys` are needed, or `ignore: true`", "需要 `stream` 和 `keys`，或写 `ignore: true`"
            )
        if self.record and not self.version and not self.accept_disorder:
            raise Mistake(
                "events overtake each other: name the record's `version`, or leave `record` out so that the key is read again,"
                " or say `accept_disorder: true`",
                "事件可能乱序到达：请指明记录的 `version`；或去掉 `record`，改为按键重新读取；或写 `accept_disorder: true`",
            )
        if bool(self.delete_when) != bool(self.delete_values):
            raise Mistake("`delete_when` and `delete_values` go together", "`delete_when` 与 `delete_values` 须同时写")
        return self


class Events(Strict):
    """Where the events lie in a request and what each type means."""

    each: Place | None = None
    id: Places = ()
    type: Places = ()
    types: dict[str, Route] = Field(min_length=1)


class Webhook(Strict):
    """One address at which a system tells us of changes."""

    label: dict[Literal["zh", "en"], str] | None = None
    format: Literal["json", "xml", "form"] = "json"
    timestamp: Places = ()
    nonce: Places = ()
    verify: Verify
    decrypt: Decrypt | None = None
    replay: Replay | None = None
    handshakes: tuple[Handshake, ...] = ()
    events: Events
    answer: Answer = Answer()

    @property
    def settings(self) -> frozenset[str]:
        """The connection settings without which it cannot work."""
        found = {self.verify.secret, self.verify.user, *(one.token for one in self.handshakes)}
        if self.decrypt:
            found |= {self.decrypt.key, self.decrypt.owner}
        return frozenset(found - {""})

    @property
    def streams(self) -> frozenset[str]:
        """The streams its events are about."""
        return frozenset(route.stream for route in self.events.types.values() if not route.ignore)

    @model_validator(mode="after")
    def _fits_together(self) -> Webhook:
        covered = {"timestamp", *self.timestamp} & set(self.verify.over)
        if self.replay and not (self.verify.kind == "standard-webhooks" or (self.timestamp and covered)):
            raise Mistake(
                "a replay window needs `timestamp`, covered by the signature (`timestamp` in `over`)",
                "重放窗口需要 `timestamp`，并且签名要覆盖它（`over` 中写 `timestamp`）",
            )
        for word, there in (("timestamp", self.timestamp), ("nonce", self.nonce), ("encrypted", self.decrypt)):
            if word in self.verify.over and not there:
                named = "decrypt" if word == "encrypted" else word
                raise Mistake(
                    f"`over` has `{word}`, but there is no `{named}`", f"`over` 中有 `{word}`，但没有 `{named}`"
                )
        needed = {"signature", "timestamp", "nonce", "encrypted"}
        if self.answer.kind == "encrypted" and (self.decrypt is None or set(self.answer.names) != needed):
            raise Mistake(
                "an encrypted answer needs `decrypt` and the `names` of signature, timestamp, nonce and encrypted",
                "加密应答需要 `decrypt`，以及 signature、timestamp、nonce、encrypted 的 `names`",
            )
        if self.answer.kind == "encrypted" and set(self.verify.over) - {"timestamp", "nonce", "encrypted", "secret"}:
            raise Mistake(
                "an encrypted answer is signed like a request: `over` can only hold timestamp, nonce, encrypted, secret",
                "加密应答与请求同样签名：`over` 只能包含 timestamp、nonce、encrypted、secret",
            )
        if not self.events.type and set(self.events.types) != {"*"}:
            raise Mistake("without `type` only the type `*` can be there", "没有 `type` 时只能有类型 `*`")
        return self
