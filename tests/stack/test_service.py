"""A detached program: found by id and start time, stopped with everything it started."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tongmai.stack import service
from tongmai.stack.service import Service

TREE = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in sys.argv else signal.SIG_DFL)
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"],
    stdout=subprocess.PIPE, start_new_session="far" in sys.argv)
child.stdout.readline()
print("child", child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TONGMAI_HOME", str(tmp_path / "h"))
    (tmp_path / "h").mkdir()
    return tmp_path / "h"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start(*words: str) -> tuple[Service, int]:
    program = Service("probe")
    program.start([sys.executable, "-c", TREE, *words], os.environ)
    wait_for(lambda: program.log.exists() and "child" in program.log.read_text())
    return program, int(program.log.read_text().split()[-1])


@pytest.mark.parametrize("words", [(), ("far",)])
def test_stop_ends_children_too_even_in_their_own_session(words: tuple[str, ...]) -> None:
    program, child = start(*words)
    process = program.process()
    assert process is not None and os.getsid(process.pid) == process.pid
    assert service.stop([program], grace=0.3) == ["probe"]
    assert not alive(process.pid) and not alive(child)
    assert service.stop([program], grace=0.3) == []


def test_a_stubborn_program_is_killed() -> None:
    program, child = start("stubborn")
    process = program.process()
    assert process is not None
    assert service.stop([program], patience=0.3, grace=0.3) == ["probe"]
    assert not alive(process.pid) and not alive(child)


def test_children_of_a_crashed_program_are_found_and_stopped() -> None:
    program, child = start()
    process = program.process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: not alive(process.pid))
    assert program.process() is None
    assert alive(child)
    service.stop([program], grace=0.3)
    assert not alive(child)


def test_a_reused_process_number_is_left_alone(home: Path) -> None:
    program, child = start()
    process = program.process()
    assert process is not None
    kept = program.file.read_text()
    program.file.write_text(json.dumps({"pid": process.pid, "born": 1000.0}))
    assert program.process() is None
    assert service.stop([program], grace=0.3) == []
    assert alive(process.pid) and alive(child)
    program.file.write_text(kept)
    assert service.stop([program], grace=0.3) == ["probe"]
    assert not alive(process.pid) and not alive(child)
