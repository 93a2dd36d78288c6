"""Which fields of a form are asked for, and what this account set calls them.

Declared names are those of ``connector.yaml``; mappings and records use only them. The settings ``extra_fields``,
``without_fields`` and ``field_names`` say where an account set differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.sdk.manifest import Manifest
from tongmai.core.errors import ConfigurationError

Json = dict[str, Any]
MODIFIED, APPROVED, STATUS, CANCELLED = "FModifyDate", "FApproveDate", "FDocumentStatus", "FCancelStatus"
ENTRY_KEY, SEQUENCE = "FEntryID", "FSeq"
OWN_KEY = "F_TM_KEY"
_ID = ".Id"


class Fields:
    """The fields of one form. ``entry`` holds the lines; it is empty for a form that is read without any."""

    def __init__(self, manifest: Manifest, form: str, settings: Mapping[str, Any], watched: Sequence[str] = ()) -> None:
        declared = manifest.streams[form]
        self.form, self.key = form, declared.key
        self.number = "FBillNo" if "FBillNo" in declared.fields else "FNumber"
        entry, lines = next(iter(declared.lines.items()), ("", None))
        extra = self._own(manifest, "extra_fields", _names("extra_fields", settings))
        left_out = set(self._own(manifest, "without_fields", _names("without_fields", settings))) - {self.key, MODIFIED}
        self.entry = "" if entry in left_out else entry
        start = f"{entry}."
        of_lines = [name[len(start) :] for name in extra if entry and name.startswith(start)]
        head = [*declared.fields, *watched, *(name for name in extra if not entry or not name.startswith(start))]
        inner = [ENTRY_KEY, *(lines.fields if lines else ()), *of_lines] if self.entry else []
        self.head = [name for name in dict.fromkeys(head) if name not in left_out]
        self.lines = [
            name for name in dict.fromkeys(inner) if name == ENTRY_KEY or not {name, f"{self.entry}.{name}"} & left_out
        ]
        self._theirs = self._renamed(manifest, settings, {*head, *inner, entry})

    @property
    def has_own_key(self) -> bool:
        """Whether this account set has the field for our own key."""
        return OWN_KEY in self.head

    def name(self, declared: str) -> str:
        """What a query calls a head field. ``FCustId.Id`` is the id behind a reference, which the bare name gives."""
        name = declared.removesuffix(_ID)
        if name in self._theirs:
            return self._theirs[name]
        head, dot, part = name.partition(".")
        return self._theirs.get(head, head) + dot + part

    def line_name(self, declared: str) -> str:
        """What a query calls a field of the lines: those that every kind of line has are named with the entry."""
        if declared in (ENTRY_KEY, SEQUENCE) and declared not in self._theirs:
            return f"{self.name(self.entry)}_{declared}"
        return self.name(declared)

    def theirs(self, payload: Mapping[str, Any]) -> Json:
        """A payload as this account set names its fields; lines too."""
        model: list[tuple[str, Any]] = []
        for name, value in payload.items():
            if name == self.entry and isinstance(value, list):
                value = [nested((self.name(k), v) for k, v in line.items()) for line in value]
            model.append((self.name(name), value))
        return nested(model)

    def written(self, payload: Mapping[str, Any]) -> list[str]:
        """The account set's names of all fields in a payload, as a restricted Save needs them."""
        names = [self.name(name).partition(".")[0] for name in payload]
        lines = payload.get(self.entry) if self.entry else None
        for line in lines if isinstance(lines, list) else []:
            names += [self.name(name).partition(".")[0] for name in line if name != ENTRY_KEY]
        return list(dict.fromkeys(names))

    def _own(self, manifest: Manifest, setting: str, names: Iterable[str]) -> list[str]:
        """The names that belong to this form: written ``Form.Field``, or bare for the first form."""
        first = next(iter(manifest.streams))
        own = []
        for name in names:
            form, _, field = name.partition(".")
            if form in manifest.streams and field:
                own += [field] if form == self.form else []
            elif self.form == first:
                own.append(name)
        return own

    def _renamed(self, manifest: Manifest, settings: Mapping[str, Any], known: set[str]) -> dict[str, str]:
        known |= {name.partition(".")[0] for name in known} | {MODIFIED, APPROVED}
        theirs: dict[str, str] = {}
        for full, name in named_fields(manifest, settings).items():
            form, _, field = full.partition(".")
            if form != self.form:
                continue
            if field not in known:
                why = f"`{full}`: {form} has no field `{field}` here (there are: {', '.join(sorted(known - {''}))})"
                raise _bad("field_names", why, "use the name that connector.yaml declares")
            theirs[field] = name
        return theirs


def named_fields(manifest: Manifest, settings: Mapping[str, Any]) -> dict[str, str]:
    """The setting ``field_names``, checked: ``Form.Field`` → this account set's name."""
    given = settings.get("field_names") or {}
    if not isinstance(given, dict) or not all(isinstance(name, str) and name for name in given.values()):
        raise _bad("field_names", "a mapping of names is expected", "write {AR_RECEIVEBILL.FOrderNo: F_XXX}")
    for full in given:
        form, _, field = str(full).partition(".")
        if form not in manifest.streams or not field:
            why = f"`{full}` does not begin with a form (there are: {', '.join(manifest.streams)})"
            raise _bad("field_names", why, "write {AR_RECEIVEBILL.FOrderNo: F_XXX}")
    return given


def nested(pairs: Iterable[tuple[str, Any]]) -> Json:
    """Dotted names as nested dictionaries."""
    out: Json = {}
    for name, value in pairs:
        head, _, tail = name.partition(".")
        if not tail:
            out[head] = value
            continue
        inner = out.setdefault(head, {})
        if not isinstance(inner, dict):
            raise ConfigurationError(
                f"field `{name}`",
                f"`{head}` is also given by itself",
                f"use only `{name}` or only `{head}`",
                code="field-clash",
            )
        inner[tail] = value
    return out


def _names(setting: str, settings: Mapping[str, Any]) -> list[str]:
    value = settings.get(setting) or []
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _bad(setting, "a list of field names is expected", "write [FName, F_XXX]")
    return value


def _bad(setting: str, why: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"setting {setting}", why, hint, code="bad-fields")
