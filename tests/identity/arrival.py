"""Feed the same records to a fresh hub in some order, and say what a batch over them finds."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bench.matching.chance import Draw
from masterdata.matching.columns import Columns
from masterdata.matching.resolve import resolve
from tests.identity.world import Row, Streams, World, loaded
from tongmai.batch.run import scorer_of
from tongmai.core.ids import entity_id
from tongmai.sync import apply
from tongmai.sync.run import run_sync


def run(name: str) -> None:
    """One sync; its books must close."""
    report = run_sync(name)
    assert report.ok and report.balanced, report.as_json()


def lots(streams: Streams, number: int) -> list[tuple[str, list[Row]]]:
    """The order of this number: streams take turns, each with some of its records at a time, themselves shuffled."""
    chance, parts = Draw(f"order {number}"), []
    for name, rows in sorted(streams.items()):
        rows = [rows[at] for at in sorted(range(len(rows)), key=[chance.next() for _ in rows].__getitem__)]
        cut = chance.below(len(rows) + 1) if chance.happens(0.3) else 0
        parts += [(name, one) for one in (rows[:cut], rows[cut:]) if one]
    return [parts[at] for at in sorted(range(len(parts)), key=[chance.next() for _ in parts].__getitem__)]


def feed(
    world: World, streams: Streams, number: int, workers: int, patch: pytest.MonkeyPatch, processes: bool = False
) -> None:
    """Let them arrive in the order of this number, in batches of a size of its own (``processes``: of the usual size);
    ``workers`` streams at once."""
    chance = Draw(f"size {number}")
    patch.setattr(apply, "BATCH", chance.one((3, 10, 40, 1000)))
    turns = lots(streams, number)
    there: dict[str, list[Row]] = defaultdict(list)
    while turns:
        now: dict[str, list[Row]] = {}
        while turns and len(now) < workers and turns[0][0] not in now:
            name, rows = turns.pop(0)
            now[name] = rows
        for name, rows in now.items():
            there[name] += rows
            world.put(name, there[name])
        names = [name.replace(".", "_") for name in now]
        (apart if processes else together)(names)


def apart(names: Sequence[str]) -> None:
    """Run syncs at the same time, each in a process of its own."""
    command = [sys.executable, "-m", "tongmai", "sync"]
    started = [subprocess.Popen([*command, one], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for one in names]
    for one in started:
        said, _ = one.communicate(timeout=120)
        assert one.returncode == 0, said.decode()[-2000:]


def together(names: Sequence[str]) -> None:
    """Run syncs at the same time."""
    if len(names) == 1:
        return run(names[0])
    failed: list[BaseException] = []

    def one(name: str) -> None:
        try:
            run(name)
        except BaseException as error:  # shown by the test itself
            failed.append(error)

    threads = [threading.Thread(target=one, args=(name,)) for name in names]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if failed:
        raise failed[0]
    return None


def batch(entity: str, records: Mapping[str, Mapping[str, Any]]) -> set[frozenset[str]]:
    """The partition of all records at once, by the same rules; equally strong unions in the order of births."""
    scorer = scorer_of(loaded().schema, entity)
    columns, names = Columns(scorer), sorted(records, key=lambda name: entity_id(entity, *name.split("/"), 0))
    columns.add(records[name] for name in names)
    columns.close()
    found = resolve(columns, scorer.merge)
    groups: dict[int, set[str]] = defaultdict(set)
    for name, first in zip(names, found.entity, strict=True):
        groups[first].add(name)
    return {frozenset(one) for one in groups.values()}


def all_at_once(world: World) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """Customers and contacts in a batch: the fields as they were mapped, employers by the batch's own customers."""
    said: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    owner = {}
    for entity, connection, stream, key, fields in world.query(
        """select s.entity, s.connection, s.stream, r.source_key, c.fields from hub.contribution c
             join hub.source_record r on r.id = c.record_id join hub.stream s on s.id = r.stream_id"""
    ):
        said[entity][f"{connection}/{stream}/{key}"] = fields
        if entity == "contact":
            owner[f"{connection}/{stream}/{key}"] = f"{connection}/firms/{key.removeprefix('P')}"
    customers = batch("customer", said["customer"])
    home = {key: str(entity_id("customer", "batch", "batch", min(group), 0)) for group in customers for key in group}
    for key, fields in said["contact"].items():
        fields["customer"] = home[owner[key]]
    return customers, batch("contact", said["contact"])
