"""One record against many that are there: how long candidate search, weighing and settling take, in process.

``python -m bench.weights.online --records 100000``. The records are generated (seed 120) and arrive in lots, but for the
last ``--probes`` of them, which arrive one by one. Percentiles in milliseconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.matching.generate import generate
from masterdata.matching.columns import Columns, caps
from masterdata.matching.learn import frequencies
from masterdata.matching.online import Memory, arrive
from masterdata.matching.scorer import Scorer
from tongmai.batch.records import layout, records
from tongmai.batch.run import scorer_of
from tongmai.sync.content import load_content

LOT = 1_000


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--probes", type=int, default=2_000)
    options = parser.parse_args(arguments)
    schema = load_content().schema
    scorer = scorer_of(schema, "customer")
    with tempfile.TemporaryDirectory(prefix="tm-bench-") as temporary:
        generate(options.records, "medium", 120, Path(temporary))
        file = Path(temporary, "records.csv")
        how = layout(file, schema.entities["customer"], scorer.rules, {})
        fields = [values for _, _, values in records(file, how, schema.entities["customer"])]
    columns = Columns(scorer)
    columns.add(fields)
    book = Memory()
    weights = replace(scorer.weights, frequencies=frequencies(columns), records=columns.size, caps=caps(columns))
    scorer = Scorer(scorer.rules, weights)
    there = columns.size - options.probes
    begun = time.perf_counter()
    for at in range(0, there, LOT):
        arrive(scorer, book, {one: columns.features(one) for one in range(at, min(there, at + LOT))}, scorer.merge)
    print(f"{there:,} records arrive in lots of {LOT:,}: {1000 * (time.perf_counter() - begun) / there:.2f} ms each")
    read, whole, found = [], [], 0
    for at in range(there, columns.size):
        begun = time.perf_counter()
        features = scorer.features(fields[at])
        middle = time.perf_counter()
        arrive(scorer, book, {at: features}, scorer.merge)
        found += len(book.edges([at]))
        read.append(middle - begun)
        whole.append(time.perf_counter() - middle)
    print(f"{there:,} records there, {options.probes:,} arrive, {found:,} edges found")
    for name, times in (("normalise", read), ("arrive: search, weigh, settle", whole)):
        times.sort()
        marks = {share: times[int(len(times) * share / 100)] * 1000 for share in (50, 95, 99)}
        print(f"{name:32} " + "  ".join(f"p{share} {mark:6.2f} ms" for share, mark in marks.items()))


if __name__ == "__main__":
    main()
