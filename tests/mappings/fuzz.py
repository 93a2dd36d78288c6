"""Spoiled and random mapping files, random records: ``python -m tests.mappings.fuzz --files 2000 --records 20000``.

Nothing may crash, hang or leave the language: what compiles calls only what the runtime offers.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.language import CompiledMapping, Mappings, load_mappings, runtime
from mappings.language.functions import FUNCTIONS, Parameter
from masterdata.model import Schema, load_schema
from tests.mappings.mapping_world import ENTITY, REGIONS, TERMS, VALUES
from tongmai.core.settings import product_root

SLOWEST_FILE = 5.0
SLOWEST_BATCH = 5.0
HOSTILE = (
    "().__class__.__bases__[0].__subclasses__()",
    "name.__class__.__init__.__globals__",
    '__import__("os").system("true")',
    "open('/etc/passwd')",
    "eval('1')",
    "9 ** 9 ** 9",
    "99999999999 * 99999999999 * 99999999999 * 99999999999 * 99999999999 * 99999999999",
    "'a' * 1000000000",
    "a" + " + a" * 400,
    "(" * 200 + "a" + ")" * 200,
    'name | matches("(a+)+$")',
    'name | replace_pattern("(x*)*y", "z")',
    'name | extract("(?P<n>.*)(?=(a|aa)+$)")',
    "[a for a in b for c in b for d in b]",
    "[x for x in tags for y in tags]",
    "lambda: 1",
    "(yield 1)",
    "{**a}",
    "a if a else b if b else c if c else d",
    "name.format.__globals__",
    "f'{name}'",
    "a.b.c.d.e.f.g.h",
    "a[0][1][2]['x'][-1]",
    "field('__class__')",
    "name |",
    "| name",
    "name | trim() | trim()",
    "head.head",
    "var.x",
    "‮name",
    "名称 | 大写",
    "0x10 + 1_000 + 1e400",
    "None.x",
    "true and not false or null",
)
NAMES = ("name", "title", "a", "b", "n", "tags", "rows", "amount", "on", "客户", "orders", "x__c", "at")
WORDS = ("state", "thing", "Things", "regions", "ms", "万元", "元", "spelling", "weekends", "x")
FIELDS = (
    "name",
    "note",
    "count",
    "price",
    "day",
    "until",
    "at",
    "good",
    "code",
    "phones",
    "mail",
    "site",
    "state",
    "parent",
)


def expression(chance: random.Random, depth: int = 0) -> str:
    """A random expression: mostly of the language, sometimes of nobody's."""
    if depth == 0:
        depth = chance.choice((0, 1, 2, 3, 3, 4, 4))
    roll = chance.random()
    if depth > 4 or roll < 0.25:
        return chance.choice([*NAMES, "1", "0.5", "'x'", "None", "true", "a.b", "rows[0].sku", 'field("客户 名")'])
    if roll < 0.65:
        return f"{expression(chance, depth + 1)} | {call(chance, depth)}"
    if roll < 0.75:
        sides = expression(chance, depth + 1), expression(chance, depth + 1)
        return f"({sides[0]}) {chance.choice(['+', '-', '*', '/', '==', '!=', '<', '>=', 'in'])} ({sides[1]})"
    if roll < 0.82:
        parts = [expression(chance, depth + 1) for _ in range(3)]
        return f"({parts[0]} if {parts[1]} else {parts[2]})"
    if roll < 0.88:
        return f"[{expression(chance, depth + 1)} for one in {expression(chance, depth + 1)}]"
    if roll < 0.94:
        return f"[{', '.join(expression(chance, depth + 1) for _ in range(chance.randint(0, 4)))}]"
    return chance.choice(HOSTILE) if chance.random() < 0.4 else chance.choice(NAMES)


def call(chance: random.Random, depth: int) -> str:
    """A function with arguments that fit, or do not."""
    function = FUNCTIONS[chance.choice(sorted(FUNCTIONS))]
    if chance.random() < 0.05:
        return function.name
    words: list[str] = []
    for parameter in function.parameters:
        if not parameter.required and chance.random() < 0.6:
            continue
        text = _argument(chance, parameter, depth)
        words.append(f"{parameter.name}={text}" if parameter.keyword else text)
    return f"{function.name}({', '.join(words)})"


def _argument(chance: random.Random, parameter: Parameter, depth: int) -> str:
    if parameter.kind == "value":
        return expression(chance, depth + 2)
    if parameter.kind == "flag":
        return parameter.name
    if parameter.kind == "word":
        return chance.choice([*parameter.choices, "state", "thing", "regions"] if parameter.choices else WORDS)
    return repr(chance.choice(["", "x", "YYYY-MM-DD", "(a+)+", "[", "{0}", "/", "Asia/Shanghai"]))


def mapping(chance: random.Random) -> str:
    """A random mapping file of the test world."""
    lines = [
        f"  {name}: {json.dumps(expression(chance), ensure_ascii=False)}"
        for name in chance.sample(FIELDS, chance.choice((1, 1, 1, 2, 2, 3, 6)))
    ]
    head = "mapping: acme/things\nfrom: acme.Things\nto: thing\n"
    if chance.random() < 0.3:
        head += f"only_if: {json.dumps(expression(chance), ensure_ascii=False)}\n"
    return (
        head
        + "fields:\n"
        + "\n".join(["  name: \"'n'\"", *(one for one in lines if not one.startswith("  name:"))])
        + "\n"
    )


def spoiled(chance: random.Random, text: str) -> str:
    """A file with a few characters or lines changed."""
    for _ in range(chance.randint(1, 4)):
        lines = text.split("\n")
        at = chance.randrange(len(lines))
        how = chance.randrange(5)
        if how == 0:
            lines[at] = lines[at][: chance.randint(0, len(lines[at]))]
        elif how == 1:
            lines.insert(at, chance.choice(lines))
        elif how == 2:
            place = chance.randint(0, len(lines[at]))
            lines[at] = lines[at][:place] + chance.choice("|:{}[]'\"#&*!%@`，（\t\x00\ud800") + lines[at][place:]
        elif how == 3:
            del lines[at]
        else:
            lines[at] = lines[at].replace(":", f": {chance.choice(HOSTILE)} #", 1)
        text = "\n".join(lines) or "-"
    return text


def value(chance: random.Random, depth: int = 0) -> Any:
    """Anything a source may give, and what none should."""
    roll = chance.random()
    if depth < 3 and roll < 0.12:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 5))]
    if depth < 3 and roll < 0.24:
        return {chance.choice([*NAMES, "sku", "b", "c"]): value(chance, depth + 1) for _ in range(chance.randint(0, 4))}
    return chance.choice(
        [
            None, "", " ", "x", "2026-01-02", "1,234.50", "12元", "1e999", "-0", "NaN", "\x00", "\ud800", "长" * 300, "a" * 5_000,
            0, -1, 10**18, 10**70, 1.5, float("inf"), float("nan"), True, False, Decimal("1.10"), Decimal("NaN"), "O", "13800138000",
            "a@b.example", 1_767_283_200_000, "91330106MA2B0C1D3Y", "{}", "[1]", "=cmd()", "王五", "\u202e", "２０２６",
        ]
    )  # fmt: skip


def record(chance: random.Random) -> dict[str, Any]:
    """A random source record."""
    return {name: value(chance) for name in NAMES if chance.random() < 0.8}


def leaves_the_language(compiled: CompiledMapping) -> str:
    """What the generated code does that the language does not offer; empty when there is nothing."""
    allowed = {*runtime.__all__, "run", "key", "takes", "hit", "dict", "list", "len", "frozenset"}
    tree = ast.parse(compiled.python)
    bound = {
        one.targets[0].id for one in tree.body if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    }
    ours = {id(node.left) for node in ast.walk(tree) if isinstance(node, ast.Compare) and _is_dict(node)}
    for node in ast.walk(tree):
        if id(node) in ours:
            continue
        if isinstance(node, ast.Attribute) and node.attr not in {"get", "append", "setdefault", "filtered", "fromkeys"}:
            return f"attribute {node.attr}"
        if isinstance(node, (ast.Import, ast.Global, ast.Nonlocal, ast.Delete, ast.With, ast.While)):
            return type(node).__name__
        if isinstance(node, ast.ImportFrom) and node.module != "mappings.language.runtime":
            return f"import of {node.module}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name not in allowed and name not in bound and name not in {"get", "own", "here", "own2", "own3"}:
                return f"call of {name}"
    return ""


def _is_dict(node: ast.Compare) -> bool:
    """``(it := …).__class__ is dict``, as the compiler writes it."""
    left, right = node.left, node.comparators[0]
    return (
        isinstance(left, ast.Attribute)
        and left.attr == "__class__"
        and isinstance(left.value, ast.NamedExpr)
        and isinstance(node.ops[0], ast.Is)
        and isinstance(right, ast.Name)
        and right.id == "dict"
    )


class Fuzz:
    """One run: a folder with a mapping that changes, and what became of each."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.folder = folder
        for name, text in {
            "entities/thing/entity.yaml": ENTITY,
            "entities/thing/terms.yaml": TERMS,
            "definitions/acme/terms.yaml": VALUES,
            "definitions/acme/tables/regions.csv": REGIONS,
        }.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text.lstrip(), encoding="utf-8")
        self.schema: Schema = load_schema([folder / "entities"])
        self.shipped = [
            file.read_text(encoding="utf-8")
            for file in sorted((product_root() / "mappings" / "definitions").glob("*/*.yaml"))
            if not file.stem.endswith("_test")
        ]
        self.seen: Counter[str] = Counter()

    def file(self) -> CompiledMapping | None:
        """Load one random file; its mapping when it compiles."""
        text = (
            mapping(self.chance)
            if self.chance.random() < 0.7
            else spoiled(self.chance, self.chance.choice(self.shipped))
        )
        if self.chance.random() < 0.1:
            text = spoiled(self.chance, text)
        file = self.folder / "definitions" / "acme" / "things.yaml"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        start = time.monotonic()
        loaded: Mappings = load_mappings([self.folder / "definitions"], self.schema, lambda _: None)
        for finding in loaded.findings:
            finding.render()
        took = time.monotonic() - start
        if took > SLOWEST_FILE:
            raise AssertionError(f"{took:.1f} s to load:\n{text}")
        compiled = loaded.by_name.get("acme/things")
        self.seen["compiled" if compiled else "refused"] += 1
        if compiled is None and not loaded.findings:
            raise AssertionError(f"neither compiled nor refused:\n{text}")
        if compiled is not None and (why := leaves_the_language(compiled)):
            raise AssertionError(f"{why}:\n{text}")
        return compiled

    def records(self, compiled: CompiledMapping, count: int) -> None:
        """Map random records; each gives fields that are canonical, or says why not."""
        rows = [record(self.chance) for _ in range(count)]
        start = time.monotonic()
        done = compiled.run(rows, None)
        took = time.monotonic() - start
        if took > SLOWEST_BATCH:
            raise AssertionError(f"{took:.1f} s for {count} records:\n{compiled.python}")
        for mapped in done:
            json.dumps(mapped.fields, allow_nan=False)
            for issue in (*mapped.errors, *mapped.findings):
                if issue.code == "unexpected-value":
                    raise AssertionError(f"{issue}:\n{compiled.python}")
            self.seen["records"] += 1


def run(files: int, records: int, seed: int) -> Counter[str]:
    """Raises ``AssertionError`` with the input that broke something."""
    with tempfile.TemporaryDirectory() as folder:
        fuzz = Fuzz(Path(folder), seed)
        wanted = max(1, records * 8 // max(1, files))
        for _ in range(files):
            compiled = fuzz.file()
            if compiled is not None and fuzz.seen["records"] < records:
                fuzz.records(compiled, wanted)
        return fuzz.seen


def main() -> None:
    """Print what became of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    start = time.monotonic()
    seen = run(told.files, told.records, told.seed)
    print(
        f"{dict(seen)} in {time.monotonic() - start:.0f} s, seed {told.seed}: no crash, no hang, nothing left the language"
    )


if __name__ == "__main__":
    main()
