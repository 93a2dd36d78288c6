"""``python -m bench.matching``."""

from bench.matching import table

table.main()
