"""Search: what a record is found by, what a query asks for, how well both fit. Pure: texts in, numbers out."""

from __future__ import annotations

from masterdata.search.entry import Entry, entries, mark
from masterdata.search.query import Query, query
from masterdata.search.rank import Hit, rank
from masterdata.search.token import tokens

__all__ = ["Entry", "Hit", "Query", "entries", "mark", "query", "rank", "tokens"]
