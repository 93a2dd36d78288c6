"""Opens transactions and migrates. Each room keeps its own SQL and is handed the transaction."""

from __future__ import annotations

from masterdata.store.database import Cursor, Database, connect
from masterdata.store.migrate import upgrade
from masterdata.store.staged import Staged

__all__ = ["Cursor", "Database", "Staged", "connect", "upgrade"]
