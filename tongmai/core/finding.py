"""A mistake in a file, with its place, an excerpt and a suggestion."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from tongmai.core import unsaved
from tongmai.core.text import Text, display_path, width


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file: ``line`` and ``column`` count from 1; ``length`` in characters (at least 1)."""

    file: str
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake. ``code`` is ``area.kebab-name``; ``message`` in both languages; ``suggestion`` may be empty."""

    mark: Mark
    code: str
    message: Text
    suggestion: str = ""
    severity: str = "error"

    def line(self) -> str:
        """The finding on one line: ``file:line:column  message  [code]``."""
        where = f"{display_path(self.mark.file)}:{self.mark.line}:{self.mark.column}"
        return f"{where}  {self.message}{self._hint()}  [{self.code}]"

    def render(self) -> str:
        """The line, the excerpt with carets, and the message in the other language."""
        out = [self.line()]
        excerpt = _source_line(self.mark)
        if excerpt is not None:
            number = str(self.mark.line).rjust(4)
            pad = " " * width(excerpt[: self.mark.column - 1])
            marked = excerpt[self.mark.column - 1 : self.mark.column - 1 + self.mark.length]
            carets = "^" * max(1, width(marked))
            out += [f"{number} | {excerpt}", f"     | {pad}{carets}{self._hint()}"]
        out.append(f"     | {self.message.other()}")
        return "\n".join(out)

    def _hint(self) -> str:
        word = self.suggestion
        return f" {Text(f'did you mean `{word}`?', f'是不是 `{word}`？')}" if word else ""

    def as_json(self) -> dict[str, object]:
        """A plain dictionary for ``--json``."""
        return {
            "file": display_path(self.mark.file),
            "line": self.mark.line,
            "column": self.mark.column,
            "code": self.code,
            "severity": self.severity,
            "message": {"en": self.message.en, "zh": self.message.zh},
            "suggestion": self.suggestion,
        }


def nearest(word: str, allowed: Iterable[str]) -> str:
    """The allowed word closest to ``word``, or an empty string when none is near."""
    return next(iter(near(word, allowed, 1)), "")


def near(word: str, allowed: Iterable[str], count: int) -> list[str]:
    """Up to ``count`` of the allowed words that are close to ``word``, the closest first."""
    lowered = {name.lower(): name for name in sorted(set(allowed))}
    hits = difflib.get_close_matches(word.lower(), list(lowered), n=count, cutoff=0.5)
    return [lowered[one] for one in hits]


def tidied(findings: Iterable[Finding]) -> list[Finding]:
    """Each mistake once, in the order of the files, lines and columns."""
    unique = {(f.mark.file, f.mark.line, f.mark.column, f.code, f.message.en): f for f in findings}
    return sorted(unique.values(), key=lambda f: (f.mark.file, f.mark.line, f.mark.column, f.code))


def _source_line(mark: Mark) -> str | None:
    try:
        lines = unsaved.read(mark.file).splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return lines[mark.line - 1] if 0 < mark.line <= len(lines) else None


class Mistake(ValueError):
    """What a validator of a file's model finds wrong, in both languages."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = Text(en, zh)
