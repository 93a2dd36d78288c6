"""The typed model of ``simulator.yaml``: what a system answers. Written from the vendor's documents, not from the manifest."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from connectors.sdk.strict import Strict
from tongmai.core import duration
from tongmai.core.finding import Mistake

Duration = Annotated[Any, BeforeValidator(duration.parse)]


class SimulatedLogin(Strict):
    """An endpoint that gives tokens. Its answer's places read `token` and `seconds`."""

    post: str
    sent: dict[str, str] = Field(description="What has to be in the JSON or form body, by name.")
    basic: bool = Field(
        default=False, description="client_id and client_secret of `sent` may come as HTTP Basic instead."
    )
    answer: Any
    lives: Duration = Field(default="2 hours", validate_default=True)


class Access(Strict):
    """How calls are let in."""

    login: SimulatedLogin | None = None
    header: str = Field(default="", description="The header that must hold `value`, or a token of `login`.")
    query: str = ""
    prefix: str = ""
    value: str = Field(default="", description="The fixed key that is asked for, where there is no login.")


class Answers(Strict):
    """What the system says when it does not do what was asked. Places read `code` and `message`."""

    denied: dict[str, Any] = Field(default_factory=lambda: _said(401))
    not_found: dict[str, Any] = Field(default_factory=lambda: _said(404))
    invalid: dict[str, Any] = Field(default_factory=lambda: _said(400))
    duplicate: dict[str, Any] = Field(default_factory=lambda: _said(409))
    too_fast: dict[str, Any] = Field(default_factory=lambda: _said(429))


def _said(status: int) -> dict[str, Any]:
    return {"status": status, "body": {"error": "{code}", "message": "{message}"}}


class SimulatedLimit(Strict):
    """A call limit, for all paths together."""

    calls: int
    per: Duration


class PageBy(Strict):
    """How a list is paged; parameters stand in the query of a GET, in the body of a POST."""

    by: Literal["none", "number", "offset", "cursor", "last", "link", "url"] = "none"
    at: str = Field(default="", description="The parameter that says where the page begins.")
    size: str = Field(default="", description="The parameter with the page's size.")
    default: int = 20
    most: int = 100
    clamp: bool = Field(default=False, description="A larger size is cut down to `most`; else it is refused.")
    first: int = Field(default=1, description="The number of the first page.")
    lives: Duration | None = Field(default=None, description="A cursor is forgotten after this time.")


class Listing(Strict):
    """A list of records. Places of its answer read `rows`, `next`, `total`, `more`."""

    get: str = ""
    post: str = ""
    page: PageBy = Field(default_factory=PageBy)
    since: str = Field(default="", description="The parameter: changed at this time or later.")
    until: str = Field(default="", description="The parameter: changed before this time.")
    form: str = Field(default="iso", description="The form of those times.")
    order: Literal["key", "time"] = "key"
    filters: tuple[str, ...] = Field(default=(), description="Parameters that a field must equal.")
    assumed: dict[str, str] = Field(
        default_factory=dict, description="Filters that hold where their parameter is not sent, as `state: open`."
    )
    any: str = Field(default="", description="The value of a filter that means all of them, as `all`.")
    keys: str = Field(default="", description="The parameter with a comma separated list of keys.")
    deleted: bool = Field(default=False, description="Deleted records are listed too.")
    answer: Any = "{rows}"
    headers: dict[str, str] = Field(
        default_factory=dict, description="Headers of its answer, as `X-Total-Count`; the same places."
    )

    @model_validator(mode="after")
    def _filters_there(self) -> Listing:
        for name in (*self.assumed, *(["any"] if self.any and not self.filters else [])):
            if name not in self.filters:
                raise Mistake(f"`{name}` is not among the `filters`", f"`{name}` 不在 `filters` 中")
        return self


class Object(Strict):
    """One kind of record."""

    key: str = "id"
    numbered: str = Field(default="{n}", description="How a new key is made.")
    numeric: bool = Field(default=False, description="Keys are whole numbers.")
    stamp: str = Field(default="", description="The field with the time of last change.")
    form: str = Field(default="iso_ms", description="The form of that time.")
    gone: str = Field(
        default="", description="The field that becomes true when a record is deleted; else it is removed."
    )
    required: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    seed: dict[str, Any] = Field(
        default_factory=dict, description="Fields of a seeded record; places read `n`, `company`."
    )
    count: int = Field(default=0, description="How many are seeded; as many as the seed has companies when 0.")
    lists: tuple[Listing, ...] = ()
    one: str = Field(default="", description="GET path of one record, with {key}.")
    one_answer: Any = "{row}"
    create: str = Field(default="", description="POST path.")
    create_answer: Any = "{row}"
    create_status: int = 201
    update: str = Field(default="", description="PATCH (or PUT) path, with {key}.")
    update_answer: Any = "{row}"
    delete: str = Field(default="", description="DELETE path, with {key}.")


class Simulated(Strict):
    """A whole ``simulator.yaml``."""

    simulator: str
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings of a connection to it, beside base_url."
    )
    access: Access = Field(default_factory=Access)
    answers: Answers = Field(default_factory=Answers)
    limits: tuple[SimulatedLimit, ...] = ()
    check: str = Field(default="", description="GET path that any credentials may call.")
    check_answer: Any = Field(default_factory=lambda: {"ok": True})
    objects: dict[str, Object]

    @model_validator(mode="after")
    def _some(self) -> Simulated:
        if not self.objects:
            raise Mistake("a simulator has at least one object", "模拟器至少有一个对象")
        return self
