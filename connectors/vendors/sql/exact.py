"""psycopg as we read with it: what Python cannot hold stays text, and one such value does not break its whole page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.sdk import wire

if TYPE_CHECKING:
    from psycopg import Connection


def exact_psycopg(connection: Connection[Any]) -> None:
    """Dates beyond Python's calendar, ``infinity`` and intervals (which have months) come as the database writes them."""
    from psycopg import DataError
    from psycopg.abc import AdaptContext, Buffer
    from psycopg.adapt import Loader
    from psycopg.pq import Format
    from psycopg.types.json import set_json_loads
    from psycopg.types.string import TextLoader

    def lenient(usual: Any) -> Any:
        class Lenient(Loader):
            def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
                super().__init__(oid, context)
                self._usual = usual(oid, context).load

            def load(self, data: Buffer) -> Any:
                try:
                    return self._usual(data)
                except DataError:
                    return bytes(data).decode()

        return Lenient

    adapters = connection.adapters
    for name in ("date", "timestamp", "timestamptz", "time", "timetz"):
        usual = adapters.get_loader(adapters.types[name].oid, Format.TEXT)
        adapters.register_loader(name, lenient(usual))
    adapters.register_loader("interval", TextLoader)
    set_json_loads(_json, connection)


def _json(text: str | bytes) -> Any:
    return wire.parse(text.encode() if isinstance(text, str) else text)
