"""AIRFLOW_CONN_<NAME> is read as Airflow reads it, and secrets are masked."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tongmai.core.errors import ConfigurationError
from tongmai.core.secrets import EnvironmentSecrets, RedactingFilter, Redactor, parse

URI_CASES = [
    (
        "http://me:p%40ss%2Fw@Host.example:8080/sch%20ema?app_id=x&retries=3",
        {"conn_type": "http", "host": "Host.example", "login": "me", "password": "p@ss/w", "port": 8080}
        | {"schema": "sch ema", "app_id": "x", "retries": "3"},
    ),
    (
        "my-type://h?__extra__=%7B%22a%22%3A%20%7B%22b%22%3A%201%7D%7D",
        {"conn_type": "my_type", "host": "h", "a": {"b": 1}},
    ),
    (
        "http://https://crm.example:8443/base",
        {"conn_type": "http", "host": "https://crm.example", "port": 8443, "schema": "base"},
    ),
    ("postgresql://:pw@db", {"conn_type": "postgres", "host": "db", "password": "pw"}),
    ("http://h?empty=", {"conn_type": "http", "host": "h", "empty": ""}),
    ("http://u@[::1]:99", {"conn_type": "http", "host": "::1", "login": "u", "port": 99}),
]


@pytest.mark.parametrize(("text", "expected"), URI_CASES)
def test_uri(text: str, expected: dict[str, object]) -> None:
    assert parse(text, "AIRFLOW_CONN_X") == expected


def test_uri_agrees_with_airflow(tmp_path: Path) -> None:
    """In a process of its own: Airflow writes its home folder when imported."""
    code = (
        "import json, sys; from airflow.sdk.definitions.connection import Connection\n"
        "c = Connection.from_uri(sys.argv[1], conn_id='x')\n"
        "print(json.dumps([c.login, c.password, c.port, c.schema, c.host.lower(), json.loads(c.extra)]))"
    )
    text = URI_CASES[0][0]
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, text], env=environment, capture_output=True, text=True, check=True
    )
    ours = parse(text, "X")
    extra = {"app_id": ours["app_id"], "retries": ours["retries"]}
    mine = [ours["login"], ours["password"], ours["port"], ours["schema"], ours["host"].lower(), extra]
    assert mine == json.loads(done.stdout.splitlines()[-1])


def test_json_with_extra_as_object_or_text() -> None:
    extra = {"app_secret": "s3cret", "n": 1}
    for form in (extra, json.dumps(extra)):
        text = json.dumps({"conn_type": "generic", "host": "https://h/p", "port": 1, "extra": form})
        assert parse(text, "X") == {"conn_type": "generic", "host": "https://h/p", "port": 1, **extra}


@pytest.mark.parametrize(
    "text",
    ['{"host": "top-s3cret"', "top-s3cret", "a://b://c://top-s3cret", '{"extra": "top-s3cret"}', "x://h:top-s3cret"],
)
def test_a_bad_value_is_named_but_never_shown(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "AIRFLOW_CONN_CRM")
    assert "AIRFLOW_CONN_CRM" in str(caught.value)
    assert "top-s3cret" not in str(caught.value)


def test_an_extra_cannot_repeat_a_part() -> None:
    with pytest.raises(ConfigurationError, match="repeats host"):
        parse('{"host": "a", "extra": {"host": "b"}}', "X")


def test_environment() -> None:
    secrets = EnvironmentSecrets({"AIRFLOW_CONN_CRM_MAIN": '{"host": "h"}'})
    assert secrets.get("crm_main") == {"host": "h"}
    assert secrets.get("other") is None


def test_redactor_masks_quoted_and_escaped_forms() -> None:
    redact = Redactor(["p@ss/wörd", "ab", None])
    text = 'x p@ss/wörd y p%40ss%2Fw%C3%B6rd z "p@ss/w\\u00f6rd" ab'
    assert redact(text) == 'x *** y *** z "***" ab'


def test_logging_filter(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test.redaction")
    logger.addFilter(RedactingFilter(Redactor(["hush-hush"])))
    with caplog.at_level(logging.INFO, "test.redaction"):
        logger.info("token=%s", "hush-hush")
    assert caplog.messages == ["token=***"]
