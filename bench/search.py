"""Search over HTTP among many customers: how long an answer takes by what is typed, how often the right one is among the first ten,
and what keeping the index costs the writer.

``python -m bench.search --customers 100000``. Real PostgreSQL (embedded, fsync on), the API as a process of its own, one caller with a
kept connection. Companies are those of ``bench.matching``. Compare the lines of one run, never two machines.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid5

from bench.matching.chance import Draw
from bench.matching.family import World, draw_family

SPACE = UUID("00000000-0000-0000-0000-0000000bec40")
BATCH = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    from masterdata.store import upgrade
    from tongmai.stack import postgres

    with tempfile.TemporaryDirectory(prefix="tm-bench-") as folder:
        Path(folder).chmod(0o711)
        os.environ["TONGMAI_HOME"] = folder
        url = postgres.start().url("tongmai")
        try:
            upgrade(url)
            os.environ["TONGMAI_DATABASE_URL"] = url
            rows = dict(customers(options.customers, options.seed))
            token = fill(url, rows)
            measure(rows, token, options.queries, random.Random(options.seed))
        finally:
            postgres.stop()


def customers(wanted: int, seed: int) -> Iterator[tuple[UUID, dict[str, object]]]:
    """Golden fields of as many companies."""
    world, chance, number, made = World(f"{seed}", wanted * 2), Draw(f"{seed} truth"), 0, 0
    while made < wanted:
        number += 1
        for place, one in enumerate(draw_family(chance, world, number)):
            made += 1
            if made > wanted:
                return
            yield uuid5(SPACE, f"{number}-{place}"), {
                "legal_name": one.name, "short_name": one.short, "english_name": one.english, "uscc": one.uscc,
                "former_names": [one.former] if one.former else [], "phones": list(one.phones), "city": one.city.name,
                "province": one.city.province, "number": f"C-{made:06d}", "brand": one.brand,
            }  # fmt: skip


def fill(url: str, rows: dict[UUID, dict[str, object]]) -> str:
    """Write the records as a sync does; a tenth of them first without search, to see what it costs. Returns a token."""
    from masterdata.golden import search
    from masterdata.golden import write as golden
    from masterdata.golden.write import Golden
    from masterdata.model.entity import Search
    from masterdata.store import connect
    from tongmai.api import tokens
    from tongmai.api.scope import Scope
    from tongmai.sync.content import activate, load_content

    content = load_content()
    model = content.schema.entities["customer"]
    silent = model.model_copy(update={"search": Search()})
    with connect(url) as database:
        activate(database, content)
        seconds = {"with": 0.0, "without": 0.0}
        counts = {"with": 0, "without": 0}
        items = list(rows.items())
        for at in range(0, len(items), BATCH):
            how = "without" if (at // BATCH) % 10 == 9 else "with"
            changes = []
            for one, given in items[at : at + BATCH]:
                fields = {name: given.get(name) for name in model.fields}
                why = {name: {"connection": "crm_main", "rule": "only", "at": ""} for name in fields if fields[name]}
                changes.append((Golden(one, 1, golden.digest(fields), fields, why), list(fields)))
            began = time.perf_counter()
            with database.transaction() as cursor:
                golden.save(database, cursor, silent if how == "without" else model, "bench", changes)
            seconds[how] += time.perf_counter() - began
            counts[how] += len(changes)
        for how, count in counts.items():
            print(f"golden records written {how} search: {count / max(seconds[how], 1e-9):,.0f} a second", flush=True)
        began = time.perf_counter()
        done = max(search.rebuild(database, model), default=0)
        print(f"rebuild: {done:,} rows in {time.perf_counter() - began:.1f} s")
        with database.transaction() as cursor:
            cursor.execute(
                """select pg_size_pretty(pg_table_size('hub.search')), pg_size_pretty(pg_relation_size('hub.search_tokens')),
                          count(*), round(avg(cardinality(tokens))) from hub.search"""
            )
            print("table {}, index {}, {:,} rows, {} tokens each".format(*cursor.fetchall()[0]))
            scope = Scope(frozenset({"customer"}), {}, frozenset({"*"}))
            return tokens.create(cursor, "bench", scope, datetime.now(UTC) + timedelta(days=1), "bench", 0)


def measure(rows: dict[UUID, dict[str, object]], token: str, queries: int, chance: random.Random) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tongmai", "api", "serve", "--port", "0", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        place = urlsplit(json.loads(process.stdout.readline())["url"])
        caller = http.client.HTTPConnection(str(place.hostname), place.port)
        headers = {"Authorization": f"Bearer {token}"}

        def ask(text: str) -> tuple[float, list[str]]:
            began = time.perf_counter()
            caller.request("GET", f"/api/v1/search?limit=10&q={quote(text)}", headers=headers)
            answer = caller.getresponse()
            body = answer.read()
            seconds = time.perf_counter() - began
            assert answer.status == 200, body
            return seconds, [hit["id"] for hit in json.loads(body)["hits"]]

        ids = list(rows)
        print(f"{'typed':<28} {'median ms':>10} {'95 % ms':>9} {'99 % ms':>9} {'most ms':>9} {'among ten':>10}")
        every: list[float] = []
        for name, type_ in typed().items():
            times, hit, count = [], 0, 0
            while count < queries:
                one = chance.choice(ids)
                text = type_(rows[one], chance)
                if not text:
                    continue
                count += 1
                seconds, found = ask(text)
                times.append(seconds * 1000)
                hit += str(one) in found
            line(name, times, f"{hit / count:>10.1%}")
            every += times
        line("all", every, "")
    finally:
        process.terminate()
        process.wait(30)


def line(name: str, times: list[float], more: str) -> None:
    times = sorted(times)
    some = (times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
    print(f"{name:<28} " + " ".join(f"{each:>9.1f}" for each in (*some, times[-1])) + f" {more}", flush=True)


def typed():  # type: ignore[no-untyped-def]
    """What people type of a customer, by kind."""
    from masterdata.normal.script import pinyin

    def slip(text: str, chance: random.Random) -> str:
        at = chance.randrange(len(text))
        return text[:at] + chance.choice("的一是在人有我他这中大来上国") + text[at + 1 :]

    def part(row: dict, chance: random.Random) -> str:  # type: ignore[type-arg]
        name, at = row["legal_name"], row["legal_name"].find(row["brand"])
        return name[at : at + len(row["brand"]) + 2] if at >= 0 else ""

    def code_slip(row: dict, chance: random.Random) -> str:  # type: ignore[type-arg]
        at = chance.randrange(18)
        return row["uscc"][:at] + chance.choice("0123456789ABCDEFGH") + row["uscc"][at + 1 :]

    return {
        "whole name": lambda row, chance: row["legal_name"],
        "brand and two characters": part,
        "brand alone": lambda row, chance: row["brand"],
        "first six characters": lambda row, chance: row["legal_name"][:6],
        "city alone": lambda row, chance: row["city"].removesuffix("市"),
        "pinyin of brand and two": lambda row, chance: pinyin(part(row, chance)),
        "initials of brand and two": lambda row, chance: pinyin(part(row, chance), "initials"),
        "whole name, one wrong": lambda row, chance: slip(row["legal_name"][:10], chance),
        "legal code": lambda row, chance: row["uscc"],
        "legal code, one wrong": code_slip,
        "first ten of the code": lambda row, chance: row["uscc"][:10],
        "telephone": lambda row, chance: row["phones"][0],
        "our number": lambda row, chance: row["number"],
        "nothing there is": lambda row, chance: "".join(chance.sample(row["legal_name"] + "鑫淼焱垚犇", 6)),
    }


if __name__ == "__main__":
    main()
