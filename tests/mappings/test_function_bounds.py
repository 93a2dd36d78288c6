"""Whatever a function is given: a value or a refusal of the language, soon, and no change of what it was given."""

from __future__ import annotations

import contextlib
import random
import time
from typing import Any

import pytest
from function_calls import EVERY, Callable_, anything
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.language.runtime import to_payload
from mappings.language.types import Reference
from mappings.language.values import BadValueError

SLOWEST = 0.05


def _allowed(value: Any) -> bool:
    """A value of the language: no exception, generator or iterator gets out."""
    return isinstance(to_payload(value), (type(None), bool, int, float, str, bytes, list, dict, tuple, Reference))


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.function.name)
def test_only_values_or_refusals(each: Callable_) -> None:
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(anything, each.arguments())
    def try_out(value: Any, arguments: tuple[list[Any], dict[str, Any]]) -> None:
        positional, named = arguments
        before = repr((value, positional))
        try:
            result = each.call(value, *positional, **named)
        except BadValueError as error:
            assert len(error.value) <= 80
            assert error.code == error.code.lower()
        else:
            assert _allowed(result)
        assert repr((value, positional)) == before

    try_out()


def _large() -> list[Any]:
    chance = random.Random(7)
    chinese = "".join(chr(chance.randint(0x4E00, 0x9FA5)) for _ in range(3300))
    return [
        "a" * 10_000,
        "1" * 10_000,
        "1," * 5_000,
        " " * 10_000,
        "（" * 3_300,
        "\u3000a" * 2_500,
        "有限公司" + "客户-" * 1_600 + "x",
        "公司（张经理" * 500,
        "十" * 3_300,
        "ab@" * 3_000 + "c.d" + ".e" * 500,
        "+86-" * 2_500,
        "%E9%80%9A" * 1_100,
        "[" * 10_000,
        '{"a":' * 1_600,
        "2026-01-01" * 1_000,
        chinese,
        "江苏省南京市玄武区" * 370,
        "臺灣乾隆" * 830,
        [str(each) for each in range(2_000)],
        [{"a": str(each), "b": chinese[:3]} for each in range(500)],
        [["k" + str(each), each] for each in range(800)],
        {f"k{each}": "v" * 5 for each in range(700)},
    ]


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.function.name)
def test_ten_kilobytes_are_soon_done(each: Callable_) -> None:
    large = _large()
    given_ = st.sampled_from([*large, 3, "a", 10_000, -10_000, "2026-01-01", "0001-01-01"])

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(each.arguments(given_))
    def try_out(arguments: tuple[list[Any], dict[str, Any]]) -> None:
        positional, named = arguments
        for value in [*large, "2026-01-01", 7]:
            spent = []
            for _ in range(3):
                begin = time.thread_time()
                with contextlib.suppress(BadValueError):
                    each.call(value, *positional, **named)
                spent.append(time.thread_time() - begin)
                if spent[-1] < SLOWEST:
                    break
            assert min(spent) < SLOWEST, (each.function.name, repr(value)[:40], repr(positional)[:60], min(spent))

    try_out()
