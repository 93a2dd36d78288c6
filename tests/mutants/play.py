"""Play one scenario with the code of the folder we are in: ``python -m tests.mutants.play SCENARIO FILE``.

The last line of the output is JSON: what happened, and from where FILE was loaded.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any


def main(scenario: str, file: str) -> int:
    """0: every invariant held; 1: one fell; 2: it could not be played."""
    began = time.monotonic()
    found: dict[str, Any] = {"scenario": scenario, "verdict": "held", "invariant": "", "detail": ""}
    try:
        found["file"] = loaded(file)
        _play(scenario)
    except Exception as error:
        from tests.mutants.stage import Fell

        if isinstance(error, Fell):
            found |= {"verdict": "fell", "invariant": error.invariant, "detail": error.detail}
        else:
            traceback.print_exc()
            found |= {"verdict": "broke", "detail": f"{type(error).__name__}: {error}"[:400]}
    found["seconds"] = round(time.monotonic() - began, 1)
    print(json.dumps(found, ensure_ascii=False), flush=True)
    return {"held": 0, "fell": 1, "broke": 2}[found["verdict"]]


def loaded(file: str) -> str:
    """From where this process takes a file of the product. Migrations and YAML are found beside their package."""
    path = Path(file)
    names = path.with_suffix("").parts
    if path.suffix == ".py" and all(name.isidentifier() for name in names):
        return str(importlib.import_module(".".join(names)).__file__)
    package = importlib.import_module(path.parts[0])
    assert package.__file__ is not None
    return str(Path(package.__file__).parent.parent / path)


def _play(scenario: str) -> None:
    import os

    from masterdata.store import upgrade
    from tests.mutants.scenarios import SCENARIOS

    upgrade(os.environ["TONGMAI_DATABASE_URL"])
    SCENARIOS[scenario].play()()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
