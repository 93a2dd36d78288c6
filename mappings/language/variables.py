"""What a deployment sets for its mappings: ``variables.yaml`` of a site's mappings folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mappings.language.definition import Definition
from tongmai.core import yamlfile
from tongmai.core.finding import nearest
from tongmai.core.yamlfile import Document

FILE = "variables.yaml"
_VALUES = (str, int, float, bool)


@dataclass
class Variables:
    """Values by mapping (or system) and name, with the document each came from."""

    values: dict[tuple[str, str], Any] = field(default_factory=dict)
    places: dict[tuple[str, str], Document] = field(default_factory=dict)

    def of(self, definition: Definition) -> dict[str, Any]:
        """The value of each variable that a mapping declares: its own, its system's, or its default."""
        found = dict(definition.variables)
        for owner in (definition.system, definition.name):
            for name in definition.variables:
                if (owner, name) in self.values:
                    found[name] = self.values[owner, name]
        return found


def load_variables(file: Path, into: Variables) -> Document:
    """``{mapping or system: {name: value}}``; a later site's value goes before an earlier one's."""
    document = yamlfile.load(file)[0]
    if not isinstance(document.data, dict):
        if not document.findings:
            document.add(
                document.mark(),
                "variable.shape",
                "values by mapping or system are expected: `kingdee: {organisation: 100}`",
                "应为按映射或系统列出的取值：`kingdee: {organisation: 100}`",
            )
        return document
    for owner, values in document.data.items():
        if not isinstance(values, dict):
            document.add(document.mark(owner), "variable.shape", "values by name are expected", "应为按名称列出的取值")
            continue
        for name, value in values.items():
            if isinstance(value, _VALUES):
                into.values[owner, name], into.places[owner, name] = value, document
            else:
                document.add(document.mark(owner, name), "variable.value", "one plain value is expected", "应为单个值")
    return document


def check_variables(variables: Variables, definitions: Mapping[str, Definition]) -> None:
    """A value that no mapping asks for, and a variable that nobody gave a value. Findings go to the documents."""
    systems: dict[str, set[str]] = {}
    for definition in definitions.values():
        systems.setdefault(definition.system, set()).update(definition.variables)
        for name, value in variables.of(definition).items():
            if value is None:
                definition.document.add(
                    definition.document.mark("variables", name),
                    "mapping.variable-unset",
                    f"`{name}` has no value; set `{definition.name}: {{{name}: …}}` in {FILE} of the site's mappings folder",
                    f"变量 `{name}` 没有取值；请在站点 mappings 目录的 {FILE} 中写 `{definition.name}: {{{name}: …}}`",
                )
            elif not isinstance(value, _VALUES):
                definition.document.add(
                    definition.document.mark("variables", name),
                    "mapping.variable-value",
                    f"`{name}` is one plain value",
                    f"变量 `{name}` 应为单个值",
                )
    for (owner, name), document in variables.places.items():
        known = definitions[owner].variables if owner in definitions else systems.get(owner)
        if known is None:
            document.add(
                document.key_mark(owner),
                "variable.unknown-mapping",
                f"there is no mapping or system `{owner}`",
                f"没有映射或系统 `{owner}`",
                nearest(owner, [*definitions, *systems]),
            )
        elif name not in known:
            names = ", ".join(sorted(known)) or "-"
            document.add(
                document.key_mark(owner, name),
                "variable.unknown-variable",
                f"`{owner}` declares no variable `{name}` (there are: {names})",
                f"`{owner}` 没有声明变量 `{name}`（现有：{names}）",
                nearest(name, known),
            )
