"""Opens transactions and migrates. Each room keeps its own SQL and is handed the transaction."""

from __future__ import annotations

from masterdata.store.database import Cursor, Database, connect
from masterdata.store.migrate import upgrade

__all__ = ["Cursor", "Database", "connect", "upgrade"]
