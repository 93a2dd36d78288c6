"""Another version of the YAML, to compare with: a release, a folder, a revision in git."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from masterdata.store import Database
from tongmai.core.errors import ConfigurationError
from tongmai.core.settings import product_root, site_roots
from tongmai.core.text import Text
from tongmai.sync.content import Content, load_release, load_roots
from tongmai.sync.recorded import streams_of

LIVE = "live"
GIT = "git:"
_CONTENT = (".yaml", ".csv")


@dataclass(frozen=True)
class Version:
    """What was found, and in which words it is called."""

    what: Text
    content: Content


def needs_database(against: str) -> bool:
    """Whether a version is looked for among the stored releases."""
    return not against.startswith(GIT) and not Path(against).is_dir()


def find_version(content: Content, name: str, against: str, database: Database | None) -> Version:
    """The version that ``against`` names: ``live`` (what the last run of the mapping's syncs used), a release's number or
    the beginning of its id, a folder, or ``git:REV``. Raises when there is none, or when it has no mapping ``name``."""
    if against.startswith(GIT):
        found = _in_git(content, name, against.removeprefix(GIT))
    elif database is None:
        found = _in_folder(content, Path(against))
    else:
        found = _release(content, name, against, database)
    if name not in found.content.mappings.definitions:
        raise ConfigurationError(
            f"mapping `{name}`",
            f"it is not in {found.what.en}, so there is nothing to compare with",
            f"`tongmai mapping preview {name} --recorded 100` shows what it does",
            code="not-in-version",
        )
    return found


def _release(content: Content, name: str, against: str, database: Database) -> Version:
    with database.transaction() as cursor:
        if against == LIVE:
            cursor.execute(
                """select r.id, r.number, r.created_at from hub.run n join hub.release r on r.id = n.release
                    order by (n.sync = any(%s)) desc, n.started_at desc limit 1""",
                (_syncs(content, name),),
            )
        elif against.isdecimal():
            cursor.execute("select id, number, created_at from hub.release where number = %s", (int(against),))
        else:
            cursor.execute(
                "select id, number, created_at from hub.release where starts_with(encode(id, 'hex'), %s) limit 2",
                (against.lower(),),
            )
        rows = cursor.fetchall()
    if len(rows) != 1:
        raise _unknown(against, _why(against, len(rows)))
    release, number, at = rows[0]
    words = f"{number} ({release.hex()[:8]}, {at.astimezone():%Y-%m-%d %H:%M})"
    what = Text(f"release {words}", f"发布 {words}")
    return Version(what, load_release(database, release, content))


def _why(against: str, found: int) -> str:
    if against == LIVE:
        return "no sync has run yet, so nothing is live"
    return "several releases begin so" if found else "it is no folder, and no release has this number or begins so"


def _syncs(content: Content, name: str) -> list[str]:
    named = [one for one, spec in content.specs.syncs.items() if getattr(spec, "map", "") == name]
    compiled = content.mappings.by_name.get(name)
    streams = streams_of(content, compiled) if compiled is not None and not compiled.outbound else []
    return [*named, *(stream.partition("/")[0] for _, stream in streams)]


def _in_folder(content: Content, folder: Path) -> Version:
    """A checkout stands in for the product, any other folder for the sites."""
    folder = folder.resolve()
    product = (folder / "mappings" / "definitions").is_dir()
    roots = [folder, *site_roots()] if product else [product_root(), folder]
    return Version(Text(f"the folder {folder}", f"目录 {folder}"), load_roots(roots, content))


def _in_git(content: Content, name: str, revision: str) -> Version:
    """All folders of the repository in which the mapping's file lies, as they were; other folders as they are."""
    definition = content.mappings.definitions[name]
    roots = [product_root(), *site_roots()]
    tops = {root: _top(root) for root in roots}
    mine = next((tops[root] for root in reversed(roots) if definition.file.resolve().is_relative_to(root)), None)
    if mine is None:
        raise _unknown(f"{GIT}{revision}", f"{definition.file} lies in no git repository")
    with tempfile.TemporaryDirectory(prefix="tm-version-") as scratch:
        found = []
        for number, root in enumerate(roots):
            if tops[root] != mine:
                found.append(root)
                continue
            target = Path(scratch, str(number))
            _unpack(_git(root, "archive", "--format=tar", revision, revision=revision), target)
            found.append(target)
        short = _git(mine, "rev-parse", "--short", f"{revision}^{{commit}}", revision=revision).decode().strip()
        words = revision if revision.startswith(short) else f"{revision} ({short})"
        return Version(Text(f"git revision {words}", f"git 版本 {words}"), load_roots(found, content))


def _unpack(archive: bytes, target: Path) -> None:
    """Write the plain content files of an archive below ``target``: no links, nothing outside.

    By hand, since ``tarfile``'s own filters came with Python 3.11.4.
    """
    target.mkdir()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar.getmembers():
            path = (target / member.name).resolve()
            data = tar.extractfile(member) if member.isfile() else None
            if data is None or path.suffix not in _CONTENT or not path.is_relative_to(target.resolve()):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.read())


def _top(root: Path) -> Path | None:
    git = shutil.which("git")
    if git is None:
        raise _unknown(GIT, "the program git is not installed")
    done = subprocess.run([git, "-C", root, "rev-parse", "--show-toplevel"], capture_output=True, check=False)
    return Path(done.stdout.decode().strip()) if done.returncode == 0 else None


def _git(folder: Path, *words: str, revision: str) -> bytes:
    git = shutil.which("git")
    if git is None or revision.startswith("-"):
        raise _unknown(
            f"{GIT}{revision}", "no revision begins with a dash" if git else "the program git is not installed"
        )
    done = subprocess.run([git, "-C", folder, *words], capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise _unknown(f"{GIT}{revision}", said[-1] if said else f"git ended with {done.returncode}")
    return done.stdout


def _unknown(against: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"version `{against}`",
        why,
        "name a release by number or id (see hub.release), a folder, or git:REV",
        code="unknown-version",
    )
