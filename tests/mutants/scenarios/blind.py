"""Targets that can be asked nothing: a doubtful write waits for a person, or goes again under the same key."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from masterdata.store import connect
from tests.files import lay
from tests.mutants.stage import books, holds, killed, run
from tests.sync.conftest import Systems
from tongmai.sync.suspects import decide

_MANIFEST = """
connector: drop
label: {zh: 投递口, en: Drop}
kind: generic
connection:
  path: {type: path, required: true}
streams:
  Memo:   {key: id}
  Slip:   {key: id, fields: {Text: text}}
  Letter: {key: id, fields: {Text: text}}
writes:
  Slip:   {stream: Slip}
  Letter: {stream: Letter}
"""
_HOOKS = '''
"""Memos are read from a JSON file; slips and letters are dropped into it and never seen again. A letter's key counts."""

import json
from pathlib import Path

from connectors.sdk import CheckResult, Page, Record, Written, fingerprint


def connect(settings, manifest):
    return Drop(Path(settings["path"]), "")


class Drop:
    def __init__(self, path, target):
        self.path, self.target = path, target

    def check(self):
        return CheckResult(True)

    def read(self, request):
        rows = json.loads(self.path.read_text()).get("Memo", {}) if request.stream == "Memo" else {}
        raws = {key: json.dumps(row, sort_keys=True).encode() for key, row in rows.items()}
        yield Page([Record(key, raw, fingerprint(raw)) for key, raw in raws.items()], checkpoint="1", complete=True)

    def decode(self, stream, raw):
        return json.loads(raw)

    def writer(self, target):
        return Drop(self.path, target)

    def create(self, payload, key):
        data = json.loads(self.path.read_text())
        dropped = data.setdefault(self.target, [])
        if self.target != "Letter" or key not in [one["key"] for one in dropped]:
            dropped.append({**payload, "key": key})
        self.path.write_text(json.dumps(data))
        return Written(f"{self.target}-{payload['Text']}")

    def close(self):
        pass
'''
_SITE = {
    "connectors/drop/connector.yaml": _MANIFEST,
    "connectors/drop/hooks.py": _HOOKS,
    "connectors/drop/__init__.py": "",
    "masterdata/memo/entity.yaml": """
entity: memo
label: {zh: 便条, en: Memo}
fields:
  text: {type: text, required: true, label: {zh: 内容, en: Text}}
""",
    "mappings/drop/memo.yaml": "mapping: drop/memo\nfrom: drop.Memo\nto: memo\nfields: {text: text}\n",
    "mappings/drop/slip.yaml": "mapping: drop/slip\nfrom: drop.Slip\nto: memo\nfields: {text: Text}\n",
    "mappings/drop/letter.yaml": "mapping: drop/letter\nfrom: drop.Letter\nto: memo\nfields: {text: Text}\n",
    "mappings/drop/slip.out.yaml": "mapping: drop/slip.out\nfrom: memo\nto: drop.Slip\nfields: {Text: text}\n",
    "mappings/drop/letter.out.yaml": "mapping: drop/letter.out\nfrom: memo\nto: drop.Letter\nfields: {Text: text}\n",
    "syncs/memos.yaml": "sync: memos\nread: {connection: drop_box, stream: Memo}\nmap: drop/memo\n",
    "syncs/slips_in.yaml": "sync: slips_in\nread: {connection: drop_box, stream: Slip}\nmap: drop/slip\n",
    "syncs/letters_in.yaml": "sync: letters_in\nread: {connection: drop_box, stream: Letter}\nmap: drop/letter\n",
    "syncs/slips.yaml": """
sync: slips
write: {connection: drop_box, object: Slip, lanes: 1}
of: memo
map: drop/slip.out
baseline: slips_in
guarantee: at-least-once, blind
""",
    "syncs/letters.yaml": """
sync: letters
write: {connection: drop_box, object: Letter, lanes: 1}
of: memo
map: drop/letter.out
baseline: letters_in
guarantee: at-least-once, blind
doubt: resend
""",
}


def play() -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        lay(site, {name: text.lstrip("\n") for name, text in _SITE.items()})
        box = site / "box.json"
        (site / "connections.yaml").write_text(
            f"drop_box:\n  connector: drop\n  role: erp\n  label: {{zh: 投递口, en: Drop}}\n  settings: {{path: {box}}}\n"
        )
        os.environ["TONGMAI_PATH"] = folder
        _drop(box)


def _drop(box: Path) -> None:
    hub = Systems(None, None, os.environ["TONGMAI_DATABASE_URL"])  # type: ignore[arg-type]
    box.write_text(json.dumps({"Memo": {str(n): {"id": str(n), "text": f"memo {n}"} for n in (1, 2)}}))
    run("memos")
    run("slips")
    run("letters")
    box.write_text(json.dumps({**_read(box), "Memo": {"3": {"id": "3", "text": "memo 3"}, **_read(box)["Memo"]}}))
    run("memos")
    killed("slips", "deliver.after-remote")
    killed("letters", "deliver.after-remote")
    run("slips", well=False)
    run("letters", well=False)
    _once(box, "Letter", "an attempt goes again under the same key")
    _once(box, "Slip", "nothing is doubled where nobody can look")
    waiting = hub.query("select id from hub.outbox where state = 'suspect'")
    holds("a doubt that nobody can settle is shown to a person", len(waiting) == 1, waiting)
    with connect(hub.url) as database, database.transaction() as cursor:
        decide(cursor, waiting[0][0], "Slip-memo 3")
    run("slips")
    _once(box, "Slip", "nothing is doubled where nobody can look")
    books(hub)


def _read(box: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(box.read_text())
    return data


def _once(box: Path, target: str, invariant: str) -> None:
    texts = sorted(one["Text"] for one in _read(box).get(target, []))
    holds(invariant, texts == ["memo 1", "memo 2", "memo 3"], f"{target}: {texts}")
