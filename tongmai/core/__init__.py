"""Plain modules that know nothing of the hub: errors, records, text positions, settings, ids."""
