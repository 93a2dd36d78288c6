"""Several runs of one process are within ``shared`` at once and leave in any order."""

from __future__ import annotations

import pytest

from connectors.sdk import token
from tongmai.sync.shared import shared


@pytest.mark.parametrize("urls", [("one", "one"), ("one", "other")])
@pytest.mark.parametrize("first", [0, 1])
def test_what_is_used_afterwards_is_what_was_used_before(urls: tuple[str, str], first: int) -> None:
    before = token.in_use()
    both = [shared(f"postgresql://127.0.0.1:1/{name}") for name in urls]
    for one in both:
        one.__enter__()
    inside = token.in_use()
    assert inside is not before
    both[first].__exit__(None, None, None)
    assert token.in_use() is not before, "one run is still within"
    both[1 - first].__exit__(None, None, None)
    assert token.in_use() is before
