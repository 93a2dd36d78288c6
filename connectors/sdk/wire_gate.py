"""Connections that ask the gate for every piece they send: the last moment at which a stopped writer can be held back."""

from __future__ import annotations

from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.poolmanager import PoolManager

from connectors.sdk.gate import pass_gate


class _Connection(HTTPConnection):
    def send(self, data: Any) -> None:
        pass_gate()
        super().send(data)


class _SecureConnection(HTTPSConnection):
    def send(self, data: Any) -> None:
        pass_gate()
        super().send(data)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class GatedAdapter(HTTPAdapter):
    """The usual adapter over connections that ask the gate; a request whose body is held back is never complete."""

    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        super().init_poolmanager(*given, **more)
        _gate(self.poolmanager)

    def proxy_manager_for(self, *given: Any, **more: Any) -> PoolManager:
        found: PoolManager = super().proxy_manager_for(*given, **more)
        _gate(found)
        return found


def _gate(pools: PoolManager) -> None:
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
