"""Golden records: their typed tables, and the one place that reads and writes them."""
