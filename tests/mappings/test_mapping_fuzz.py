"""A small round of the fuzzing that ``python -m tests.mappings.fuzz`` does at length."""

from __future__ import annotations

from tests.mappings.fuzz import run


def test_no_crash_no_hang_and_nothing_leaves_the_language() -> None:
    seen = run(files=150, records=1_500, seed=7)
    assert seen["compiled"] > 10
    assert seen["refused"] > 50
    assert seen["records"] >= 1_000
