"""Records that arrive in random order, some as somebody else first, some gone for a time: what a batch finds."""

from __future__ import annotations

import pytest

from bench.weights import stream


@pytest.mark.parametrize(("seed", "lot"), [(61, 40), (62, 1500)])
def test_in_lots_as_all_at_once(seed: int, lot: int, capsys: pytest.CaptureFixture[str]) -> None:
    stream.main(
        [
            "--records",
            "1500",
            "--noise",
            "hard",
            "--seed",
            str(seed),
            "--lot",
            str(lot),
            "--order",
            str(seed),
            "--generic",
            "5",
        ]
    )
    said = capsys.readouterr().out
    assert said.startswith("1,500 records") and "another entity: 0; edges in one of the two only: 0" in said


def test_it_says_so_when_they_differ(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("masterdata.matching.online._again", lambda *_: set())
    with pytest.raises(SystemExit) as ended:
        stream.main(["--records", "1500", "--noise", "hard", "--seed", "61", "--lot", "40", "--generic", "5"])
    assert ended.value.code == 1 and "edges in one of the two only: 0" not in capsys.readouterr().out
