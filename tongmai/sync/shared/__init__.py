"""What all processes of the hub share about vendor accounts: tokens and call limits, kept in the hub database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.sdk import quota, token
from masterdata.store import connect
from tongmai.core.errors import TongmaiError
from tongmai.core.settings import database_url
from tongmai.core.text import Text
from tongmai.sync.shared.alone import alone
from tongmai.sync.shared.line import Line
from tongmai.sync.shared.quotas import SharedQuota
from tongmai.sync.shared.tokens import SharedTokens


@dataclass
class _Use:
    """What one database is used with, and by how many callers of this process at once."""

    url: str
    line: Line
    tokens: SharedTokens
    quotas: SharedQuota
    users: int = 0


_LOCK = threading.Lock()
_USES: list[_Use] = []
_BEFORE: list[tuple[Any, Any]] = []


@contextmanager
def shared(url: str) -> Iterator[None]:
    """Within, connections of this process share tokens and limits with every other process of the same database.

    The database is called at first use, never while a call waits. Threads may be within at once and leave in any order.
    """
    with _LOCK:
        use = next((one for one in _USES if one.url == url), None)
        if use is None:
            line = Line(url)
            use = _Use(url, line, SharedTokens(line), SharedQuota(line))
            before = token.use(use.tokens), quota.use(use.quotas)
            if not _USES:
                _BEFORE[:] = [before]
            _USES.append(use)
        use.users += 1
    try:
        yield
    finally:
        with _LOCK:
            use.users -= 1
            if not use.users:
                _USES.remove(use)
                tokens, quotas = (_USES[-1].tokens, _USES[-1].quotas) if _USES else _BEFORE[0]
                token.use(tokens)
                quota.use(quotas)
        if not use.users:
            use.quotas.close()
            use.tokens.close()
            use.line.close()


@contextmanager
def shared_if_there(say: Callable[[str], None]) -> Iterator[None]:
    """As ``shared``, for commands that also work without a hub database.

    Then ``say`` is told that nothing is shared: once, and only if a token or a limit comes into use at all.
    """
    try:
        url = database_url()
        with connect(url):
            pass
    except TongmaiError as error:
        note = Text(
            f"No hub database, so tokens and call limits are this command's own ({error.what}: {error.why})",
            f"没有中枢数据库，令牌和调用限额只在本命令内有效（{error.what}：{error.why}）",
        )
        with alone(lambda: say(str(note))):
            yield
        return
    with shared(url):
        yield
