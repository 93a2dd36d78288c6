"""Match a whole file: read, weigh, cluster, write."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from masterdata.matching.columns import Columns
from masterdata.matching.declared import with_exact
from masterdata.matching.learn import frequencies, learn, learnable
from masterdata.matching.resolve import Resolved, resolve
from masterdata.matching.scorer import Scorer
from masterdata.matching.snapshot import combined
from masterdata.matching.stored import read as read_weights
from masterdata.matching.weights import Weights
from masterdata.model import Schema
from tongmai.batch.records import Layout, layout, lines_of, records
from tongmai.core.csvfile import UTF8
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest

Progress = Callable[[str, str, int], None]
STEP = 20_000


@dataclass
class Matched:
    """What came of a file: ``entity[r]`` is the first record of record r's cluster."""

    ids: list[str]
    columns: Columns
    resolved: Resolved
    how: Layout

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


def weights_in(file: Path) -> Weights:
    """The weights of a file; raises where it holds none."""
    try:
        return read_weights(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(
            f"weights {file}",
            f"it cannot be read: {type(error).__name__}: {error}",
            "learn them anew with `tongmai match train`, or remove the file: then each level weighs what its kind says",
            code="bad-weights",
        ) from error


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


def match(
    file: Path,
    schema: Schema,
    entity: str,
    told: Mapping[str, str],
    least: str,
    progress: Progress,
    taken: Weights | None = None,
    encoding: str = UTF8,
) -> Matched:
    """Cluster the records of a file; ``least`` names the threshold: ``merge`` or ``likely``.

    With a snapshot (``taken``) it says how common values are; without one the file itself does.
    """
    columns, ids, how = load(file, schema, entity, told, progress, encoding)
    if taken is not None:
        columns.scorer = Scorer(columns.scorer.rules, combined(columns.scorer.weights, taken))
    elif not columns.scorer.weights.levels and learnable(columns):  # nothing was shipped: learn from the file itself
        columns.scorer = Scorer(columns.scorer.rules, learn(columns, file.name)[0])
    else:
        with_frequencies(columns)
    progress(file.name, "compare", columns.size)
    mark = columns.scorer.merge if least == "merge" else columns.scorer.likely
    return Matched(ids, columns, resolve(columns, mark), how)


def write_clusters(found: Matched, out: Path) -> None:
    """``id, cluster_id``: the id of the cluster's first record in the file."""
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "cluster_id"])
        writer.writerows((key, found.ids[first]) for key, first in zip(found.ids, found.resolved.entity, strict=True))
