"""Open a connection of ``connections.yaml`` for a command, with what its messages have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from connectors import registry
from connectors.sdk import Connector
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Finding, nearest
from tongmai.core.secrets import EnvironmentSecrets
from tongmai.core.text import Text
from tongmai.sync.specs import Connection, Specs, load_specs

JSON = click.option("--json", "as_json", is_flag=True, help=str(Text("Output for machines.", "供程序读取的输出。")))


def example(line: str) -> str:
    """The last line of a command's help."""
    return str(Text(f"Example: {line}", f"示例：{line}"))


def say(note: str) -> None:
    """A note for people."""
    click.echo(note, err=True)


def declared_connection(name: str) -> tuple[Connection, dict[str, Any]]:
    """A connection and its settings, secrets included. Raises ``ConfigurationError``."""
    specs = load_specs()
    connection = specs.connections.get(name)
    if connection is None:
        findings = mistakes(specs)
        near = nearest(name, specs.connections)
        raise ConfigurationError(
            f"connection `{name}`",
            f"there is no such connection (there are: {', '.join(sorted(specs.connections)) or '-'})",
            f"did you mean `{near}`?" if near else "declare it in connections.yaml, or mend its mistakes there",
            code="unknown-connection",
            findings=findings,
        )
    secret = EnvironmentSecrets().get(name)
    settings = registry.settings_for(name, connection.connector, connection.settings, secret, base=specs.roots[name])
    return connection, settings


def opened_connection(name: str) -> Connector:
    """The open connection; the caller closes it."""
    connection, settings = declared_connection(name)
    return registry.open_connection(name, connection.connector, settings)


def mistakes(specs: Specs) -> list[Finding]:
    """What is wrong in the connections files: such a connection is not in the list."""
    return [finding for finding in specs.findings if Path(finding.mark.file).name == "connections.yaml"]
