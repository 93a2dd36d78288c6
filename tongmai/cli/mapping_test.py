"""``tongmai mapping test``: the tests beside the mappings, what they reach and what they would catch."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from tongmai.core.text import Text, display_path

if TYPE_CHECKING:
    from mappings.language.cases import CaseResult
    from mappings.language.proof import Proof


@click.command(
    help=str(
        Text(
            "Run the tests beside the mappings and say what they reach.",
            "运行映射旁边的测试，并说明覆盖了哪些字段与分支。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai mapping test fxiaoke/account --mutants",
            "示例：tongmai mapping test fxiaoke/account --mutants",
        )
    ),
)
@click.argument("names", nargs=-1)
@click.option(
    "--mutants",
    is_flag=True,
    help=str(
        Text(
            "Also spoil each mapping (fields dropped, fields swapped) and see whether its tests notice.",
            "同时逐个破坏映射（去掉字段、互换字段），看测试能否发现。",
        )
    ),
)
@click.option(
    "--min",
    "least",
    default=0,
    show_default=True,
    type=click.IntRange(0, 100),
    help=str(Text("Fail when a mapping's tests reach less of it, in percent.", "覆盖率（百分比）低于该值则失败。")),
)
@click.option("--json", "as_json", is_flag=True, help=str(Text("JSON for machines.", "输出 JSON。")))
def test(names: tuple[str, ...], mutants: bool, least: int, as_json: bool) -> None:
    from mappings.language.proof import prove
    from tongmai.cli.mapping import compiled_mapping, known_mappings
    from tongmai.sync.content import load_content

    content = load_content()
    proofs = []
    for name in known_mappings(content.mappings, names):
        compiled_mapping(content, name)
        proofs.append(prove(content.mappings, name, mutants=mutants))
    thin = [one for one in proofs if one.tested and one.coverage.share() * 100 < least]
    ok = bool(proofs) and all(one.tested and not one.failed for one in proofs) and not thin
    if as_json:
        click.echo(json.dumps({"ok": ok, **_as_json(proofs)}, ensure_ascii=False))
    else:
        _show(proofs, thin)
    if not ok:
        sys.exit(1)


def _as_json(proofs: list[Proof]) -> dict[str, Any]:
    return {
        "cases": sum(len(one.results) for one in proofs),
        "untested": [one.name for one in proofs if not one.tested],
        "failed": [case_json(result) for one in proofs for result in one.failed],
        "mappings": [
            {
                "mapping": one.name,
                "fields": round(one.coverage.share("field"), 4),
                "branches": round(one.coverage.share("branch"), 4),
                "missed": [
                    {
                        "place": f"{display_path(point.mark.file)}:{point.mark.line}:{point.mark.column}",
                        "kind": point.kind,
                        "what": {"en": point.what.en, "zh": point.what.zh},
                    }
                    for point in one.coverage.missed
                ],
                "mutants": len(one.mutants),
                "survived": [
                    {"place": each.place, "what": {"en": each.what.en, "zh": each.what.zh}}
                    for each in one.mutants
                    if not each.caught
                ],
            }
            for one in proofs
        ],
    }


def _show(proofs: list[Proof], thin: list[Proof]) -> None:
    for one in proofs:
        for result in one.failed:
            show_case(result)
        if not one.tested:
            click.echo(str(Text(f"{one.name}: has no tests", f"{one.name}：没有测试")), err=True)
            continue
        for point in one.coverage.missed:
            place = f"{display_path(point.mark.file)}:{point.mark.line}:{point.mark.column}"
            click.echo(f"{place}  {Text('not reached', '未覆盖')}: {point.what}")
        for each in one.mutants:
            if not each.caught:
                click.echo(f"{each.place}  {Text('no test notices when', '测试未发现')}: {each.what}")
    for one in thin:
        share = round(one.coverage.share() * 100)
        click.echo(
            str(Text(f"{one.name}: its tests reach {share} % of it", f"{one.name}：测试覆盖率 {share}%")), err=True
        )
    results = [result for one in proofs for result in one.results]
    passed = sum(result.passed for result in results)
    points = [point for one in proofs for point in one.coverage.points]
    missed = sum(len(one.coverage.missed) for one in proofs)
    reached = round((1 - missed / len(points)) * 100, 1) if points else 100
    click.echo(
        str(
            Text(
                f"{passed} of {len(results)} cases passed; {reached} % of fields and branches reached",
                f"{len(results)} 条测试，通过 {passed} 条；字段与分支覆盖率 {reached}%",
            )
        )
    )
    mutants = [each for one in proofs for each in one.mutants]
    if mutants:
        caught = sum(each.caught for each in mutants)
        click.echo(
            str(Text(f"{caught} of {len(mutants)} mistakes noticed", f"{len(mutants)} 处人为错误，发现 {caught} 处"))
        )


def case_json(result: CaseResult) -> dict[str, Any]:
    """A test case's outcome for machines."""
    return {
        "mapping": result.mapping,
        "case": result.case,
        "place": result.place,
        "differences": [each.en for each in result.differences],
    }


def show_case(result: CaseResult) -> None:
    """A failed case for people."""
    file, _, line = result.place.rpartition(":")
    click.echo(f"{display_path(file)}:{line}  {result.mapping}: {result.case}")
    for each in result.differences:
        click.echo(f"    {each}")
