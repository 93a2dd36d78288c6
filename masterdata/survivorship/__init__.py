"""Which value survives in the golden record, and why. Pure: contributions in, fields and reasons out."""

from __future__ import annotations

from masterdata.survivorship.before import itself
from masterdata.survivorship.contribution import EMPTY, REFUSED, Contribution, Override, in_force, newest
from masterdata.survivorship.survive import survive

__all__ = ["EMPTY", "REFUSED", "Contribution", "Override", "in_force", "itself", "newest", "survive"]
