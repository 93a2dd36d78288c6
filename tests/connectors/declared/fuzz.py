"""Bad manifests: whatever the file holds, the loader gives findings with their places, or a manifest; never a traceback.

``python -m tests.connectors.declared.fuzz --inputs 10000``
"""

from __future__ import annotations

import argparse
import copy
import random
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from connectors import registry
from tongmai.core.errors import ConfigurationError
from tongmai.core.settings import product_root

_WORDS = (
    "body", "row.id", "{page.cursor}", "{", "}", "{{", "}}", "{body", "a | b", "f(", "()", "x" * 3000, "((((" * 200, "\x00", "é" * 40,
    "lambda: 1", "__import__('os')", "body.__class__.__mro__", "1e999", "not in", "{x!r}", "{x:%d}", "'", '"', "\\", "5 minutes", "-1 days",
    "%Y-%q", "number", "exists", "iso", "", "a, b, ,", "..", "None", "[[[[", "a.b..c", "body[", "body[-1:2]", "{row | join(}", "🙂",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**30,
    1.5,
    float("inf"),
    [],
    {},
    [[]],
    {"": ""},
    {"a": {"b": [1]}},
    [1, "a", None],
)


def texts() -> list[str]:
    """Manifests that are good."""
    found = [
        file.read_text(encoding="utf-8")
        for file in sorted((product_root() / "connectors" / "vendors").glob("*/connector.yaml"))
    ]
    acme = product_root() / "docs" / "examples" / "acme_crm" / "connectors" / "acme" / "connector.yaml"
    return [*found, acme.read_text(encoding="utf-8")]


def spoiled(chance: random.Random, text: str) -> str:
    """A manifest with a few things wrong in it: in its tree, or in its letters."""
    if chance.random() < 0.35:
        letters = list(text)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(letters))
            letters[at] = chance.choice([*"{}[]:,|-\t\n\"'&*!%@`#\x07", "  ", "", chance.choice(_WORDS)])
        return "".join(letters)
    tree = copy.deepcopy(yaml.safe_load(text))
    for _ in range(chance.randint(1, 4)):
        _spoil(chance, tree)
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)


def _spoil(chance: random.Random, tree: Any) -> None:
    here = tree
    for _ in range(chance.randint(0, 8)):
        inner = list(here.values()) if isinstance(here, dict) else list(here)
        inner = [each for each in inner if isinstance(each, (dict, list)) and each]
        if not inner:
            break
        here = chance.choice(inner)
    value = chance.choice([*_VALUES, *_WORDS])
    if isinstance(here, list):
        here[chance.randrange(len(here))] = value
        return
    name = chance.choice(list(here))
    act = chance.random()
    if act < 0.55:
        here[name] = value
    elif act < 0.75:
        here[chance.choice([*_WORDS, name + "x", "read", "auth", "limits", "since", "page"])] = here.pop(name)
    elif act < 0.9:
        here[chance.choice(["read", "calls", "page", "since", "auth", "over", "webhooks", "limits", "errors"])] = value
    else:
        del here[name]


def load(folder: Path, text: str) -> str:
    """``loaded`` or ``refused``; anything but a ``ConfigurationError`` with findings is a bug and is raised."""
    name = re.search(r"^connector: ([a-z]{1,30})$", text, re.MULTILINE)
    file = folder / (name[1] if name else "fuzzed") / "connector.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        registry._load.__wrapped__(file, 0, 0)
    except ConfigurationError as error:
        assert error.findings, error
        assert all(finding.mark.line >= 1 and finding.message.zh for finding in error.findings)
        str(error)
        return "refused"
    return "loaded"


def run(inputs: int, seed: int) -> dict[str, int]:
    """Load so many spoiled manifests."""
    chance = random.Random(seed)
    good, counts = texts(), {"loaded": 0, "refused": 0}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(inputs):
            text = spoiled(chance, chance.choice(good))
            try:
                counts[load(Path(folder), text)] += 1
            except BaseException:
                Path("fuzzed.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
                print(f"input {number} of seed {seed} is kept in fuzzed.yaml")
                raise
    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begun = time.monotonic()
    print(run(given.inputs, given.seed), f"{time.monotonic() - begun:.0f} s")
