"""Fixtures of the mapping tests."""

from __future__ import annotations

from mapping_world import give, world

__all__ = ["give", "world"]
