"""Mutation proof: each guard of the product, taken away by an edit, must let an invariant of the whole fall."""
