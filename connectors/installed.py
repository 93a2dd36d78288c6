"""Connectors that come as Python packages: entry points of the group ``tongmai.connectors``.

An entry is called like its connector, and its value is the package that is the connector's folder, as
``acme = "tongmai_acme.connectors.acme"``. Nothing of the package is imported to find it.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path

from tongmai.core.errors import ConfigurationError

GROUP = "tongmai.connectors"
FILE = "connector.yaml"


@dataclass(frozen=True)
class Installed:
    """A connector's folder inside an installed package. ``package``: the distribution with its version."""

    name: str
    folder: Path
    package: str


def installed() -> tuple[Installed, ...]:
    """Every connector of an installed package. Raises ``ConfigurationError`` for an entry that leads nowhere."""
    return _installed(tuple(sys.path))


@lru_cache(maxsize=4)
def _installed(_path: tuple[str, ...]) -> tuple[Installed, ...]:
    found: dict[str, Installed] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "?"
        one = Installed(entry.name, _folder(entry.name, entry.value, package), package)
        other = found.setdefault(one.name, one)
        if other.folder != one.folder:
            raise ConfigurationError(
                f"connector `{one.name}` of the package {one.package}",
                f"the package {other.package} brings a connector of that name too",
                f"pip uninstall one of the two ({one.folder}, {other.folder})",
                code="connector-exists",
            )
    return tuple(found.values())


def _folder(name: str, value: str, package: str) -> Path:
    """Where the entry's package lies; only its outermost part is looked for, which imports nothing."""
    top, *rest = value.split(".")
    spec = importlib.util.find_spec(top) if value.replace(".", "").isidentifier() else None
    places = (spec.submodule_search_locations or ()) if spec is not None else ()
    for place in places:
        folder = Path(place).joinpath(*rest)
        if folder.name == name and (folder / FILE).is_file():
            return folder.resolve()
    raise ConfigurationError(
        f"connector `{name}` of the package {package}",
        f"its entry point names `{value}`, which is no folder `{name}` with a {FILE}",
        f'name the package that is the connector\'s folder, as {name} = "tongmai_{name}.connectors.{name}", and put {FILE} '
        "into the package's data",
        code="connector-package",
    )
