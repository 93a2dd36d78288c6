"""What can be compared, and how: each kind reads a value from a record's fields, judges two values, and gives keys."""

from __future__ import annotations

from masterdata.matching.kinds import companies, contacts, declared, employers, members, people, plain, products
from masterdata.matching.kinds.kind import MISSING, Judged, Kind, Level

_MODULES = (companies, contacts, people, employers, members, products, plain, declared)
KINDS: dict[str, Kind] = {kind.name: kind for module in _MODULES for kind in module.KINDS}

__all__ = ["KINDS", "MISSING", "Judged", "Kind", "Level"]
