"""What of a mapping its own tests reach, and which mistakes they would catch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mappings.language.cases import CaseResult, TestFile, run_tests
from mappings.language.compile import Surroundings, compile_definition, entity_of
from mappings.language.definition import Definition, Each, Target, with_lines
from mappings.language.scope import Point, Watch
from masterdata.model.entity import Entity
from tongmai.core.text import Text


@dataclass(frozen=True)
class Coverage:
    """The places of a mapping, and those that no case of its tests reaches."""

    points: tuple[Point, ...]
    missed: tuple[Point, ...]

    def share(self, kind: str = "") -> float:
        """Reached places of all, 0 to 1 (1 when there is none); of one kind: ``field`` or ``branch``."""
        every = [one for one in self.points if kind in ("", one.kind)]
        missed = [one for one in self.missed if kind in ("", one.kind)]
        return 1 - len(missed) / len(every) if every else 1.0


def cover(definition: Definition, around: Surroundings, tests: TestFile) -> tuple[list[CaseResult], Coverage]:
    """Run the tests on the mapping compiled to be watched. Raises ``ValueError`` for a mapping that does not compile."""
    watch = Watch()
    compiled, _ = compile_definition(definition, around, watch)
    if compiled is None:
        raise ValueError(f"{definition.name} does not compile")
    results = run_tests(compiled, tests)
    missed = tuple(one for number, one in enumerate(watch.points) if number not in watch.reached)
    return results, Coverage(tuple(watch.points), missed)


@dataclass(frozen=True)
class Mutant:
    """One mechanical mistake, and whether a case noticed it."""

    what: Text
    place: str
    caught: bool


def mutate(definition: Definition, around: Surroundings, tests: TestFile) -> list[Mutant]:
    """Drop each field, and swap what fields of the same kind are made of; a mutant that does not compile is no mistake
    that tests must find, so it is left out."""
    entity = entity_of(definition, around.schema)
    if entity is None:
        raise ValueError(f"{definition.name} does not compile")
    found = []
    for what, target, mutant in _mutants(definition, entity):
        compiled, _ = compile_definition(mutant, around)
        if compiled is None:
            continue
        caught = any(not result.passed for result in run_tests(compiled, tests))
        found.append(Mutant(what, definition.place(target.mark), caught))
    return found


def _mutants(definition: Definition, entity: Entity) -> Iterator[tuple[Text, Target, Definition]]:
    every = [one for target in definition.targets for one in with_lines(target)]
    for target in every:
        name = target.full_name
        yield Text(f"`{name}` is dropped", f"去掉 `{name}`"), target, _with(definition, target, None)
    for index, one in enumerate(every):
        other = next((each for each in every[index + 1 :] if _alike(definition, entity, one, each)), None)
        if other is None:
            continue
        swapped = _with(_with(definition, one, replace(one, node=other.node)), other, replace(other, node=one.node))
        names = f"`{one.full_name}` and `{other.full_name}`"
        yield Text(f"{names} are swapped", f"{names.replace(' and ', ' 与 ')} 互换"), one, swapped


def _with(definition: Definition, target: Target, instead: Target | None) -> Definition:
    """The definition with one field replaced (found by its place), or without it."""
    return replace(definition, targets=_replaced(definition.targets, target, instead))


def _replaced(targets: list[Target], target: Target, instead: Target | None) -> list[Target]:
    kept = []
    for one in targets:
        if one.mark == target.mark and one.full_name == target.full_name:
            kept += [instead] if instead is not None else []
        elif isinstance(one.node, Each):
            inner = tuple(_replaced(list(one.node.targets), target, instead))
            kept.append(replace(one, node=replace(one.node, targets=inner)))
        else:
            kept.append(one)
    return kept


def _alike(definition: Definition, entity: Entity, one: Target, other: Target) -> bool:
    """Whether somebody could take one field for the other: the same list, the same type, not the same expression."""
    if one.line_of != other.line_of or isinstance(one.node, Each) or isinstance(other.node, Each):
        return False
    if definition.outbound:
        return True
    return _type(entity, one) == _type(entity, other)


def _type(entity: Entity, target: Target) -> str:
    if not target.line_of:
        return str(entity.fields[target.name].type) if target.name in entity.fields else ""
    fields = entity.fields[target.line_of].fields if target.line_of in entity.fields else {}
    return str(fields[target.name].type) if target.name in fields else ""
