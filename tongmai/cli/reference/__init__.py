"""The generated pages of docs/reference, each in the language of ``TONGMAI_LANG``: ``python -m tongmai.cli.reference PAGE``."""

from __future__ import annotations

NOTE_EN = "Made from the source by `make docs`; do not edit."
NOTE_ZH = "由 `make docs` 根据源代码生成，请勿手工修改。"
