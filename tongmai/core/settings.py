"""Where things are: the product's checkout, the site folders, the state folder, the database URL."""

from __future__ import annotations

import os
from pathlib import Path

from tongmai.core.errors import ConfigurationError


def product_root() -> Path:
    """The checkout (or image folder) that holds the rooms of the product."""
    return Path(__file__).resolve().parents[2]


def home() -> Path:
    """The state folder: ``$TONGMAI_HOME``, by default ``.tongmai`` in the product's root."""
    value = os.environ.get("TONGMAI_HOME", "")
    return Path(value).expanduser().resolve() if value else product_root() / ".tongmai"


def site_roots() -> list[Path]:
    """The site folders named in ``TONGMAI_PATH``, in order. A folder that is not there is an error."""
    roots = [Path(part).expanduser().resolve() for part in os.environ.get("TONGMAI_PATH", "").split(os.pathsep) if part]
    for root in roots:
        if not root.is_dir():
            raise ConfigurationError(
                f"site folder {root}",
                "TONGMAI_PATH names a folder that does not exist",
                "create it or take it out of TONGMAI_PATH",
                code="site-folder-missing",
            )
    return roots


def content_folders(product: str, site: str) -> list[Path]:
    """Existing folders for one kind of content: ``product`` below the product's root, then ``site`` in each site folder."""
    folders = [product_root() / product, *(root / site for root in site_roots())]
    return [folder for folder in folders if folder.is_dir()]


def database_url() -> str:
    """The hub's PostgreSQL URL: ``TONGMAI_DATABASE_URL``, else the embedded server's, as ``tongmai up`` left it."""
    url = os.environ.get("TONGMAI_DATABASE_URL", "")
    if url:
        return url
    state = home() / "postgres" / "url"
    try:
        return state.read_text(encoding="utf-8").strip()
    except OSError:
        raise ConfigurationError(
            "hub database",
            "no TONGMAI_DATABASE_URL and no embedded server has been started here",
            "run `tongmai up --only postgres`, or set TONGMAI_DATABASE_URL",
            code="no-database",
        ) from None
