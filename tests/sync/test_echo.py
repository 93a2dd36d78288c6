"""Per-field echo: an equal value is ours until somebody changes it there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongmai.sync.echo import Home, TargetState, differs, mapped_anew, observe


def test_our_own_value_is_an_echo_and_another_is_an_edit() -> None:
    state = TargetState("k", known={"name": "A", "tel": "1"}, written={"name": "A", "tel": "1"})
    assert observe(state, {"name": "A", "tel": "2"}, {"name", "tel"}, {}) == {"name"}
    assert state.known == {"name": "A", "tel": "2"}
    assert state.written == {"name": "A"}


def test_changing_it_back_is_an_edit_too() -> None:
    state = TargetState("k", known={"tel": "1"}, written={"tel": "1"})
    observe(state, {"tel": "2"}, {"tel"}, {})
    assert observe(state, {"tel": "1"}, {"tel"}, {}) == frozenset()
    assert state.known == {"tel": "1"}


def test_a_lossy_target_is_no_editor() -> None:
    state = TargetState("k", known={"industry": "services"}, written={"industry": "other"})
    assert observe(state, {"industry": "other"}, {"industry"}, {}) == {"industry"}
    assert state.known == {"industry": "services"}


def test_a_value_in_flight_is_ours() -> None:
    state = TargetState("k")
    flying = {"known": {"tel": "1", "industry": "services"}, "written": {"tel": "1", "industry": "other"}}
    read = {"tel": "1", "industry": "other", "name": "A"}
    assert observe(state, read, {"tel", "industry", "name"}, flying) == {"tel", "industry"}
    # reading it shows that it was taken
    assert state.known == {"tel": "1", "industry": "services", "name": "A"}


@pytest.mark.parametrize(
    ("connection", "stream", "home", "news"),
    [
        ("crm", "Order", Home("crm", "Order"), False),
        ("crm", "Order/lines", Home("crm", "Order"), False),
        ("crm", "Orders", Home("crm", "Order"), True),
        ("crm", "Confirmation", Home("crm", "Order"), True),
        ("crm", "Confirmation/lines", Home("crm", "Order"), True),
        ("erp", "Order", Home("crm", "Order"), True),
        ("hub", "payment", Home("crm", "Order"), True),
        ("crm", "Order", None, True),
    ],
)
def test_an_object_gets_no_news_from_itself(connection: str, stream: str, home: Home | None, news: bool) -> None:
    state, told = TargetState("k", known={"tel": "1"}), {"tel": {"connection": connection, "stream": stream}}
    assert differs(state, {"tel": "2"}, told, {"tel"}, home) is news
    assert not differs(state, {"tel": "1"}, told, {"tel"}, home)
    assert differs(None, {"tel": "2"}, told, {"tel"}, home)


def test_a_value_that_nobody_says_any_more_is_news() -> None:
    state = TargetState("k", known={"tel": "1"})
    assert differs(state, {"tel": None}, {}, {"tel"}, Home("crm", "Order"))
    assert differs(state, {"tel": None}, {}, {"tel"}, None)


values = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2", None]))


def test_the_same_record_mapped_anew_is_no_edit() -> None:
    state = TargetState("k", known={"tel": "1", "name": "a"}, written={"tel": "1"})
    mapped_anew(state, {"tel": "1", "name": "a"}, {"tel": "+1", "name": "A"}, {"tel"})
    assert state.known == {"tel": "1", "name": "A"}
    assert state.written == {"tel": "+1"}
    # what we wrote since is not what was read then
    mapped_anew(state, {"tel": "0", "name": "b"}, {"tel": "+0", "name": "B"}, {"tel"})
    assert (state.known, state.written) == ({"tel": "1", "name": "A"}, {"tel": "+1"})


@given(values, values, values, values)
def test_known_is_what_was_read_or_written(
    known: dict[str, str], written: dict[str, str], read: dict[str, str], flight: dict[str, str]
) -> None:
    state = TargetState("k", known=dict(known), written=dict(written))
    echoes = observe(state, read, {"a", "b", "c"}, {"known": flight, "written": flight})
    for name, value in read.items():
        if name in echoes:
            assert value == written.get(name) or value == flight.get(name)
        else:
            assert state.known[name] == value
            assert name not in state.written
