"""Drafts of mappings: what a source's fields could mean, with how sure we are and why. Pure; a person decides."""

from __future__ import annotations

from mappings.drafting.profile import SourceField, profile
from mappings.drafting.propose import Proposal, propose
from mappings.drafting.write import draft_files

__all__ = ["Proposal", "SourceField", "draft_files", "profile", "propose"]
