"""Findings as SARIF 2.1.0, which code hosts and editors show in place.

The format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
A rule carries its whole explanation: `helpUri` takes addresses on the web only, and the pages are wherever this is installed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tongmai.core.finding import Finding, Mark
from tongmai.core.findings import RULES
from tongmai.core.text import display_path

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
Node = dict[str, Any]


def sarif(findings: Sequence[Finding]) -> str:
    """One log with one run: the rules that were broken, and a result for each finding."""
    codes = sorted({finding.code for finding in findings})
    run: Node = {
        "tool": {
            "driver": {"name": "tongmai", "version": version("tongmai"), "rules": [_rule(code) for code in codes]}
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes.index(finding.code)) for finding in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1) + "\n"


def _rule(code: str) -> Node:
    rule = RULES.get(code)
    made: Node = {"id": code}
    if rule is not None:
        made["shortDescription"] = {"text": rule.meaning.en}
        made["fullDescription"] = {"text": f"{rule.meaning.en}\n\n{rule.meaning.zh}"}
        wrong, right = (f"```yaml\n{each}\n```" for each in (rule.wrong, rule.right))
        mend = f"{rule.mend.en}\n\n{rule.mend.zh}"
        made["help"] = {
            "text": f"{mend}\n\nExample 示例: tongmai check --explain {code}",
            "markdown": f"Wrong 错误:\n\n{wrong}\n\nRight 正确:\n\n{right}\n\n{mend}",
        }
    return made


def _result(finding: Finding, index: int) -> Node:
    mark, rule = finding.mark, RULES.get(finding.code)
    hint = f" Suggestion 建议: {finding.suggestion}" if finding.suggestion else ""
    made: Node = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": f"{finding.message.en}\n{finding.message.zh}{hint}"},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(mark), "region": _region(mark)}}],
    }
    if finding.suggestion and rule is not None and rule.replaces:
        text = finding.suggestion
        replacement = {"deletedRegion": _region(mark), "insertedContent": {"text": text}}
        change = {"artifactLocation": _artifact(mark), "replacements": [replacement]}
        made["fixes"] = [{"description": {"text": f"write `{text}` / 改写为 `{text}`"}, "artifactChanges": [change]}]
    return made


def _artifact(mark: Mark) -> Node:
    shown = display_path(mark.file)
    return {"uri": Path(shown).as_uri() if Path(shown).is_absolute() else quote(Path(shown).as_posix())}


def _region(mark: Mark) -> Node:
    return {
        "startLine": mark.line,
        "startColumn": mark.column,
        "endLine": mark.line,
        "endColumn": mark.column + mark.length,
    }
