"""What others make of the same records: exact cleaned names, Splink on raw and on normalised columns."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

AT = {"merge": "only what needs no question"}
PLAIN = "bench.matching.plain:normalise"


@dataclass(frozen=True, slots=True)
class Run:
    """Clusters in a file and what they cost; `note` says what a reader of the table should know."""

    name: str
    clusters: Path | None
    cpu: float = 0.0
    memory: float = 0.0
    note: str = ""


def exact_names(folder: Path, out: Path) -> Run:
    """Equal after width, capitals, spaces, brackets and signs are taken away."""
    started = time.process_time()
    with (folder / "records.csv").open(encoding="utf-8", newline="") as rows, out.open("w", encoding="utf-8") as file:
        write = csv.writer(file)
        write.writerow(("id", "cluster_id"))
        for row in csv.DictReader(rows):
            write.writerow((row["id"], cleaned(row["name"]) or row["id"]))
    return Run("exact cleaned names", out, time.process_time() - started)


def cleaned(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).casefold()


def splink(folder: Path, out: Path, model: str, normaliser: str = PLAIN) -> Run:
    """Splink in a child process; its best threshold on the truth is chosen for it."""
    command = [sys.executable, "-m", "bench.matching.splinked", str(folder), "--model", model, "--out", str(out)]
    answer = subprocess.run([*command, "--normaliser", normaliser], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(
            f"Splink on {model} columns of {folder.name} ended with {answer.returncode}: {answer.stderr[-2000:]}"
        )
    told = json.loads(answer.stdout.splitlines()[-1])
    names = {"raw": "Splink, raw columns", "normalised": f"Splink, normalised ({normaliser.partition(':')[0]})"}
    note = f"best threshold {told['weight']:.1f}, {told['edges']:,} edges"
    if model == "normalised":
        note += f", {told['normalising']:.1f} s of them reading and normalising"
    return Run(names.get(model, "Splink"), out, told["cpu"], told["memory"], note)


def ours(folder: Path, out: Path, tongmai: str, entity: str = "customer", at: str = "") -> Run:
    """`tongmai match` as a user calls it; said to be missing where that command is not there. ``at``: from which level on."""
    if subprocess.run([tongmai, "match", "--help"], capture_output=True, check=False).returncode:
        return Run("Tongmai", None, note="not there yet: this tongmai has no command `match`")
    command = [tongmai, "match", "--entity", entity, "--in", str(folder / "records.csv"), "--out", str(out)]
    command += ["--at", at] if at else []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    complaint = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(f"`{' '.join(command)}` ended with {process.returncode}: {complaint[-2000:]}")
    return Run(f"Tongmai, {AT[at]}" if at else "Tongmai", out, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024.0)
