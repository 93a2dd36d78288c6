"""Changes of the dictionary by proposal and approval: stored, weighed, written into the site folder, and followed through.

A proposal is the text of the file that approval puts into a site's ``dictionary/``. The product's files and what people wrote
by hand are never edited. The file makes a new release, as any changed file does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from masterdata.model.terms import TermFile
from masterdata.store import Cursor, Database
from tongmai.core import yamlfile
from tongmai.core.errors import ConfigurationError, StateError
from tongmai.core.settings import site_roots
from tongmai.sync.checking import check_content
from tongmai.sync.content import Content, activate, load_content

FOLDER = "dictionary"
_COLUMNS = (
    "id, list, term, content, why, proposed_by, proposed_at, state, decided_by, decided_at, reason, file, release"
)


def read_proposal(file: Path) -> TermFile:
    """A proposal from a file; raises with every mistake in it."""
    return parse(file.read_text(encoding="utf-8"), str(file))


def parse(text: str, name: str) -> TermFile:
    """A proposal from its text; raises with every mistake in it."""
    document = yamlfile.loads(text, name)[0]
    found = yamlfile.check(document, TermFile, "dictionary")
    if found is None or document.findings:
        raise ConfigurationError(
            f"proposal {name}",
            f"{len(document.findings)} mistake(s)",
            "mend them and propose again",
            code="bad-proposal",
            findings=document.findings,
        )
    return found


def text_of(found: TermFile) -> str:
    """The file of a proposal: what it says and nothing else."""
    data = found.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    return yaml.dump(data, Dumper=_Quoting, allow_unicode=True, sort_keys=False, width=120)


class _Quoting(yaml.SafeDumper):
    """Quotes every text that is no plain word: `1e3` and `007` are read back as the texts they are."""


def _quoted(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    plain = re.fullmatch(r"[^\W\d]\w*", value)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, None if plain else '"')


_Quoting.add_representer(str, _quoted)


def propose(database: Database, content: Content, found: TermFile, who: str, why: str) -> int:
    """Store a proposal; returns its number. Raises when the dictionary would have mistakes with it."""
    text = text_of(found)
    refuse_mistakes(content, found, text)
    with database.transaction() as cursor:
        cursor.execute(
            """insert into hub.proposal (list, term, content, why, proposed_by) values (%s, %s, %s, %s, %s)
               on conflict (list, term) where state = 'open' do nothing returning id""",
            (found.list, found.term, text, why, who),
        )
        row = cursor.fetchone()
        if row is None:
            raise StateError(
                f"proposal {found.key}",
                "another proposal for this term is open",
                "see `tongmai dictionary list`; approve or reject it first",
                code="proposal-open",
            )
        return int(row[0])


def proposals(cursor: Cursor, *, everything: bool = False) -> list[dict[str, Any]]:
    """Open proposals, or all, oldest first."""
    cursor.execute(f"select {_COLUMNS} from hub.proposal where %s or state = 'open' order by id", (everything,))
    return [_named(row) for row in cursor]


def proposal(cursor: Cursor, number: int, *, lock: bool = False) -> dict[str, Any]:
    """One proposal; raises when there is none."""
    cursor.execute(f"select {_COLUMNS} from hub.proposal where id = %s{' for update' if lock else ''}", (number,))
    row = cursor.fetchone()
    if row is None:
        raise StateError(
            f"proposal {number}", "there is none", "see `tongmai dictionary list --all`", code="no-proposal"
        )
    return _named(row)


def _named(row: tuple[Any, ...]) -> dict[str, Any]:
    found = dict(zip(_COLUMNS.split(", "), row, strict=True))
    for name, value in found.items():
        if isinstance(value, datetime):
            found[name] = value.isoformat()
        elif isinstance(value, bytes | memoryview):
            found[name] = bytes(value).hex()
    return found


def with_proposal(content: Content, found: TermFile, text: str) -> Content:
    """Everything as it would be with the proposal approved."""
    return load_content({f"{found.key}.yaml": text}) if not _written(found, text) else content


def refuse_mistakes(content: Content, found: TermFile, text: str) -> Content:
    """Everything as it would be; raises with the mistakes that the proposal would make, those that are there aside."""
    then = with_proposal(content, found, text)
    before = {(one.code, one.message.en) for one in check_content(content)}
    new = [one for one in check_content(then) if one.severity == "error" and (one.code, one.message.en) not in before]
    if new:
        inside = f"{found.key}.yaml"  # it lies in no site folder yet
        new = [
            replace(one, mark=replace(one.mark, file=inside)) if Path(one.mark.file).name == inside else one
            for one in new
        ]
        raise ConfigurationError(
            f"proposal {found.key}",
            f"it would make {len(new)} mistake(s)",
            "say under `values` what each system gives and takes for the term, or what is refused; then propose again",
            code="proposal-breaks",
            findings=new,
        )
    return then


def approve(database: Database, number: int, who: str, reason: str, site: Path | None) -> tuple[Path, bytes, TermFile]:
    """Write the term into the site folder and activate the release that this makes; the file, the release, the term.

    Done again after a crash half-way it does what is left.
    """
    with database.transaction() as cursor:
        found = _open(cursor, number)
        term = parse(found["content"], f"proposal {number}")
        refuse_mistakes(load_content(), term, found["content"])
        path = _place(_folder(site), term, number, found["content"])
        _write(path, found["content"])
        content = load_content()
        release = activate(database, content)
        cursor.execute(
            """update hub.proposal set state = 'approved', decided_by = %s, decided_at = now(), reason = %s, file = %s,
                 release = %s where id = %s""",
            (who, reason, f"{path.parent.parent.name}/{FOLDER}/{path.name}", release, number),
        )
    return path, release, term


def reject(database: Database, number: int, who: str, reason: str) -> None:
    """Close a proposal without a change."""
    with database.transaction() as cursor:
        _open(cursor, number)
        cursor.execute(
            "update hub.proposal set state = 'rejected', decided_by = %s, decided_at = now(), reason = %s where id = %s",
            (who, reason, number),
        )


def _open(cursor: Cursor, number: int) -> dict[str, Any]:
    found = proposal(cursor, number, lock=True)
    if found["state"] != "open":
        raise StateError(
            f"proposal {number}",
            f"it was {found['state']} by {found['decided_by']}",
            "propose anew if it is to be changed",
            code="proposal-decided",
        )
    return found


def _folder(site: Path | None) -> Path:
    roots = site_roots()
    chosen = site.resolve() if site is not None else (roots[-1] if roots else None)
    if chosen is None or chosen not in roots:
        raise ConfigurationError(
            "dictionary approve",
            "TONGMAI_PATH names no site folder" if chosen is None else f"{chosen} is not in TONGMAI_PATH",
            "name a site folder in TONGMAI_PATH: the term is written there, the product's files are never edited",
            code="no-site-folder",
        )
    return chosen / FOLDER


def _place(folder: Path, found: TermFile, number: int, text: str) -> Path:
    """The file of the term, or, where something was agreed of it before, one of its own that is read after that."""
    first = folder / f"{found.key}.yaml"
    taken = first.is_file() and first.read_text(encoding="utf-8") != text
    return folder / f"{found.key}.{number}.yaml" if taken else first


def _written(found: TermFile, text: str) -> bool:
    """Whether the file is there already: an approval was cut off."""
    files = [file for root in site_roots() for file in (root / FOLDER).glob(f"{found.key}*.yaml")]
    return any(file.read_text(encoding="utf-8") == text for file in files)


def _write(path: Path, text: str) -> None:
    if path.is_file():
        if path.read_text(encoding="utf-8") == text:
            return
        raise ConfigurationError(
            f"file {path.name}",
            "the site folder has another file of this name",
            "merge the proposal's text into it by hand, or take it away",
            code="term-file-exists",
        )
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def unknown(cursor: Cursor, content: Content) -> list[dict[str, Any]]:
    """Values in quarantine that the dictionary does not know, most frequent first."""
    cursor.execute(
        """select s.connection, s.stream, s.entity, coalesce(i.field, q.field), coalesce(i.value, ''), count(*), min(q.source_key),
                  min(q.at), array_agg(q.id order by q.id)
             from hub.quarantined_record q join hub.stream s on s.id = q.stream_id
             left join lateral jsonb_to_recordset(q.issues) i (field text, code text, value text) on i.code = 'unknown-term'
            where q.state = 'open' and q.stage = 'map' and (q.code = 'unknown-term' or i.code = 'unknown-term')
            group by 1, 2, 3, 4, 5 order by 6 desc, 1, 2, 4, 5"""
    )
    return [
        {
            "list": list_of(content, row[2], row[3]),
            "value": row[4],
            "system": content.specs.connections[row[0]].connector if row[0] in content.specs.connections else row[0],
            "connection": row[0],
            "stream": row[1],
            "entity": row[2],
            "field": row[3],
            "records": row[5],
            "example": row[6],
            "since": row[7].isoformat(),
            "entries": row[8],
        }
        for row in cursor
    ]


def list_of(content: Content, entity: str, field: str) -> str:
    """The term list of a field, or of a line's field (``lines[2].status``); empty when it has none."""
    found = content.schema.entities.get(entity)
    name, _, inner = field.partition(".")
    spec = found.fields.get(name.partition("[")[0]) if found else None
    kind = spec.fields[inner].type if spec is not None and inner in spec.fields else spec.type if spec else None
    return kind.arg if kind is not None and kind.name == "term" else ""


def touched_entries(listed: Iterable[dict[str, Any]], content: Content, term: TermFile) -> list[int]:
    """The quarantine entries whose unknown value has a meaning once the term is there."""
    found: set[int] = set()
    for one in listed:
        if one["list"] != term.list or not one["value"]:
            continue
        systems = {one["system"], one["connection"]}
        spec = content.inbound_of(one["connection"], one["stream"])
        if spec is not None:
            systems.add(spec.map.partition("/")[0])
        said = {value for system in systems & set(term.values) for value in term.values[system].inward}
        if one["value"] in said or (one["value"] == term.term and term.adds):
            found.update(one["entries"])
    return sorted(found)
