"""Functions between objects and lists of pairs: what form values of OA systems are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mappings.language.functions.given import at_path, items_of, marked
from mappings.language.functions.registry import ITEMS, Example, Topic, value, word
from mappings.language.values import BadValueError, empty
from tongmai.core.text import Text

TOPIC = Topic(Text("Objects and pairs", "对象与键值对"))
_add = TOPIC.add


def _object(found: Any) -> dict[str, Any] | None:
    if found is None or found == "":
        return None
    if not isinstance(found, dict):
        raise BadValueError("wrong-shape", "an object is expected", found)
    return found


def _name(each: Any) -> str:
    found = None if empty(each) else marked(each)
    if found is None:
        raise BadValueError("bad-key", "an item has no key", each)
    return str(found)


@_add(
    ITEMS,
    "",
    Text(
        "A list of objects as one object: key field → value field, or → the whole item; a key that comes twice is a bad value.",
        "对象列表转为一个对象：键字段 → 值字段（不写则为整项）；键重复为坏值。",
    ),
    Example(
        '(form | by_key(code, value))["amt"]',
        {"form": [{"code": "amt", "value": "12.5"}, {"code": "who", "value": "u1"}]},
        "12.5",
    ),
    word("key"),
    word("value", required=False),
)
def by_key(found: Any, key: str, inner: str = "") -> dict[str, Any] | None:
    """Items by one of their fields."""
    items = items_of(found)
    if items is None:
        return None
    result: dict[str, Any] = {}
    for each in items:
        name = _name(at_path(each, key))
        if name in result:
            raise BadValueError("doubled-key", f"`{key}` is `{name}` in more than one item", name)
        result[name] = at_path(each, inner) if inner else each
    return result


@_add(
    ITEMS,
    "",
    Text("A list of [key, value] pairs as one object.", "[键, 值] 对的列表转为对象。"),
    Example("(form | from_pairs).amt", {"form": [["amt", "12.5"], ["who", "u1"]]}, "12.5"),
)
def from_pairs(found: Any) -> dict[str, Any] | None:
    """Pairs as an object."""
    items = items_of(found)
    if items is None:
        return None
    for each in items:
        if not isinstance(each, (list, tuple)) or len(each) != 2:
            raise BadValueError("wrong-shape", "an item is no pair of a key and a value", each)
    return _paired(items)


def _paired(pairs: Iterable[Sequence[Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for each in pairs:
        name = _name(each[0])
        if name in result:
            raise BadValueError("doubled-key", f"the key `{name}` comes more than once", name)
        result[name] = each[1]
    return result


@_add(
    (),
    "list",
    Text("An object as a list of objects with a key field and a value field.", "对象转为含键字段和值字段的对象列表。"),
    Example('form | to_pairs(code, value) | pluck(code) | join(",")', {"form": {"amt": 1, "who": "u1"}}, "amt,who"),
    word("key"),
    word("value"),
)
def to_pairs(found: Any, key: str, inner: str) -> list[dict[str, Any]] | None:
    """Pairs in the object's order."""
    whole_ = _object(found)
    return None if whole_ is None else [{key: name, inner: each} for name, each in whole_.items()]


@_add(
    ITEMS,
    "",
    Text(
        "A list of names and a list of values as one object; both are of one length.",
        "键列表与值列表合为对象，长度必须相同。",
    ),
    Example("(names | zip(values)).b", {"names": ["a", "b"], "values": [1, 2]}, "2"),
    value("values", *ITEMS),
    name="zip",
)
def zipped(found: Any, values: Any) -> dict[str, Any] | None:
    """Two lists side by side."""
    left, right = items_of(found), items_of(values)
    if left is None or right is None:
        return None
    if len(left) != len(right):
        raise BadValueError("wrong-shape", f"{len(left)} names came with {len(right)} values")
    return _paired(zip(left, right, strict=True))


@_add(
    (),
    "list",
    Text("The names of an object's fields.", "对象的各字段名。"),
    Example('form | keys | join(",")', {"form": {"amt": 1, "who": "u1"}}, "amt,who"),
)
def keys(found: Any) -> list[str] | None:
    """Field names in order."""
    whole_ = _object(found)
    return None if whole_ is None else list(whole_)


@_add(
    (),
    "list",
    Text("The values of an object's fields.", "对象的各字段值。"),
    Example('form | values | join(",")', {"form": {"amt": 1, "who": "u1"}}, "1,u1"),
    name="values",
)
def values_of(found: Any) -> list[Any] | None:
    """Field values in order."""
    whole_ = _object(found)
    return None if whole_ is None else list(whole_.values())


@_add(
    (),
    "",
    Text("The field of an object whose name is calculated.", "按计算出的名称取对象字段。"),
    Example("prices | get(region)", {"prices": {"east": "9", "west": "8"}, "region": "west"}, "8"),
    value("name"),
    name="get",
)
def field_of(found: Any, name: Any) -> Any:
    """One field."""
    whole_ = _object(found)
    return None if whole_ is None or empty(name) else whole_.get(_name(name))
