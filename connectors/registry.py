"""Find connectors by name: those of the product, those of installed packages, then those of the site folders.

A connector is a folder with a ``connector.yaml``. Its code is imported when it is opened, never to list it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from connectors.installed import FILE as _FILE
from connectors.installed import installed
from connectors.sdk.contract import Connector
from connectors.sdk.declared.texts import NAMES, mistakes
from connectors.sdk.manifest import DEFAULTS, Manifest
from connectors.sdk.offered import offered
from connectors.sdk.settings import CONNECTION_NAME, merge, secret_values
from tongmai.core import yamlfile
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.secrets import Redactor
from tongmai.core.settings import product_root, site_roots
from tongmai.core.text import Text

_VENDORS = "connectors.vendors"


def names() -> list[str]:
    """Every connector's name."""
    return sorted(_folders())


def folder(name: str) -> Path:
    """The folder of a connector."""
    return _found(name).folder


def origin(name: str) -> Text:
    """Where a connector comes from, for people."""
    return _found(name).origin


def _found(name: str) -> _Found:
    folders = _folders()
    if name not in folders:
        near = nearest(name, folders)
        raise ConfigurationError(
            f"connector `{name}`",
            f"there is no such connector (there are: {', '.join(sorted(folders)) or '-'})",
            f"did you mean `{near}`?" if near else "add its folder to a site folder's connectors/, or correct the name",
            code="unknown-connector",
        )
    return folders[name]


def manifest(name: str) -> Manifest:
    """The connector's manifest. Raises ``ConfigurationError`` with every mistake of the file."""
    file = folder(name) / _FILE
    stat = file.stat()
    return _load(file, stat.st_mtime_ns, stat.st_size)


def manifest_of(connection: str, connector: str, yaml_settings: Mapping[str, Any]) -> Manifest:
    """What one connection offers: the connector's manifest with the streams and writes of its settings in it."""
    return offered(connection, manifest(connector), yaml_settings)


def settings_for(
    connection: str,
    connector: str,
    yaml_settings: Mapping[str, Any],
    secret: Mapping[str, Any] | None,
    *,
    base: Path | None = None,
) -> dict[str, Any]:
    """The settings to open a connection with: YAML and secret merged and checked, defaults filled in.

    ``base`` is the folder that relative paths start from; the product's root when not given.
    """
    return merge(connection, manifest(connector), yaml_settings, secret, base or product_root())


def open_connection(name: str, connector: str, settings: Mapping[str, Any]) -> Connector:
    """Open a connection; imports the connector's code at first use. ``settings`` come from ``settings_for``."""
    loaded = manifest(connector)
    if loaded.api_from_settings:
        loaded = offered(name, loaded, settings)
    given = {**settings, CONNECTION_NAME: name}
    hooks = module(connector, "hooks")
    if hooks is not None and hasattr(hooks, "connect"):
        opened: Connector = hooks.connect(given, loaded)
        return opened
    from connectors.sdk.declared.connector import connect

    return connect(given, loaded, hooks)


def redactor(connector: str, settings: Mapping[str, Any]) -> Redactor:
    """Masks the secret values of these settings in any text."""
    return Redactor(secret_values(manifest(connector), settings))


def module(name: str, part: str) -> ModuleType | None:
    """A Python module of a connector's folder, as ``simulator``; None when the folder has none of that name."""
    return _module(name, part) if (folder(name) / f"{part}.py").is_file() else None


@dataclass(frozen=True)
class _Found:
    """A connector's folder and where it comes from. Only a site may take another one's place: to install a package is not to
    say so."""

    folder: Path
    origin: Text
    site: bool = False


def _sources() -> Iterator[_Found]:
    """Every connector's folder; a later one of the same name may replace an earlier one."""
    for file in sorted((Path(__file__).resolve().parent / "vendors").glob(f"*/{_FILE}")):
        yield _Found(file.parent, Text("product", "产品"))
    for one in installed():
        yield _Found(one.folder, Text(f"package {one.package}", f"软件包 {one.package}"))
    for root in site_roots():
        for file in sorted((root / "connectors").glob(f"*/{_FILE}")):
            yield _Found(file.parent, Text(f"site {root}", f"站点 {root}"), site=True)


def _folders() -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for one in _sources():
        name, file = one.folder.name, one.folder / _FILE
        if name in found and not (one.site and _load(file, file.stat().st_mtime_ns, file.stat().st_size).replaces):
            raise ConfigurationError(
                f"connector `{name}` in {one.folder} ({one.origin.en})",
                f"a connector of that name exists already in {found[name].folder} ({found[name].origin.en})",
                f"rename the folder, or write `replaces: true` in {file}"
                if one.site
                else "uninstall the package, or ask its author for a name of its own",
                code="connector-exists",
            )
        found[name] = one
    return found


@lru_cache(maxsize=256)
def _load(file: Path, _modified: int, _size: int) -> Manifest:
    documents = yamlfile.load(file)
    document = documents[0]
    loaded = yamlfile.check(document, Manifest, "connector") if not document.findings else None
    if loaded is not None and loaded.connector != file.parent.name:
        document.add(
            document.mark("connector"),
            "connector.name",
            f"the folder is called `{file.parent.name}`",
            f"文件夹名是 `{file.parent.name}`",
            file.parent.name,
        )
    if loaded is not None:
        _check_texts(document, loaded)
    if loaded is None or document.findings:
        raise ConfigurationError(
            f"connector manifest {file.parent.name}/{_FILE}",
            f"{len(document.findings)} mistake(s)",
            code="bad-manifest",
            findings=document.findings,
        )
    return loaded


def _check_texts(document: yamlfile.Document, loaded: Manifest) -> None:
    """Every expression and place of the manifest compiles; no setting is called like a word of theirs."""
    settings = frozenset(loaded.connection)
    for name in sorted(settings & NAMES) if loaded.check else ():
        document.add(
            document.key_mark("connection", name),
            "connector.reserved-name",
            f"a setting may not be called `{name}`: expressions use that word",
            f"设置不能叫 `{name}`：表达式使用这个词",
        )
    said = set()
    for path, mistake in mistakes(loaded, settings):
        mark = document.mark(*_written(document, path))
        if (mark, mistake.text) not in said:
            said.add((mark, mistake.text))
            document.add(mark, "connector.expression", mistake.text.en, mistake.text.zh)


def _written(document: yamlfile.Document, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Where a member stands: with its stream or write, or with what all of them have in common."""
    shared = DEFAULTS.get(str(path[0])) if len(path) > 2 else None
    below = ("defaults", shared, *path[2:]) if shared else path
    return below if path not in document.values and below in document.values else path


def _module(name: str, part: str) -> ModuleType:
    """Import ``connectors.vendors.<name>.<part>``, from the folder that the registry chose for that name."""
    where = folder(name)
    vendors = importlib.import_module(_VENDORS)
    # Later site folders win over the product only where a manifest says `replaces`, so the chosen one goes first.
    parent = str(where.parent)
    if parent not in vendors.__path__:
        vendors.__path__.append(parent)
    importlib.invalidate_caches()
    module = importlib.import_module(f"{_VENDORS}.{name}.{part}") if _first(vendors, name) == where else None
    if module is None:
        vendors.__path__[:] = [parent, *(path for path in vendors.__path__ if path != parent)]
        module = importlib.import_module(f"{_VENDORS}.{name}.{part}")
    if module.__file__ is None or Path(module.__file__).resolve().parent != where.resolve():
        raise ConfigurationError(
            f"connector `{name}`",
            f"its code was loaded from {module.__file__}, not from {where}",
            "start a new process after changing TONGMAI_PATH",
            code="connector-shadowed",
        )
    return module


def _first(vendors: ModuleType, name: str) -> Path | None:
    return next((Path(p) / name for p in vendors.__path__ if (Path(p) / name / _FILE).is_file()), None)
