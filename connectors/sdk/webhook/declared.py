"""The webhooks of a connection: those of its manifest, and those of its settings where the manifest says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Mistake
from tongmai.core.text import Text

if TYPE_CHECKING:
    from connectors.sdk.manifest import Manifest
    from connectors.sdk.webhook.model import Webhook

SETTING = "webhooks"


def webhooks_of(connection: str, manifest: Manifest, settings: Mapping[str, Any]) -> dict[str, Webhook]:
    """Every webhook by name. Raises ``ConfigurationError`` with all mistakes of the setting."""
    found = dict(manifest.webhooks)
    if manifest.webhooks_from_settings:
        found.update(_parse(connection, settings.get(SETTING), set(manifest.connection)))
    return found


def ready(webhook: Webhook, settings: Mapping[str, Any]) -> bool:
    """Whether everything it needs is set: a webhook without its secret is one that is not used."""
    return all(settings.get(name) not in (None, "") for name in webhook.settings)


def _parse(connection: str, setting: Any, names: set[str]) -> dict[str, Webhook]:
    from pydantic import ValidationError

    from connectors.sdk.webhook.model import Webhook

    problems: list[str] = []
    found: dict[str, Webhook] = {}
    if setting is not None and not isinstance(setting, Mapping):
        problems.append("`webhooks`: a mapping of names is expected")
    for name, data in setting.items() if isinstance(setting, Mapping) else ():
        try:
            webhook = found[str(name)] = Webhook.model_validate(data)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                place = ".".join(str(step) for step in (SETTING, name, *item["loc"]))
                said = item.get("ctx", {}).get("error")
                text = said.text if isinstance(said, Mistake) else Text(str(item["msg"]), str(item["msg"]))
                problems.append(f"`{place}`: {text}")
        else:
            unknown = sorted(webhook.settings - names)
            problems += [f"`{SETTING}.{name}`: there is no setting `{one}`" for one in unknown]
    if problems:
        raise ConfigurationError(
            f"connection `{connection}`",
            "; ".join(problems),
            "see docs/howto/webhook.md for what a webhook declares",
            code="webhook-settings",
        )
    return found
