"""Master data: entities, matching, survivorship, golden records and their store."""
