"""Texts of files as an editor holds them, before they are saved. Everybody who reads a YAML file reads through here."""

from __future__ import annotations

from pathlib import Path

_texts: dict[str, str] = {}


def hold(file: str | Path, text: str | None) -> None:
    """An editor has this text for a file; None: what is on the disk counts again."""
    if text is None:
        _texts.pop(str(file), None)
    else:
        _texts[str(file)] = text


def read(file: str | Path) -> str:
    """The text of a file, unsaved if an editor holds one. Raises as ``Path.read_text`` does."""
    held = _texts.get(str(file)) if _texts else None
    return held if held is not None else Path(file).read_text(encoding="utf-8-sig")
