"""Changes that a system's own users make at the worst moment: records move between pages, share a time, commit late."""

from __future__ import annotations

from typing import Any

from connectors.testing.fault import Fault
from connectors.testing.simulator import Request, State, Touchable, Vendor


def disturb(vendor: Vendor, fault: Fault, request: Request) -> int:
    """Do what the fault says around the answer to this request; how many records were changed. With the lock held."""
    assert isinstance(vendor, Touchable)
    asked = vendor.looks_at(request)
    obj = fault.object or asked
    if not asked or obj not in vendor.state.tables:
        return 0
    newest = vendor.state.tables[obj].newest_time()
    if newest is None:
        return 0
    keys, at = _victims(vendor.state, obj, fault, newest)
    for key in keys:
        vendor.touch(obj, key, at, dict(fault.fields))
    return len(keys)


def _victims(state: State, obj: str, fault: Fault, newest: int) -> tuple[list[Any], int]:
    """Records to change, and the time they get: any two calls with the same state choose the same."""
    table = state.tables[obj]
    if fault.kind == "page_shift":
        return _some(fault, table.keys_changed(None, None)), int(state.clock.now() * 1000)
    at = newest if fault.kind == "tie" else newest - max(1, int(fault.seconds * 1000))
    return _some(fault, table.keys_changed(None, at - 1)), at


def _some(fault: Fault, keys: list[Any]) -> list[Any]:
    return sorted(fault.chance.sample(keys, min(fault.count, len(keys))))
