"""Connections that ask the gate for every piece they send, and the address policy before they connect.

The gate: the last moment at which a stopped writer can be held back. The policy: a name is resolved once, and the
connection is made to an address that was looked at; a name that changes its address in between (DNS rebinding) gains
nothing. Host header and TLS name stay the name's.
"""

from __future__ import annotations

import logging
import socket
from functools import partial
from typing import Any

import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.poolmanager import PoolManager

from connectors.sdk.addresses import Addresses, resolve
from connectors.sdk.gate import pass_gate

_AT_ONCE = 32
"""Connections kept alive to one host: more threads than that at once open and close theirs."""


class _Checked(HTTPConnection):
    """A connection to an address that the policy allows."""

    def __init__(self, *given: Any, addresses: Addresses, **more: Any) -> None:
        super().__init__(*given, **more)
        self._addresses = addresses

    def send(self, data: Any) -> None:
        pass_gate()
        super().send(data)

    def _new_conn(self) -> socket.socket:
        if self.proxy is not None:  # it is the proxy's own address, which stands in the settings
            return super()._new_conn()
        name = self.host
        try:
            found = resolve(name, self.port or self.default_port)
        except socket.gaierror as error:
            raise urllib3.exceptions.NameResolutionError(name, self, error) from error
        failed: Exception | None = None
        for address in self._addresses.reachable(name, found):
            self.host = address
            try:
                return super()._new_conn()
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
                failed = error
            finally:
                self.host = name
        assert failed is not None  # `reachable` gives at least one
        raise failed


class _CheckedSecure(_Checked, HTTPSConnection):
    """The same with TLS."""


def _pool(host: str, port: int, *, addresses: Addresses, **more: Any) -> HTTPConnectionPool:
    made = HTTPConnectionPool(host, port, **more)
    made.ConnectionCls = partial(_Checked, addresses=addresses)  # type: ignore[assignment]
    return made


def _secure_pool(host: str, port: int, *, addresses: Addresses, **more: Any) -> HTTPSConnectionPool:
    made = HTTPSConnectionPool(host, port, **more)
    made.ConnectionCls = partial(_CheckedSecure, addresses=addresses)  # type: ignore[assignment]
    return made


class GatedAdapter(HTTPAdapter):
    """The usual adapter over such connections; a request whose body is held back is never complete."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        super().__init__(pool_maxsize=_AT_ONCE)

    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        super().init_poolmanager(*given, **more)
        self._guard(self.poolmanager)

    def proxy_manager_for(self, *given: Any, **more: Any) -> PoolManager:
        found: PoolManager = super().proxy_manager_for(*given, **more)
        self._guard(found)
        return found

    def _guard(self, pools: PoolManager) -> None:
        pools.pool_classes_by_scheme = {
            "http": partial(_pool, addresses=self._addresses),  # type: ignore[dict-item]
            "https": partial(_secure_pool, addresses=self._addresses),  # type: ignore[dict-item]
        }


class _WithoutPath(logging.Filter):
    """urllib3 logs each request with its whole path and query at DEBUG: keys and tokens. Our own line says enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno == logging.DEBUG and isinstance(record.args, tuple):
            record.args = tuple("…" if isinstance(each, str) and each.startswith("/") else each for each in record.args)
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutPath())
