"""Flows: what follows from a change, step by step, exactly once. A flow never calls a system; it lets syncs write."""
