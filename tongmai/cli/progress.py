"""A progress bar for people; nothing for machines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tongmai.core.text import Text

_PHASES = {
    "events": Text("events", "事件"),
    "read": Text("read", "读取"),
    "apply": Text("apply", "并入"),
    "deliver": Text("deliver", "写出"),
    "compare": Text("compare", "比较"),
    "index": Text("index", "索引"),
    "judge": Text("judge", "评估"),
}


@contextmanager
def bar(*, enabled: bool) -> Iterator[Callable[[str, str, int], None]]:
    """Yields ``progress(what, phase, count)``; drawn on stderr when that is a terminal."""
    if not enabled or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    ) as shown:  # fmt: skip
        tasks: dict[tuple[str, str], int] = {}

        def progress(what: str, phase: str, count: int) -> None:
            key = (what, phase)
            if key not in tasks:
                tasks[key] = shown.add_task(f"{what} · {_PHASES[phase]}", total=None)
            shown.update(shown.task_ids[list(tasks).index(key)], completed=count)

        yield progress
