"""What is logged and said."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from connectors.sdk.settings import secret_values
from connectors.testing.contract.rule import rule
from connectors.testing.contract.stand import Stand, pages
from tongmai.core.errors import TongmaiError
from tongmai.core.text import Text


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if record.exc_info:
            self.lines.append(logging.Formatter().formatException(record.exc_info))


@rule(
    "say.no-secret",
    "bronze",
    Text("No secret in any log line or error", "日志和错误中没有机密"),
    Text("Logs travel further than anybody thinks.", "日志流传得比想象的更远。"),
)
def no_secret(stand: Stand) -> Iterator[Text]:
    kept = _Kept()
    root = logging.getLogger()
    before = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    told: list[str] = []
    settings: dict[str, Any] = stand.settings()
    try:
        for more in ({}, stand.fixture.bad_credentials):
            try:
                connection = stand.open(**more)
                connection.check()
                for name in stand.fixture.streams:
                    pages(connection, name, full=True)
                    if stand.manifest.http:
                        stand.fault(name, "status", status=500, times=0)
                        pages(connection, name, full=True)
            except TongmaiError as error:
                told += [str(error), repr(error)]
            finally:
                stand.system.faults([]) if stand.manifest.http else None
    finally:
        root.removeHandler(kept)
        root.setLevel(before)
    values = {
        *secret_values(stand.manifest, settings),
        *secret_values(stand.manifest, {**settings, **stand.fixture.bad_credentials}),
    }
    for value in (each for each in values if len(each) >= 4):
        if any(value in line for line in kept.lines):
            yield Text("a secret stands in the log", "日志中出现机密")
        if any(value in line for line in told):
            yield Text("a secret stands in an error", "错误中出现机密")
