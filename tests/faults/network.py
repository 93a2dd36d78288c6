"""Trouble between the hub and the systems: faults of the simulators, drawn by chance over reads and writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.testing.server import SimulatorServer
from tests.faults.cell import Count
from tests.faults.scene import Scene

LEDGER_LOOK = 0.02
READS = ("/query", "Query")
FEW = 3


@dataclass(frozen=True)
class Strike:
    """One fault at one side. ``chance`` a request; ``most`` and ``after`` requests and ``least`` firings, per signed deal (``least`` from 1 on: in all).

    Reads do not grow with the deals, a page holds many: a few firings are planned for them.
    """

    side: str
    kind: str
    path: str = ""
    chance: float = 0.04
    least: float = 0.01
    most: float = 0.0
    after: float = 0.0
    in_body: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the table."""
        return f"{self.side} {self.kind}{f' {self.path}' if self.path else ''}"

    def fault(self, deals: int, seed: int) -> dict[str, Any]:
        """As the simulator takes it."""
        return {
            "kind": self.kind, "path": self.path, "in_body": self.in_body, "probability": self.chance, "seed": seed,
            "times": max(1, round(self.most * deals)) if self.most else 0, "after": round(self.after * deals), **self.more,
        }  # fmt: skip


class Network:
    """Faults switched on in both simulators; a system that died is started again, as its operators would."""

    def __init__(self, strikes: Sequence[Strike], deals: int, seed: int) -> None:
        self._strikes = list(strikes)
        self._deals, self._seed = deals, seed
        self._over = threading.Event()
        self._operators: threading.Thread | None = None

    def begin(self, scene: Scene) -> None:
        for side, server in servers(scene).items():
            mine = [(number, one) for number, one in enumerate(self._strikes) if one.side == side]
            server.control("faults", [one.fault(self._deals, self._seed * 100 + number) for number, one in mine])
        if any(one.kind == "die" for one in self._strikes):
            self._operators = threading.Thread(target=self._restart, args=(scene,), daemon=True)
            self._operators.start()

    def drive(self, scene: Scene) -> bool:
        done = scene.drive()
        while not all(server.running for server in servers(scene).values()):
            time.sleep(LEDGER_LOOK)
        return done

    def end(self, scene: Scene) -> list[Count]:
        self._over.set()
        if self._operators is not None:
            self._operators.join(10)
        counts = []
        for side, server in servers(scene).items():
            if not server.running:
                server.stop()
                server.start()
            mine = [one for one in self._strikes if one.side == side]
            for one, fault in zip(mine, server.control("faults"), strict=True):
                planned = max(1, int(one.least if one.least >= 1 else one.least * self._deals))
                counts.append(Count(one.name, min(planned, FEW) if one.path in READS else planned, fault["fired"]))
            server.control("faults", [])
        # What a system accepts late comes when it comes; nothing tells that it is still to come.
        time.sleep(
            max((one.more.get("seconds", 0.0) for one in self._strikes if one.kind == "late_accept"), default=0.0)
        )
        return counts

    def _restart(self, scene: Scene) -> None:
        while not self._over.wait(0.2):
            for server in servers(scene).values():
                if not server.running:
                    server.stop()
                    server.start()


def servers(scene: Scene) -> dict[str, SimulatorServer]:
    """Both systems by side."""
    return {"crm": scene.systems.crm, "erp": scene.systems.erp}
