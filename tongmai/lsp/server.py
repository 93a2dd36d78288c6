"""The wire of the language server: the Language Server Protocol over standard input and output."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from threading import Lock, Timer
from urllib.parse import unquote, urlparse

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tongmai import __version__
from tongmai.core import unsaved
from tongmai.core.finding import Finding
from tongmai.lsp.answers import Item, Mapping, mapping_name
from tongmai.sync.checking import check_content
from tongmai.sync.content import Content, load_content

PAUSE = 0.3
"""Seconds without a keystroke before the files are checked again."""
_KINDS = {
    "field": types.CompletionItemKind.Field,
    "function": types.CompletionItemKind.Function,
    "entity": types.CompletionItemKind.Class,
    "stream": types.CompletionItemKind.Module,
    "mapping": types.CompletionItemKind.File,
    "terms": types.CompletionItemKind.Enum,
    "table": types.CompletionItemKind.File,
    "variable": types.CompletionItemKind.Variable,
    "key": types.CompletionItemKind.Property,
}
_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}
log = logging.getLogger("tongmai.lsp")


class Server(LanguageServer):
    """One editor's server: the content as the editor holds it, and what was told of which file."""

    def __init__(self) -> None:
        super().__init__("tongmai", __version__, types.TextDocumentSyncKind.Full)
        self.content: Content | None = None
        self.told: set[str] = set()
        self.timer: Timer | None = None
        self.turn = Lock()

    def known(self) -> Content:
        """The content, loaded once and again at each check."""
        if self.content is None:
            self.content = load_content()
        return self.content

    def check_soon(self) -> None:
        """Check once nobody has typed for a moment."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = Timer(PAUSE, self.check)
        self.timer.daemon = True
        self.timer.start()

    def check(self) -> None:
        """Load everything anew and tell the findings of every file, none for those that are mended."""
        with self.turn:
            start = time.monotonic()
            self.content = load_content()
            by_file: dict[str, list[Finding]] = {}
            for finding in check_content(self.content):
                by_file.setdefault(finding.mark.file, []).append(finding)
            for file in self.told - set(by_file):
                self._tell(file, [])
            for file, findings in by_file.items():
                self._tell(file, findings)
            self.told = set(by_file)
            log.info("checked findings=%d seconds=%.2f", sum(map(len, by_file.values())), time.monotonic() - start)

    def _tell(self, file: str, findings: list[Finding]) -> None:
        found = [_diagnostic(finding) for finding in findings]
        uri = Path(file).resolve().as_uri()
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=found))

    def mapping(self, uri: str) -> Mapping | None:
        """The mapping file behind an address; None for another file."""
        name = mapping_name(_path(uri))
        return Mapping(self.known(), name, self.workspace.get_text_document(uri).source) if name else None


def serve() -> None:
    """Serve one editor until it goes away."""
    build().start_io()


def build() -> Server:
    """The server with all that it answers."""
    server = Server()

    @server.feature(types.INITIALIZED)
    def _(_params: types.InitializedParams) -> None:
        server.check_soon()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def _(params: types.DidOpenTextDocumentParams) -> None:
        unsaved.hold(_path(params.text_document.uri), params.text_document.text)
        server.check_soon()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def _(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        unsaved.hold(_path(uri), server.workspace.get_text_document(uri).source)
        server.check_soon()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def _(params: types.DidSaveTextDocumentParams) -> None:
        server.check_soon()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def _(params: types.DidCloseTextDocumentParams) -> None:
        unsaved.hold(_path(params.text_document.uri), None)
        server.check_soon()

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["|", ".", "(", ":", " "])
    )
    def _(params: types.CompletionParams) -> types.CompletionList:
        mapping = server.mapping(params.text_document.uri)
        found = mapping.complete(params.position.line, params.position.character) if mapping is not None else []
        return types.CompletionList(is_incomplete=False, items=[_item(one) for one in found])

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def _(params: types.HoverParams) -> types.Hover | None:
        mapping = server.mapping(params.text_document.uri)
        told = mapping.hover(params.position.line, params.position.character) if mapping is not None else ""
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, told)) if told else None

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def _(params: types.DefinitionParams) -> types.Location | None:
        mapping = server.mapping(params.text_document.uri)
        place = mapping.definition(params.position.line, params.position.character) if mapping is not None else None
        if place is None:
            return None
        start = types.Position(place.line, place.column)
        return types.Location(Path(place.file).resolve().as_uri(), types.Range(start, start))

    return server


def _diagnostic(finding: Finding) -> types.Diagnostic:
    mark = finding.mark
    start = types.Position(mark.line - 1, mark.column - 1)
    end = types.Position(mark.line - 1, mark.column - 1 + mark.length)
    hint = f" ({finding.suggestion}?)" if finding.suggestion else ""
    return types.Diagnostic(
        types.Range(start, end),
        f"{finding.message.en}{hint}\n{finding.message.zh}",
        _SEVERITIES.get(finding.severity, types.DiagnosticSeverity.Warning),
        finding.code,
        source="tongmai",
    )


def _item(one: Item) -> types.CompletionItem:
    doc = types.MarkupContent(types.MarkupKind.Markdown, one.doc) if one.doc else None
    return types.CompletionItem(
        one.label,
        kind=_KINDS.get(one.kind, types.CompletionItemKind.Text),
        detail=one.detail or None,
        documentation=doc,
    )


def _path(uri: str) -> Path:
    return Path(unquote(urlparse(uri).path))
