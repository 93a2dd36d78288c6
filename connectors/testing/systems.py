"""The simulated system of a connector, by the connector's name."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from connectors import registry
from tongmai.core.errors import ConfigurationError

if TYPE_CHECKING:
    from connectors.testing.declared.model import Simulated

_FILES = ("simulator.py", "simulator.yaml")


def simulator(name: str, *, seed: int = 1, customers: int = 2000, limits: bool = True) -> Any:
    """A simulator to be served: the folder's ``simulator.py``, or what its ``simulator.yaml`` declares.

    ``limits``: whether the vendor's call limits apply.
    """
    written = registry.module(name, "simulator")
    if written is not None:
        return written.create(seed=seed, customers=customers, limits=limits)
    spec = declared(name)
    if spec is not None:
        from connectors.testing.declared.vendor import DeclaredVendor

        return DeclaredVendor(spec, seed, customers, limits=limits)
    raise ConfigurationError(
        f"connector `{name}`",
        f"it has no simulator (these have: {', '.join(simulated()) or '-'})",
        code="no-simulator",
    )


def declared(name: str) -> Simulated | None:
    """What the folder's ``simulator.yaml`` says; None when it has none. Raises ``ConfigurationError`` with every mistake."""
    file = registry.folder(name) / "simulator.yaml"
    if not file.is_file():
        return None
    from connectors.testing.declared.vendor import load

    return load(file)


def simulated() -> list[str]:
    """Every connector that has a simulator."""
    return [each for each in registry.names() if any((registry.folder(each) / file).is_file() for file in _FILES)]


def stand(name: str) -> ModuleType | None:
    """The connector's ``stand`` module, for one that does not speak HTTP; None when it has none."""
    return registry.module(name, "stand")
