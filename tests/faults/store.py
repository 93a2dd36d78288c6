"""Results on disk: one JSON a cell, under what was run and with what code. A cell that has run is not run again."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path

from tests.faults.cell import Outcome
from tongmai.core.settings import product_root

ROOMS = ("tongmai", "connectors", "masterdata", "mappings", "dags", "tests/faults", "tests/flows", "tests/sync")
CODE = (".py", ".yaml")


def digest() -> str:
    """What the code is: another digest makes every result old."""
    root = product_root()
    told = blake2b(digest_size=8)
    for room in ROOMS:
        for file in sorted((root / room).rglob("*")):
            if file.suffix in CODE and file.is_file():
                told.update(f"{file.relative_to(root)}\x1f".encode() + file.read_bytes())
    return told.hexdigest()


class Store:
    """The folder ``.tongmai/faults``, for one digest, number of deals and seed."""

    def __init__(self, folder: Path, deals: int, seed: int, code: str) -> None:
        self.folder = folder
        self._place = folder / f"{code}-{deals}-{seed}"
        self._place.mkdir(parents=True, exist_ok=True)

    def load(self, cell: str) -> Outcome | None:
        """The result of a cell, if it has run."""
        file = self._place / f"{cell}.json"
        return Outcome.from_json(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None

    def save(self, outcome: Outcome) -> None:
        """Keep a result; whole or not at all."""
        file = self._place / f"{outcome.cell}.json"
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(outcome.as_json(), ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(file)
