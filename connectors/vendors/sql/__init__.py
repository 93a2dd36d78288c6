"""Any database that SQLAlchemy speaks to."""
