"""Which records are one entity, kept in PostgreSQL: what is compared of them, their pairs, and who belongs where."""
