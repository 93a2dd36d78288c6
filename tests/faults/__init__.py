"""Faults: what the world does to the chain, how it is driven meanwhile, and what must be true afterwards."""
