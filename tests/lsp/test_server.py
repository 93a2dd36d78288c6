"""The language server as an editor speaks with it: a process, JSON-RPC over its standard input and output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest


class Editor:
    """A small client of the protocol."""

    def __init__(self, site: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tongmai", "lsp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TONGMAI_PATH": str(site)},
        )
        self.heard: Queue[dict[str, Any]] = Queue()
        self.number = 0
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        out = self.process.stdout
        assert out is not None
        while header := out.readline():
            length = 0
            while header.strip():
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
                header = out.readline()
            self.heard.put(json.loads(out.read(length)))

    def tell(self, method: str, params: Any, **more: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def ask(self, method: str, params: Any) -> Any:
        self.number += 1
        self.tell(method, params, id=self.number)
        return self.until(lambda one: one.get("id") == self.number)["result"]

    def until(self, wanted: Any, seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                one = self.heard.get(timeout=left)
            except Empty:
                break
            if wanted(one):
                return one
        raise AssertionError("the server did not say it")

    def findings(self, file: Path, codes: list[str]) -> dict[str, Any]:
        """The findings of a file once they have these codes."""

        def right(one: dict[str, Any]) -> bool:
            params = one.get("params") or {}
            found = [each["code"] for each in params.get("diagnostics", ())]
            return (
                one.get("method") == "textDocument/publishDiagnostics"
                and params["uri"] == file.as_uri()
                and found == codes
            )

        return self.until(right)


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[tuple[Editor, Path]]:
    site = tmp_path / "site"
    file = site / "mappings" / "fxiaoke" / "own.yaml"
    file.parent.mkdir(parents=True)
    text = "mapping: fxiaoke/own\nfrom: fxiaoke.AccountObj\nto: customer\nfields:\n  legal_name: name | trim\n"
    file.write_text(text, encoding="utf-8")
    (file.parent / "own_test.yaml").write_text(
        "- {case: x, given: {name: a}, expect: {legal_name: a}}\n", encoding="utf-8"
    )
    one = Editor(site)
    try:
        yield one, file
    finally:
        one.process.kill()
        one.process.wait(timeout=30)


def test_mistakes_show_while_one_types_and_go_when_mended(editor: tuple[Editor, Path]) -> None:
    server, file = editor
    text = file.read_text(encoding="utf-8")
    told = server.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert told["capabilities"]["hoverProvider"]
    server.tell("initialized", {})
    document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
    server.tell("textDocument/didOpen", {"textDocument": document})
    wrong = text.replace("| trim", "| tirm")
    change = {"textDocument": {"uri": file.as_uri(), "version": 2}, "contentChanges": [{"text": wrong}]}
    server.tell("textDocument/didChange", change)
    (found,) = server.findings(file, ["mapping.unknown-function"])["params"]["diagnostics"]
    assert found["range"] == {"start": {"line": 4, "character": 21}, "end": {"line": 4, "character": 25}}
    assert "trim" in found["message"] and "未知的函数" in found["message"]
    change["contentChanges"] = [{"text": text}]
    server.tell("textDocument/didChange", change)
    server.findings(file, [])
    at = {"textDocument": {"uri": file.as_uri()}, "position": {"line": 4, "character": 22}}
    offered = server.ask("textDocument/completion", at)
    assert "trim" in {one["label"] for one in offered["items"]}
    hover = server.ask("textDocument/hover", {**at, "position": {"line": 4, "character": 5}})
    assert "客户全称" in hover["contents"]["value"]
    place = server.ask("textDocument/definition", {**at, "position": {"line": 2, "character": 6}})
    assert place["uri"].endswith("customer/entity.yaml")
