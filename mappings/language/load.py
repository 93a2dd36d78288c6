"""Every mapping of the product and the site folders, compiled, with all mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.sdk.manifest import Manifest
from mappings.language.cases import TestFile, read_tests
from mappings.language.compile import Surroundings, compile_definition
from mappings.language.definition import TEST_SUFFIX, Definition, read_definition
from mappings.language.rules import check_rules, rule_sources
from mappings.language.types import CompiledMapping
from mappings.language.valuemaps import SystemMaps, load_value_maps
from masterdata.model.schema import Schema
from tongmai.core.finding import Finding, Mark
from tongmai.core.text import Text

Manifests = Callable[[str], Manifest | None]


@dataclass
class Mappings:
    """What was found. A mapping with mistakes is in ``definitions`` and not in ``by_name``."""

    by_name: dict[str, CompiledMapping] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    tests: dict[str, TestFile] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def load_mappings(folders: Sequence[Path], schema: Schema, manifests: Manifests) -> Mappings:
    """Read ``<folder>/<system>/<name>.yaml`` with ``terms.yaml`` and ``_test.yaml`` beside, product first, then sites.

    ``manifests`` gives a connector's manifest by its name, or None for a folder that is no connector's.
    """
    result = Mappings()
    systems: dict[str, SystemMaps] = {}
    tests: dict[str, tuple[Path, Path]] = {}
    for order, folder in enumerate(folders):
        for file in sorted(folder.glob("*/*.yaml")):
            result.files.append(file)
            system = file.parent.name
            if file.name == "terms.yaml":
                maps = systems.setdefault(system, SystemMaps())
                result.findings += load_value_maps(file, maps, schema, site=order > 0)
            elif file.stem.endswith(TEST_SUFFIX):
                tests[f"{system}/{file.stem.removesuffix(TEST_SUFFIX)}"] = (folder, file)
            else:
                _read(result, folder, file, site=order > 0)
    result.findings += check_rules(schema)
    rules = {name: rule_sources(schema, entity) for name, entity in schema.entities.items()}
    for name, definition in result.definitions.items():
        maps = systems.get(definition.system, SystemMaps())
        around = Surroundings(schema, manifests(definition.system), maps.maps, rules.get(definition.entity, ()))
        compiled, findings = compile_definition(definition, around)
        result.findings += findings
        if compiled is not None and not any(finding.severity == "error" for finding in definition.document.findings):
            result.by_name[name] = compiled
        if name not in tests:
            result.findings.append(_untested(definition))
    for name, (_, file) in tests.items():
        _read_tests(result, name, file, schema)
    return result


def _read(result: Mappings, folder: Path, file: Path, *, site: bool) -> None:
    definition, document = read_definition(folder, file)
    result.findings += document.findings
    if definition is None:
        return
    name, replaces = definition.name, definition.data.replaces
    there = result.definitions.get(name)
    if replaces and (not site or there is None):
        result.findings.append(
            Finding(
                document.key_mark("replaces"),
                "mapping.replaces-nothing",
                Text(f"there is no product mapping `{name}` to replace", f"没有可替换的产品映射 `{name}`"),
            )
        )
    if there is not None and not replaces:
        result.findings.append(
            Finding(
                document.mark("mapping"),
                "mapping.exists",
                Text(
                    f"mapping `{name}` exists already; write `replaces: true` to replace it",
                    f"映射 `{name}` 已存在；要替换请写 `replaces: true`",
                ),
            )
        )
        return
    result.definitions[name] = definition


def _untested(definition: Definition) -> Finding:
    wanted = f"{definition.file.stem}{TEST_SUFFIX}.yaml"
    return Finding(
        definition.document.mark("mapping"),
        "mapping.no-tests",
        Text(f"there is no test file `{wanted}` beside it", f"旁边没有测试文件 `{wanted}`"),
        severity="warning",
    )


def _read_tests(result: Mappings, name: str, file: Path, schema: Schema) -> None:
    definition = result.definitions.get(name)
    if definition is None:
        if not any(
            other.stem == file.stem.removesuffix(TEST_SUFFIX) and other.parent == file.parent for other in result.files
        ):
            result.findings.append(
                Finding(
                    Mark(str(file), 1, 1),
                    "mapping.test-of-nothing",
                    Text(f"there is no mapping `{name}`", f"没有映射 `{name}`"),
                )
            )
        return
    tests, findings = read_tests(file, definition, schema)
    result.findings += findings
    if tests is not None:
        result.tests[name] = tests
