"""Weigh a pair of records: the sum of what each comparison is worth, and what forbids a merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import product
from typing import Any, NamedTuple

from masterdata.matching.kinds import KINDS, MISSING, Judged, Kind
from masterdata.matching.weights import MILLI, RARE, Frequencies, Weights
from masterdata.model.matching import MatchingRules

Features = tuple[Any, ...]
"""One value per comparison, in the order of the rules; None where the record has nothing."""


class Part(NamedTuple):
    """One number of a weight, in milli-bits: ``weight`` against strangers, ``rarity`` of it for a rare token, ``kin`` the
    weight against relatives."""

    comparison: str
    level: str
    left: Any
    right: Any
    weight: int
    rarity: int = 0
    token: str = ""
    kin: int = 0


class Scored(NamedTuple):
    """A pair's weight in milli-bits over an even chance: the lower of two sums, each a prior and one number of every part.

    ``stranger`` says how much better "the same" explains the pair than chance does, ``relative`` how much better than two
    relatives or neighbours that share a brand word, a telephone or a door.
    """

    weight: int
    stranger: int
    relative: int
    parts: tuple[Part, ...]
    vetoes: tuple[str, ...]

    def evidence(self) -> tuple[int, ...]:
        """The pair as evidence for clusters (``cluster.Evidence``)."""
        found = [1, 0]
        for part in self.parts:
            found += (part.weight, part.kin, 0 if part.level == MISSING else 1)
        return tuple(found)


class Compare:
    """One comparison of the rules with its weights."""

    def __init__(
        self,
        name: str,
        kind: Kind,
        parts: Mapping[str, Sequence[str]],
        levels: Mapping[str, int],
        kin: Mapping[str, int],
        frequencies: Frequencies,
        never: Sequence[str],
    ) -> None:
        self.name, self.kind, self.never = name, kind, frozenset(never)
        self._parts = [(part, tuple(parts.get(part, ()))) for part in kind.parts]
        own = {level.name: round(MILLI * level.weight) for level in kind.levels}
        self.levels = {**own, **{level: weight for level, weight in levels.items() if level in own}, MISSING: 0}
        self.kin = {**self.levels, **kin, MISSING: 0}
        self.frequencies = frequencies
        rare = round(RARE * MILLI) if frequencies.records else 0
        self.highest, self.highest_kin = max(self.levels.values()) + rare, max(self.kin.values()) + rare

    def read(self, texts: Texts) -> Any:
        """The value of a record (see ``texts_of``), or None."""
        found = False
        parts = {}
        for part, names in self._parts:
            if len(names) == 1:
                given = texts.get(names[0], ())
            else:
                given = tuple(text for name in names for text in texts.get(name, ()))
            parts[part] = given
            found = found or bool(given)
        return self.kind.read(parts) if found else None

    def judge(self, left: Any, right: Any) -> Judged:
        """The level of two values; ``missing`` where one is."""
        if left is None or right is None:
            return Judged(MISSING)
        return self.kind.judge(left, right)

    def weigh(self, judged: Judged) -> tuple[int, int]:
        """(milli-bits of a level and its token, how many of them for the token's rarity)."""
        weight = self.levels[judged.level]
        rarity = self.frequencies.adjustment(judged.token) if weight > 0 else 0
        return weight + rarity, rarity


Texts = Mapping[str, tuple[str, ...]]


def texts_of(fields: Mapping[str, Any]) -> Texts:
    """A record's values as texts, by field; empty ones are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in fields.items():
        if isinstance(value, str):
            if value:
                found[name] = (value,)
        elif isinstance(value, list | tuple):
            found[name] = tuple(str(each) for each in value if each not in (None, ""))
        elif value is not None:
            found[name] = (str(value),)
    return found


class Scorer:
    """The rules of one entity with learnt weights. Pure: the same two records always weigh the same."""

    def __init__(self, rules: MatchingRules, weights: Weights) -> None:
        self.rules, self.weights = rules, weights
        self.comparisons = [
            Compare(
                name,
                KINDS[spec.kind],
                spec.parts(KINDS[spec.kind].parts[0]),
                weights.levels.get(name, {}),
                weights.relatives.get(name, {}),
                weights.frequencies.get(name, Frequencies()),
                rules.never.get(name, ()),
            )
            for name, spec in rules.compare.items()
        ]
        self.position = {each.name: at for at, each in enumerate(self.comparisons)}
        self._blocks = [
            [(self.position[name], self.comparisons[self.position[name]].kind.keys[key]) for name, key in block]
            for block in rules.blocks()
        ]
        self.caps = [min(rules.generic, weights.caps.get(block, rules.generic)) for block in rules.block]
        self._salts = [blake2b(block.encode(), digest_size=16).digest() for block in rules.block]
        marks = rules.thresholds
        self.merge, self.likely, self.review = (round(MILLI * x) for x in (marks.merge, marks.likely, marks.review))

    def features(self, fields: Mapping[str, Any]) -> Features:
        """What is compared of a record."""
        texts = texts_of(fields)
        return tuple(each.read(texts) for each in self.comparisons)

    def keys(self, features: Features) -> dict[int, int]:
        """Digests (63 bits) of the keys by which a record is found, generic ones too, each with its cap: where more records
        have the key it finds none."""
        found: dict[int, int] = {}
        for salt, block, cap in zip(self._salts, self._blocks, self.caps, strict=True):
            tokens = [key(features[at]) if features[at] is not None else () for at, key in block]
            for combination in product(*tokens) if all(tokens) else ():
                key = digest(salt, combination)
                found[key] = min(cap, found.get(key, cap))
        return found

    def keys_by_block(self, features: Features) -> dict[str, dict[int, tuple[str, ...]]]:
        """The same keys by the block that each is of, with what it is made of: to be told, not to find records by."""
        found: dict[str, dict[int, tuple[str, ...]]] = {}
        for name, salt, block in zip(self.rules.block, self._salts, self._blocks, strict=True):
            tokens = [key(features[at]) if features[at] is not None else () for at, key in block]
            every = product(*tokens) if all(tokens) else ()
            found[name] = {digest(salt, combination): tuple(map(str, combination)) for combination in every}
        return found

    def score(self, left: Features, right: Features) -> Scored:
        """Weigh two records and say why."""
        parts: list[Part] = []
        vetoes: list[str] = []
        for compare, one, other in zip(self.comparisons, left, right, strict=True):
            judged = compare.judge(one, other)
            weight, rarity = compare.weigh(judged)
            kin = compare.kin[judged.level] + rarity
            parts.append(Part(compare.name, judged.level, one, other, weight, rarity, judged.token, kin))
            if judged.level in compare.never:
                vetoes.append(f"{compare.name}: {judged.level}")
        stranger = self.weights.prior + sum(part.weight for part in parts)
        relative = self.weights.kin + sum(part.kin for part in parts)
        return Scored(min(stranger, relative), stranger, relative, tuple(parts), tuple(vetoes))


def digest(salt: bytes, tokens: Sequence[str]) -> int:
    """63 bits over a key; a collision only compares two records more."""
    text = "\x1f".join(tokens).encode()
    return int.from_bytes(blake2b(text, digest_size=8, salt=salt).digest(), "big") >> 1
