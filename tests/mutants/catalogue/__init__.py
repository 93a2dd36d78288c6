"""Every mutant."""

from __future__ import annotations

from tests.mutants.catalogue import connectors, flows, reading, writing
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (*reading.MUTANTS, *writing.MUTANTS, *flows.MUTANTS, *connectors.MUTANTS)
SPLIT = reading.SPLIT
