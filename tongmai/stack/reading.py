"""The REST API on this host, started where somebody may call it."""

from __future__ import annotations

from masterdata.store import connect
from tongmai.api import tokens
from tongmai.core.settings import database_url
from tongmai.stack import listening
from tongmai.stack.listening import Say

PORT = 8791
API = "api"


def start(say: Say, patience: float = 60) -> str:
    """Start the API where a token is open and it does not run; its URL, empty where nobody may call."""
    with connect(database_url()) as database, database.transaction() as cursor:
        if not tokens.any_open(cursor):
            return ""
    return listening.start(API, ["api", "serve"], PORT, say, patience, what="API", code="api-ended")


def stop(say: Say) -> bool:
    """Stop it. True when it was alive."""
    return listening.stop(API, say)
