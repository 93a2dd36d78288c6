"""What a database's error means for us, by the codes of each database; its words without the values of rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)

# SQLSTATE, by its beginning: https://www.postgresql.org/docs/current/errcodes-appendix.html
_STATES = {
    "08": "away", "53": "busy", "57014": "busy", "57P": "away", "58": "away", "55P03": "busy", "40": "busy", "25006": "busy",
    "28": "login", "3D": "schema", "3F": "schema", "42501": "rights", "42": "schema", "23": "refused", "22": "refused",
    "P0": "refused", "44": "refused",
}  # fmt: skip
# https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html; 1969 is MariaDB's statement timeout
_MYSQL = {
    **dict.fromkeys((1040, 1203, 1205, 1213, 1969, 3024, 1317, 1290, 1836), "busy"),
    **dict.fromkeys((2002, 2003, 2005, 2006, 2013, 2014, 2055, 1053, 1927, 4031), "away"),
    **dict.fromkeys((1044, 1045, 1698), "login"),
    **dict.fromkeys((1142, 1143, 1227), "rights"),
    **dict.fromkeys((1049, 1054, 1064, 1146), "schema"),
    **dict.fromkeys((1048, 1062, 1216, 1217, 1264, 1265, 1292, 1364, 1366, 1406, 1451, 1452, 1644, 3819, 4025), "refused"),
}  # fmt: skip
# https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
_MSSQL = {1205: "busy", 1222: "busy", 3960: "busy", 18456: "login", 4060: "login", 208: "schema", 207: "schema", 229: "rights",
          2627: "refused", 2601: "refused", 515: "refused", 547: "refused", 8152: "refused", 2628: "refused"}  # fmt: skip
# https://docs.oracle.com/error-help/db/
_ORACLE = {54: "busy", 60: "busy", 8177: "busy", 1555: "busy", 30006: "busy", 1013: "busy", 1017: "login", 28000: "login",
           942: "schema", 904: "schema", 1031: "rights", 1: "refused", 1400: "refused", 2290: "refused", 2291: "refused",
           2292: "refused", 12899: "refused", 1438: "refused", 1722: "refused"}  # fmt: skip


@contextmanager
def told(what: str, *, write: bool = False) -> Iterator[None]:
    """Errors of the database as ours. Nothing was kept of a ``write``: its transaction had not been committed."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise translated(what, error, write=write) from None


@contextmanager
def committing(what: str) -> Iterator[None]:
    """A connection that breaks in the commit leaves open whether it was taken."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        found = translated(what, error, write=True)
        if isinstance(error, sa.exc.DBAPIError) and kind_of(error) in ("away", ""):
            raise OutcomeUnknownError(
                what,
                f"the connection broke in the commit: {words_of(error)}",
                "the next run looks it up by our key",
                code="interrupted",
            ) from None
        raise found from None


def translated(what: str, error: sa.exc.SQLAlchemyError, *, write: bool) -> TongmaiError:
    """Our error for the database's."""
    words = words_of(error)
    if isinstance(error, sa.exc.DBAPIError):
        kind = kind_of(error)
    else:  # SQLAlchemy's own: its pool was empty for too long, or the statement could not be made
        kind = "busy" if isinstance(error, sa.exc.TimeoutError) else "schema"
    if kind == "login":
        return AuthenticationError(what, words, "check user, password and the database's own access list")
    if kind == "rights":
        return AuthenticationError(what, words, "grant the user the right it lacks", code="sql-rights")
    if kind == "schema":
        return ConfigurationError(what, words, "correct the connection's settings", code="sql-schema")
    if kind == "refused" and write:
        return RemoteRefusedError(what, words, "mend the record or the mapping")
    if kind == "busy":
        return RetryableError(what, words, "it is tried again", code="sql-busy")
    if kind == "refused":
        return ConfigurationError(what, words, "correct the stream's query", code="sql-schema")
    return RetryableError(what, words, "it is tried again", code="unreachable")


def kind_of(error: sa.exc.DBAPIError) -> str:
    """``away``, ``busy``, ``login``, ``rights``, ``schema`` or ``refused``; empty when nothing tells."""
    original: Any = error.orig
    state = getattr(original, "sqlstate", None)
    if state:
        for length in (5, 3, 2):
            if state[:length] in _STATES:
                return _STATES[state[:length]]
    module = type(original).__module__.partition(".")[0]
    number = _number(original)
    table = {"pymysql": _MYSQL, "pymssql": _MSSQL, "oracledb": _ORACLE}.get(module, {})
    if number in table:
        return table[number]
    if module == "sqlite3":
        return _sqlite(original)
    if error.connection_invalidated:
        return "away"
    return _by_class(error, module)


def _by_class(error: sa.exc.DBAPIError, module: str) -> str:
    if isinstance(error, (sa.exc.IntegrityError, sa.exc.DataError)):
        return "refused"
    if isinstance(error, sa.exc.ProgrammingError):
        return "schema"
    if module == "psycopg" and any(w in str(error.orig) for w in ("password authentication failed", "pg_hba.conf")):
        return "login"  # refused while connecting: psycopg knows no SQLSTATE then
    if module == "psycopg" and 'database "' in str(error.orig) and "does not exist" in str(error.orig):
        return "schema"
    return "away" if isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)) else ""


def _sqlite(original: Any) -> str:
    name = str(getattr(original, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_INTERRUPT", "SQLITE_FULL", "SQLITE_IOERR")):
        return "busy"
    if name.startswith(("SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG")):
        return "refused"
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return "rights"
    return "schema"


def _number(original: Any) -> int:
    first = original.args[0] if getattr(original, "args", None) else None
    code = getattr(first, "code", first)
    return code if isinstance(code, int) else 0


def words_of(error: sa.exc.SQLAlchemyError) -> str:
    """The database's own message; PostgreSQL's DETAIL is left out, for it repeats whole rows."""
    original: Any = getattr(error, "orig", None)
    if original is None:
        return str(error).splitlines()[0]
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    if primary:
        return str(primary)
    parts = [str(part) for part in getattr(original, "args", ()) if not isinstance(part, int)]
    text = " ".join(parts) or str(original)
    return " ".join(line.strip() for line in text.splitlines() if line.strip())[:500]
