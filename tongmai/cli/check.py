"""``tongmai check``: every YAML file of the product and the sites, and the tests of the mappings."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from tongmai.cli.options import JSON_LINE
from tongmai.cli.sarif import SARIF, write_sarif
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.findings import RULES
from tongmai.core.text import Text


@click.command(
    help=str(
        Text(
            "Check entities, terms, connections, syncs and mappings, the links between them, and run the mappings' tests.",
            "检查实体、词表、连接、同步、映射及其相互引用，并运行映射测试。",
        )
    ),
    epilog=str(Text("Example: tongmai check --json", "示例：tongmai check --json")),
)
@click.option(
    "--explain",
    metavar="CODE",
    help=str(Text("Print what a code means, with examples, and stop.", "显示某个代码的含义和示例，然后结束。")),
)
@SARIF
@JSON_LINE
def check(explain: str | None, sarif: Path | None, as_json: bool) -> None:
    if explain is not None:
        _explain(explain, as_json)
        return
    from mappings.language.proof import prove
    from tongmai.cli.mapping_test import case_json, show_case
    from tongmai.sync.checking import check_content
    from tongmai.sync.content import load_content

    content = load_content()
    findings = check_content(content)
    errors = sum(finding.severity == "error" for finding in findings)
    if sarif is not None:
        write_sarif(sarif, findings)
    results = [result for name in content.mappings.by_name for result in prove(content.mappings, name).results]
    failed = [result for result in results if not result.passed]
    ok = not errors and not failed
    counts = {
        "entities": len(content.schema.entities),
        "term_lists": len(content.schema.terms),
        "connections": len(content.specs.connections),
        "syncs": len(content.specs.syncs),
        "flows": len(content.flows.documents),
        "mappings": len(content.mappings.definitions),
        "tests": len(results),
    }
    if as_json:
        line = {
            "ok": ok,
            **counts,
            "findings": [finding.as_json() for finding in findings],
            "failed_tests": [case_json(result) for result in failed],
        }
        click.echo(json.dumps(line, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(finding.render() + "\n")
        for result in failed:
            show_case(result)
        warnings = len(findings) - errors
        done = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
        click.echo(
            str(
                Text(
                    f"{done}: {errors} errors, {warnings} warnings, {len(failed)} failed tests",
                    f"{counts['entities']} 个实体、{counts['term_lists']} 个词表、{counts['connections']} 个连接、"
                    f"{counts['syncs']} 个同步、{counts['flows']} 个流程、{counts['mappings']} 个映射、{counts['tests']} 条映射测试："
                    f"{errors} 个错误、{warnings} 个警告、{len(failed)} 条测试未通过",
                )
            )
        )
    if not ok:
        sys.exit(1)


def _explain(code: str, as_json: bool) -> None:
    from tongmai.cli.reference.findings import entry
    from tongmai.core.codes import explain

    rule = RULES.get(code)
    text = entry(rule) if rule is not None else str(explain(code) or "")
    if not text:
        near = nearest(code, RULES)
        raise ConfigurationError(
            f"code `{code}`",
            "no finding or error has it",
            f"did you mean `{near}`?" if near else "see docs/reference/findings.md",
            code="unknown-code",
        )
    if as_json and rule is not None:
        both = {name: {"en": each.en, "zh": each.zh} for name, each in (("meaning", rule.meaning), ("mend", rule.mend))}
        click.echo(json.dumps({"code": code, **both, "wrong": rule.wrong, "right": rule.right}, ensure_ascii=False))
    elif as_json:
        click.echo(json.dumps({"code": code, "meaning": text}, ensure_ascii=False))
    else:
        click.echo(f"{code}\n\n{text}")
