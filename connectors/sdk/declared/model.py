"""The declared part of a manifest: how requests are made, what answers mean, how streams are read."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from connectors.sdk.declared.texts import (
    AnswerExpression,
    CurrentExpression,
    MadeExpression,
    ReadPlaces,
    ReadTree,
    RowExpression,
    SettingExpression,
    SettingPlaces,
    TimeForm,
    WritePlaces,
    WriteTree,
)
from connectors.sdk.strict import Strict
from tongmai.core import duration
from tongmai.core.finding import Mistake

Duration = Annotated[timedelta, BeforeValidator(duration.parse, json_schema_input_type=str)]
METHODS = ("get", "post", "put", "patch", "delete")
Meaning = Literal[
    "ok", "token-expired", "denied", "slow-down", "quota-gone", "away", "refused", "gone", "exists", "cursor-dead"
]


class ErrorRule(Strict):
    """One row of the error table: when it holds, what it means. The first that holds counts."""

    when: AnswerExpression = Field(description="An expression over `body`, `status`, `headers`.")
    means: Meaning
    code: AnswerExpression = Field(
        default="", description="The vendor's own code, for messages and for the error's code."
    )
    text: AnswerExpression = Field(default="", description="The vendor's own words.")
    wait: AnswerExpression = Field(default="", description="Seconds the vendor asks to wait (slow-down).")


class Requests(Strict):
    """What every request of this system carries."""

    headers: dict[str, SettingPlaces] = Field(default_factory=dict)
    query: dict[str, SettingPlaces] = Field(default_factory=dict)
    throttle_wait: float = Field(
        default=1, description="Seconds to wait after `slow-down` when the answer does not say."
    )


def _one_method(data: Any) -> Any:
    if isinstance(data, dict):
        given = [name for name in METHODS if data.get(name)]
        if data.get("listed") is False and not given:
            return data
        if len(given) != 1:
            raise Mistake(
                f"a request has exactly one of {', '.join(METHODS)}"
                + (f", here are {', '.join(given)}" if given else ""),
                f"一个请求只能有 {'、'.join(METHODS)} 之一" + (f"，此处有 {'、'.join(given)}" if given else ""),
            )
        if sum(1 for name in ("body", "form", "raw") if data.get(name) not in (None, {}, "")) > 1:
            raise Mistake("a request has one of `body`, `form`, `raw`", "一个请求只能有 `body`、`form`、`raw` 之一")
    return data


class ReadRequestSpec(Strict):
    """A request that reads: `get: /path` or `post: /path`, with places in path, query, headers and body."""

    get: ReadPlaces = ""
    post: ReadPlaces = ""
    put: ReadPlaces = ""
    patch: ReadPlaces = ""
    delete: ReadPlaces = ""
    query: dict[str, ReadTree] = Field(default_factory=dict)
    headers: dict[str, ReadPlaces] = Field(default_factory=dict)
    body: ReadTree = Field(default=None, description="Sent as JSON.")
    form: dict[str, ReadTree] = Field(default_factory=dict, description="Sent as a form.")
    raw: ReadPlaces = Field(default="", description="Sent as it stands; give its Content-Type in `headers`.")

    _method = model_validator(mode="before")(_one_method)


class WriteRequestSpec(Strict):
    """A request that writes; places may read `payload`, `key`, `our_key`, `current`."""

    get: WritePlaces = ""
    post: WritePlaces = ""
    put: WritePlaces = ""
    patch: WritePlaces = ""
    delete: WritePlaces = ""
    query: dict[str, WriteTree] = Field(default_factory=dict)
    headers: dict[str, WritePlaces] = Field(default_factory=dict)
    body: WriteTree = None
    form: dict[str, WriteTree] = Field(default_factory=dict)
    raw: WritePlaces = ""

    _method = model_validator(mode="before")(_one_method)


class Page(Strict):
    """How a list is paged. Places of the request read `page.number`, `.offset`, `.cursor`, `.last`, `.size`."""

    by: Literal["number", "offset", "cursor", "url", "link", "last"]
    size: ReadPlaces | int = Field(default=100, description="Rows asked for; a number, or a place with a setting.")
    first: ReadPlaces | int | None = Field(
        default=None,
        description="The first number (1), cursor or last key; a cursor's first is nothing when not given.",
    )
    next: AnswerExpression = Field(default="", description="cursor, url: where the answer says how to go on.")
    more: AnswerExpression = Field(default="", description="Whether there is more; else a short page is the last.")
    of: str = Field(default="", description="last: the path in a row that is asked on from; the key when not given.")
    total: AnswerExpression = Field(default="", description="number, offset: how many rows there are in all.")
    steady: Literal["", "overlap", "total", "repeat", "sorted"] = Field(
        default="",
        description="number, offset: how rows that move between pages are noticed. `overlap`: each page begins with the "
        "last row of the one before (offset); `total`: rows seen must be `total`; `repeat`: the list is walked until a walk "
        "shows nothing new; `sorted`: the vendor only appends. Not given: overlap for offset, total where there is one, "
        "else repeat. `repeat` is also for a cursor that is but an offset.",
    )
    parallel: int = Field(default=1, ge=1, le=16, description="Pages asked for at once, where `total` is known.")

    @model_validator(mode="after")
    def _whole(self) -> Page:
        if self.by in ("cursor", "url") and not self.next:
            raise Mistake(f"paging by {self.by} needs `next`", f"按 {self.by} 翻页需要 `next`")
        if self.steady == "overlap" and self.by != "offset":
            raise Mistake("`steady: overlap` is for paging by offset", "`steady: overlap` 只用于按 offset 翻页")
        if self.steady == "total" and not self.total:
            raise Mistake("`steady: total` needs `total`", "`steady: total` 需要 `total`")
        if self.parallel > 1 and (self.by not in ("number", "offset") or not self.total):
            raise Mistake(
                "pages in parallel need paging by number or offset, and `total`",
                "并行翻页需要按 number 或 offset 翻页并给出 `total`",
            )
        return self


class Since(Strict):
    """How changes are asked for. Places of the request read `window.start` and `window.end` (aware times, or nothing)."""

    field: str = Field(description="The path in a row that holds its time of last change.")
    format: TimeForm = "iso"
    zone: SettingPlaces = Field(default="", description="The time zone of forms that say none; UTC when not given.")
    order: Literal["ascending", "none"] = Field(
        default="none", description="ascending: rows come by that time, so a checkpoint may move with every page."
    )
    window: Duration | None = Field(default=None, description="The widest window the vendor takes.")
    oldest: Duration | None = Field(default=None, description="How far back the vendor answers at all.")
    overlap: Duration = Field(default=timedelta(0), description="Always read this much again: late commits.")
    lag: Duration = Field(default=timedelta(0), description="Leave the newest moments for the next read.")
    checked: bool = Field(
        default=True, description="A row from before the window means that the filter was dropped: an error."
    )
    unfinished: RowExpression = Field(
        default="", description="Rows for which it holds may change unnoticed: they are read again by key each time."
    )


class Over(Strict):
    """A list that exists once for each of something: read for each, seen as `parent`."""

    stream: str = Field(default="", description="For each row of another stream.")
    values: SettingPlaces | tuple[Any, ...] = Field(default=(), description="For each of these values, as `parent`.")
    tree: ReadTree = Field(
        default=None, description="For this first value, then for the key of every row found, and so on."
    )
    root: bool = Field(default=False, description="tree: the first value is a record too, read through `one`.")

    @model_validator(mode="after")
    def _one(self) -> Over:
        if sum((bool(self.stream), bool(self.values), self.tree is not None)) != 1:
            raise Mistake("`over` has one of stream, values, tree", "`over` 只能有 stream、values、tree 之一")
        return self


class One(ReadRequestSpec):
    """Reads one record by `keys[0]`, or `size` of them by `keys`."""

    row: AnswerExpression = Field(default="", description="Where the one record lies.")
    rows: AnswerExpression = Field(default="", description="Where the records lie, when several are asked for.")
    gone: AnswerExpression = Field(
        default="",
        description="A good answer for which it holds says that the record is gone, as `not body.result`. Without it such an "
        "answer that has nothing at `row` is an error: a wrong path must not delete anything.",
    )
    size: int = Field(default=1, ge=1, description="Most keys in one request.")
    add: dict[str, ReadTree] = Field(
        default_factory=dict, description="Members put into the record, as its key where the answer lacks it."
    )

    @model_validator(mode="after")
    def _place(self) -> One:
        if bool(self.row) == bool(self.rows):
            raise Mistake("one of `row` and `rows` says where the record lies", "`row` 与 `rows` 须二选一")
        if self.gone and self.size > 1:
            raise Mistake("`gone` is for one record at a time", "`gone` 只用于一次读取一条记录")
        if self.add and self.size > 1:
            raise Mistake("`add` is for one record at a time", "`add` 只用于一次读取一条记录")
        return self


class Gone(ReadRequestSpec):
    """A list of what was deleted in `window.start` … `window.end`."""

    rows: AnswerExpression
    key: RowExpression
    page: Page | None = None
    when: SettingExpression = Field(default="", description="Only for connections for whose settings it holds.")
    covered: AnswerExpression = Field(
        default="", description="The time up to which the answer is whole; the window's end when not given."
    )
    oldest: Duration | None = Field(
        default=None,
        description="How far back the vendor tells of deletes. Given, the checkpoint keeps its own mark for them; one that "
        "is older ends the read: the stream has to be read in full.",
    )


class Read(ReadRequestSpec):
    """How a stream is read."""

    rows: AnswerExpression = Field(default="body", description="Where the rows lie in an answer.")
    fields: ReadPlaces = Field(
        default="", description="A place that gives what `fields` is in requests; it reads the stream's own `fields`."
    )
    page: Page | None = None
    since: Since | None = None
    over: Over | None = None
    one: One | None = Field(default=None, description="Reads records by key.")
    details: bool = Field(default=False, description="The list has only keys: each record is read through `one`.")
    key: RowExpression = Field(
        default="", description="details: the key of a listed row, where it is not the row itself or its members."
    )
    listed: bool = Field(
        default=True, description="False: there is no list, a whole read gives nothing; records are read through `one`."
    )
    removed: RowExpression = Field(default="", description="Rows for which it holds are deleted records.")
    only: RowExpression = Field(default="", description="Rows for which it does not hold are not of this stream.")
    gone: Gone | None = None
    complete: bool = Field(default=True, description="A whole read lists every live record.")

    @model_validator(mode="after")
    def _fits(self) -> Read:
        root = self.over is not None and self.over.root
        for word, needed in (("details", self.details), ("over.root", root)):
            if needed and self.one is None:
                raise Mistake(f"`{word}` needs `one`", f"`{word}` 需要 `one`")
        if self.key and not self.details:
            raise Mistake("`key` goes with `details`", "`key` 须与 `details` 同用")
        if self.since and self.since.unfinished and self.one is None:
            raise Mistake("`unfinished` needs `one`", "`unfinished` 需要 `one`")
        return self


class Find(WriteRequestSpec):
    """Looks records up: `field` is the name searched by, `values` are what is looked for."""

    rows: AnswerExpression
    key: RowExpression
    value: RowExpression = Field(
        default="", description="The value a found row has; its member `field` when not given."
    )
    size: int = Field(default=1, ge=1, description="Most values in one request.")


class Operation(WriteRequestSpec):
    """One write. `before` is asked first; its answer is `current` (as for an ETag or a CSRF token)."""

    before: WriteRequestSpec | None = None
    already: CurrentExpression = Field(
        default="", description="When it holds of `current`, the record is as wanted: nothing is sent."
    )
    key: MadeExpression = Field(default="", description="create: the new record's key; may read `payload`, `our_key`.")
    version: AnswerExpression = Field(default="", description="The record's change stamp after the write.")
    allowed: SettingExpression = Field(
        default="", description="Only where it holds of the settings; else the record is refused."
    )
    then: tuple[str, ...] = Field(default=(), description="Actions that follow, as submit.")

    @model_validator(mode="after")
    def _asked_before(self) -> Operation:
        if self.already and self.before is None:
            raise Mistake("`already` needs `before`", "`already` 需要 `before`")
        return self


class Batch(WriteRequestSpec):
    """Several records at once: `rows` in a place are, in order, `payload`, `key`, `our_key` of each record; each answer row
    tells its own outcome."""

    size: int = Field(ge=2)
    add: dict[str, WriteTree] = Field(
        default_factory=dict,
        description="Members put into each payload first; places read `payload`, `key`, `our_key`.",
    )
    rows: AnswerExpression = Field(description="Where the outcomes lie, in the order of the records.")
    ok: RowExpression
    key: RowExpression = ""
    code: RowExpression = ""
    text: RowExpression = ""
    again: RowExpression = Field(default="", description="A failed row for which it holds is worth another try.")
    exists: RowExpression = Field(default="", description="A failed row for which it holds says that our key is there.")


class BulkResult(WriteRequestSpec):
    """One result set of a finished job, as CSV; `row` is one of its rows."""

    means: Literal["ok", "refused", "again"]
    key: RowExpression = Field(default="", description="ok: the record's key.")
    code: RowExpression = ""
    text: RowExpression = ""
    again: RowExpression = Field(default="", description="refused: rows for which it holds are worth another try.")


class Bulk(Strict):
    """Many records through a job of the vendor: opened, filled with one table (CSV), started, watched, its outcomes fetched.

    Places read `operation` (create or update), `job`, `table`. Nothing is taken before `start`.
    """

    least: WritePlaces | int = Field(description="From how many records on; a number, or a place with a setting.")
    match: dict[Literal["create", "update"], WritePlaces] = Field(
        description="The column by which a row is told from the others: that of our key, of the record's key. An operation "
        "that is not named has no jobs."
    )
    open: WriteRequestSpec
    job: AnswerExpression = Field(description="The job's id, in the answer of `open`.")
    upload: WriteRequestSpec
    start: WriteRequestSpec
    abort: WriteRequestSpec
    watch: WriteRequestSpec
    state: AnswerExpression = Field(description="In the answers of `watch`.")
    opened: tuple[str, ...] = Field(description="States before `start`.")
    done: tuple[str, ...] = Field(description="States of a job that came to its end.")
    failed: tuple[str, ...] = Field(description="States of a job that was given up. All others: it runs.")
    why: AnswerExpression = Field(default="", description="Why a job failed.")
    nothing: str = Field(default="", description="How the table writes that a value is to be cleared.")
    most_rows: int = Field(default=100_000, ge=1)
    most_bytes: int = Field(default=30_000_000, ge=1)
    pause: WritePlaces | float = Field(default=5, description="Seconds between two looks at a job.")
    patience: WritePlaces | float = Field(default=3600, description="Seconds after which a job is left to be resumed.")
    results: tuple[BulkResult, ...] = Field(min_length=1)


class Calls(Strict):
    """The calls of one writable object."""

    create: Operation | None = None
    update: Operation | None = None
    deactivate: Operation | None = None
    activate: Operation | None = None
    find: Find | None = None
    find_by: dict[str, Find] = Field(
        default_factory=dict, description="How to look up by a certain field, if it differs."
    )
    actions: dict[str, Operation] = Field(
        default_factory=dict, description="Steps such as submit, audit; `then` names them."
    )
    create_many: Batch | None = None
    update_many: Batch | None = None
    bulk: Bulk | None = Field(default=None, description="Jobs that take over from `create_many` for large numbers.")

    @model_validator(mode="after")
    def _named(self) -> Calls:
        for name in ("create", "update", "deactivate", "activate"):
            operation = getattr(self, name)
            for step in operation.then if operation else ():
                if step not in self.actions:
                    known = ", ".join(self.actions) or "-"
                    raise Mistake(
                        f"`{name}` goes on with `{step}`, which is no action (there are: {known})",
                        f"`{name}` 之后的 `{step}` 不是已声明的动作（有：{known}）",
                    )
        return self


class Discover(ReadRequestSpec):
    """Describes one kind of record, `object`: its fields as the system has them, custom ones too."""

    objects: SettingPlaces = Field(
        default="",
        description="A place with the list of what to describe; the manifest's streams when it gives nothing.",
    )
    fields: AnswerExpression = Field(description="Where the fields lie in an answer.")
    name: RowExpression = "row.name"
    type: RowExpression = "row.type"
    field_label: RowExpression = Field(default="", description="The field's name for people.")
    values: RowExpression = Field(
        default="",
        description="The only values that the field has: a list of texts, or of objects with `value`, `label`.",
    )
    length: RowExpression = Field(default="", description="Most characters of a text.")
    field_writable: RowExpression = Field(default="", description="Whether the field can be written.")
    key: tuple[str, ...]
    label: AnswerExpression = ""
    writable: AnswerExpression = ""


class Defaults(Strict):
    """What holds for every stream and every write that does not say otherwise, member by member (`null`: it has none)."""

    stream: dict[str, Any] = Field(default_factory=dict, description="Members of a stream, as `key`, `cursor`, `read`.")
    write: dict[str, Any] = Field(default_factory=dict, description="Members of a write, as `our_key`, `calls`.")


class CheckCall(ReadRequestSpec):
    """The cheapest useful call, and what it tells about who we are."""

    detail: AnswerExpression = ""
