"""Whose records are the same company: generated Chinese customers, measures, and what others make of them."""
