"""Orders and their confirmations, two objects of one connection: each hears of the other, none of itself."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.mutants.stage import holds, settle
from tests.sync.desk_world import BOTH, build


def play() -> None:
    """One order with two records and its confirmation, edited on both sides."""
    with tempfile.TemporaryDirectory(prefix="tm-desk-") as folder:
        os.environ["TONGMAI_PATH"] = folder
        desk = build(Path(folder))
        desk.put("Order", "o1", number="1", note="one")
        settle(BOTH)
        for number, (stream, key) in enumerate([("Order", "o1"), ("Confirmation", "new0")]):
            before, note = len(desk.writes()), f"edit {number}"
            desk.put(stream, key, note=note)
            settle(BOTH)
            notes = [*desk.notes("Order").values(), *desk.notes("Confirmation").values()]
            holds("an edit of one object reaches another of its connection", notes == [note, note], notes)
            new = desk.writes()[before:]
            holds("no loop: one edit is one write", len(new) == 1, new)
        desk.put("Order", "o2", number="1", note="a second record of it")
        settle(BOTH)
        told = desk.notes("Order")["o1"]
        holds("an object is not told what it said itself", told != "a second record of it", told)
