"""Files of a site, written for a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def lay(folder: Path, texts: Mapping[str, str], **places: object) -> None:
    """Write ``texts`` (path below the folder → content); each word of ``places`` is replaced by what it stands for."""
    for name, text in texts.items():
        for word, place in places.items():
            text = text.replace(word, str(place))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
