"""One mapping of 28 fields in several engines: ours, a person's Python, and what others use."""
