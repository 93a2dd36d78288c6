"""Keep systems in sync: read into the inbox, map, apply, deliver, account for every record."""
