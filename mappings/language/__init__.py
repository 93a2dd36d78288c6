"""The mapping language: files are read, checked, compiled to Python, explained and tested. Pure."""

from __future__ import annotations

from mappings.language.load import Mappings, load_mappings
from mappings.language.rules import check_condition, compile_condition
from mappings.language.types import CompiledMapping, Issue, Mapped, Reference, Resolve

__all__ = [
    "CompiledMapping",
    "Issue",
    "Mapped",
    "Mappings",
    "Reference",
    "Resolve",
    "check_condition",
    "compile_condition",
    "load_mappings",
]
