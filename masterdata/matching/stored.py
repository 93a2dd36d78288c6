"""Learnt weights as a file: versioned, readable, the same bytes for the same weights."""

from __future__ import annotations

import json
from typing import Any

from masterdata.matching.weights import Frequencies, Weights


def written(weights: Weights, entity: str, trained: str) -> str:
    """The file's text. ``trained`` says on what; frequencies and caps are written only if there are any."""
    names = sorted(weights.levels)
    content: dict[str, Any] = {
        "matching": entity,
        "version": weights.version,
        "trained": trained,
        "unit": "milli-bits; each level: [against strangers, against relatives]",
        "partners": round(weights.partners, 4),
        "relatives": weights.kin,
        "compare": {
            name: {
                level: [weight, weights.relatives.get(name, {}).get(level, weight)]
                for level, weight in weights.levels[name].items()
            }
            for name in names
        },
    }
    if weights.frequencies or weights.caps:
        content["records"] = weights.records
        content["frequencies"] = {
            name: {
                "records": found.records,
                "squares": found.squares,
                "counts": dict(sorted(found.counts.items())),
            }
            for name, found in sorted(weights.frequencies.items())
        }
        content["caps"] = dict(sorted(weights.caps.items()))
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read(text: str) -> Weights:
    """Weights from a file's text; raises ValueError or KeyError where it is none."""
    content = json.loads(text)
    return Weights(
        str(content["version"]),
        {name: {level: int(pair[0]) for level, pair in found.items()} for name, found in content["compare"].items()},
        {name: {level: int(pair[1]) for level, pair in found.items()} for name, found in content["compare"].items()},
        int(content["relatives"]),
        {
            name: Frequencies(int(found["records"]), dict(found["counts"]), float(found["squares"]))
            for name, found in content.get("frequencies", {}).items()
        },
        int(content.get("records", 1000)),
        float(content["partners"]),
        {block: int(cap) for block, cap in content.get("caps", {}).items()},
    )
