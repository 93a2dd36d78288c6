"""Which records are the same thing. Pure: values in, decisions out."""

from __future__ import annotations

from masterdata.matching.keys import MatchKey, match_keys, normal_name
from masterdata.matching.matcher import Decision, Index, decide

__all__ = ["Decision", "Index", "MatchKey", "decide", "match_keys", "normal_name"]
