"""Match a whole file: read, weigh, cluster, write."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from masterdata.matching.batch import Pairs, weigh
from masterdata.matching.cluster import Pair
from masterdata.matching.columns import Columns, Ints
from masterdata.matching.copies import alike, sure
from masterdata.matching.declared import with_exact
from masterdata.matching.learn import frequencies, learn, learnable
from masterdata.matching.resolve import Resolved, resolve
from masterdata.matching.scorer import Scorer
from masterdata.matching.snapshot import combined
from masterdata.matching.stored import read as read_weights
from masterdata.matching.weights import Weights
from masterdata.model import Schema
from tongmai.batch import labels
from tongmai.batch.records import Layout, layout, lines_of, records
from tongmai.core.csvfile import UTF8
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest

Progress = Callable[[str, str, int], None]
STEP = 20_000


class Agreement(NamedTuple):
    """Labelled pairs: how many are the same and how many of these weigh enough by themselves (``found``); how many are
    different and how many of these weigh as much all the same (``wrong``)."""

    same: int
    found: int
    different: int
    wrong: int


@dataclass
class Matched:
    """What came of a file: ``entity[r]`` is the first record of record r's cluster. ``known``: pairs that labels name;
    ``as_rules``: how the rules alone stand to them. ``copies``: how many records repeat another in all that is compared
    and were not looked at themselves."""

    ids: list[str]
    columns: Columns
    resolved: Resolved
    how: Layout
    mark: int
    known: Mapping[Pair, bool] = field(default_factory=dict)
    as_rules: Agreement | None = None
    copies: int = 0

    @property
    def clusters(self) -> int:
        """How many entities the records are."""
        return len(set(self.resolved.entity))


def scorer_of(schema: Schema, entity: str) -> Scorer:
    """The rules of an entity with its shipped or the site's weights."""
    rules = schema.matching.get(entity)
    if rules is None:
        near = "" if entity in schema.entities else nearest(entity, schema.matching)
        raise ConfigurationError(
            f"nothing says how records of `{entity}` are compared",
            f"there are rules for {', '.join(sorted(schema.matching))}",
            f"did you mean `{near}`?" if near else f"write masterdata/{entity}/matching.yaml",
            code="no-matching-rules",
        )
    file = schema.weights.get(entity)
    return Scorer(with_exact(rules, schema.entities[entity]), weights_in(file) if file else Weights())


def weights_in(file: Path, entities: Collection[str] = ()) -> Weights:
    """The weights of a file; raises where it holds none, or weights of none of these entities."""
    try:
        text = file.read_text(encoding="utf-8")
        found = read_weights(text)
        whose = str(json.loads(text).get("matching", ""))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(
            f"weights {file}",
            f"it cannot be read: {type(error).__name__}: {error}",
            "learn them anew with `tongmai match train`, or remove the file: then each level weighs what its kind says",
            code="bad-weights",
        ) from error
    if entities and whose not in entities:
        own = next(iter(entities))
        raise ConfigurationError(
            f"weights {file}",
            f"they were learnt for `{whose}`, the records are of `{own}`",
            f"learn some for them: `tongmai match train --entity {own}`",
            code="bad-weights",
        )
    return found


def load(
    file: Path, schema: Schema, entity: str, told: Mapping[str, str], progress: Progress, encoding: str = UTF8
) -> tuple[Columns, list[str], Layout]:
    """Read and normalise every record of a file."""
    scorer = scorer_of(schema, entity)
    model = schema.entities[entity]
    how = layout(file, model, scorer.rules, told, encoding)
    columns, ids = Columns(scorer), []

    def fields() -> Iterator[Mapping[str, Any]]:
        for number, (key, _, values) in enumerate(records(file, how, model)):
            ids.append(key)
            if number % STEP == 0:
                progress(file.name, "read", number)
            yield values

    columns.add(fields())
    columns.close()
    if len(set(ids)) < len(ids):
        twice = next(key for key, count in Counter(ids).items() if count > 1)
        raise ConfigurationError(
            f"{file.name}: two records have the {how.id} `{twice}`",
            f"they begin on the lines {', '.join(map(str, lines_of(file, how, twice)[:10]))}",
            "give every record a key of its own, or leave the double out",
            code="double-id",
        )
    return columns, ids, how


def with_frequencies(columns: Columns) -> None:
    """Weigh by how common values are in this very file, and by its size."""
    weights = replace(columns.scorer.weights, frequencies=frequencies(columns), records=columns.size)
    columns.scorer = Scorer(columns.scorer.rules, weights)


@dataclass(frozen=True)
class How:
    """How a file is matched. ``told``: column → field over what is recognised; ``least`` names the threshold, ``merge`` or
    ``likely``; ``taken``: a snapshot that says how common values are, without one the file itself does; ``weights`` and
    ``labels``: files in place of shipped weights, and of pairs that are known."""

    told: Mapping[str, str] = field(default_factory=dict)
    least: str = "likely"
    encoding: str = UTF8
    taken: Weights | None = None
    weights: Path | None = None
    labels: Path | None = None


def match(file: Path, schema: Schema, entity: str, how: How, progress: Progress) -> Matched:
    """Cluster the records of a file."""
    columns, ids, found = load(file, schema, entity, how.told, progress, how.encoding)
    rules = columns.scorer.rules
    if how.weights is not None:
        columns.scorer = Scorer(rules, weights_in(how.weights, (entity, rules.like)))
    least = columns.scorer.merge if how.least == "merge" else columns.scorer.likely
    known = labels.read(how.labels, ids, columns, how.encoding) if how.labels else {}
    progress(file.name, "compare", columns.size)
    stands = alike(columns, np.array(sorted({end for pair in known for end in pair}), np.int64))
    base = columns.scorer
    some = _once(columns, np.arange(columns.size), base, how, file.name)
    if (stands != np.arange(columns.size)).any() and len(np.unique(stands := sure(columns, stands, least))) < len(ids):
        some = _once(columns, stands, base, how, file.name)
    kept, place = np.unique(stands, return_inverse=True)
    said = {(int(place[one]), int(place[other])): same for (one, other), same in known.items()}
    resolved = resolve(some, least, said)
    entity_of = kept[np.array(resolved.entity, np.int64)][place].tolist() if some is not columns else resolved.entity
    pairs = Pairs(kept[resolved.pairs.left], kept[resolved.pairs.right], resolved.pairs.weight, resolved.pairs.veto)
    resolved = Resolved(entity_of, pairs, resolved.candidates, resolved.generic)
    return Matched(ids, columns, resolved, found, least, known, agreement(columns, known, least), len(ids) - len(kept))


def _once(columns: Columns, stands: Ints, base: Scorer, how: How, name: str) -> Columns:
    """The records that stand for all, weighed by how common values are among just these; they are ``columns`` itself where
    each stands for itself."""
    kept = np.unique(stands)
    some = columns if len(kept) == columns.size else columns.only(kept)
    some.scorer = base
    if how.taken is not None:
        some.scorer = Scorer(base.rules, combined(base.weights, how.taken))
    elif not base.weights.levels and learnable(some):  # nothing was shipped: learn from the file itself
        some.scorer = Scorer(base.rules, learn(some, name)[0])
    else:
        with_frequencies(some)
    columns.scorer = some.scorer
    return some


def agreement(columns: Columns, known: Mapping[Pair, bool], mark: int) -> Agreement | None:
    """How labelled pairs weigh, against a threshold; None where there are none."""
    if not known:
        return None
    pairs = np.array(list(known), np.int64)
    same = np.array(list(known.values()), np.bool_)
    found = weigh(columns, pairs[:, 0], pairs[:, 1])
    one = (found.weight >= mark) & ~found.veto
    return Agreement(int(same.sum()), int((same & one).sum()), int((~same).sum()), int((~same & one).sum()))


def write_clusters(found: Matched, out: Path) -> None:
    """``id, cluster_id``: the id of the cluster's first record in the file."""
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "cluster_id"])
        writer.writerows((key, found.ids[first]) for key, first in zip(found.ids, found.resolved.entity, strict=True))
