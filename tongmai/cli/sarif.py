"""The option ``--sarif`` of the commands that check files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from tongmai.core.finding import Finding
from tongmai.core.text import Text

SARIF = click.option(
    "--sarif",
    type=click.Path(dir_okay=False, path_type=Path),
    help=str(
        Text(
            "Write the findings to this file too, as SARIF 2.1.0 for CI.",
            "同时将检查结果以 SARIF 2.1.0 写入该文件，供 CI 使用。",
        )
    ),
)


def write_sarif(file: Path, findings: Sequence[Finding]) -> None:
    """Write the log, an empty one too: a code host then takes what it showed before away."""
    from tongmai.core.sarif import sarif

    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(sarif(findings), encoding="utf-8")
