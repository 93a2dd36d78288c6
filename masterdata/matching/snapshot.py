"""How common values and keys are among all records at one moment: taken once, used until another is taken.

Weights that followed every arrival would weigh old pairs differently each time, and what is merged would depend on when
each record came.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

from masterdata.matching.columns import Columns, caps
from masterdata.matching.learn import frequencies
from masterdata.matching.stored import written
from masterdata.matching.weights import Weights


def snapshot(columns: Columns) -> Weights:
    """Frequencies, number and caps of these records, and no weights of levels. The version follows from the content alone:
    how many records, and a digest."""
    found = Weights("", frequencies=frequencies(columns), records=columns.size, caps=caps(columns))
    content = written(found, columns.scorer.rules.matching, "")
    return replace(found, version=f"{columns.size}-{blake2b(content.encode(), digest_size=5).hexdigest()}")


def combined(weights: Weights, taken: Weights) -> Weights:
    """Learnt weights with the frequencies, the number of records and the caps of a snapshot."""
    return replace(
        weights,
        version=f"{weights.version}+{taken.version}",
        frequencies=taken.frequencies,
        records=taken.records,
        caps=taken.caps,
    )
