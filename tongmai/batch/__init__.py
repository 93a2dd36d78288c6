"""Matching whole files: for migrations, before anything is in the hub. No database."""
