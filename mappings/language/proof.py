"""Everything that a mapping's tests say of it: its cases, the way there and back, what they reach."""

from __future__ import annotations

from dataclasses import dataclass, field

from mappings.language.cases import CaseResult, TestFile
from mappings.language.coverage import Coverage, Mutant, cover, mutate
from mappings.language.load import Mappings
from mappings.language.roundtrip import round_trips


@dataclass
class Proof:
    """One mapping's outcome. ``tested`` is false when there is no case at all."""

    name: str
    tested: bool
    results: list[CaseResult] = field(default_factory=list)
    coverage: Coverage = field(default_factory=lambda: Coverage((), ()))
    mutants: list[Mutant] = field(default_factory=list)

    @property
    def failed(self) -> list[CaseResult]:
        """The cases that did not pass."""
        return [one for one in self.results if not one.passed]


def prove(mappings: Mappings, name: str, *, mutants: bool = False) -> Proof:
    """Run what there is for a mapping that compiles."""
    definition, around = mappings.definitions[name], mappings.surroundings[name]
    tests = mappings.tests.get(name) or TestFile(definition.file, ())
    results, coverage = cover(definition, around, tests)
    base = definition.base
    if base is not None and definition.data.reverses and base.name in mappings.by_name:
        inbound, known = mappings.by_name[base.name], mappings.tests.get(base.name)
        results += list(round_trips(definition, inbound, mappings.by_name[name], known)) if known else []
    made = mutate(definition, around, tests) if mutants else []
    return Proof(name, bool(tests.cases or tests.inherited), results, coverage, made)
