"""Which value survives in the golden record, and why. Pure: contributions in, fields and reasons out."""

from __future__ import annotations

from masterdata.survivorship.survive import Contribution, survive

__all__ = ["Contribution", "survive"]
