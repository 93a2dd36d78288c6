"""Every mutant."""

from __future__ import annotations

from tests.mutants.catalogue import flows, reading, writing
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (*reading.MUTANTS, *writing.MUTANTS, *flows.MUTANTS)
SPLIT = reading.SPLIT
