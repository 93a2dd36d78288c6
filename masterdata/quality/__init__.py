"""How good data is: rules over records and scores that say what they lose by. Pure: no database, network, clock."""

from __future__ import annotations

from masterdata.quality.rule import BOTH, GOLDEN, SOURCE, Rule, Subject
from masterdata.quality.rules import rules_of
from masterdata.quality.score import Score, Tally, scored

__all__ = ["BOTH", "GOLDEN", "SOURCE", "Rule", "Score", "Subject", "Tally", "rules_of", "scored"]
