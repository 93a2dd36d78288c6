"""Terms and values that sites add to the dictionary: ``dictionary/*.yaml``, a file for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from masterdata.model.terms import SystemValue, TermFile, TermList
from tongmai.core import yamlfile
from tongmai.core.finding import nearest
from tongmai.core.yamlfile import Document

if TYPE_CHECKING:
    from masterdata.model.schema import Schema


def load_additions(schema: Schema, folders: Sequence[Path]) -> None:
    """Read every file and lay it over the term lists, in the order of the folders and the files' names."""
    for folder in folders:
        for file in sorted(folder.glob("*.yaml"), key=_order):
            document = yamlfile.load(file)[0]
            schema.files.append(file)
            found = yamlfile.check(document, TermFile, "dictionary")
            if found is not None:
                _add(schema, document, found)
            schema.findings.extend(document.findings)


def _order(file: Path) -> tuple[str, int, str]:
    """By list and term; what was agreed later of one term (``LIST.TERM.12.yaml``, by the proposal's number) comes later."""
    name, _, number = file.stem.rpartition(".")
    return (name, int(number), file.name) if number.isdecimal() else (file.stem, 0, file.name)


def _add(schema: Schema, document: Document, found: TermFile) -> None:
    terms = schema.terms.get(found.list)
    if terms is None:
        document.add(
            document.mark("list"),
            "dictionary.unknown-list",
            f"unknown term list `{found.list}`",
            f"未知的词表 `{found.list}`",
            nearest(found.list, schema.terms),
        )
        return
    if found.adds and found.term in terms.terms:
        document.add(
            document.mark("term"),
            "dictionary.exists",
            f"`{found.list}` has a term `{found.term}` already; leave `zh` and `en` out to give it values only, "
            "or write `changes: true`",
            f"词表 `{found.list}` 已有词条 `{found.term}`；只补充取值时请去掉 `zh` 和 `en`，要变更请写 `changes: true`",
        )
        return
    after = found.onto(terms)
    named = {"term": (found.term,), "after": (found.after,), "next": found.next or (), "follows": found.follows,
             "instead": (found.instead,)}  # fmt: skip
    wrong = False
    for key, words in named.items():
        for index, word in enumerate(words):
            if word and word not in after.terms:
                wrong = True
                names = ", ".join(terms.terms)
                document.add(
                    document.mark(key, index) if key in ("next", "follows") else document.mark(key),
                    "dictionary.unknown-term",
                    f"unknown term `{word}` of `{found.list}` (terms: {names})",
                    f"词表 `{found.list}` 中没有词条 `{word}`（可用：{names}）",
                    nearest(word, after.terms),
                )
    if wrong or _stands_in_for_nothing(document, found, after):
        return
    schema.terms[found.list] = after
    schema.additions.append((document, found))


def _stands_in_for_nothing(document: Document, found: TermFile, after: TermList) -> bool:
    """Whether a term would be retired for one that is not in use, or one go out of use that stands for another."""
    others = [name for name, term in after.terms.items() if term.instead == found.term]
    if found.instead and (found.instead == found.term or after.terms[found.instead].retired):
        document.add(
            document.mark("instead"),
            "dictionary.instead",
            f"`{found.instead}` is retired itself",
            f"`{found.instead}` 本身已停用",
        )
    elif found.retired and others:
        document.add(
            document.mark("retired"),
            "dictionary.instead",
            f"`{found.term}` is what {', '.join(others)} now mean{'s' if len(others) == 1 else ''}",
            f"{'、'.join(others)} 已改用 `{found.term}`，不能停用",
        )
    else:
        return False
    return True


def values_of(schema: Schema, system: str, name: str) -> list[tuple[Document, TermFile, SystemValue]]:
    """What sites added to a system's value map of one list."""
    return [
        (document, found, found.values[system])
        for document, found in schema.additions
        if found.list == name and system in found.values
    ]
