"""The embedded PostgreSQL: a real server of our own, for one host, that outlives the process which started it.

State lies in ``$TONGMAI_HOME/postgres``: ``server.json`` (port and place), ``passwords.json``, ``url``, ``airflow-url``.
The *place* holds data, log and, when needed, a copy of the binaries. It is the same folder, except when we are root and the
account that runs the server cannot reach it (a state folder below a home of mode 0700): then it is
``/var/lib/tongmai/<digest of the state folder>``, or what ``TONGMAI_POSTGRES_DIR`` names.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import psycopg
from psycopg import sql

from tongmai.core.errors import StateError
from tongmai.core.settings import home
from tongmai.stack.account import Account, account_for, binaries, major_version
from tongmai.stack.ports import HOST, free_port, is_free
from tongmai.stack.state import folder, lock, write_private

ADMIN = "postgres"
DATABASES = ("tongmai", "airflow")
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
    "fsync": "on",
    # the log must hold no row of anybody's data: no statements, no DETAIL and CONTEXT lines
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
LOG_LIMIT = 20_000_000
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int
    data: Path

    def url(self, database: str) -> str:
        """The URL of one of our databases, with its role's password."""
        return f"postgresql://{database}:{_passwords()[database]}@{HOST}:{self.port}/{database}"

    def admin_url(self, database: str = "postgres") -> str:
        """The superuser's URL; for tests and repairs."""
        return f"postgresql://{ADMIN}:{_passwords()[ADMIN]}@{HOST}:{self.port}/{database}"


def start() -> Server:
    """The running server, started (and made, the first time) if need be."""
    with lock("postgres"):
        found = running()
        if found:
            _answers(found, PATIENCE)
        else:
            place = _place()
            data = place / "data"
            account = account_for(data)
            programs = binaries(account, place)
            if not data.exists():
                _make(account, programs, place)
            _check_version(data)
            found = _launch(account, programs, place)
            _make_databases(found)
        write_private(folder("postgres") / "url", found.url("tongmai") + "\n")
        write_private(folder("postgres") / "airflow-url", found.url("airflow").replace("://", "+psycopg2://", 1) + "\n")
        return found


def stop() -> bool:
    """Stop the server if it runs: transactions in progress are rolled back. True when there was something to stop."""
    if not home().is_dir():
        return False
    with lock("postgres"):
        found = running()
        if not found:
            return False
        account = account_for(found.data)
        result = account.run(
            [binaries(account, found.data.parent) / "pg_ctl", "-D", found.data, "-m", "fast", "-w", "-t", "60", "stop"]
        )
        if result.returncode and running():
            raise StateError(
                "embedded PostgreSQL", _last(result.stdout + result.stderr), f"see {_log(found.data.parent)}"
            )
        return True


def discard() -> None:
    """Stop the server and remove it with all its data, wherever they lie. What was in it is gone."""
    stop()
    state = _state()
    if state and (place := Path(state["place"])) != home() / "postgres":
        shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(home() / "postgres", ignore_errors=True)


def running() -> Server | None:
    """The server of this state folder, if its process is alive."""
    state = _state()
    if not state:
        return None
    data = Path(state["place"]) / "data"
    pid = _postmaster(data)
    return Server(int(state["port"]), pid, data) if pid else None


def _state() -> dict[str, str]:
    try:
        state = json.loads((home() / "postgres" / "server.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    assert isinstance(state, dict)
    return state


def _save(place: Path, port: int) -> None:
    write_private(folder("postgres") / "server.json", json.dumps({"place": str(place), "port": port}) + "\n")


def _postmaster(data: Path) -> int | None:
    """The server's process id; None when the pid file is missing, or left over from a crash."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    except PermissionError:
        return None  # the data folder is ours, so a process that is not ours is not its server
    return pid if _serves(pid, data) else None


def _serves(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is a server on ``data``: after a crash the number may have been given to another program."""
    process = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        return True  # no way to look closer here; the server itself refuses to start twice
    try:
        return process.joinpath("cwd").readlink() == data.resolve()
    except FileNotFoundError:
        return False  # ended meanwhile
    except PermissionError:  # root in a container without the right to trace
        return process.joinpath("comm").read_text(encoding="utf-8").strip() == "postgres"


def _place() -> Path:
    state = _state()
    if state:
        return Path(state["place"])
    own = folder("postgres")
    named = os.environ.get("TONGMAI_POSTGRES_DIR", "")
    if named:
        place = Path(named).expanduser().resolve()
    elif account_for(own / "data").can_enter(own):
        place = own
    else:
        place = Path("/var/lib/tongmai") / blake2b(str(home()).encode(), digest_size=6).hexdigest()
    if place != own:
        _make_place(place)
    _save(place, free_port())
    return place


def _make_place(place: Path) -> None:
    try:
        if not place.is_dir():
            place.mkdir(parents=True)
            place.chmod(0o711 if os.geteuid() == 0 else 0o700)
        (place / "belongs-to").write_text(f"{home()}\n", encoding="utf-8")
    except OSError as error:
        raise StateError(
            f"folder {place}",
            f"{error.strerror}; the account that runs PostgreSQL cannot reach the state folder {home()}",
            "set TONGMAI_HOME or TONGMAI_POSTGRES_DIR to a folder that other accounts may pass through, as below /srv",
            code="place-unusable",
        ) from None


def _make(account: Account, programs: Path, place: Path) -> None:
    """Make the data folder beside its final name and rename it when whole: a killed start leaves nothing half-made."""
    fresh, secret = place / "data.new", place / "initdb-password"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    log = place / "log"
    log.mkdir(mode=0o700, exist_ok=True)
    passwords = {name: secrets.token_urlsafe(24) for name in (ADMIN, *DATABASES)}
    write_private(folder("postgres") / "passwords.json", json.dumps(passwords) + "\n")
    try:
        write_private(secret, passwords[ADMIN] + "\n")
        for path in (fresh, log, secret):
            account.own(path)
        result = account.run(
            [
                *(
                    programs / "initdb",
                    "-D",
                    fresh,
                    "-U",
                    ADMIN,
                    "--pwfile",
                    secret,
                    "-A",
                    "scram-sha-256",
                    "-E",
                    "UTF8",
                ),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--lc-collate=C", "--lc-ctype=C.UTF-8"),
            ]
        )
    finally:
        secret.unlink(missing_ok=True)
    if result.returncode:
        raise StateError(
            "embedded PostgreSQL",
            f"initdb: {_last(result.stderr)}",
            f"is there room and permission in {place}?",
            code="initdb",
        )
    fresh.rename(place / "data")


def _check_version(data: Path) -> None:
    found, ours = (data / "PG_VERSION").read_text(encoding="utf-8").strip(), major_version()
    if found != ours:
        raise StateError(
            f"data folder {data}",
            f"it was made by PostgreSQL {found}, the installed binaries are {ours}",
            f"dump it with the Tongmai version that made it (pg_dump), then move the folder away and start again; "
            f"or use pg_upgrade from {found} to {ours}",
            code="data-folder-version",
        )


def _launch(account: Account, programs: Path, place: Path) -> Server:
    data, log = place / "data", _log(place)
    if not _postmaster(data):
        (data / "postmaster.pid").unlink(missing_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    port = int(_state()["port"])
    settings = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
    deadline = time.monotonic() + PATIENCE
    while True:
        if not is_free(port):
            port = free_port()
            _save(place, port)
        before = log.stat().st_size if log.exists() else 0
        options = f"-p {port} {settings}"
        result = account.run([programs / "pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-o", options, "start"])
        pid = _postmaster(data)
        if result.returncode == 0 and pid:
            return Server(port, pid, data)
        said = _read_from(log, before)
        # right after a crash its last children may still hold the shared memory; a port may be taken under our hands
        passing = "pre-existing shared memory" in said or "Address already in use" in said
        if not passing or time.monotonic() > deadline:
            fatal = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line]
            why = (fatal or [_last(result.stdout + result.stderr)])[-1]
            raise StateError("embedded PostgreSQL", f"it did not start: {why}", f"see {log}", code="start")
        time.sleep(0.3)


def _make_databases(server: Server) -> None:
    """One role and one database of the same name each; nobody else may connect."""
    passwords = _passwords()
    with _connect(server) as connection:
        connection.autocommit = True
        for name in DATABASES:
            word = sql.Identifier(name)
            if not connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone():
                connection.execute(
                    sql.SQL("create role {} login password {}").format(word, sql.Literal(passwords[name]))
                )
            if not connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
                connection.execute(sql.SQL("create database {} owner {}").format(word, word))
            connection.execute(sql.SQL("revoke connect on database {} from public").format(word))


def _connect(server: Server) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(server.admin_url(), connect_timeout=5)
    except psycopg.OperationalError as error:
        raise StateError(
            "embedded PostgreSQL", _last(str(error)), f"see {_log(server.data.parent)}", code="no-connection"
        ) from None


def _answers(server: Server, patience: float) -> None:
    """Wait until a server that is starting up, or recovering after a crash, accepts a connection."""
    deadline = time.monotonic() + patience
    while True:
        try:
            _connect(server).close()
            return
        except StateError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _passwords() -> dict[str, str]:
    path = home() / "postgres" / "passwords.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StateError(
            str(path),
            f"the passwords of the embedded server cannot be read ({type(error).__name__})",
            "put the file back from your backup; without it the data folder cannot be opened",
            code="passwords-lost",
        ) from None
    assert isinstance(found, dict)
    return found


def _log(place: Path) -> Path:
    return place / "log" / "postgres.log"


def _read_from(log: Path, offset: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode("utf-8", "replace")


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
