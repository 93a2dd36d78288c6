"""JSON Schemas for editors: they take every file that ships, refuse mistakes, and speak both languages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tongmai.cli import schemas
from tongmai.core import yamlfile
from tongmai.core.settings import product_root

VENDORS = product_root() / "connectors" / "vendors"
HEAD = "connector: acme\nlabel: {zh: 某, en: Acme}\nkind: crm\nhttp: true\ncheck: {get: /me}\n"
CHECKS = {kind: jsonschema.Draft202012Validator(schemas.schema(kind)) for kind in schemas.FILES}


def mistakes(kind: str, text: str) -> list[str]:
    document = yamlfile.loads(text, "x.yaml")[0]
    assert not document.findings
    return [error.json_path for error in CHECKS[kind].iter_errors(document.data)]


@pytest.mark.parametrize("kind", schemas.FILES)
def test_every_shipped_file_is_taken(kind: str) -> None:
    files = sorted(VENDORS.glob(f"*/{schemas.FILES[kind][1]}"))
    assert len(files) >= (1 if kind == "simulator" else 8)
    assert {file.parent.name: mistakes(kind, file.read_text(encoding="utf-8")) for file in files} == {
        file.parent.name: [] for file in files
    }
    jsonschema.Draft202012Validator.check_schema(schemas.schema(kind))


def test_a_good_manifest_is_taken_and_defaults_may_give_the_key() -> None:
    streams = "streams: {a: {read: {get: /a, rows: body, since: {field: at, format: iso, overlap: 2 seconds}}}}\n"
    assert mistakes("connector", HEAD + streams) == ["$.streams.a"]
    assert mistakes("connector", HEAD + "defaults: {stream: {key: id}}\n" + streams) == []
    assert mistakes("connector", HEAD + "defaults: {write: {calls: {create: {post: /a}}}}\nwrites: {a: {stream: a, calls: {create: {post: null, put: /a}}}}\n") == []  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        ("connector", HEAD + "conection: {}\n", "$"),
        ("connector", HEAD.replace("crm", "crn"), "$.kind"),
        ("connector", "connector: acme\nkind: crm\n", "$"),
        ("connector", HEAD.replace("http: true", "http: yes"), "$.http"),
        ("connector", HEAD + "connection: {key: {type: sekret}}\n", "$.connection.key.type"),
        ("connector", HEAD + "streams: {a: {key: id, deletes: mostly}}\n", "$.streams.a.deletes"),
        ("connector", HEAD + "streams: {a: {key: id, fields: [id]}}\n", "$.streams.a.fields"),
        ("connector", HEAD + "streams: {a: {key: id, read: {get: /a, page: {by: guess}}}}\n", "$.streams.a.read"),
        ("connector", HEAD + "writes: {a: {our_key: no}}\n", "$.writes.a"),
        ("connector", HEAD + "auth: {kind: basik, user: a}\n", "$.auth"),
        ("connector", HEAD + "limits: [{calls: [1]}]\n", "$.limits[0].calls"),
        ("connector", HEAD + "limits: [{calls: 1, backfill: 2}]\n", "$.limits[0].backfill"),
        ("connector", HEAD + "errors: [{when: 'true', means: bad}]\n", "$.errors[0].means"),
        ("connector", HEAD + "webhooks: {w: {verify: {kind: hmac, pieces: 1}}}\n", "$.webhooks.w"),
        ("simulator", "simulator: acme\nobjects: {a: {kee: id}}\n", "$.objects.a"),
        ("quality", "connector: acme\nrules: {spec.readme: perhaps}\n", "$.rules['spec.readme']"),
        ("quality", "connector: acme\nrules: {spec.reedme: done}\n", "$.rules"),
        ("contract", "connector: acme\nstreams: {a: {insert: 1}}\n", "$.streams.a"),
    ],
)
def test_mistakes_are_refused_where_they_stand(kind: str, text: str, place: str) -> None:
    assert any(found.startswith(place) for found in mistakes(kind, text))


def test_every_key_is_explained_in_both_languages() -> None:
    for kind in schemas.FILES:
        made = schemas.schema(kind)
        for node in (made, *made["$defs"].values()):
            for name, member in node.get("properties", {}).items():
                if node["title"] in ("Label", "Exempt"):
                    continue
                words = member.get("description", "")
                en, _, zh = words.partition("\n\n")
                assert en and zh and re.search(r"[A-Za-z]", en) and not (en == zh and len(en) > 12), (
                    node["title"],
                    name,
                    words,
                )


def test_the_files_of_a_new_connector_name_their_schema(tmp_path: Path) -> None:
    env = {**os.environ, "TONGMAI_PATH": "", "TONGMAI_LANG": "en"}
    given = "--title Acme --title-zh 某 --base-url https://a.example --auth bearer --stream orders --path /v1/orders --rows body.data --key id --page number --cursor updated_at --since since"  # fmt: skip
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "tongmai", "connector", "new", "acme", "--into", str(site), *given.split()],
        env=env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for kind, (_, name) in schemas.FILES.items():
        file = site / "connectors" / "acme" / name
        first = file.read_text(encoding="utf-8").splitlines()[0]
        found: Any = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert found, first
        target = (file.parent / found[1]).resolve()
        assert json.loads(target.read_text(encoding="utf-8")) == json.loads(schemas.text(kind))
        assert mistakes(kind, file.read_text(encoding="utf-8")) == []
