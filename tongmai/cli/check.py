"""``tongmai check``: every YAML file of the product and the sites, and the tests of the mappings."""

from __future__ import annotations

import json
import sys

import click

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
@click.option("--json", "as_json", is_flag=True, help=str(Text("One JSON line.", "输出一行 JSON。")))
def check(as_json: bool) -> None:
    from mappings.language.cases import run_tests
    from tongmai.cli.mapping import case_json, show_case
    from tongmai.sync.checking import check_content
    from tongmai.sync.content import load_content

    content = load_content()
    findings = check_content(content)
    errors = sum(finding.severity == "error" for finding in findings)
    results = [
        result
        for name, mapping in content.mappings.by_name.items()
        if name in content.mappings.tests
        for result in run_tests(mapping, content.mappings.tests[name])
    ]
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
