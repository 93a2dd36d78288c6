"""Small parts of the SDK: exact JSON, fingerprints, tokens."""

from __future__ import annotations

import threading

import pytest

from connectors.sdk import wire
from connectors.sdk.token import ProcessTokens, Token, TokenCache
from tongmai.core.errors import RecordError


def test_raw_keeps_everything_and_the_fingerprint_only_what_matters() -> None:
    one = wire.record("k", wire.parse(b'{"b": 1.10, "a": 12345678901234567890, "seen": 1}'), ("seen", "other"))
    two = wire.record("k", wire.parse(b'{"seen":2,"a":12345678901234567890,"b":1.10}'), ("seen",))
    assert one.raw == b'{"a":12345678901234567890,"b":1.10,"seen":1}'
    assert one.fingerprint == two.fingerprint and one.raw != two.raw
    assert wire.record("k", {"a": 1, "b": 2}).fingerprint != two.fingerprint
    assert wire.decode("s", one.raw) == {"a": 12345678901234567890, "b": "1.10", "seen": 1}


@pytest.mark.parametrize("raw", [b"[1]", b"{", b"\xff"])
def test_raw_that_does_not_decode_is_a_record_error(raw: bytes) -> None:
    with pytest.raises(RecordError, match="record of s"):
        wire.decode("s", raw)


def test_tokens_are_renewed_before_they_expire_and_when_refused() -> None:
    now = [1000.0]
    made: list[Token] = []

    def fetch(_: Token | None) -> Token:
        made.append(Token(f"t{len(made)}", now[0] + 100))
        return made[-1]

    cache = TokenCache(("app",), fetch, skew=10, clock=lambda: now[0], store=ProcessTokens())
    assert cache.get().value == cache.get().value == "t0"
    now[0] += 89
    assert cache.get().value == "t0"
    now[0] += 1
    assert cache.get().value == "t1"
    assert cache.refresh("an earlier one").value == "t1", "another caller has renewed it already"
    assert cache.refresh(cache.get().serial).value == "t2"
    assert "t2" not in repr(cache.get())


def test_one_fetch_for_many_callers() -> None:
    entered, release = threading.Event(), threading.Event()
    count = [0]

    def fetch(_: Token | None) -> Token:
        count[0] += 1
        entered.set()
        release.wait(5)
        return Token("t", 9e12)

    cache = TokenCache(("app",), fetch, store=ProcessTokens())
    threads = [threading.Thread(target=cache.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert entered.wait(5)
    release.set()
    for thread in threads:
        thread.join(5)
    assert count == [1]
