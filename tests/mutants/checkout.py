"""A copy of this checkout in a folder of its own, with or without a mutant, and a scenario played there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from tests.mutants.mutant import Mutant, StaleError
from tests.mutants.scenarios import SCENARIOS
from tongmai.core.settings import product_root

LONGEST = 240.0
ROOMS = ("docs/examples/", "tongmai/", "connectors/", "masterdata/", "mappings/", "dags/")
PLAYED = ("tests/mutants/scenarios", "tests/mutants/stage.py", "tests/mutants/play.py", "tests/flows/world.py")
_OURS = ("TONGMAI_", "AIRFLOW", "PG", "PYTHON", "COVERAGE", "PYTEST")


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant (caught, survived, stale, broke), or of a scenario without one (held, fell, broke)."""

    verdict: str
    invariant: str = ""
    detail: str = ""
    seconds: float = 0.0
    digest: str = ""

    def as_json(self) -> dict[str, object]:
        """For the report."""
        return asdict(self)


def files() -> list[str]:
    """Every file of the checkout that is tracked or would be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=product_root(),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return sorted({name for name in listed if name and (product_root() / name).is_file()})


def tree_digest(source: Path, names: Sequence[str]) -> bytes:
    """Changes with the product's code and content and with the scenarios."""
    digest = blake2b(digest_size=16)
    for name in names:
        if name.startswith(ROOMS) or name == "connections.yaml" or name.startswith(PLAYED):
            digest.update(name.encode() + b"\0" + (source / name).read_bytes() + b"\0")
    return digest.digest()


@contextmanager
def copied(source: Path, names: Sequence[str]) -> Iterator[Path]:
    """These files of a folder in a folder of their own, for a while."""
    with tempfile.TemporaryDirectory(prefix="tm-mutant-") as folder:
        for name in names:
            target = Path(folder) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target)
        yield Path(folder).resolve()


def judge(mutant: Mutant, source: Path, names: Sequence[str], url: str) -> Verdict:
    """Play the mutant's scenario with the mutant in place, on the empty or migrated hub at ``url``."""
    with copied(source, names) as folder:
        file = folder / mutant.file
        try:
            file.write_text(mutant.applied(file.read_text(encoding="utf-8")), encoding="utf-8")
        except StaleError as error:
            return Verdict("stale", detail=str(error))
        found = played(folder, mutant.scenario, mutant.file, url)
    return Verdict(
        {"fell": "caught", "held": "survived"}.get(found.verdict, found.verdict),
        found.invariant,
        found.detail,
        found.seconds,
    )


def baseline(scenario: str, source: Path, names: Sequence[str], url: str) -> Verdict:
    """Play a scenario with the product as it is."""
    with copied(source, names) as folder:
        return played(folder, scenario, "tongmai/sync/run.py", url)


def played(folder: Path, scenario: str, file: str, url: str) -> Verdict:
    """Play a scenario in a process whose code is that of ``folder``."""
    began = time.monotonic()
    variables = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    variables |= {
        "TONGMAI_HOME": str(folder / ".tongmai"),
        "TONGMAI_LANG": "en",
        "TONGMAI_DATABASE_URL": url,
        "PYTHONPATH": str(folder),
        **SCENARIOS[scenario].environment,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.mutants.play", scenario, file],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Verdict("broke", detail=f"not finished after {LONGEST:.0f} s", seconds=time.monotonic() - began)
    seconds = round(time.monotonic() - began, 1)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        return Verdict("broke", detail=f"status {process.returncode}: {err.strip()[-400:]}", seconds=seconds)
    found = json.loads(lines[-1])
    loaded = str(Path(found.get("file") or "/").resolve())
    if loaded != str(folder / file):
        return Verdict(
            "broke", detail=f"{file} was loaded from elsewhere: {loaded}; {found['detail']}", seconds=seconds
        )
    return Verdict(found["verdict"], found["invariant"], found["detail"], seconds)
