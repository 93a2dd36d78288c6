"""Functions on lists: order, choose, merge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mappings.language import pieces
from mappings.language.functions.given import MAX_ITEMS, at_path, items_of, marked, same, whole
from mappings.language.functions.registry import ITEMS, Example, Parameter, Topic, count, value, word
from mappings.language.values import BadValueError, empty, number, raw_text
from tongmai.core.text import Text

TOPIC = Topic(Text("Lists", "列表"))
_add = TOPIC.add
_FIELD = word("field")
_ANY_FIELD = word("field", required=False)

_add(
    ("list", "text"),
    "",
    Text("The first item that is not empty.", "列表中第一个非空项。"),
    Example("owner | first", {"owner": ["", "u1"]}, "u1"),
)(pieces.first)


def _too_long(size: int) -> None:
    if size > MAX_ITEMS:
        raise BadValueError("list-too-long", f"the result would have {size} items; at most {MAX_ITEMS} are allowed")


@_add(
    ("list", "text"),
    "",
    Text("The last item that is not empty.", "列表中最后一个非空项。"),
    Example("owner | last", {"owner": ["u1", "u2", ""]}, "u2"),
)
def last(found: Any) -> Any:
    """The last item that is not empty; a single value is itself."""
    if isinstance(found, (list, tuple)):
        return next((each for each in reversed(found) if not empty(each)), None)
    return found


@_add(
    ITEMS,
    "",
    Text(
        "The item at a place that is calculated; the first is 0, the last -1; nothing where there is none.",
        "按计算出的位置取一项：首项为 0，末项为 -1；没有则为空。",
    ),
    Example("tags | at(index)", {"tags": ["a", "b"], "index": 1}, "b"),
    count("index"),
    name="at",
)
def item_at(found: Any, index: Any) -> Any:
    """One item."""
    items = items_of(found)
    if items is None or index is None:
        return None
    place = whole(index, "place in a list", -MAX_ITEMS, MAX_ITEMS)
    return items[place] if -len(items) <= place < len(items) else None


@_add(
    ITEMS,
    "same",
    Text(
        "The items from one place up to another, which is left out; negative places count from the end.",
        "取一段：含起点不含终点；负数从末尾数。",
    ),
    Example('tags | slice(1) | join("、")', {"tags": ["a", "b", "c"]}, "b、c"),
    count("start"),
    count("end", required=False),
    name="slice",
)
def slice_of(found: Any, start: Any, end: Any = MAX_ITEMS) -> list[Any] | None:
    """A part of a list."""
    items = items_of(found)
    if items is None:
        return None
    return list(items[whole(start, "place", -MAX_ITEMS, MAX_ITEMS) : whole(end, "place", -MAX_ITEMS, MAX_ITEMS)])


def _order(each: Any) -> tuple[int, Any]:
    """Empty ones last, numbers before texts."""
    if empty(each):
        return 2, ""
    if isinstance(each, (list, tuple, dict)):
        raise BadValueError("wrong-shape", "a list or an object has no place in an order; name one of its fields", each)
    try:
        return 0, number(each)
    except BadValueError:
        return 1, raw_text(each)


@_add(
    ITEMS,
    "same",
    Text(
        "In order (of a field): numbers by size, then texts; empty ones last.",
        "排序（可按字段）：数值按大小，其后为文本，空值在最后。",
    ),
    Example(
        'items | sort(no) | pluck(name) | join("")',
        {"items": [{"no": 10, "name": "b"}, {"no": "9", "name": "a"}]},
        "ab",
    ),
    _ANY_FIELD,
    Parameter("descending", "flag", required=False),
    name="sort",
)
def sorted_by(found: Any, field: str = "", *, descending: bool = False) -> list[Any] | None:
    """A list in order; equal items stay as they stood."""
    items = items_of(found)
    if items is None:
        return None
    keyed = [(_order(at_path(each, field) if field else each), each) for each in items]
    full = [pair for pair in keyed if pair[0][0] < 2]
    full.sort(key=lambda pair: pair[0], reverse=descending)
    return [each for _, each in full] + [each for (group, _), each in keyed if group == 2]


def _identity(each: Any) -> Any:
    """A key that equal items share, whatever they are made of."""
    if isinstance(each, dict):
        return frozenset((key, _identity(inner)) for key, inner in each.items())
    if isinstance(each, (list, tuple)):
        return tuple(map(_identity, each))
    return marked(each)


@_add(
    ITEMS,
    "same",
    Text("Each item once (by a field), the first one kept.", "去重（可按字段），保留第一个。"),
    Example('tags | unique | join("、")', {"tags": ["a", "b", "a"]}, "a、b"),
    _ANY_FIELD,
)
def unique(found: Any, field: str = "") -> list[Any] | None:
    """The first item of each kind."""
    items = items_of(found)
    if items is None:
        return None
    kept: dict[Any, Any] = {}
    for each in items:
        kept.setdefault(_identity(at_path(each, field) if field else each), each)
    return list(kept.values())


@_add(
    ITEMS,
    "same",
    Text("The other way round.", "倒序。"),
    Example('tags | reverse | join("")', {"tags": ["a", "b"]}, "ba"),
)
def reverse(found: Any) -> list[Any] | None:
    """Last item first."""
    items = items_of(found)
    return None if items is None else list(items[::-1])


@_add(
    ITEMS,
    "same",
    Text("Without its empty items.", "去掉空项。"),
    Example('tags | compact | join("-")', {"tags": ["a", "", None, "b"]}, "a-b"),
)
def compact(found: Any) -> list[Any] | None:
    """The items that are not empty."""
    items = items_of(found)
    return None if items is None else [each for each in items if not empty(each)]


@_add(
    ITEMS,
    "same",
    Text("The items whose field has one of these values.", "取某字段等于给定值（之一）的各项。"),
    Example(
        'phones | filter(kind, "mobile") | pluck(no) | first',
        {"phones": [{"kind": "tel", "no": "1"}, {"kind": "mobile", "no": "2"}]},
        "2",
    ),
    _FIELD,
    value("value", many=True),
    name="filter",
)
def filter_by(found: Any, field: str, *wanted: Any) -> list[Any] | None:
    """The items that fit; with an empty value, those whose field is empty."""
    items = items_of(found)
    return None if items is None else [each for each in items if _fits(at_path(each, field), wanted)]


def _fits(each: Any, wanted: tuple[Any, ...]) -> bool:
    return any((empty(each) and empty(one)) or same(each, one) for one in wanted)


@_add(
    ITEMS,
    "",
    Text("The first item whose field has one of these values.", "某字段等于给定值（之一）的第一项。"),
    Example(
        '(form | find(name, "金额")).value',
        {"form": [{"name": "事由", "value": "差旅"}, {"name": "金额", "value": "12"}]},
        "12",
    ),
    _FIELD,
    value("value", many=True),
)
def find(found: Any, field: str, *wanted: Any) -> Any:
    """The first item that fits."""
    return next((each for each in items_of(found) or () if _fits(at_path(each, field), wanted)), None)


@_add(
    ITEMS,
    "list",
    Text(
        'One field of each item; `"price.amount"` is inside; empty ones stay.',
        '取出各项的某字段；`"price.amount"` 取内层字段；空值保留。',
    ),
    Example('items | pluck(no) | join("、")', {"items": [{"no": 1}, {"no": 2}]}, "1、2"),
    _FIELD,
)
def pluck(found: Any, field: str) -> list[Any] | None:
    """A field of every item."""
    items = items_of(found)
    return None if items is None else [at_path(each, field) for each in items]


@_add(
    ITEMS,
    "list",
    Text("Lists within a list as one list, one level down.", "把列表中的列表展开一层。"),
    Example('groups | flatten | join("")', {"groups": [["a", "b"], "c"]}, "abc"),
)
def flatten(found: Any) -> list[Any] | None:
    """One level less."""
    items = items_of(found)
    if items is None:
        return None
    flat: list[Any] = []
    for each in items:
        flat += each if isinstance(each, (list, tuple)) else (each,)
        _too_long(len(flat))
    return flat


def _counted(found: Any, field: str, wanted: tuple[Any, ...]) -> tuple[int, int]:
    """(how many items fit, how many there are)."""
    items = items_of(found) or ()
    values = [at_path(each, field) for each in items] if field else list(items)
    test: Callable[[Any], bool] = (
        (lambda each: _fits(each, wanted)) if wanted else (lambda each: not empty(each) and each is not False)
    )
    return sum(map(test, values)), len(values)


@_add(
    ITEMS,
    "integer",
    Text(
        "How many items are not empty, or have (one of) these values in a field.",
        "非空的项数，或某字段等于给定值的项数。",
    ),
    Example('items | count(state, "open")', {"items": [{"state": "open"}, {"state": "shut"}]}, 1),
    _ANY_FIELD,
    value("value", required=False, many=True),
    name="count",
)
def count_of(found: Any, field: str = "", *wanted: Any) -> int | None:
    """How many items fit; without a field and values, how many are not empty."""
    return None if items_of(found) is None else _counted(found, field, wanted)[0]


@_add(
    ITEMS,
    "boolean",
    Text(
        "Whether any item is true, or has (one of) these values in a field.", "是否有任一项为真，或某字段等于给定值。"
    ),
    Example('contacts | any(role, "buyer")', {"contacts": [{"role": "user"}, {"role": "buyer"}]}, True),
    _ANY_FIELD,
    value("value", required=False, many=True),
    name="any",
)
def any_of(found: Any, field: str = "", *wanted: Any) -> bool | None:
    """Whether any item fits; empty for an empty value."""
    return None if items_of(found) is None else _counted(found, field, wanted)[0] > 0


@_add(
    ITEMS,
    "boolean",
    Text(
        "Whether every item is true, or has (one of) these values in a field.",
        "是否每一项都为真，或某字段都等于给定值。",
    ),
    Example('items | all(state, "shut")', {"items": [{"state": "open"}, {"state": "shut"}]}, False),
    _ANY_FIELD,
    value("value", required=False, many=True),
    name="all",
)
def all_of(found: Any, field: str = "", *wanted: Any) -> bool | None:
    """Whether every item fits; true for a list of none."""
    if items_of(found) is None:
        return None
    fitting, every = _counted(found, field, wanted)
    return fitting == every


@_add(
    ITEMS,
    "same",
    Text(
        "Two lists of objects as one, joined by a key: fields of the second fill or replace those of the first; what only one has stays.",
        "按键合并两个对象列表：第二个的非空字段补充或覆盖第一个；只在一边的保留。",
    ),
    Example(
        'lines | merge(prices, no) | pluck(price) | join("/")',
        {
            "lines": [{"no": 1, "price": None}, {"no": 2, "price": 5}],
            "prices": [{"no": "1", "price": 9}, {"no": 3, "price": 7}],
        },
        "9/5/7",
    ),
    value("other", *ITEMS),
    word("key"),
)
def merge(found: Any, other: Any, key: str) -> list[Any] | None:
    """A full join; several items of one key in the first list are all filled, in the second the later wins."""
    left, right = items_of(found), items_of(other)
    if left is None or right is None:
        return list(left or right or ()) or None
    extra: dict[Any, dict[str, Any]] = {}
    loose: list[Any] = []
    for each in right:
        mark = _merge_key(each, key)
        if mark is None:
            loose.append(each)
        else:
            extra[mark] = {**extra.get(mark, {}), **_filled(each)}
    used, merged = set(), []
    for each in left:
        mark = _merge_key(each, key)
        if mark is not None and mark in extra:
            used.add(mark)
            merged.append({**each, **extra[mark], key: each[key]} if key in each else {**each, **extra[mark]})
        else:
            merged.append(each)
    merged += [each for mark, each in extra.items() if mark not in used]
    _too_long(len(merged) + len(loose))
    return merged + loose


def _merge_key(each: Any, key: str) -> Any:
    if not isinstance(each, dict):
        raise BadValueError("wrong-shape", "lists of objects are merged by a key; an item is none", each)
    found = at_path(each, key)
    return None if empty(found) else marked(found)


def _filled(each: dict[str, Any]) -> dict[str, Any]:
    return {name: inner for name, inner in each.items() if not empty(inner)}
