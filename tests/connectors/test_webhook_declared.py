"""Webhooks that a connection declares by itself."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sdk.manifest import Manifest
from connectors.sdk.webhook.declared import ready, webhooks_of
from tests.connectors import webhook_examples as examples
from tongmai.core import yamlfile
from tongmai.core.errors import ConfigurationError

MANIFEST = Manifest.model_validate(
    {
        "connector": "hook",
        "label": {"zh": "x", "en": "x"},
        "kind": "generic",
        "webhooks_from_settings": True,
        "connection": {"webhooks": {"type": "object"}, "secret": {"type": "secret"}},
    }
)


def declared(text: str) -> dict[str, Any]:
    data: dict[str, Any] = yamlfile.loads(text)[0].data
    return data


def test_they_are_read_from_the_settings_and_ready_once_their_secret_is_there() -> None:
    settings = {"webhooks": {"orders": declared(examples.TOKEN_QUERY)}, "secret": None}
    (webhook,) = webhooks_of("c", MANIFEST, settings).values()
    assert not ready(webhook, settings) and ready(webhook, {**settings, "secret": "s"})
    assert webhooks_of("c", MANIFEST, {"webhooks": None}) == {}


def test_every_mistake_is_told_at_once() -> None:
    settings = {
        "webhooks": {
            "one": {**declared(examples.NONE), "verify": {"kind": "none"}},
            "two": {**declared(examples.NONE), "surprise": 1},
            "three": declared(examples.TOKEN_QUERY.replace("secret: secret", "secret: other")),
        }
    }
    with pytest.raises(ConfigurationError) as error:
        webhooks_of("c", MANIFEST, settings)
    assert error.value.code == "webhook-settings"
    for part in ("webhooks.one.verify", "accept_unsigned", "webhooks.two.surprise", "no setting `other`"):
        assert part in error.value.why
    with pytest.raises(ConfigurationError, match="a mapping of names"):
        webhooks_of("c", MANIFEST, {"webhooks": [1]})
