"""Run two versions of a mapping over the same records and add up what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from mappings.language.compare_runs import Comparison
from mappings.language.types import CompiledMapping
from mappings.language.wording import Wording
from tongmai.sync.recorded import Batch


def rerun(
    batches: Iterable[Batch],
    old: CompiledMapping,
    new: CompiledMapping,
    wording: Wording,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Comparison, int]:
    """The comparison, and how many records were not for this target."""
    found, passed_by = Comparison(wording.titles()), 0
    for batch in batches:
        passed_by += batch.passed_by
        given = batch.readable
        for _ in range(len(batch.given) - len(given)):
            found.unreadable()
        records = [one.record for one in given]
        before, after = old.run(records, batch.resolve), new.run(records, batch.resolve)
        for one, was, now in zip(given, before, after, strict=True):
            found.add(one.key, was, now, partial(wording.private, one.record, (was, now)))
        progress(found.totals.read + passed_by)
    return found, passed_by
